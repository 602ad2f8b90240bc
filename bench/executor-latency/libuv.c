/* libuv: uv_queue_work on its pool of two; the result comes back as the done callback on the submitter's loop.
   subject: libuv
   package: libuv1-dev
   pkg-config: libuv */
#include "executor-latency/latency.h"
#include <uv.h>

static void work(uv_work_t *request)
{
    (void)request;
    latency_.value++;
}

static void after(uv_work_t *request, int status)
{
    (void)status;
    *(long *)request->data = latency_.value;
}

static long trip(long value)
{
    static uv_work_t request;
    long result = 0;
    request.data = &result;
    latency_.value = value;
    bench_must(uv_queue_work(uv_default_loop(), &request, work, after), "uv_queue_work");
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return result;
}

int main(void)
{
    char workers[8];
    snprintf(workers, sizeof workers, "%d", WORKERS);
    setenv("UV_THREADPOOL_SIZE", workers, 1);
    latency_measure(trip);
    bench_report_version(uv_version_string());
    return 0;
}
