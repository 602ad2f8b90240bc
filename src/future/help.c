/* help.c: how a worker that waits for futures of its own pool keeps the pool from hanging: it runs them itself when they
   have not begun, and else tells the pool that it sleeps, so that another may stand in for it.

   What must hold: what is run in place cannot be left before it ends. So only what is awaited is run, never other work;
   only without a finite deadline in force, since that could not be kept; with no lock held, since the task might want it;
   and only while the stack is far from its end. */
#include "base/stop.h"
#include "future/future.h"

enum { DEEPEST = 64 }; /* tasks inside of each other */

_Atomic(plait_attends *) plait_attend;

bool plait_may_run_in_place(void)
{
    plait_context *self = plait_current();
    return self->worker && self->depth < DEEPEST &&
           (!self->stack_floor || (char *)__builtin_frame_address(0) > self->stack_floor) && !plait_holds_locks();
}

bool plait_may_help(plait_deadline deadline) { return plait_may_run_in_place() && !plait_nearest(deadline).at; }

bool plait_help(plait_future *f, plait_scope *outer)
{
    plait_executor *pool = plait_current()->worker;
    if (f->executor != pool || !plait_future_run(f, outer)) return false;
    pool->operations->helped(pool, f);
    return true;
}

plait_executor *plait_worker_sleeps(void)
{
    plait_executor *pool = plait_current()->worker;
    if (pool) pool->operations->sleep(pool);
    return pool;
}

void plait_worker_resumes(plait_executor *pool)
{
    if (pool) pool->operations->resume(pool);
}

/* Whether f is the running task, or one that it runs inside of: it cannot end before this wait does. */
static bool waits_for_itself(plait_future *f)
{
    for (plait_context *c = plait_current(); c; c = c->outer)
        if (c->future == f) return true;
    return false;
}

int plait_future_wait_or_run(plait_future *f, plait_deadline deadline, enum plait_cut cut, plait_scope *outer)
{
    return plait_future_wait_looking(f, deadline, cut, outer, NULL);
}

int plait_future_wait_looking(plait_future *f, plait_deadline deadline, enum plait_cut cut, plait_scope *outer,
                              plait_look *look)
{
    if (!f) plait_stop("a future was awaited that is NULL: a submit never gives one");
    int err = cut == PLAIT_CANCELLABLE ? plait_wait_begin(deadline) : 0;
    if (err || plait_future_done(f)) return err;
    if (plait_is_now(deadline)) return PLAIT_EAGAIN;
    if (plait_future_forked(f)) return PLAIT_EFORKED;
    if (waits_for_itself(f) || plait_hosts(f->executor)) return PLAIT_EDEADLK;
    if (plait_current()->worker && plait_may_help(deadline)) {
        plait_help(f, outer);
        if (plait_future_done(f)) return 0;
    }
    plait_waiter node = plait_waiter_here();
    plait_executor *pool = plait_worker_sleeps();
    if (plait_waitlist_add(&f->waiters, &node)) {
        if (f->attended) atomic_load_explicit(&plait_attend, memory_order_relaxed)(f->executor, f, &node);
        err = plait_wait_looking(&f->waiters, &node, deadline, cut, look);
    }
    plait_worker_resumes(pool);
    return err;
}
