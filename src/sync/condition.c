/* condition.c: wait for what another task will make true. What must hold: the waiter is on the list before the mutex is
   free, so a signal given under the mutex, or after it, finds it; a signal goes to one who then looks again, never to one
   who leaves with PLAIT_ETIMEDOUT. */
#include <plait/condition.h>
#include "base/stop.h"
#include "park/scope.h"
#include "sync/shared.h"

int plait_condition_wait(plait_condition *c, plait_mutex *m, plait_deadline deadline)
{
    if (!plait_mutex_held(m)) plait_stop("a condition was waited for without holding its mutex");
    int err = plait_is_now(deadline) ? PLAIT_EAGAIN : plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    if (plait_is_shared(&c->waiters)) return plait_shared->condition_wait(c, m, deadline);
    plait_waiter node = plait_waiter_here();
    plait_waitlist_add(&c->waiters, &node);
    plait_mutex_unlock(m);
    err = plait_wait_in(&c->waiters, &node, deadline, PLAIT_CANCELLABLE);
    plait_mutex_lock(m);
    return plait_failed(err);
}

int plait_condition_wait_recursive(plait_condition *c, plait_recursive_mutex *r, plait_deadline deadline)
{
    if (!plait_mutex_held(&r->mutex)) plait_stop("a condition was waited for without holding its recursive mutex");
    size_t depth = r->depth;
    r->depth = 0; /* as it must be while another may take it */
    int err = plait_condition_wait(c, &r->mutex, deadline);
    r->depth = depth;
    return err;
}

/* `r`, unless NULL, is the recursive mutex that `m` is a part of. */
static int wait_for(plait_condition *c, plait_mutex *m, plait_recursive_mutex *r, bool (*predicate)(void *),
                    void *context, plait_deadline deadline)
{
    if (!plait_mutex_held(m)) plait_stop("a condition was waited for without holding its mutex");
    int err = plait_failed(plait_wait_begin(deadline));
    if (err) return err;
    while (!predicate(context)) {
        if (err) return err;
        err = r ? plait_condition_wait_recursive(c, r, deadline) : plait_condition_wait(c, m, deadline);
    }
    return 0;
}

int plait_condition_wait_for(plait_condition *c, plait_mutex *m, bool (*predicate)(void *), void *context,
                             plait_deadline deadline)
{
    return wait_for(c, m, NULL, predicate, context, deadline);
}

int plait_condition_wait_for_recursive(plait_condition *c, plait_recursive_mutex *r, bool (*predicate)(void *),
                                       void *context, plait_deadline deadline)
{
    return wait_for(c, &r->mutex, r, predicate, context, deadline);
}

void plait_condition_signal(plait_condition *c)
{
    if (plait_is_shared(&c->waiters)) plait_shared->condition_wake(c, false);
    else plait_wake(plait_waitlist_claim(&c->waiters));
}

void plait_condition_broadcast(plait_condition *c)
{
    if (plait_is_shared(&c->waiters)) plait_shared->condition_wake(c, true);
    else plait_wake(plait_waitlist_claim_all(&c->waiters, false));
}
