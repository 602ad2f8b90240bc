/* shared.h: memory that several processes share, and the objects that may lie in it.

   A shared memory is at the same address in every process that has it: pointers into it may be kept in it and be handed
   on. A forked child has what its parent had; a process that plait starts afresh is handed it. There are no names: the
   memory is gone when the last process that has it is gone, however that one ended.

   Mutex, semaphore, condition, event, barrier, queue and throttle made here are used by the calls that they have anyway, from
   threads and coroutines of all of these processes, with deadlines and scopes. Nobody waits for the dead: what a process
   held or was about to take when it died, the others find. Each process that uses one has a thread of plait's own from then
   on, by whose end the system tells of the process's. At most 254 processes use a memory at once; one that cannot begin
   to, for that or for want of a thread, is stopped with a sentence in a call that has no way to tell.

   It serves processes that trust each other: who writes where he should not breaks it for all. */
#ifndef PLAIT_SHARED_H
#define PLAIT_SHARED_H

#include <plait/barrier.h>
#include <plait/condition.h>
#include <plait/event.h>
#include <plait/mutex.h>
#include <plait/queue.h>
#include <plait/recursive_mutex.h>
#include <plait/semaphore.h>
#include <plait/throttle.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_shared_memory plait_shared_memory;

/* Zero bytes are the defaults. */
typedef struct plait_shared_memory_options {
    size_t
        limit; /* bytes that it may grow to; addresses for them are set aside at once, memory as it is used. Default: 1 GiB */
} plait_shared_memory_options;

/* A new shared memory. The caller ends it with plait_shared_memory_free. NULL, and plait_error tells: PLAIT_EINVAL for a limit
   above 512 GiB, PLAIT_ENOMEM where addresses, memory or a thread are missing, -EMFILE and what else the system says. */
PLAIT_API plait_shared_memory *plait_shared_memory_new_sized(const plait_shared_memory_options *options,
                                                             size_t options_size);
static inline plait_shared_memory *plait_shared_memory_new(const plait_shared_memory_options *options)
{
    return plait_shared_memory_new_sized(options, sizeof *options);
}

/* Takes it out of this process, where nobody uses it any more; the others keep it. A process that ends need not. NULL is
   nothing. */
PLAIT_API void plait_shared_memory_free(plait_shared_memory *memory);

/* For a process that is neither forked nor started by plait: a descriptor of the memory (close-on-exec; the caller closes it,
   or sends it), or a negative code; and the memory of such a descriptor, which stays the caller's, at the address that it
   has everywhere. NULL, and plait_error tells: PLAIT_EINVAL when it is none, PLAIT_EPROTOCOL when another version of plait
   made it, -EEXIST when something else lies at its address here, PLAIT_ENOMEM. */
PLAIT_API int plait_shared_memory_descriptor(plait_shared_memory *memory) PLAIT_MUST_CHECK;
PLAIT_API plait_shared_memory *plait_shared_memory_attach(int descriptor);

/* Zeroed memory for all of them, aligned to 16 bytes. It is given back by plait_shared_free, by whichever process, or with the
   whole. NULL, and plait_error tells: PLAIT_EINVAL for 0 bytes, PLAIT_ENOMEM when the limit is reached, -EFBIG when the
   process may not make files that large (ulimit -f). */
PLAIT_API void *plait_shared_alloc(plait_shared_memory *memory, size_t size);

/* Gives back what plait_shared_alloc or one of the calls below made, which nobody uses any more; a queue's end is
   plait_queue_free. NULL is nothing. What was not given out, or was given back already, stops the program. */
PLAIT_API void plait_shared_free(plait_shared_memory *memory, void *allocated);

typedef struct plait_shared_memory_usage {
    size_t limit;     /* bytes that it may have */
    size_t room;      /* that it has by now, used or not */
    size_t used;      /* given out, with what plait adds to each block */
    size_t blocks;    /* given out */
    size_t processes; /* that use it */
    size_t reserved[3];
} plait_shared_memory_usage;

/* How things stand; a snapshot. */
PLAIT_API void plait_shared_memory_get_usage(plait_shared_memory *memory, plait_shared_memory_usage *usage);

/* An unlocked mutex. It belongs to the task that locked it, in the process that did; of several that wait any one gets it. When
   that process ends while it holds it, it is free: the next one that locks it is asked to look, plait_shared_owner_died.
   A ring of locks is seen only where all of its tasks are of one process and hold private ones. NULL with a record, as
   plait_shared_alloc; so too the other objects. */
PLAIT_API plait_mutex *plait_shared_mutex_new(plait_shared_memory *memory);
PLAIT_API plait_recursive_mutex *plait_shared_recursive_mutex_new(plait_shared_memory *memory);

/* Whether a process ended while it held this mutex, so that what it guards may be half-changed. To be asked by whoever has just
   locked it; it stays true for each who does, until one of them has mended that and says so. */
PLAIT_API bool plait_shared_owner_died(plait_mutex *mutex);
PLAIT_API void plait_shared_mended(plait_mutex *mutex);

/* A semaphore with so many permits, which has never more than `limit`, 0 being no limit. Permits that a process had when it ended
   are gone, as they are when a task forgets them: a lock that is to come back is a mutex. PLAIT_EINVAL as
   plait_semaphore_init_bounded. */
PLAIT_API plait_semaphore *plait_shared_semaphore_new(plait_shared_memory *memory, size_t permits, size_t limit);

/* A condition, for a shared mutex. More than one may be woken by a signal. */
PLAIT_API plait_condition *plait_shared_condition_new(plait_shared_memory *memory);

/* An event that has not happened. */
PLAIT_API plait_event *plait_shared_event_new(plait_shared_memory *memory);

/* A barrier for so many tasks; `timeout` as in plait_barrier_options, 0 for none. A process that ends while a task of it waits
   there breaks it. PLAIT_EINVAL for no party or a negative time-out. */
PLAIT_API plait_barrier *plait_shared_barrier_new(plait_shared_memory *memory, size_t parties, int64_t timeout);

/* A queue of `capacity` items of `item_size` bytes each, first in, first out. A process that ends in the middle of a put or a
   get has put, or taken, that item or has not; all others are whole and in order. PLAIT_EINVAL for a size or capacity of 0,
   PLAIT_ENOMEM for what is larger than the memory's limit: it cannot grow, so PLAIT_UNBOUNDED is that too. It is ended by
   plait_queue_free, by one process, when nobody uses it any more: who still waits in it is not seen here. */
PLAIT_API plait_queue *plait_shared_queue_new(plait_shared_memory *memory, size_t item_size, size_t capacity);

/* A throttle, as plait_throttle_init makes it. All its processes must live on the system's clock. Tokens for which a process
   waits when it ends go to nobody, and it stays counted among those that wait. */
PLAIT_API plait_throttle *plait_shared_throttle_new(plait_shared_memory *memory, uint64_t count, int64_t nanoseconds,
                                                    uint64_t burst);

/* A value of `size` bytes, zeroed, with the lock that guards it. For one without a lock, plait_shared_alloc is enough. */
typedef struct plait_shared_value {
    plait_recursive_mutex *lock;
    void *data;
    size_t size;
} plait_shared_value;

/* A new one. `lock` is the lock to go with it, several values may have the same; NULL makes one of its own. PLAIT_EINVAL for a
   lock that is not of this memory. The value is given back by plait_shared_free, with the lock that was made for it. */
PLAIT_API plait_shared_value *plait_shared_value_new(plait_shared_memory *memory, size_t size,
                                                     plait_recursive_mutex *lock);

/* Copies `size` bytes from `offset` on out, or in, under the lock. PLAIT_EINVAL, and nothing is copied, when that is more than
   there is. Waits for the lock as plait_recursive_mutex_lock. */
PLAIT_API int plait_shared_value_read(plait_shared_value *value, size_t offset, void *to, size_t size);
PLAIT_API int plait_shared_value_write(plait_shared_value *value, size_t offset, const void *from, size_t size);

/* Calls change(data, context) under the lock: whatever it does to the value, no update is lost. Returns what it returned. */
PLAIT_API int plait_shared_value_update(plait_shared_value *value, int (*change)(void *data, void *context),
                                        void *context);

/* v += 1: adds to a number in shared memory, guarded by nothing else, and returns what it is now. Wraps around. Never waits. */
PLAIT_API int64_t plait_shared_add(int64_t *number, int64_t summand);

PLAIT_END_DECLARATIONS
#endif
