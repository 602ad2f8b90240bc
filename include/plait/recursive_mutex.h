/* recursive_mutex.h: a mutex that the task which holds it may lock again. It is free when it was unlocked as often.

   The owner is the task alone: one that is run inside of it is another, and would wait for ever. */
#ifndef PLAIT_RECURSIVE_MUTEX_H
#define PLAIT_RECURSIVE_MUTEX_H

#include <plait/mutex.h>
PLAIT_BEGIN_DECLARATIONS

/* Zero bytes are an unlocked one. The fields are plait's own. It needs no end: free its memory when nobody uses it. */
typedef struct plait_recursive_mutex {
    plait_mutex mutex;
    size_t depth;
    uintptr_t reserved[1];
} plait_recursive_mutex;
/* clang-format off */
#define PLAIT_RECURSIVE_MUTEX_INIT { PLAIT_MUTEX_INIT, 0, { 0 } }
/* clang-format on */

/* Locks it once more, waiting as long as it takes. As plait_mutex_lock. */
PLAIT_API void plait_recursive_mutex_lock(plait_recursive_mutex *mutex);

/* Locks it once more, waiting until `deadline`. As plait_mutex_lock_until; PLAIT_EDEADLK when a task that this one runs
   inside of holds it, and in a deadlock. */
PLAIT_API int plait_recursive_mutex_lock_until(plait_recursive_mutex *mutex, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Takes back one lock. By the owner alone. If it was the last one, this is plait_mutex_unlock. */
PLAIT_API void plait_recursive_mutex_unlock(plait_recursive_mutex *mutex);

/* Whether the running task holds it, and how many times. Never waits. */
PLAIT_API bool plait_recursive_mutex_held(plait_recursive_mutex *mutex);
PLAIT_API size_t plait_recursive_mutex_depth(plait_recursive_mutex *mutex);

/* As PLAIT_LOCKED: locked here once more, unlocked once where the enclosing braces are left. */
#define PLAIT_LOCKED_RECURSIVELY(mutex)                                                                                \
    PLAIT_LOCKED_1_(plait_recursive_mutex, plait_recursive_mutex_lock_here_, plait_recursive_mutex_unlock_at_, mutex,  \
                    __LINE__)
static inline plait_recursive_mutex *plait_recursive_mutex_lock_here_(plait_recursive_mutex *mutex)
{
    plait_recursive_mutex_lock(mutex);
    return mutex;
}
static inline void plait_recursive_mutex_unlock_at_(plait_recursive_mutex **mutex)
{
    plait_recursive_mutex_unlock(*mutex);
}

PLAIT_END_DECLARATIONS
#endif
