/* process_intake.c: how tasks come into a pool of processes, and how it is closed. See process_pool.h for what must hold. */
#include "executor/process_pool.h"
#include "thread/thread.h"

void plait_process_pool_wake_manager(struct plait_process_pool *p)
{
    atomic_fetch_add_explicit(&p->calls, 1, memory_order_seq_cst);
    plait_parker *manager = atomic_load_explicit(&p->parker, memory_order_seq_cst);
    if (manager) plait_unpark(manager); /* else it is about to look */
}

plait_record *plait_process_pool_broken_record(struct plait_process_pool *p)
{
    return plait_record_say(PLAIT_EBROKEN, p->reason ? plait_record_ref(p->reason) : NULL, "pool %s is broken: %s",
                            p->name, p->why);
}

/* While the manager waited, in a callback, nobody would make room. */
static int make_room(struct plait_process_pool *p)
{
    bool waits = !p->bound.refuse && p->bound.capacity && !plait_hosts(&p->executor);
    int err = p->bound.capacity ? plait_bound_enter(&p->bound, waits) : 0;
    if (err == PLAIT_EAGAIN && !p->bound.refuse) {
        plait_bound_force(&p->bound);
        return 0;
    }
    if (err == PLAIT_ECLOSED) return plait_fail(err, "a pool was closed while a submit waited for room in its queue");
    if (err == PLAIT_ECANCELED)
        return plait_fail(err, "the wait for room in the queue of pool %s was cut short", p->name);
    return err ? plait_fail(err, "the queue of pool %s is full, with %zu tasks", p->name, p->bound.capacity) : 0;
}

void plait_process_pool_leave(struct plait_process_pool *p)
{
    if (p->bound.capacity) plait_bound_leave(&p->bound);
}

/* The first submit starts the manager, which begins with a turn. */
static int start_manager(struct plait_process_pool *p)
{
    char name[32];
    PLAIT_LOCKED(&p->guard);
    if (p->manager) return 0;
    if (atomic_load_explicit(&p->entered, memory_order_seq_cst) & PLAIT_POOL_CLOSED) return 0; /* which is said next */
    snprintf(name, sizeof name, "%.20s-manager", p->name);
    p->manager = plait_thread_start(plait_process_pool_manage, p,
                                    &(plait_thread_start_options){ .name = name, .life = PLAIT_SERVICE });
    return p->manager ? 0 : plait_error_code();
}

static void put(struct plait_process_pool *p, plait_future *f)
{
    f->attended = true;
    if (f->ranked) {
        plait_mutex_lock(&p->guard);
        plait_lanes_rank(&p->lanes, f);
        plait_process_pool_unlock(p, &(struct plait_endings){ .ended = NULL });
    } else {
        plait_inbox_put(&p->lanes.inbox, &f->link);
    }
    plait_process_pool_turn(p, false);
}

/* Counts it in; false: the pool is closed. */
static bool enter(struct plait_process_pool *p)
{
    if (!(atomic_fetch_add_explicit(&p->entered, 1, memory_order_seq_cst) & PLAIT_POOL_CLOSED)) return true;
    atomic_fetch_sub_explicit(&p->entered, 1, memory_order_seq_cst);
    plait_process_pool_wake_manager(p); /* which may have waited for it */
    return false;
}

int plait_process_pool_submit(plait_executor *ex, plait_future *f)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    if (f->task->flags & PLAIT_TASK_LOCAL)
        return plait_fail(PLAIT_ENOTSUP, "task %s takes pointers, which mean nothing in another process",
                          f->task->name);
    if (plait_process_pool_broken(p)) {
        plait_record_keep(plait_process_pool_broken_record(p));
        return PLAIT_EBROKEN;
    }
    int err = make_room(p);
    if (err) return err;
    if (!atomic_load_explicit(&p->parker, memory_order_acquire)) err = start_manager(p);
    if (!err && !enter(p)) err = plait_fail(PLAIT_ECLOSED, "pool %s was closed while a task was submitted", p->name);
    if (!err) put(p, f);
    else plait_process_pool_leave(p);
    return err;
}

void plait_process_pool_close(plait_executor *ex)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    atomic_fetch_or_explicit(&p->entered, PLAIT_POOL_CLOSED, memory_order_seq_cst);
    if (p->bound.capacity) plait_bound_close(&p->bound);
}

static plait_record *why_not(struct plait_process_pool *p, bool cancels)
{
    return cancels ? plait_record_say(PLAIT_ECANCELED, NULL, "%s", PLAIT_BEFORE_IT_RAN)
                   : plait_process_pool_broken_record(p);
}

void plait_process_pool_end_pending(struct plait_process_pool *p)
{
    bool cancels = atomic_load_explicit(&p->cancels, memory_order_acquire);
    for (;;) {
        struct plait_endings e = { .ended = NULL };
        plait_process_pool_lock(p);
        plait_future *f = plait_process_pool_take_pending(p);
        bool begun = f && plait_job_has_begun(f);
        if (begun)
            plait_process_pool_conclude(p, &(struct plait_job){ .future = f, .deadline = f->deadline },
                                        cancels ? PLAIT_ECANCELED : PLAIT_EBROKEN, false, why_not(p, cancels), &e);
        else if (f) plait_process_pool_leave(p), *(cancels ? &p->figures.cancelled : &p->figures.refused) += 1;
        plait_process_pool_unlock(p, &e);
        if (!f) return;
        if (begun) continue;
        if (cancels) plait_future_withdraw(f); /* its callbacks are called here */
        else plait_future_fail(f, PLAIT_EBROKEN, why_not(p, cancels));
        plait_future_release(f);
        plait_process_pool_count_ended(p, 1);
    }
}

int plait_process_pool_shutdown(plait_executor *ex, const plait_shutdown_options *o)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    atomic_store_explicit(&ex->closed, true, memory_order_relaxed);
    plait_process_pool_close(ex);
    if (o->cancel) {
        atomic_store_explicit(&p->cancels, true, memory_order_release);
        plait_process_pool_end_pending(p);
    }
    atomic_store_explicit(&p->ending, true, memory_order_seq_cst);
    plait_mutex_lock(&p->guard);
    plait_thread *manager = p->manager;
    plait_process_pool_unlock(p, &(struct plait_endings){ .ended = NULL });
    if (!manager) return 0;
    plait_process_pool_wake_manager(p);
    return plait_thread_join(manager, NULL, o->deadline);
}
