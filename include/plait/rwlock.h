/* rwlock.h: many may read at once, or one write.

   Nobody starves: while one writes, or waits for the readers inside to leave, who wants to read waits; when it is through,
   all readers that wait go in before the next writer. So a writer waits for no reader that comes after it, and a reader
   for one writer. Among themselves writers take turns as with a mutex.

   The writer is known, and checked: it is a task, and its lock is not recursive. Readers are counted, not known: one that
   reads must not ask for the lock again, neither to read nor to write, since a writer may stand between. */
#ifndef PLAIT_RWLOCK_H
#define PLAIT_RWLOCK_H

#include <plait/mutex.h>
PLAIT_BEGIN_DECLARATIONS

/* Zero bytes are an unlocked one. The fields are plait's own. It needs no end: free its memory when nobody uses it, or
   when this task had it to write, and knows that it was the last. */
typedef struct plait_rwlock {
    plait_mutex writer;
    PLAIT_ATOMIC_(uintptr_t) word;
    PLAIT_ATOMIC_(uintptr_t) readers, leaving;
    uintptr_t reserved[1];
} plait_rwlock;
/* clang-format off */
#define PLAIT_RWLOCK_INIT { PLAIT_MUTEX_INIT, 0, 0, 0, { 0 } }
/* clang-format on */

/* Locks it to read, or to write, waiting as long as it takes. Not a cancellation point; cannot fail. Deadlocks are
   reported as plait_mutex_lock does. */
PLAIT_API void plait_rwlock_lock_read(plait_rwlock *lock);
PLAIT_API void plait_rwlock_lock_write(plait_rwlock *lock);

/* The same until `deadline`. 0; PLAIT_EAGAIN (PLAIT_NOW and it is not free for that); PLAIT_ETIMEDOUT; PLAIT_ECANCELED;
   PLAIT_EDEADLK when this task, or one that it runs inside of, has it to write, and in a deadlock among writers' locks. */
PLAIT_API int plait_rwlock_lock_read_until(plait_rwlock *lock, plait_deadline deadline) PLAIT_MUST_CHECK;
PLAIT_API int plait_rwlock_lock_write_until(plait_rwlock *lock, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Gives it up: by a task that reads, by the one that writes. */
PLAIT_API void plait_rwlock_unlock_read(plait_rwlock *lock);
PLAIT_API void plait_rwlock_unlock_write(plait_rwlock *lock);

/* The one that writes now reads, with all that wait to read; nobody writes in between. Never waits. It is then given up by
   plait_rwlock_unlock_read. */
PLAIT_API void plait_rwlock_downgrade(plait_rwlock *lock);

/* Whether the running task has it to write. Never waits. */
PLAIT_API bool plait_rwlock_held(plait_rwlock *lock);

/* As PLAIT_LOCKED: locked here to read, or to write, and unlocked where the enclosing braces are left. */
#define PLAIT_LOCKED_TO_READ(lock)                                                                                     \
    PLAIT_LOCKED_1_(plait_rwlock, plait_rwlock_read_here_, plait_rwlock_unlock_read_at_, lock, __LINE__)
#define PLAIT_LOCKED_TO_WRITE(lock)                                                                                    \
    PLAIT_LOCKED_1_(plait_rwlock, plait_rwlock_write_here_, plait_rwlock_unlock_write_at_, lock, __LINE__)
static inline plait_rwlock *plait_rwlock_read_here_(plait_rwlock *lock)
{
    plait_rwlock_lock_read(lock);
    return lock;
}
static inline plait_rwlock *plait_rwlock_write_here_(plait_rwlock *lock)
{
    plait_rwlock_lock_write(lock);
    return lock;
}
static inline void plait_rwlock_unlock_read_at_(plait_rwlock **lock) { plait_rwlock_unlock_read(*lock); }
static inline void plait_rwlock_unlock_write_at_(plait_rwlock **lock) { plait_rwlock_unlock_write(*lock); }

PLAIT_END_DECLARATIONS
#endif
