/* shutdown.c: how a pool ends. What must hold is told in pool.h; and what is cancelled is taken off the lanes and the deques,
   so that no worker is needed for it. Only a deque's owner sees what lies above a fork: it cancels that itself. */
#include "executor/pool.h"
#include "thread/thread.h"
#include "base/fork.h"
#include "base/stop.h"
#include "executor/fork.h"
#include <sched.h>
#include <stdlib.h>

void plait_pool_close(plait_executor *ex)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    plait_waiter *last = plait_waitlist_hold(&p->idle), *idle = NULL;
    p->closed = true;
    if (plait_inbox_empty(&p->lanes.inbox) && !plait_lanes_ranked(&p->lanes))
        idle = plait_pool_rouse(p, &last); /* else whoever finds nothing to do does that */
    bool none = !p->alive;
    plait_waitlist_release(&p->idle, last);
    plait_wake(idle);
    plait_bound_close(&p->bound);
    if (none) plait_wake(plait_waitlist_claim_all(&p->ended, true));
}

/* The oldest of a deque, unless it is a fork, which somebody joins. */
static plait_future *steal_future(struct plait_deque *d)
{
    for (;;) {
        uintptr_t work;
        if (!plait_deque_peek(d, &work) || work & PLAIT_IS_FORK) return NULL;
        work = plait_deque_steal(d);
        if (!work) continue; /* another was faster */
        if (!(work & PLAIT_IS_FORK)) return (plait_future *)work;
        plait_fork_run((plait_fork *)(work & ~PLAIT_IS_FORK)); /* it has come to the front meanwhile */
    }
}

static void cancel(struct plait_pool *p, plait_future *f)
{
    plait_bound_leave(&p->bound);
    plait_future_withdraw(f);
    bool withdrawn = plait_future_withdrawn(f);
    plait_future_release(f);
    if (!withdrawn) return;
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    p->cancelled++;
    plait_waitlist_release(&p->idle, last);
}

static void cancel_queued(struct plait_pool *p)
{
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    atomic_store_explicit(&p->cancelling, true, memory_order_relaxed); /* for what comes on the lanes yet */
    p->draining++;
    plait_waitlist_release(&p->idle, last);
    for (struct plait_worker *w = plait_pool_first_worker(p); w; w = w->next)
        for (plait_future *f; (f = steal_future(&w->deque));) cancel(p, f);
    for (;;) {
        last = plait_waitlist_hold(&p->idle);
        plait_future *f = plait_lanes_take(&p->lanes, PLAIT_ABOVE);
        bool through = !f && !plait_inbox_stirs(&p->lanes.inbox);
        p->draining -= through;
        plait_waitlist_release(&p->idle, last);
        if (through) return;
        if (f) cancel(p, f);
        else sched_yield(); /* a putter is between its steps */
    }
}

int plait_pool_shutdown(plait_executor *ex, const plait_shutdown_options *o)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    if (plait_current()->worker == p && !plait_is_now(o->deadline)) return PLAIT_EDEADLK;
    plait_executor_close(ex);
    if (o->cancel) cancel_queued(p);
    int err = plait_wait_begin(o->deadline);
    plait_waiter node = plait_waiter_here();
    if (err || plait_waitlist_closed(&p->ended)) return err;
    if (plait_is_now(o->deadline)) return PLAIT_EAGAIN;
    return plait_waitlist_add(&p->ended, &node) ? plait_wait_in(&p->ended, &node, o->deadline, PLAIT_CANCELLABLE) : 0;
}

static void free_workers(struct plait_pool *p, bool join)
{
    for (struct plait_worker *w = p->workers, *next; w; w = next) {
        next = w->next;
        if (join) plait_thread_free(w->thread);
        free(w);
    }
}

/* None of its threads is left in the midst of its end. */
void plait_pool_settle(plait_executor *ex)
{
    for (struct plait_worker *w = plait_pool_first_worker((struct plait_pool *)ex); w; w = w->next)
        if (atomic_load_explicit(&w->started, memory_order_acquire) && w->thread) plait_thread_settle(w->thread);
}

void plait_pool_free(plait_executor *ex)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    bool ours = ex->generation == plait_process_generation(), mine = plait_unlist(&p->listed);
    if (ours) {
        if (plait_current()->worker == p) plait_stop("pool %s was freed by one of its own tasks", p->name);
        plait_waiter node = plait_waiter_here();
        if (plait_waitlist_add(&p->ended, &node))
            (void)!plait_wait_in(&p->ended, &node, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE); /* nothing cuts it short */
    }
    if (!mine) return;
    free_workers(p, ours);
    plait_record_unref(p->reason);
    free(p->name);
    free(p);
}
