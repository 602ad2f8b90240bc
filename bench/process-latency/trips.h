/* trips.h: one task at a time in a pool of two worker processes: submit, wait for its result, look at it. Measured: each
   round trip; half and 99 of 100 of them took no longer than the two figures. Told `asleep`, each trip begins two
   milliseconds after the last: by then all who look out for work have gone to sleep, the pool's side here and its workers.

   A program calls trips_measure() with main's arguments and a function that makes one trip: it gets a value and returns
   the task's result, the value plus one. */
#ifndef BENCH_TRIPS_H
#define BENCH_TRIPS_H
#include "bench.h"
#include <string.h>

enum { MOST = 20000, ASLEEP = 1000, WARM = 200, WORKERS = 2 };

static inline __attribute__((always_inline)) void trips_measure(int argc, char **argv, int (*trip)(int))
{
    static uint64_t samples[WARM + MOST];
    int asleep = argc > 1 && strcmp(argv[1], "asleep") == 0, trips = asleep ? ASLEEP : MOST;
    for (int i = 0; i < WARM + trips; i++) {
        if (asleep) nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        uint64_t start = bench_now();
        int result = trip(i);
        samples[i] = bench_now() - start;
        bench_check(result, i + 1);
    }
    bench_report_latency(samples + WARM, (size_t)trips);
}

#endif
