/* plait: a fork at every node, joined in its caller's frame.
   subject: plait
   declared: PLAIT_FORK */
#include "forkjoin/forkjoin.h"
#include <plait.h>

static plait_executor *pool;

static int fib(const int *n, long *result);
PLAIT_TASK(fib, int, long);

static int fib(const int *n, long *result)
{
    if (*n < 2) {
        *result = *n;
        return 0;
    }
    int one_less = *n - 1, two_less = *n - 2;
    long forked = 0, called = 0;
    PLAIT_FORK(f, pool, fib, &one_less);
    int err = fib(&two_less, &called);
    int forked_err = plait_join(&f, &forked);
    *result = forked + called;
    return err ? err : forked_err;
}

/* Runs in the pool, so that the forks are a worker's. */
static int measure(const int *n, double *seconds)
{
    long result = 0;
    uint64_t start = bench_now();
    int err = fib(n, &result);
    *seconds = bench_seconds_since(start);
    bench_check(result, *n == N ? FIB_N : FIB_WARM);
    return err;
}
PLAIT_TASK(measure, int, double);

int main(void)
{
    double seconds = 0;
    pool = plait_thread_executor_new(&(plait_thread_options){ .workers = WORKERS });
    int n = WARM;
    bench_must(plait_await(plait_submit(pool, measure, &n), &seconds), "plait_await");
    n = N;
    bench_must(plait_await(plait_submit(pool, measure, &n), &seconds), "plait_await");
    bench_report("ms", seconds * 1e3);
    plait_executor_free(pool);
    bench_report_version(plait_version());
    return 0;
}
