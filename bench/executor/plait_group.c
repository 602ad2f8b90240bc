/* plait: a group, submitted to and waited for: the same sentence as TBB's task_group.
   subject: plait, group */
#include "executor/executor.h"
#include <plait.h>

static int count(void)
{
    __atomic_add_fetch(&executor_.counted, 1, __ATOMIC_ACQ_REL);
    return 0;
}
PLAIT_TASK(count, void, void);

static double run(plait_executor *pool, long tasks)
{
    executor_.counted = 0;
    uint64_t start = bench_now();
    PLAIT_GROUP(group, pool);
    for (long i = 0; i < tasks; i++) plait_group_submit(&group, count, NULL);
    bench_must(plait_group_wait(&group), "plait_group_wait");
    double seconds = bench_seconds_since(start);
    bench_check(executor_.counted, tasks);
    return seconds;
}

int main(void)
{
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = WORKERS });
    run(pool, WARM);
    bench_report("tasks_per_s", TASKS / run(pool, TASKS));
    plait_executor_free(pool);
    bench_report_version(plait_version());
    return 0;
}
