/* The executor of a loop that runs on a thread of its own shows, from outside, what every executor must. */
#include "check.h"
#include "executor/conformance.h"
#include <plait.h>

static struct {
    plait_thread *thread;
    plait_executor *executor;
    plait_event begun, over;
} loop;

static int keep_it_open(void)
{
    loop.executor = plait_loop_executor();
    plait_event_set(&loop.begun);
    return plait_event_wait(&loop.over, PLAIT_FOREVER);
}
PLAIT_TASK(keep_it_open, void, void);

static int run_a_loop(void *unused)
{
    (void)unused;
    return plait_run(keep_it_open, NULL, NULL);
}

static plait_executor *begin_loop(void)
{
    memset(&loop, 0, sizeof loop);
    loop.thread = plait_thread_start(run_a_loop, NULL, NULL);
    check(loop.thread);
    check_code(plait_event_wait(&loop.begun, PLAIT_FOREVER), 0);
    return loop.executor;
}

static void end_loop(plait_executor *ex)
{
    int code = 1;
    check(ex == loop.executor);
    check_code(plait_executor_shutdown(ex, NULL), PLAIT_ENOTSUP);
    plait_event_set(&loop.over);
    check_code(plait_thread_join(loop.thread, &code, PLAIT_FOREVER), 0);
    check_code(code, 0);
    plait_thread_free(loop.thread);
}

int main(void)
{
    plait_init();
    return executor_conformance(&(struct conforming){ .name = "loop",
                                                      .make = begin_loop,
                                                      .end = end_loop,
                                                      .never = "it ends with the loop",
                                                      .ends_with_its_loop = true,
                                                      .begins_all = true });
}
