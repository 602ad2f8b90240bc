/* map.h: one task over many values, results in the order of the input. */
#ifndef PLAIT_MAP_H
#define PLAIT_MAP_H

#include <plait/executor.h>
PLAIT_BEGIN_DECLARATIONS

/* Zero bytes are the defaults. */
typedef struct plait_map_options {
    size_t window;           /* the most that are submitted and not yet collected; default 256 */
    plait_deadline deadline; /* for the whole */
} plait_map_options;

/* Runs f on each of the `count` values in the array `in` and writes the results to the array `out` (NULL: they are
   dropped, or void), in input order. Waits for all. 0; the code of the first failure in input order, with the results
   before it written, those that had not started cancelled, and none running any more; PLAIT_ETIMEDOUT or
   PLAIT_ECANCELED, likewise; PLAIT_ECLOSED when the executor is closed, even for count 0. */
#define plait_map(executor, f, in, count, out, ...)                                                                    \
    plait_map_task((executor), &f##_plait_task, PLAIT_ARGUMENT_(f, in), (count), PLAIT_RESULT_(f, out), (__VA_ARGS__), \
                   sizeof(plait_map_options), __FILE__, __LINE__)
PLAIT_API int plait_map_task(plait_executor *executor, const plait_task *task, const void *in, size_t count, void *out,
                             const plait_map_options *options, size_t options_size, const char *file,
                             int line) PLAIT_MUST_CHECK;

PLAIT_END_DECLARATIONS

#endif
