/* shared.h: the same objects in shared memory. Another process cannot follow a waiter on this one's stack, so these have other
   means of waiting, which a higher room fills in here when the first shared memory is made.

   What must hold: an object's words that stand for "free", "nobody waits" or "not happened" are others here, and for ever:
   so the ways that are fast for private objects fail, and what is slow looks once whether this is why. */
#ifndef PLAIT_SYNC_SHARED_H
#define PLAIT_SYNC_SHARED_H
#include "park/scope.h"
#include <plait/barrier.h>
#include <plait/condition.h>
#include <plait/event.h>
#include <plait/mutex.h>
#include <plait/queue.h>
#include <plait/semaphore.h>
#include <plait/throttle.h>

#define PLAIT_MUTEX_SHARED ((uintptr_t)2)     /* the word of a mutex */
#define PLAIT_SEMAPHORE_SHARED ((uintptr_t)1) /* the word of a semaphore: no permit, somebody waits */
#define PLAIT_LIST_SHARED ((uintptr_t)4)      /* the wait list of all others, which is no waiter's address */

static inline bool plait_is_shared(plait_waitlist *list)
{
    return atomic_load_explicit(list, memory_order_relaxed) == PLAIT_LIST_SHARED;
}

/* Each as the public call that it is the whole of, but that plait_wait_begin and checks of arguments may have gone before. */
struct plait_shared_operations {
    int (*mutex_lock)(plait_mutex *, plait_deadline,
                      enum plait_cut); /* PLAIT_EDEADLK: with words; else the bare code */
    void (*mutex_unlock)(plait_mutex *);
    bool (*mutex_held)(plait_mutex *);
    int (*semaphore_acquire)(plait_semaphore *, plait_deadline);
    int (*semaphore_release)(plait_semaphore *, size_t);
    size_t (*semaphore_value)(plait_semaphore *);
    int (*condition_wait)(plait_condition *, plait_mutex *, plait_deadline);
    void (*condition_wake)(plait_condition *, bool all);
    int (*event_wait)(plait_event *, plait_deadline);
    void (*event_change)(plait_event *, bool set);
    bool (*event_is_set)(plait_event *);
    int (*barrier_wait)(plait_barrier *, size_t *, plait_deadline);
    void (*barrier_change)(plait_barrier *, bool broken);
    size_t (*barrier_look)(plait_barrier *, bool *broken); /* how many wait */
    int (*queue_put)(plait_queue *, const void *, plait_deadline);
    int (*queue_get)(plait_queue *, void *, plait_deadline);
    void (*queue_close)(plait_queue *, bool now);
    int (*queue_task_done)(plait_queue *);
    int (*queue_join)(plait_queue *, plait_deadline);
    size_t (*queue_count)(plait_queue *);
    void (*queue_free)(plait_queue *);
    int (*throttle_acquire)(plait_throttle *, uint64_t, plait_deadline);
    int64_t (*throttle_ask)(plait_throttle *, uint64_t, bool take);
    int (*throttle_set_rate)(plait_throttle *, uint64_t, int64_t, uint64_t);
    void (*throttle_push_back)(plait_throttle *, int64_t);
    void (*throttle_look)(plait_throttle *, plait_throttle_statistics *);
};
extern const struct plait_shared_operations *plait_shared;

/* How many bytes plait_queue has, and makes zeroed ones of them one that is shared. */
extern const size_t plait_queue_size;
void plait_queue_be_shared(plait_queue *);

#endif
