/* condition.c: wait for what another task will make true. What must hold: the waiter is on the list before the mutex is
   free, so a signal given under the mutex, or after it, finds it; a signal goes to one who then looks again, never to one
   who leaves with PLAIT_ETIMEDOUT. */
#include <plait/condition.h>
#include "base/stop.h"
#include "park/scope.h"

int plait_condition_wait(plait_condition *c, plait_mutex *m, plait_deadline deadline)
{
    if (!plait_mutex_held(m)) plait_stop("a condition was waited for without holding its mutex");
    int err = plait_is_now(deadline) ? PLAIT_EAGAIN : plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    plait_waiter node = plait_waiter_here();
    plait_waitlist_add(&c->waiters, &node);
    plait_mutex_unlock(m);
    err = plait_wait_in(&c->waiters, &node, deadline, PLAIT_CANCELLABLE);
    plait_mutex_lock(m);
    return plait_failed(err);
}

void plait_condition_signal(plait_condition *c) { plait_wake(plait_waitlist_claim(&c->waiters)); }
void plait_condition_broadcast(plait_condition *c) { plait_wake(plait_waitlist_claim_all(&c->waiters, false)); }
