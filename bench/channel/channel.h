/* channel.h: ITEMS ints from one coroutine to another on the same thread, through a queue whose capacity the program is
   told: `PROGRAM capacity`. With 0 no item rests: a put waits for its get. Measured: from the start of the first until both
   have ended, per item. The sum of what came out is checked. */
#ifndef BENCH_CHANNEL_H
#define BENCH_CHANNEL_H
#include "bench.h"

enum { ITEMS = 10000000 };

static long long channel_sum;

static inline size_t channel_capacity(int argc, char **argv)
{
    bench_must(argc != 2, "PROGRAM capacity");
    return (size_t)atoi(argv[1]);
}

static inline void channel_report(uint64_t start)
{
    double seconds = bench_seconds_since(start);
    bench_check(channel_sum, (long long)ITEMS * (ITEMS - 1) / 2);
    bench_report("ns_per_item", seconds * 1e9 / ITEMS);
}

#endif
