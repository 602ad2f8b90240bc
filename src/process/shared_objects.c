/* shared_objects.c: the table through which sync finds the objects in shared memory. It is set before the first of them can
   be had here. */
#include "process/shared_objects.h"
#include "process/shared_face.h"
#include <pthread.h>

static const struct plait_shared_operations operations = {
    .mutex_lock = plait_shared_mutex_lock,
    .mutex_unlock = plait_shared_mutex_unlock,
    .mutex_held = plait_shared_mutex_held,
    .semaphore_acquire = plait_shared_semaphore_acquire,
    .semaphore_release = plait_shared_semaphore_release,
    .semaphore_value = plait_shared_semaphore_value,
    .condition_wait = plait_shared_condition_wait,
    .condition_wake = plait_shared_condition_wake,
    .event_wait = plait_shared_event_wait,
    .event_change = plait_shared_event_change,
    .event_is_set = plait_shared_event_is_set,
    .barrier_wait = plait_shared_barrier_wait,
    .barrier_change = plait_shared_barrier_change,
    .barrier_look = plait_shared_barrier_look,
    .queue_put = plait_shared_queue_put,
    .queue_get = plait_shared_queue_get,
    .queue_close = plait_shared_queue_close,
    .queue_task_done = plait_shared_queue_task_done,
    .queue_join = plait_shared_queue_join,
    .queue_count = plait_shared_queue_count,
    .queue_free = plait_shared_queue_free,
    .throttle_acquire = plait_shared_throttle_acquire,
    .throttle_ask = plait_shared_throttle_ask,
    .throttle_set_rate = plait_shared_throttle_set_rate,
    .throttle_push_back = plait_shared_throttle_push_back,
    .throttle_look = plait_shared_throttle_look,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void set(void) { plait_shared = &operations; }
void plait_shared_objects_ready(void) { pthread_once(&once, set); }
