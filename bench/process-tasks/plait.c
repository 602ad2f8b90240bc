/* plait: a future for each task, all submitted and then all awaited; and plait_map.
   subject: plait */
#include "process-tasks/tasks.h"
#include <plait.h>

static plait_executor *pool;
static plait_future *futures[TASKS];

static int increment(const int *value, int *result)
{
    *result = *value + 1;
    return 0;
}
PLAIT_TASK(increment, int, int);

static void submit(const int *values, int *results, size_t count)
{
    for (size_t i = 0; i < count; i++) futures[i] = plait_submit(pool, increment, &values[i]);
    for (size_t i = 0; i < count; i++) bench_must(plait_await(futures[i], &results[i]), "plait_await");
}

static void map(const int *values, int *results, size_t count)
{
    bench_must(plait_map(pool, increment, values, count, results, NULL), "plait_map");
}

int main(void)
{
    plait_init();
    pool = plait_process_executor_new(&(plait_process_options){ .workers = WORKERS });
    bench_report("submit_per_s", tasks_measure(submit));
    bench_report("map_per_s", tasks_measure(map));
    plait_executor_free(pool);
    bench_report_version(plait_version());
    return 0;
}
