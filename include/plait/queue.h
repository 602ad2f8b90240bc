/* queue.h: values handed from task to task: first in, first out, or in another order.

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

/* Zero bytes are the defaults: first in, first out. `compare` and `drop` must not use the queue; `compare` must not wait.
   In C++ they must not throw. */
typedef struct plait_queue_options {
    bool lifo;                                                   /* the last in is the first out */
    int (*compare)(const void *a, const void *b, void *context); /* the smallest first; of equal ones, where it is 0,
                                                                        the first in */
    void (*drop)(void *item, void *context);                     /* is given each item that nobody will get */
    void *context;                                               /* for both */
    bool resizable;                                              /* allows plait_queue_set_capacity */
} plait_queue_options;

/* The same with options. NULL also when they contradict each other, or order items where none rest (capacity 0). */
PLAIT_API plait_queue *plait_queue_new_sized(size_t item_size, size_t capacity, const plait_queue_options *options,
                                             size_t options_size);
static inline plait_queue *plait_queue_new_with(size_t item_size, size_t capacity, const plait_queue_options *options)
{
    return plait_queue_new_sized(item_size, capacity, options, sizeof *options);
}

/* Copies *item in. 0; PLAIT_EAGAIN (PLAIT_NOW and full); PLAIT_ETIMEDOUT; PLAIT_ECANCELED; PLAIT_ECLOSED;
   PLAIT_ENOMEM when an unbounded queue cannot grow. With an error nothing was put. */
PLAIT_API int plait_queue_put(plait_queue *queue, const void *item, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Copies the next item out. 0; PLAIT_EAGAIN (PLAIT_NOW and empty); PLAIT_ETIMEDOUT; PLAIT_ECANCELED; PLAIT_ECLOSED
   once it is closed and empty. With an error *item is untouched and no item is lost. */
PLAIT_API int plait_queue_get(plait_queue *queue, void *item, plait_deadline deadline) PLAIT_MUST_CHECK;

/* No more in: puts, waiting ones too, give PLAIT_ECLOSED; getters drain what is there, then get PLAIT_ECLOSED. May be
   repeated. */
PLAIT_API void plait_queue_close(plait_queue *queue);

/* Closes it and drops what is in it: then every get gives PLAIT_ECLOSED. What was dropped counts as dealt with; what was
   taken before is not. May come after plait_queue_close, and be repeated; of several at once one drops. */
PLAIT_API void plait_queue_close_now(plait_queue *queue);

/* Changes how many it holds before put waits. What is in it stays: when it is more, put waits until it is less. 0;
   PLAIT_ENOMEM, PLAIT_EINVAL for a capacity that it could not have been made with, PLAIT_ENOTSUP for a queue that was not
   made resizable: nothing has changed. Never waits. */
PLAIT_API int plait_queue_set_capacity(plait_queue *queue, size_t capacity);

/* One item that was put has been dealt with. PLAIT_EINVAL when that was said more often than items were put. */
PLAIT_API int plait_queue_task_done(plait_queue *queue);

/* Waits until each item that was put has been dealt with. 0; PLAIT_EAGAIN; PLAIT_ETIMEDOUT; PLAIT_ECANCELED. */
PLAIT_API int plait_queue_join(plait_queue *queue, plait_deadline deadline) PLAIT_MUST_CHECK;

/* How many items are in it; exact only while nobody else uses it. */
PLAIT_API size_t plait_queue_count(plait_queue *queue);

/* Ends a queue that nobody uses any more; what is still in it is dropped. NULL is nothing. If somebody waits in it the
   program stops. In a child that was forked meanwhile nothing is dropped, and who waits in the parent is no matter. */
PLAIT_API void plait_queue_free(plait_queue *queue);

PLAIT_END_DECLARATIONS
#endif
