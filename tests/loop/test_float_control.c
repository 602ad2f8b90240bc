/* Rounding and exception masks of floating point: each task of a loop begins with those of the loop's thread, whatever the
   one before it on the same stack has left; and each keeps its own while others run. */
#include "coroutine/switch.h"
#include "check.h"
#include <plait.h>

#if defined __x86_64__
#define UPWARD ((plait_float_control)0x0800 << 32 | 0x4000)
#elif defined __aarch64__
#define UPWARD ((plait_float_control)1 << 22)
#else
#define UPWARD ((plait_float_control)0)
#endif

static plait_float_control at_first;

static int leave_another(void)
{
    check(plait_float_control_get() == at_first);
    plait_float_control_set(at_first ^ UPWARD);
    return 0;
}
PLAIT_TASK(leave_another, void, void);

static int keep_another(void)
{
    check(plait_float_control_get() == at_first);
    plait_float_control_set(at_first ^ UPWARD);
    for (int i = 0; i < 3; i++) {
        check(plait_yield() == 0);
        check(plait_float_control_get() == (at_first ^ UPWARD));
    }
    return 0;
}
PLAIT_TASK(keep_another, void, void);

static int one_after_another(void)
{
    for (int i = 0; i < 3; i++) check(plait_await(plait_spawn(leave_another, NULL), NULL) == 0);
    check(plait_float_control_get() == at_first);
    return 0;
}
PLAIT_TASK(one_after_another, void, void);

static int several_at_once(void)
{
    plait_future *ending[4], *going_on[4];
    for (int i = 0; i < 4; i++) ending[i] = plait_spawn(leave_another, NULL);
    for (int i = 0; i < 4; i++) going_on[i] = plait_spawn(keep_another, NULL);
    check(plait_gather(ending, 4, NULL, NULL) == 0);
    check(plait_gather(going_on, 4, NULL, NULL) == 0);
    check(plait_float_control_get() == at_first);
    return 0;
}
PLAIT_TASK(several_at_once, void, void);

static void a_task_begins_with_its_threads(void **unused)
{
    (void)unused;
    at_first = plait_float_control_get();
    check(plait_run(one_after_another, NULL, NULL) == 0);
    check(plait_float_control_get() == at_first);
}

static void tasks_do_not_meet_each_others(void **unused)
{
    (void)unused;
    at_first = plait_float_control_get();
    check(plait_run(several_at_once, NULL, NULL) == 0);
    check(plait_float_control_get() == at_first);
}

static void a_loop_on_a_thread_with_others_begins_with_those(void **unused)
{
    (void)unused;
    plait_float_control before = plait_float_control_get();
    plait_float_control_set(at_first = before ^ UPWARD);
    check(plait_run(several_at_once, NULL, NULL) == 0); /* on stacks that the loop before has left */
    check(plait_float_control_get() == at_first);
    plait_float_control_set(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_begins_with_its_threads),
        cmocka_unit_test(tasks_do_not_meet_each_others),
        cmocka_unit_test(a_loop_on_a_thread_with_others_begins_with_those),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
