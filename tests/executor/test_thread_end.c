/* What the program does at the end of an executor's thread, when its values are destroyed: it may submit, wait and lock as
   anywhere else, and nobody who submits waits for it. */
#include "future/tasks.h"

#define TEST(name) static void name(void **unused __attribute__((unused)))

static void (*at_the_end)(void);
static struct gate gate; /* the end of the thread comes to it when it is through */

static void destroy(void *value)
{
    (void)value;
    at_the_end();
    struct gate *g = &gate;
    check_code(pass(&g), 0);
}
static plait_local local = PLAIT_LOCAL_INIT(NULL, NULL, destroy);

static int leave_value(void) { return plait_local_set(&local, &local); }
PLAIT_TASK(leave_value, void, void);

static void do_nothing(void) {}

static void end_with(void (*act)(void), plait_executor *ex)
{
    memset(&gate, 0, sizeof gate);
    at_the_end = act;
    check_code(plait_await(plait_submit(ex, leave_value, NULL), NULL), 0);
}

TEST(a_thread_per_task_is_not_waited_for_by_the_next_submit)
{
    plait_executor *ex = plait_thread_per_task_executor();
    end_with(do_nothing, ex);
    until_arrived(&gate, 1);
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), 0); /* the gate is shut */
    check_number(gate.passed, 0);
    plait_event_set(&gate.open);
    until(gate.passed == 1);
}

static void submit_thread_per_task(void)
{
    check_code(plait_await(plait_submit(plait_thread_per_task_executor(), nothing, NULL), NULL), 0);
}

TEST(the_end_of_a_thread_per_task_may_submit)
{
    end_with(submit_thread_per_task, plait_thread_per_task_executor());
    plait_event_set(&gate.open);
    until(gate.passed == 1);
}

static plait_executor *pool;
static int submit_to_pool(void) { return plait_await(plait_submit(pool, nothing, NULL), NULL); }
PLAIT_TASK(submit_to_pool, void, void);

/* While it waits the pool is one worker short of none, and has to start another. */
static void wait_for_pool(void)
{
    check_code(plait_await(plait_submit(plait_thread_per_task_executor(), submit_to_pool, NULL), NULL), 0);
}

TEST(the_end_of_an_idle_worker_may_wait_for_its_pool)
{
    pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 1, .idle_timeout = 1 });
    check(pool);
    end_with(wait_for_pool, pool);
    until_arrived(&gate, 1);
    check_number(statistics_of(pool).waiting, 0);
    check_code(submit_to_pool(), 0); /* in another place than that of the one whose end is not through */
    plait_event_set(&gate.open);
    until(gate.passed == 1);
    plait_executor_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_per_task_is_not_waited_for_by_the_next_submit),
        cmocka_unit_test(the_end_of_a_thread_per_task_may_submit),
        cmocka_unit_test(the_end_of_an_idle_worker_may_wait_for_its_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
