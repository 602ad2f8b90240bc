/* tasks.h: TASKS tasks int to int, the value plus one, in two worker processes that are there (WARM tasks went before).
   Measured from the first value given until the last result is there, in two ways of asking: `submit_per_s`, a handle for
   each task, and `map_per_s`, all values in one call.

   A program calls tasks_measure() with a function that does either for `count` values, and writes the results in their
   order. What the machine allows has one way alone, and reports it for both. */
#ifndef BENCH_TASKS_H
#define BENCH_TASKS_H
#include "bench.h"

enum { TASKS = 100000, WARM = 1000, WORKERS = 2 };

static inline double tasks_run_(void (*run)(const int *values, int *results, size_t count), size_t count)
{
    static int values[TASKS], results[TASKS];
    for (size_t i = 0; i < count; i++) values[i] = (int)i, results[i] = 0;
    uint64_t start = bench_now();
    run(values, results, count);
    double seconds = bench_seconds_since(start);
    for (size_t i = 0; i < count; i++) bench_check(results[i], values[i] + 1);
    return seconds;
}

static inline double tasks_measure(void (*run)(const int *values, int *results, size_t count))
{
    tasks_run_(run, WARM);
    return TASKS / tasks_run_(run, TASKS);
}

#endif
