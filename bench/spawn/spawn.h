/* spawn.h: SPAWNS coroutines, one after another on one thread: each is started, adds one to `spawn_count`, and is joined
   before the next one is started. Measured: from the first start to the last join, per coroutine. The count is checked. */
#ifndef BENCH_SPAWN_H
#define BENCH_SPAWN_H
#include "bench.h"

enum { SPAWNS = 2000000 };

static long long spawn_count;

static inline void spawn_report(uint64_t start)
{
    double seconds = bench_seconds_since(start);
    bench_check(spawn_count, SPAWNS);
    bench_report("ns_per_spawn", seconds * 1e9 / SPAWNS);
}

#endif
