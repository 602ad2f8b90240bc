/* bound.c: see bound.h. */
#include "executor/bound.h"
#include "park/scope.h"

int plait_bound_enter(struct plait_bound *b, bool may_wait)
{
    plait_waiter node = plait_waiter_here(), *last = plait_waitlist_hold(&b->waiters);
    bool room = b->queued < b->capacity, closed = b->closed;
    if (room) b->queued++;
    else if (may_wait && !closed) last = plait_ring_add(last, &node, false);
    plait_waitlist_release(&b->waiters, last);
    if (room) return 0;
    if (!may_wait) return PLAIT_EAGAIN;
    int err = closed ? 0 : plait_wait_in(&b->waiters, &node, PLAIT_FOREVER, PLAIT_CANCELLABLE);
    return err || node.handed ? err : PLAIT_ECLOSED;
}

void plait_bound_force(struct plait_bound *b)
{
    plait_waiter *last = plait_waitlist_hold(&b->waiters);
    b->queued++;
    plait_waitlist_release(&b->waiters, last);
}

void plait_bound_leave(struct plait_bound *b)
{
    if (!b->capacity) return;
    plait_waiter *last = plait_waitlist_hold(&b->waiters), *next = NULL;
    b->queued--;
    if (b->queued < b->capacity) last = plait_ring_claim(last, &next);
    if (next) b->queued++, next->handed = true;
    plait_waitlist_release(&b->waiters, last);
    plait_wake(next);
}

void plait_bound_close(struct plait_bound *b)
{
    plait_waiter *chain = NULL, **end = &chain, *last = plait_waitlist_hold(&b->waiters);
    b->closed = true;
    for (; last; end = &(*end)->next) last = plait_ring_claim(last, end);
    plait_waitlist_release(&b->waiters, NULL);
    plait_wake(chain);
}
