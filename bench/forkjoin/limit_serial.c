/* The work itself on one thread, without a task; the compiler may unroll the recursion.
   subject: limit serial */
#include "forkjoin/forkjoin.h"

static __attribute__((noinline)) long fib(int n)
{
    __asm__ volatile("");
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(void)
{
    forkjoin_measure(fib);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
