/* A group over the inline executor: its child runs within the submit, and ends with the scope of the one who submits. */
#include "check.h"
#include "future/tasks.h"

static struct gate gate;

static int submit_a_child_that_waits(void)
{
    struct gate *at = &gate;
    PLAIT_GROUP(group, plait_inline_executor());
    plait_group_submit(&group, pass, &at);
    check_number(gate.cut, 1);
    return plait_group_wait(&group);
}
PLAIT_TASK(submit_a_child_that_waits, void, void);

static void a_child_that_runs_within_its_submit_ends_with_its_submitters_scope(void **state)
{
    (void)state;
    plait_executor *pool = plait_thread_executor_new(NULL);
    plait_future *f = plait_submit(pool, submit_a_child_that_waits, NULL);
    until_arrived(&gate, 1);
    check(!plait_future_cancel(f)); /* it runs: it is told */
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    plait_executor_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_that_runs_within_its_submit_ends_with_its_submitters_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
