/* bound.c: see bound.h. */
#include "executor/bound.h"
#include "park/scope.h"

int plait_bound_enter(struct plait_bound *b, bool may_wait)
{
    plait_waiter node = plait_waiter_here(), *last = plait_waitlist_hold(&b->waiters);
    bool room = b->queued < b->capacity;
    if (room) b->queued++;
    else if (may_wait) last = plait_ring_add(last, &node, false);
    plait_waitlist_release(&b->waiters, last);
    if (room) return 0;
    return may_wait ? plait_wait_in(&b->waiters, &node, PLAIT_FOREVER, PLAIT_CANCELLABLE) : PLAIT_EAGAIN;
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
    if (next) b->queued++;
    plait_waitlist_release(&b->waiters, last);
    plait_wake(next);
}
