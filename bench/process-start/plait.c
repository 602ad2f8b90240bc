/* plait: plait_process_executor_new, and the await of the first task. Workers begin afresh, as in Python's `spawn`.
   subject: plait */
#include "process-start/start.h"
#include <plait.h>

static plait_executor *pool;

static int increment(const int *value, int *result)
{
    *result = *value + 1;
    return 0;
}
PLAIT_TASK(increment, int, int);

static int start(int value)
{
    int result = 0;
    pool = plait_process_executor_new(&(plait_process_options){ .workers = WORKERS });
    bench_must(plait_await(plait_submit(pool, increment, &value), &result), "plait_await");
    return result;
}

static void end(void) { plait_executor_free(pool); }

int main(void)
{
    plait_init();
    start_measure(start, end);
    bench_report_version(plait_version());
    return 0;
}
