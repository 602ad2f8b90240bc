/* oneTBB: task_group run and wait, in an arena of two: the submitter, who helps while it waits, and a worker.
   subject: TBB task_group
   package: libtbb-dev
   pkg-config: tbb */
#include "executor/executor.h"
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include <tbb/version.h>

static double run(tbb::task_group &group, long tasks)
{
    executor_.counted = 0;
    uint64_t start = bench_now();
    for (long i = 0; i < tasks; i++) group.run([] { __atomic_add_fetch(&executor_.counted, 1, __ATOMIC_ACQ_REL); });
    group.wait();
    double seconds = bench_seconds_since(start);
    bench_check(executor_.counted, tasks);
    return seconds;
}

int main()
{
    tbb::global_control most(tbb::global_control::max_allowed_parallelism, WORKERS + 1);
    tbb::task_arena arena(WORKERS);
    arena.execute([] {
        tbb::task_group group;
        run(group, WARM);
        bench_report("tasks_per_s", TASKS / run(group, TASKS));
    });
    bench_report_version(TBB_runtime_version());
}
