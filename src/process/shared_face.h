/* shared_face.h: an object in shared memory is two: what its users have a pointer to, of the type that a private one has, and
   right before it what it really is. */
#ifndef PLAIT_PROCESS_SHARED_FACE_H
#define PLAIT_PROCESS_SHARED_FACE_H
#include "process/shared_memory.h"
#include "sync/shared.h"
#include <plait/recursive_mutex.h>

enum { PLAIT_LABEL = 16 }; /* between the two, the allocator's */

/* `type` is as large as a multiple of 16: its first member says so. */
#define plait_behind(type, face) ((type *)(void *)((char *)(face)-PLAIT_LABEL - sizeof(type)))

/* The face, of `size` bytes; all is zero. */
static inline void *plait_shared_face_new(plait_shared_memory *m, size_t behind, size_t size)
{
    struct plait_shared_member *me = plait_shared_member_here(m);
    return me ? plait_shared_allocate(me, behind + PLAIT_LABEL, size) : NULL;
}

static inline void plait_list_be_shared(plait_waitlist *list)
{
    atomic_store_explicit(list, PLAIT_LIST_SHARED, memory_order_relaxed);
}

/* A recursive mutex as part of another object: `room` bytes, zeroed and aligned to 16, become one. */
extern const size_t plait_shared_recursive_mutex_room;
plait_recursive_mutex *plait_shared_recursive_mutex_in(void *room);

/* shared_mutex.c and so on: what sync calls. */
int plait_shared_mutex_lock(plait_mutex *, plait_deadline, enum plait_cut);
void plait_shared_mutex_unlock(plait_mutex *);
bool plait_shared_mutex_held(plait_mutex *);
int plait_shared_semaphore_acquire(plait_semaphore *, plait_deadline);
int plait_shared_semaphore_release(plait_semaphore *, size_t);
size_t plait_shared_semaphore_value(plait_semaphore *);
int plait_shared_condition_wait(plait_condition *, plait_mutex *, plait_deadline);
void plait_shared_condition_wake(plait_condition *, bool all);
int plait_shared_event_wait(plait_event *, plait_deadline);
void plait_shared_event_change(plait_event *, bool set);
bool plait_shared_event_is_set(plait_event *);
int plait_shared_barrier_wait(plait_barrier *, size_t *, plait_deadline);
void plait_shared_barrier_change(plait_barrier *, bool broken);
size_t plait_shared_barrier_look(plait_barrier *, bool *broken);
int plait_shared_queue_put(plait_queue *, const void *, plait_deadline);
int plait_shared_queue_get(plait_queue *, void *, plait_deadline);
void plait_shared_queue_close(plait_queue *, bool now);
int plait_shared_queue_task_done(plait_queue *);
int plait_shared_queue_join(plait_queue *, plait_deadline);
size_t plait_shared_queue_count(plait_queue *);
void plait_shared_queue_free(plait_queue *);
int plait_shared_throttle_acquire(plait_throttle *, uint64_t, plait_deadline);
int64_t plait_shared_throttle_ask(plait_throttle *, uint64_t, bool take);
int plait_shared_throttle_set_rate(plait_throttle *, uint64_t, int64_t, uint64_t);
void plait_shared_throttle_push_back(plait_throttle *, int64_t);
void plait_shared_throttle_look(plait_throttle *, plait_throttle_statistics *);

#endif
