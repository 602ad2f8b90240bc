/* plait: plait_await(plait_submit(…)).
   subject: plait */
#include "process-latency/trips.h"
#include <plait.h>

static plait_executor *pool;

static int increment(const int *value, int *result)
{
    *result = *value + 1;
    return 0;
}
PLAIT_TASK(increment, int, int);

static int trip(int value)
{
    int result = 0;
    bench_must(plait_await(plait_submit(pool, increment, &value), &result), "plait_await");
    return result;
}

int main(int argc, char **argv)
{
    plait_init();
    pool = plait_process_executor_new(&(plait_process_options){ .workers = WORKERS });
    trips_measure(argc, argv, trip);
    plait_executor_free(pool);
    bench_report_version(plait_version());
    return 0;
}
