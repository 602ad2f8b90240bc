/* mutex.h: one at a time. Owned by the task that locked it, be it a thread or a coroutine; not recursive.

   A free mutex is anybody's, so a running task may pass those that wait; one that has been passed for about a
   millisecond has it handed over. The owner is checked always: relock by the owner (also by a task run inside the
   owner's) and unlock of what is not held stop the program with a sentence. */
#ifndef PLAIT_MUTEX_H
#define PLAIT_MUTEX_H

#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

/* Zero bytes are an unlocked mutex. The fields are plait's own. It needs no end: free its memory when nobody uses it. */
typedef struct plait_mutex {
    PLAIT_ATOMIC_(uintptr_t) word;
    PLAIT_ATOMIC_(uintptr_t) waiters;
    PLAIT_ATOMIC_(uint32_t) spins;
    uint32_t reserved[3];
} plait_mutex;
/* clang-format off */
#define PLAIT_MUTEX_INIT { 0, 0, 0, { 0, 0, 0 } }
/* clang-format on */

/* Locks, waiting as long as it takes. Not a cancellation point; cannot fail. In a deadlock, where tasks each wait for a
   lock that the next one holds and none of them can fail, it waits on, and a line on stderr says so once. */
PLAIT_API void plait_mutex_lock(plait_mutex *mutex);

/* Locks, waiting until `deadline`. 0; PLAIT_EAGAIN (PLAIT_NOW and it is held); PLAIT_ETIMEDOUT; PLAIT_ECANCELED;
   PLAIT_EDEADLK when this task, or one that it runs inside of, holds it, and in a deadlock (looked for when it has waited
   some 10 ms): one of those that can fail gets it. */
PLAIT_API int plait_mutex_lock_until(plait_mutex *mutex, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Unlocks. By the owner alone. Its last act on the mutex is to free it: the next owner may end its life at once. */
PLAIT_API void plait_mutex_unlock(plait_mutex *mutex);

/* Whether the running task holds it. Never waits. */
PLAIT_API bool plait_mutex_held(plait_mutex *mutex);

/* Declares that `mutex` (a pointer) is locked here and unlocked where the enclosing braces are left, in whatever way. */
#define PLAIT_LOCKED(mutex)                                                                                            \
    PLAIT_LOCKED_1_(plait_mutex, plait_mutex_lock_here_, plait_mutex_unlock_at_, mutex, __LINE__)
#define PLAIT_LOCKED_1_(type, lock, unlock, object, line) PLAIT_LOCKED_2_(type, lock, unlock, object, line)
#define PLAIT_LOCKED_2_(type, lock, unlock, object, line)                                                              \
    type *plait_locked_##line##_ __attribute__((cleanup(unlock), unused)) = lock(object)
static inline plait_mutex *plait_mutex_lock_here_(plait_mutex *mutex)
{
    plait_mutex_lock(mutex);
    return mutex;
}
static inline void plait_mutex_unlock_at_(plait_mutex **mutex) { plait_mutex_unlock(*mutex); }

PLAIT_END_DECLARATIONS
#endif
