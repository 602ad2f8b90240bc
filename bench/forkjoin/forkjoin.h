/* forkjoin.h: fib(32) by two calls of itself, one of which is a task, at every node down to the leaves: 3.5 million tasks,
   two threads. Measured: the whole, with workers that are there (fib(20) went before). */
#ifndef BENCH_FORKJOIN_H
#define BENCH_FORKJOIN_H
#include "bench.h"

enum { N = 32, FIB_N = 2178309, WARM = 20, FIB_WARM = 6765, WORKERS = 2 };

static inline __attribute__((always_inline)) void forkjoin_measure(long (*fib)(int))
{
    bench_check(fib(WARM), FIB_WARM);
    uint64_t start = bench_now();
    long result = fib(N);
    double seconds = bench_seconds_since(start);
    bench_check(result, FIB_N);
    bench_report("ms", seconds * 1e3);
}

#endif
