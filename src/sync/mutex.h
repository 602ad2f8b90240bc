/* mutex.h: the mutex, for the objects that are made of one. */
#ifndef PLAIT_SYNC_MUTEX_H
#define PLAIT_SYNC_MUTEX_H
#include "park/scope.h"
#include <plait/mutex.h>

/* As plait_mutex_lock_until. With PLAIT_NOT_CANCELLABLE it is no cancellation point, and PLAIT_EDEADLK means that
   plait_mutex_held_here was true: it waits on in a longer ring. */
int plait_mutex_take(plait_mutex *, plait_deadline, enum plait_cut);

/* Whether the running task holds it, or one that it runs inside of: a wait for its unlock would never end. */
bool plait_mutex_held_here(plait_mutex *);

#endif
