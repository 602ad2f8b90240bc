/* libuv: uv_queue_work on its pool of two, each request's done callback on the loop of the submitter, as libuv does it:
   the submitter knows that all are done when the loop has nothing left.
   subject: libuv
   package: libuv1-dev
   pkg-config: libuv */
#include "executor/executor.h"
#include <uv.h>

static long done;

static void work(uv_work_t *request)
{
    (void)request;
    __atomic_add_fetch(&executor_.counted, 1, __ATOMIC_ACQ_REL);
}

static void after(uv_work_t *request, int status)
{
    (void)request, (void)status;
    done++;
}

static double run(uv_loop_t *loop, uv_work_t *requests, long tasks)
{
    executor_.counted = done = 0;
    uint64_t start = bench_now();
    for (long i = 0; i < tasks; i++) bench_must(uv_queue_work(loop, &requests[i], work, after), "uv_queue_work");
    uv_run(loop, UV_RUN_DEFAULT);
    double seconds = bench_seconds_since(start);
    bench_check(executor_.counted, tasks);
    bench_check(done, tasks);
    return seconds;
}

int main(void)
{
    char workers[8];
    snprintf(workers, sizeof workers, "%d", WORKERS);
    setenv("UV_THREADPOOL_SIZE", workers, 1);
    uv_work_t *requests = calloc(TASKS, sizeof *requests);
    run(uv_default_loop(), requests, WARM);
    bench_report("tasks_per_s", TASKS / run(uv_default_loop(), requests, TASKS));
    free(requests);
    bench_report_version(uv_version_string());
    return 0;
}
