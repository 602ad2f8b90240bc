/* plait: plait_await(plait_submit(…)).
   subject: plait */
#include "executor-latency/latency.h"
#include <plait.h>

static plait_executor *pool;

static int increment(const long *value, long *result)
{
    *result = *value + 1;
    return 0;
}
PLAIT_TASK(increment, long, long);

static long trip(long value)
{
    long result = 0;
    bench_must(plait_await(plait_submit(pool, increment, &value), &result), "plait_await");
    return result;
}

int main(void)
{
    pool = plait_thread_executor_new(&(plait_thread_options){ .workers = WORKERS });
    latency_measure(trip);
    plait_executor_free(pool);
    bench_report_version(plait_version());
    return 0;
}
