/* alive.h: ALIVE coroutines on one thread that all wait for the same thing; when each of them does, it happens, and all are
   joined. Measured: from the first start to the last join, per coroutine, in a fresh process: memory is made here, too.
   How many had begun when it happened, and how many went on after that, is checked. */
#ifndef BENCH_ALIVE_H
#define BENCH_ALIVE_H
#include "bench.h"

enum { ALIVE = 100000 };

static long long alive_begun, alive_gone_on;

static inline void alive_report(uint64_t start)
{
    double seconds = bench_seconds_since(start);
    bench_check(alive_gone_on, ALIVE);
    bench_report("ns_per_life", seconds * 1e9 / ALIVE);
}

#endif
