/* queue.h: values handed from task to task, first in, first out.

   Items are copied in and out. A queue may also count work: each put adds one, each plait_queue_task_done takes one
   away, plait_queue_join waits for none. */
#ifndef PLAIT_QUEUE_H
#define PLAIT_QUEUE_H

#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_queue plait_queue;

#define PLAIT_UNBOUNDED SIZE_MAX

/* A queue of items of `item_size` bytes each. `capacity` is how many it holds before put waits; PLAIT_UNBOUNDED grows
   as needed; 0 is a rendezvous: put waits until a getter has taken the item. NULL without memory, or when item_size is
   0 or the size overflows (plait_error tells). The caller ends it with plait_queue_free. */
PLAIT_API plait_queue *plait_queue_new(size_t item_size, size_t capacity);

/* Copies *item in. 0; PLAIT_EAGAIN (PLAIT_NOW and full); PLAIT_ETIMEDOUT; PLAIT_ECANCELED; PLAIT_ECLOSED;
   PLAIT_ENOMEM when an unbounded queue cannot grow. With an error nothing was put. */
PLAIT_API int plait_queue_put(plait_queue *queue, const void *item, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Copies the oldest item out. 0; PLAIT_EAGAIN (PLAIT_NOW and empty); PLAIT_ETIMEDOUT; PLAIT_ECANCELED; PLAIT_ECLOSED
   once it is closed and empty. With an error *item is untouched and no item is lost. */
PLAIT_API int plait_queue_get(plait_queue *queue, void *item, plait_deadline deadline) PLAIT_MUST_CHECK;

/* No more in: puts, waiting ones too, give PLAIT_ECLOSED; getters drain what is there, then get PLAIT_ECLOSED. May be
   repeated. */
PLAIT_API void plait_queue_close(plait_queue *queue);

/* One item that was put has been dealt with. PLAIT_EINVAL when that was said more often than items were put. */
PLAIT_API int plait_queue_task_done(plait_queue *queue);

/* Waits until each item that was put has been dealt with. 0; PLAIT_EAGAIN; PLAIT_ETIMEDOUT; PLAIT_ECANCELED. */
PLAIT_API int plait_queue_join(plait_queue *queue, plait_deadline deadline) PLAIT_MUST_CHECK;

/* How many items are in it; exact only while nobody else uses it. */
PLAIT_API size_t plait_queue_count(plait_queue *queue);

/* Ends a queue that nobody uses any more; items still in it are dropped. NULL is nothing. If somebody waits in it the
   program stops. */
PLAIT_API void plait_queue_free(plait_queue *queue);

PLAIT_END_DECLARATIONS
#endif
