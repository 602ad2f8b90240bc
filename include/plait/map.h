/* map.h: one task over many values, results in the order of the input. */
#ifndef PLAIT_MAP_H
#define PLAIT_MAP_H

#include <plait/executor.h>
PLAIT_BEGIN_DECLARATIONS

/* What has become of one value. */
typedef struct plait_map_item {
    size_t index;         /* in the input */
    const void *argument; /* NULL for void, and where there was no memory to submit it */
    void *result;         /* NULL for void, and where the task failed; what it owns may be taken from it */
    int error;            /* 0, or why the task failed: plait_error() has the words */
    void *reserved[4];
} plait_map_item;

/* Zero bytes are the defaults. The functions are called by the one who maps, between two submits, get `context`,
   and must not throw. */
typedef struct plait_map_options {
    size_t window; /* the most that are submitted and not yet collected; default 256, and more of short tasks */
    plait_deadline deadline; /* for the whole */

    /* How many values share a place in the executor's queue, and are run by one thread in their order: that makes a map of
       short tasks many times faster. At most the window, where one is given. Each value still has its own outcome; those
       of a place come together. Default: 1, and on an executor of threads or processes as many as take some 100 us,
       measured while the map goes on; when one takes much longer, those behind it go to others. 1 where the tasks of a map
       wait for one another by other means than futures. In worker processes it is 1 where tasks are counted
       (.tasks_per_worker), for values above 4 KiB that own memory, and for all that own memory and come from `next`. The
       inline executor and loops ignore it. */
    size_t chunk;

    /* Instead of the array `in`, which is then NULL: puts the next value into *value, zeroed before (what it
       owns is handed over), and returns 0; PLAIT_EDONE at the end of the input; or a code that ends the map. */
    int (*next)(void *value, void *context);

    /* Gets each result as it comes, in whatever order, failures too, until the map ends. The map goes on when it
       returns 0; another code ends the map, whose code it is: `return item->error;` for the first failure. */
    int (*each)(const plait_map_item *item, void *context);
    void *context;

    /* An array that gets a code for each value. The map goes on after failures, and its own code is 0 when all have
       been tried. A value without an outcome, since the map has ended before, has PLAIT_ECANCELED. */
    int *errors;

    /* What ends the map (a failure, also where `errors` are kept, or a code of `next` or `each`) ends its submits
       only: what has been submitted is not cancelled, and goes where it would have gone. */
    bool halt;
} plait_map_options;

/* Runs f on each of the `count` values in the array `in` and writes the results to the array `out` (NULL: they are
   dropped, or void), in input order. Where `next` gives the values, count is the most that it is asked for, 0 for no
   bound: in constant memory. Waits for all. 0; the code of the first failure in input order, with the results before
   it written (the caller's to clear, where they own memory), those that had not started cancelled, and none running any
   more; PLAIT_ETIMEDOUT or PLAIT_ECANCELED, likewise; PLAIT_EFORKED in a child that one of the functions has forked;
   PLAIT_ECLOSED when the executor is closed, even for count 0; PLAIT_EINVAL for both `in` and `next`, or for an array of
   unbounded results or errors. */
#define plait_map(executor, f, in, count, out, ...)                                                                    \
    plait_map_task((executor), &f##_plait_task, PLAIT_VALUES_(f, in), (count), PLAIT_RESULT_(f, out), (__VA_ARGS__),   \
                   sizeof(plait_map_options), __FILE__, __LINE__)
PLAIT_API int plait_map_task(plait_executor *executor, const plait_task *task, const void *in, size_t count, void *out,
                             const plait_map_options *options, size_t options_size, const char *file,
                             int line) PLAIT_MUST_CHECK;

PLAIT_END_DECLARATIONS

/* The array of values as a const void *, NULL for none. An error at compile time when its type is not the task's. */
#ifdef __cplusplus
#define PLAIT_VALUES_(f, in) PLAIT_ARGUMENT_(f, in)
#else
#define PLAIT_VALUES_(f, in) PLAIT_ARGUMENT_(f, 1 ? (in) : (f##_plait_argument *)0)
#endif

#endif
