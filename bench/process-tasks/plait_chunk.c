/* plait: plait_map with one value in a chunk, and with 64, as the peers are told.
   subject: plait, in chunks of 1 and 64 */
#include "process-tasks/tasks.h"
#include <plait.h>

static plait_executor *pool;
static size_t chunk;

static int increment(const int *value, int *result)
{
    *result = *value + 1;
    return 0;
}
PLAIT_TASK(increment, int, int);

static void map(const int *values, int *results, size_t count)
{
    plait_map_options options = { .chunk = chunk };
    bench_must(plait_map(pool, increment, values, count, results, &options), "plait_map");
}

int main(void)
{
    plait_init();
    pool = plait_process_executor_new(&(plait_process_options){ .workers = WORKERS });
    chunk = 1;
    bench_report("submit_per_s", tasks_measure(map));
    chunk = 64;
    bench_report("map_per_s", tasks_measure(map));
    plait_executor_free(pool);
    bench_report_version(plait_version());
    return 0;
}
