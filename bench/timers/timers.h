/* timers.h: a million timers of one loop, on one thread, each with a time of its own: up to two seconds after the first,
   at random to the nanosecond. The program is told which part to measure:

   PROGRAM add     from the first to the last addition, with the memory that they take; none comes within 1000 s
   PROGRAM cancel  the cancelling of all of those, in the order of their addition
   PROGRAM fire    when the times of all have passed: the CPU time that it takes until all functions have been called

   Each is printed per timer. A program defines add(), cancel() and run(), which returns when `timers_fired` is TIMERS,
   and calls timers_measure(). That not one function was called too many is checked. */
#ifndef BENCH_TIMERS_H
#define BENCH_TIMERS_H
#include "bench.h"
#include <string.h>

enum { TIMERS = 1000000 };
#define TIMERS_RANGE INT64_C(2000000000)

static long timers_fired;

static void add(int timer, int64_t nanoseconds);
static void cancel(int timer);
static void run(void);

static int64_t timers_delay_[TIMERS];

static inline void timers_add_(int64_t least)
{
    for (int i = 0; i < TIMERS; i++) add(i, least + timers_delay_[i]);
}

static inline double timers_cpu_(void) /* nanoseconds */
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline void timers_measure(const char *part)
{
    int64_t far = INT64_C(1000000000000);
    uint64_t dice = 88172645463325252u;
    double took;
    for (int i = 0; i < TIMERS; i++) {
        dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
        timers_delay_[i] = (int64_t)(dice % (uint64_t)TIMERS_RANGE);
    }
    uint64_t start = bench_now();
    if (!strcmp(part, "fire")) {
        struct timespec all = { 2, 100000000 };
        timers_add_(0);
        nanosleep(&all, NULL);
        took = timers_cpu_();
        run();
        took = timers_cpu_() - took;
    } else {
        timers_add_(far);
        if (strcmp(part, "add") != 0) {
            start = bench_now();
            for (int i = 0; i < TIMERS; i++) cancel(i);
        }
        took = (double)(bench_now() - start);
    }
    bench_check(timers_fired, strcmp(part, "fire") ? 0 : TIMERS);
    bench_report("ns_per_timer", took / TIMERS);
}

#endif
