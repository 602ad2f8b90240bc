/* plait: a million futures, each one awaited with its result, as Python's ThreadPoolExecutor is used.
   subject: plait, each awaited */
#include "executor/executor.h"
#include <plait.h>

static int one(int *result)
{
    *result = 1;
    return 0;
}
PLAIT_TASK(one, void, int);

static double run(plait_executor *pool, plait_future **futures, long tasks)
{
    long sum = 0;
    uint64_t start = bench_now();
    for (long i = 0; i < tasks; i++) futures[i] = plait_submit(pool, one, NULL);
    for (long i = 0; i < tasks; i++) {
        int result = 0;
        bench_must(plait_await(futures[i], &result), "plait_await");
        sum += result;
    }
    double seconds = bench_seconds_since(start);
    bench_check(sum, tasks);
    return seconds;
}

int main(void)
{
    static plait_future *futures[TASKS];
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = WORKERS });
    run(pool, futures, WARM);
    bench_report("tasks_per_s", TASKS / run(pool, futures, TASKS));
    plait_executor_free(pool);
    bench_report_version(plait_version());
    return 0;
}
