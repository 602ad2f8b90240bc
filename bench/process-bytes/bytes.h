/* bytes.h: 1 GiB in blocks of 1 MiB between a process and its two workers, which are there (WARM blocks went before), at most
   UNDER_WAY of them at once.

   - `arguments_gb_per_s`: the process has a block, which it keeps, and sends it again and again; a worker looks at it and
     answers with what it has seen.
   - `results_gb_per_s`: a worker makes a block, a copy of one that it has, and the process looks at it.

   To look is to read a byte of each page. Measured from the first block until the last has been answered for. */
#ifndef BENCH_BYTES_H
#define BENCH_BYTES_H
#include "bench.h"
#include <string.h>

enum { BLOCK = 1 << 20, BLOCKS = 1024, WARM = 64, UNDER_WAY = 16, WORKERS = 2, PAGE = 4096 };

/* The block that is sent. */
static inline char *bytes_source(void)
{
    static char block[BLOCK];
    if (!block[0]) memset(block, 1, sizeof block);
    return block;
}

static inline int bytes_look(const char *block)
{
    int seen = 0;
    for (size_t i = 0; i < BLOCK; i += PAGE) seen += block[i];
    return seen;
}

static inline void bytes_seen(int seen) { bench_check(seen, BLOCK / PAGE); }

/* run(count) sends that many blocks and sees to it that all have been answered for. */
static inline void bytes_measure(const char *key, void (*run)(size_t count))
{
    run(WARM);
    uint64_t start = bench_now();
    run(BLOCKS);
    bench_report(key, (double)BLOCKS * BLOCK / 1e9 / bench_seconds_since(start));
}

#endif
