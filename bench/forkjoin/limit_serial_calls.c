/* The same with every call made: through a pointer that the compiler must read again.
   subject: limit serial, all calls */
#include "forkjoin/forkjoin.h"

static long fib(int n);
static long (*volatile call)(int) = fib;

static long fib(int n) { return n < 2 ? n : call(n - 1) + call(n - 2); }

int main(void)
{
    forkjoin_measure(fib);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
