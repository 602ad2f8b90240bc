/* OpenMP: task and taskwait at every node.
   subject: OpenMP tasks
   package: gcc
   flags: -fopenmp */
#include "forkjoin/forkjoin.h"
#include <omp.h>

static long fib(int n)
{
    if (n < 2) return n;
    long forked, called;
#pragma omp task shared(forked)
    forked = fib(n - 1);
    called = fib(n - 2);
#pragma omp taskwait
    return forked + called;
}

int main(void)
{
#pragma omp parallel num_threads(WORKERS)
#pragma omp single
    forkjoin_measure(fib);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
