/* once.c: a mutex around the function, and a word that says that nobody needs the mutex any more. What must hold: the word
   is set under the mutex, after the function; setting it releases what the function did, seeing it set acquires that. */
#include <plait/once.h>
#include "sync/mutex.h"

bool plait_once_is_done(plait_once *o) { return atomic_load_explicit(&o->done, memory_order_acquire); }

int plait_once_run(plait_once *o, int (*function)(void *), void *context, plait_deadline deadline)
{
    int err = plait_failed(plait_wait_begin(deadline));
    if (err || plait_once_is_done(o)) return err;
    if (plait_mutex_held_here(&o->running))
        return plait_fail(PLAIT_EDEADLK, "a function that is to run once asks for itself");
    err = plait_mutex_lock_until(&o->running, deadline);
    if (err) return err;
    if (!plait_once_is_done(o)) {
        err = function(context);
        if (!err) atomic_store_explicit(&o->done, 1, memory_order_release);
    }
    plait_mutex_unlock(&o->running);
    return err;
}
