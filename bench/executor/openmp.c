/* OpenMP: a task each, two threads, one of them the submitter; past a bound of its own libgomp runs a task inline.
   subject: OpenMP tasks
   package: gcc
   flags: -fopenmp */
#include "executor/executor.h"
#include <omp.h>

static double run(long tasks)
{
    executor_.counted = 0;
    uint64_t start = bench_now();
    for (long i = 0; i < tasks; i++) {
#pragma omp task
        __atomic_add_fetch(&executor_.counted, 1, __ATOMIC_ACQ_REL);
    }
#pragma omp taskwait
    double seconds = bench_seconds_since(start);
    bench_check(executor_.counted, tasks);
    return seconds;
}

int main(void)
{
#pragma omp parallel num_threads(WORKERS)
#pragma omp single
    {
        run(WARM);
        bench_report("tasks_per_s", TASKS / run(TASKS));
    }
    bench_report_version(BENCH_COMPILER);
    return 0;
}
