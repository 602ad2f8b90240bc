/* start.h: a pool of two worker processes is made, and gets one task; measured from before it is made until the result is
   there. What it takes to end the pool does not count. Of POOLS pools, one after the other, the median; one went before.

   A program calls start_measure() with a function that makes the pool and returns the task's result, the value plus one,
   and one that ends it. */
#ifndef BENCH_START_H
#define BENCH_START_H
#include "bench.h"

enum { POOLS = 21, WORKERS = 2 };

static inline void start_measure(int (*start)(int), void (*end)(void))
{
    uint64_t samples[POOLS];
    for (int i = -1; i < POOLS; i++) {
        uint64_t begun = bench_now();
        int result = start(i);
        uint64_t taken = bench_now() - begun;
        if (i >= 0) samples[i] = taken;
        bench_check(result, i + 1);
        end();
    }
    qsort(samples, POOLS, sizeof *samples, bench_compare_);
    bench_report("ms", (double)samples[POOLS / 2] / 1e6);
}

#endif
