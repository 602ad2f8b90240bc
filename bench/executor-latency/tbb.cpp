/* oneTBB: arena.enqueue to two workers; a semaphore brings the result back.
   subject: TBB enqueue
   package: libtbb-dev
   pkg-config: tbb */
#include "executor-latency/latency.h"
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/version.h>

static tbb::task_arena *arena;

static long trip(long value)
{
    latency_.value = value;
    arena->enqueue([] { latency_answer(); });
    return latency_take();
}

int main()
{
    tbb::global_control most(tbb::global_control::max_allowed_parallelism, WORKERS + 1);
    tbb::task_arena workers(WORKERS, 0);
    arena = &workers;
    latency_measure(trip);
    bench_report_version(TBB_runtime_version());
}
