/* oneTBB: arena.enqueue to two workers; the submitter takes no part.
   subject: TBB enqueue
   package: libtbb-dev
   pkg-config: tbb */
#include "executor/executor.h"
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/version.h>

static tbb::task_arena *arena;

static void submit()
{
    arena->enqueue([] { executor_count(); });
}

int main()
{
    tbb::global_control most(tbb::global_control::max_allowed_parallelism, WORKERS + 1);
    tbb::task_arena workers(WORKERS, 0);
    arena = &workers;
    executor_measure(submit);
    bench_report_version(TBB_runtime_version());
}
