/* recursive_mutex.c: a mutex and a count. What must hold: the count is touched by the owner alone; it is 0 whenever the
   mutex is free. */
#include <plait/recursive_mutex.h>
#include "base/stop.h"
#include "sync/mutex.h"

void plait_recursive_mutex_lock(plait_recursive_mutex *r)
{
    if (!plait_mutex_held(&r->mutex) && plait_mutex_take(&r->mutex, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE))
        plait_stop("a recursive mutex was locked by a task that runs inside of the one that holds it");
    r->depth++;
}

int plait_recursive_mutex_lock_until(plait_recursive_mutex *r, plait_deadline deadline)
{
    int err = plait_mutex_held(&r->mutex) ? plait_failed(plait_wait_begin(deadline))
                                          : plait_mutex_lock_until(&r->mutex, deadline);
    if (!err) r->depth++;
    return err;
}

void plait_recursive_mutex_unlock(plait_recursive_mutex *r)
{
    if (!plait_mutex_held(&r->mutex)) plait_stop("a recursive mutex was unlocked by a task that does not hold it");
    if (--r->depth == 0) plait_mutex_unlock(&r->mutex);
}

bool plait_recursive_mutex_held(plait_recursive_mutex *r) { return plait_mutex_held(&r->mutex); }

size_t plait_recursive_mutex_depth(plait_recursive_mutex *r) { return plait_mutex_held(&r->mutex) ? r->depth : 0; }
