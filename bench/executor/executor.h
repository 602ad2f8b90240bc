/* executor.h: one thread submits TASKS tasks that only count themselves; the last one wakes the submitter. Measured: from
   the first submit until the submitter knows that all are done, with workers that are there (WARM tasks went before).

   A program calls executor_measure() with a function that submits one task, which calls executor_count(). */
#ifndef BENCH_EXECUTOR_H
#define BENCH_EXECUTOR_H
#include "bench.h"
#include <semaphore.h>

enum { TASKS = 1000000, WARM = 10000, WORKERS = 2 };

static struct {
    long wanted;
    sem_t last;
    char apart[128];
    long counted; /* changed by all workers: on a line of its own */
} executor_;

static inline void executor_count(void)
{
    if (__atomic_add_fetch(&executor_.counted, 1, __ATOMIC_ACQ_REL) == executor_.wanted) sem_post(&executor_.last);
}

static inline __attribute__((always_inline)) double executor_run_(void (*submit)(void), long tasks)
{
    executor_.wanted = tasks;
    executor_.counted = 0;
    uint64_t start = bench_now();
    for (long i = 0; i < tasks; i++) submit();
    while (sem_wait(&executor_.last) != 0) {}
    double seconds = bench_seconds_since(start);
    bench_check(executor_.counted, tasks);
    return seconds;
}

static inline __attribute__((always_inline)) void executor_measure(void (*submit)(void))
{
    bench_must(sem_init(&executor_.last, 0, 0), "sem_init");
    executor_run_(submit, WARM);
    bench_report("tasks_per_s", TASKS / executor_run_(submit, TASKS));
}

#endif
