/* event.c: an event is a wait list that is closed while the event is set. What must hold: a waiter that was on the list
   when it was closed has seen it set, whatever comes after; to close the list is the setter's last access. */
#include <plait/event.h>
#include "park/scope.h"
#include "sync/shared.h"

void plait_event_set(plait_event *e)
{
    if (plait_is_shared(&e->waiters)) plait_shared->event_change(e, true);
    else if (!plait_waitlist_closed(&e->waiters)) plait_wake(plait_waitlist_claim_all(&e->waiters, true));
}

void plait_event_clear(plait_event *e)
{
    if (plait_is_shared(&e->waiters)) plait_shared->event_change(e, false);
    else plait_waitlist_open(&e->waiters);
}

bool plait_event_is_set(plait_event *e)
{
    return plait_waitlist_closed(&e->waiters) || (plait_is_shared(&e->waiters) && plait_shared->event_is_set(e));
}

int plait_event_wait(plait_event *e, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    if (plait_waitlist_closed(&e->waiters)) return 0;
    if (plait_is_shared(&e->waiters)) return plait_shared->event_wait(e, deadline);
    if (plait_is_now(deadline)) return plait_failed(PLAIT_EAGAIN);
    plait_waiter node = plait_waiter_here();
    if (!plait_waitlist_add(&e->waiters, &node)) return 0;
    return plait_failed(plait_wait_in(&e->waiters, &node, deadline, PLAIT_CANCELLABLE));
}
