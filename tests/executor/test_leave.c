/* test_leave.c: a task that leaves its thread, on each executor. This process starts no thread: each child has its own. */
#include "child.h"
#include "future/tasks.h"
#include <pthread.h>

static int leave_the_thread(void) { pthread_exit(NULL); }
PLAIT_TASK(leave_the_thread, void, void);

static int leaves_at_once(void *unused)
{
    (void)unused;
    return plait_await(plait_submit(plait_inline_executor(), leave_the_thread, NULL), NULL);
}
static int leaves_a_thread_of_its_own(void *unused)
{
    (void)unused;
    return plait_await(plait_submit(plait_thread_per_task_executor(), leave_the_thread, NULL), NULL);
}
static int leaves_a_pool(void *unused)
{
    (void)unused;
    return plait_await(plait_submit(pool_of(1), leave_the_thread, NULL), NULL);
}

static int waits_for_one_that_leaves(void *unused) { return leaves_at_once(unused); }
static int leaves_a_task_run_on_a_thread(void *unused)
{
    plait_thread_free(plait_thread_start(waits_for_one_that_leaves, unused, NULL));
    return 0;
}

static void E50_a_task_that_leaves_its_thread_stops_the_program(void **unused)
{
    (void)unused;
    static int (*const ways[])(void *) = { leaves_at_once, leaves_a_thread_of_its_own, leaves_a_pool,
                                           leaves_a_task_run_on_a_thread };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        child_stops(ways[i], NULL, "a task left thread ");
        child_stops(ways[i], NULL, " by pthread_exit: nobody could end it, so a task returns");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E50_a_task_that_leaves_its_thread_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
