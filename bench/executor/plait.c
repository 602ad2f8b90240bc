/* plait: plait_submit, the future detached at once; the tasks count themselves, as in the peers.
   subject: plait */
#include "executor/executor.h"
#include <plait.h>

static plait_executor *pool;

static int count(void)
{
    executor_count();
    return 0;
}
PLAIT_TASK(count, void, void);

static void submit(void) { plait_future_detach(plait_submit(pool, count, NULL)); }

int main(void)
{
    pool = plait_thread_executor_new(&(plait_thread_options){ .workers = WORKERS });
    executor_measure(submit);
    plait_executor_free(pool);
    bench_report_version(plait_version());
    return 0;
}
