/* intake.c: how tasks and forks come into a pool, and are taken back. What must hold is told in pool.h. */
#include "executor/fork.h"
#include "executor/pool.h"

static void put_ranked(struct plait_pool *p, plait_future *f)
{
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    plait_lanes_rank(&p->lanes, f);
    struct plait_decision d = plait_pool_decide(p, &last, true);
    plait_waitlist_release(&p->idle, last);
    plait_pool_carry_out(p, d);
}

void plait_pool_put(struct plait_pool *p, plait_future *f)
{
    atomic_fetch_add_explicit(&p->lanes.inbox.count, 1, memory_order_seq_cst);
    if (f->ranked) put_ranked(p, f);
    else if (plait_inbox_put(&p->lanes.inbox, &f->link)) plait_pool_engage(p, false);
    if (atomic_load_explicit(&p->pressing, memory_order_seq_cst)) plait_pool_engage_more(p);
}

void plait_pool_move(struct plait_pool *p, plait_future *f)
{
    atomic_fetch_add_explicit(&p->moved, 1, memory_order_relaxed);
    plait_pool_put(p, f);
}

plait_record *plait_pool_broken_record(struct plait_pool *p)
{
    return plait_record_say(PLAIT_EBROKEN, p->reason ? plait_record_ref(p->reason) : NULL,
                            "pool %s is broken: its initializer failed", p->name);
}

/* Room for one more. Or a code, with words; or *in_place: the running task, a worker's, is to run it itself. */
static int make_room(struct plait_pool *p, bool own, bool *in_place)
{
    int err = plait_bound_enter(&p->bound, !own && !p->bound.refuse);
    if (err == PLAIT_ECLOSED) return plait_fail(err, "a pool was closed while a submit waited for room in its queue");
    if (err == PLAIT_ECANCELED)
        return plait_fail(err, "the wait for room in the queue of pool %s was cut short", p->name);
    if (err && p->bound.refuse)
        return plait_fail(err, "the queue of pool %s is full, with %zu tasks", p->name, p->bound.capacity);
    if (err) *in_place = plait_may_run_in_place();
    if (err && !*in_place) plait_bound_force(&p->bound);
    if (!atomic_load_explicit(&p->executor.closed, memory_order_relaxed)) return 0;
    if (!*in_place) plait_bound_leave(&p->bound);
    return plait_fail(PLAIT_ECLOSED, "pool %s was closed while a task was submitted", p->name);
}

int plait_pool_submit(plait_executor *ex, plait_future *f)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    if (plait_pool_broken(p)) {
        plait_record_keep(plait_pool_broken_record(p));
        return PLAIT_EBROKEN;
    }
    plait_context *self = plait_current();
    struct plait_worker *me = self->worker == p ? self->seat : NULL;
    bool own = me, in_place = false;
    int err = p->bound.capacity ? make_room(p, own, &in_place) : 0;
    if (err) return err;
    if (in_place) {
        plait_count(&me->pushed, true);
        plait_pool_count_end(me, f, plait_future_run(f, NULL));
        plait_future_release(f);
    } else if (!own || p->fifo || f->ranked || !plait_deque_push(&me->deque, (uintptr_t)f)) {
        plait_pool_put(p, f);
    } else {
        plait_count(&me->pushed, true);
        plait_pool_offer(p);
    }
    return 0;
}

/* What was run in place is still on the deque, most often as the newest: so one that awaits all that it submits leaves
   nothing behind there. */
void plait_pool_helped(plait_executor *ex, plait_future *run)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    struct plait_worker *me = plait_current()->seat;
    struct plait_deque *own = &me->deque;
    plait_pool_count_end(me, run, true);
    for (uintptr_t work; (work = plait_deque_pop(own));) {
        plait_future *f = (plait_future *)work;
        if (work & PLAIT_IS_FORK || atomic_load_explicit(&f->state, memory_order_relaxed) == PLAIT_PENDING) {
            plait_deque_push(own, work); /* there is room: it was just taken from there */
            plait_pool_offer(p);         /* to those who looked meanwhile */
            return;
        }
        plait_bound_leave(&p->bound);
        plait_future_release(f);
    }
}

bool plait_pool_take_fork(plait_executor *ex, plait_fork *fork)
{
    struct plait_deque *own = &((struct plait_worker *)plait_current()->seat)->deque;
    fork->at = atomic_load_explicit(&own->bottom, memory_order_relaxed);
    if (!plait_deque_push(own, (uintptr_t)fork | PLAIT_IS_FORK)) return false;
    plait_pool_offer((struct plait_pool *)ex);
    return true;
}

/* Above the fork may lie futures submitted since, which then go into the inbox, and forks that are not joined yet, which
   may as well be run now. */
bool plait_pool_give_fork_back(plait_executor *ex, plait_fork *fork)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    struct plait_deque *own = &((struct plait_worker *)plait_current()->seat)->deque;
    while (!plait_deque_stolen(own, fork->at)) {
        uintptr_t work = plait_deque_pop(own);
        if (work == ((uintptr_t)fork | PLAIT_IS_FORK)) return true;
        if (!work) break; /* a thief was faster */
        if (work & PLAIT_IS_FORK) plait_fork_run((plait_fork *)(work & ~PLAIT_IS_FORK));
        else plait_pool_move(p, (plait_future *)work);
    }
    return false;
}
