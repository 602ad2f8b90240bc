/* worker.c: the life of one worker: its own newest task, else the oldest from outside, else another worker's oldest, else
   rest. What must hold is told in pool.h. */
#include "base/fork.h"
#include "base/stop.h"
#include "executor/fork.h"
#include "executor/pool.h"
#include "park/thread_parker.h"
#include <pthread.h>
#include <sched.h>

/* The stack below which a worker does not run others' tasks in place of waiting: the lower half. */
static char *stack_floor(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return NULL;
    if (pthread_attr_getstack(&attributes, &low, &size) != 0) low = NULL;
    pthread_attr_destroy(&attributes);
    return low ? (char *)low + size / 2 : NULL;
}

static uintptr_t steal(struct plait_pool *p, struct plait_worker *me)
{
    struct plait_worker *w = me->next ? me->next : plait_pool_first_worker(p); /* each begins at his neighbour */
    for (struct plait_worker *begin = w;;) {
        uintptr_t work = w == me ? 0 : plait_deque_steal(&w->deque);
        if (work) {
            plait_count(&me->stolen, true);
            if (plait_deque_count(&w->deque)) plait_pool_offer(p);
            return work;
        }
        w = w->next ? w->next : plait_pool_first_worker(p);
        if (w == begin) return 0;
    }
}

/* Looks out for work for a while before it rests: as long as that has paid lately. A submitter then has nobody to wake. */
static void look_out(struct plait_pool *p, struct plait_worker *me)
{
    bool stirs = plait_lanes_stir(&p->lanes);
    if (stirs || !plait_spin_begin()) return;
    for (unsigned turn = 0; turn < me->spins && !stirs; turn++) {
        plait_pause();
        stirs = plait_lanes_stir(&p->lanes) || (turn % 8 == 7 && plait_pool_work_on_deques(p));
    }
    plait_spin_end(stirs, &me->spins);
}

/* Rests until engaged, unless there is something to steal now that we are known to rest: that is *found then. False when
   it has rested for so long that it is to end; nothing is on its own deque. */
static bool rest(struct plait_pool *p, struct plait_worker *me, plait_waiter *node, bool surplus, uintptr_t *found)
{
    uintptr_t work = *found = surplus ? 0 : steal(p, me);
    if (work) {
        plait_waiter *last = plait_waitlist_hold(&p->idle);
        bool listed = atomic_load_explicit(&node->state, memory_order_relaxed) == PLAIT_LISTED;
        if (listed) {
            last = plait_ring_remove(last, node);
            p->idle_count--;
            plait_pool_count_active(p, p->active + 1);
        }
        plait_waitlist_release(&p->idle, last);
        if (listed) return true;
    }
    plait_deadline until = p->idle_timeout < 0 ? PLAIT_FOREVER : plait_after(p->idle_timeout);
    if (plait_wait_in(&p->idle, node, until, PLAIT_NOT_CANCELLABLE)) {
        plait_waiter *last = plait_waitlist_hold(&p->idle);
        p->idle_count--;
        p->alive--;
        plait_pool_free_place(p, me);
        plait_waitlist_release(&p->idle, last);
        return false;
    }
    if (work)
        plait_pool_engage(p, plait_pool_work_on_deques(p)); /* what we were engaged for is somebody else's to do */
    return true;
}

enum { TURNS = 64, INBOX_FIRST = 0, OTHERS_FIRST = 32, LAST_FIRST = 48 };

/* The lane to begin with, at a turn. */
static enum plait_lane lane_at(struct plait_pool *p, unsigned turn)
{
    unsigned there = atomic_load_explicit(&p->lanes.there, memory_order_relaxed);
    if (turn == LAST_FIRST && there & PLAIT_BELOW) return PLAIT_BELOW;
    return turn != INBOX_FIRST && there & PLAIT_ABOVE ? PLAIT_ABOVE : PLAIT_PLAIN;
}

/* The next future or fork; 0 when the worker is to end. */
static uintptr_t next_task(struct plait_pool *p, struct plait_worker *me)
{
    uintptr_t found = 0;
    unsigned now = ++me->turn % TURNS;
    enum plait_lane lane = lane_at(p, now);
    if (atomic_load_explicit(&p->crowded, memory_order_relaxed)) {
        while ((found = plait_deque_steal(&me->deque)))
            plait_pool_move(p, (plait_future *)found); /* all forks are joined */
    } else {
        if (now == OTHERS_FIRST) found = steal(p, me);
        if (!found && now != INBOX_FIRST && lane == PLAIT_PLAIN) found = plait_deque_pop(&me->deque);
        if (found) return found;
    }
    for (unsigned turn = 0;; turn++) {
        if (turn == 1) look_out(p, me); /* not before: a look at the tail takes its line from those who put */
        plait_waiter node, *last = plait_waitlist_hold(&p->idle);
        bool surplus = p->active > p->most && !p->closed;
        plait_future *f = surplus || p->draining ? NULL : plait_lanes_take(&p->lanes, lane_at(p, now));
        if (f) {
            struct plait_decision d = plait_pool_decide(p, &last, false);
            plait_waitlist_release(&p->idle, last);
            plait_pool_carry_out(p, d);
            return (uintptr_t)f;
        }
        if (turn == 0) {
            plait_waitlist_release(&p->idle, last);
            continue;
        }
        bool nothing = surplus || plait_lanes_mark(&p->lanes),
             end = nothing && p->closed && !plait_pool_work_on_deques(p);
        bool resting = nothing && !end && !plait_deque_count(&me->deque);
        if (end || resting) plait_pool_count_active(p, p->active - 1);
        if (end) p->alive--;
        if (resting) {
            p->idle_count++;
            node = plait_waiter_here();
            last = plait_ring_add(last, &node, true); /* the one that rested least is the warmest */
        }
        plait_waitlist_release(&p->idle, last);
        if (end) return 0;
        if (!resting) found = plait_deque_pop(&me->deque);
        else if (!rest(p, me, &node, surplus, &found)) return 0;
        if (found) return found;
        if (!resting && turn % 64 == 63) sched_yield(); /* a putter is between its steps */
    }
}

static void run_fork(struct plait_pool *p, struct plait_worker *me, plait_fork *fork)
{
    if (plait_pool_broken(p)) {
        plait_fork_fail(fork, PLAIT_EBROKEN, plait_pool_broken_record(p));
        return;
    }
    plait_show(&me->shown, fork->task->name, NULL, fork->file, fork->line);
    plait_fork_run(fork);
}

/* It may have been cancelled, or run by one who waited for it: then nothing is left to do. */
static void run_future(struct plait_pool *p, struct plait_worker *me, plait_future *f)
{
    plait_bound_leave(&p->bound);
    if (plait_pool_broken(p)) {
        plait_count(plait_future_withdrawn(f) ? &me->cancelled : &me->refused, true);
        plait_future_fail(f, PLAIT_EBROKEN, plait_pool_broken_record(p));
    } else if (atomic_load_explicit(&p->cancelling, memory_order_relaxed)) {
        plait_future_withdraw(f);
        plait_pool_count_end(me, f, false);
    } else {
        plait_show(&me->shown, f->task->name, f->name, f->file, f->line);
        plait_pool_count_end(me, f, plait_future_run(f, NULL));
    }
    plait_future_release(f);
}

static void run(struct plait_pool *p, struct plait_worker *me, uintptr_t work)
{
    if (work & PLAIT_IS_FORK) run_fork(p, me, (plait_fork *)(work & ~PLAIT_IS_FORK));
    else run_future(p, me, (plait_future *)work);
    plait_show_nothing(&me->shown);
}

/* What the program has called may have forked, and this be the child: the pool is its parent's, and so is all that is queued
   in it. The thread ends, and as the only one there the process with it. */
static bool is_elsewhere(struct plait_pool *p) { return p->executor.generation != plait_process_generation(); }

/* Calls the initializer. The first failure breaks the pool and is reported. */
static void initialize(struct plait_pool *p)
{
    if (!p->initializer || plait_pool_broken(p)) return;
    atomic_fetch_add_explicit(&p->pressing, 1, memory_order_seq_cst);
    plait_pool_engage_more(p);
    int err = p->initializer(p->context);
    if (is_elsewhere(p)) return;
    atomic_fetch_sub_explicit(&p->pressing, 1, memory_order_relaxed);
    if (!err) return;
    if (err > 0) err = plait_fail(PLAIT_EINVAL, "it returned %d, which is neither 0 nor a negative code", err);
    plait_record **here = plait_record_here(), *said = *here;
    *here = NULL;
    if (!said || said->public.code != err) {
        plait_record_unref(said);
        said = plait_record_say(err, NULL, "%s", plait_error_text(err));
    }
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    bool first = !p->broken;
    if (first) {
        p->reason = said;
        atomic_store_explicit(&p->broken, true, memory_order_release);
    }
    plait_waitlist_release(&p->idle, last);
    if (first)
        plait_report("pool %s is broken, its initializer failed: %s", p->name,
                     said ? said->public.message : plait_error_text(err));
    else plait_record_unref(said);
}

int plait_worker_run(void *worker)
{
    struct plait_worker *me = worker;
    struct plait_pool *p = me->pool;
    plait_context *self = plait_current();
    initialize(p);
    self->worker = p;
    self->seat = me;
    self->stack_floor = stack_floor();
    for (uintptr_t work; !is_elsewhere(p) && (work = next_task(p, me));) run(p, me, work);
    self->worker = self->seat = NULL; /* what the program does at the thread's end is none of the pool's work */
    if (is_elsewhere(p)) return 0;
    plait_waiter *last = plait_waitlist_hold(&p->idle), *others = p->closed ? plait_pool_rouse(p, &last) : NULL;
    bool none = p->closed && !p->alive;
    plait_waitlist_release(&p->idle, last);
    plait_wake(others);
    if (none) plait_wake(plait_waitlist_claim_all(&p->ended, true));
    return 0;
}
