/* plait_run: what it gives, and what it does with what is left. */
#include "check.h"
#include "child.h"
#include "clock.h"
#include "fault.h"
#include <plait.h>
#include <unistd.h>

static int twice(const int *n, int *out)
{
    if (*n < 0) return plait_fail(-EDOM, "%d is less than nothing", *n);
    *out = 2 * *n;
    return 0;
}
PLAIT_TASK(twice, int, int);
static int nothing(void) { return 0; }
PLAIT_TASK(nothing, void, void);

static void AR1_AL21_run_gives_the_task_s_value_or_its_error(void **unused)
{
    (void)unused;
    int out = 0, n = 21;
    check_code(plait_run(twice, &n, &out), 0);
    check_number(out, 42);
    n = -1;
    check_code(plait_run(twice, &n, &out), -EDOM);
    check_string(plait_error()->message, "-1 is less than nothing");
    check_string(plait_error()->task, "twice");
    check_code(plait_run(nothing, NULL, NULL), 0);
    check_code(plait_run_task(&twice_plait_task, NULL, NULL, __FILE__, __LINE__), PLAIT_EINVAL);
}

static int run_inside(void) { return plait_run(nothing, NULL, NULL); }
PLAIT_TASK(run_inside, void, void);

static void AR2_AL20_to_run_inside_of_a_running_loop_is_an_error(void **unused)
{
    (void)unused;
    check_code(plait_run(run_inside, NULL, NULL), PLAIT_EINVAL);
    check_contains(plait_error()->message, "a loop runs on this thread already");
}

static int cleaned, never_began, seen;
static int wait_for_ever(void)
{
    int err = plait_sleep_until(PLAIT_FOREVER);
    PLAIT_SHIELD(clean_up, PLAIT_FOREVER);
    check_code(plait_yield(), 0); /* clean-up may wait */
    cleaned++;
    return err;
}
PLAIT_TASK(wait_for_ever, void, void);
static int must_not_begin(const plait_bytes *text) { return never_began++, (void)text, 0; }
PLAIT_TASK(must_not_begin, plait_bytes, void);
static int leave_some_behind(void)
{
    for (int i = 0; i < 3; i++) plait_future_detach(plait_spawn(wait_for_ever, NULL));
    return plait_yield();
}
PLAIT_TASK(leave_some_behind, void, void);

static void AR3_tasks_that_are_left_are_cancelled_and_waited_for(void **unused)
{
    (void)unused;
    cleaned = 0;
    check_code(plait_run(leave_some_behind, NULL, NULL), 0);
    check_number(cleaned, 3);
}

static char order_of_end[16];
static void note(void *letter) { strncat(order_of_end, letter, 1); }
static void never_come(void *unused)
{
    (void)unused;
    check_failed(__FILE__, __LINE__, "a call that was left at the end came");
}
static plait_event may_end, runs_in_pool;
static int outlive_the_run(void)
{
    plait_event_set(&runs_in_pool);
    return plait_event_wait(&may_end, PLAIT_FOREVER);
}
PLAIT_TASK(outlive_the_run, void, void);
static int note_its_end(void)
{
    int err = plait_sleep_until(PLAIT_FOREVER);
    PLAIT_SHIELD(clean_up, PLAIT_FOREVER);
    note("c");
    check_code(plait_call_soon(note, "l"), 0); /* the loop is as it was */
    check_code(plait_yield(), 0);              /* before any sleep, whose time may have passed by then */
    check_code(plait_sleep(PLAIT_MICROSECOND), 0);
    note("e");
    return err;
}
PLAIT_TASK(note_its_end, void, void);
static int leave_all_kinds(void)
{
    plait_future_detach(plait_spawn(note_its_end, NULL));
    check(plait_call_later(3600 * PLAIT_SECOND, never_come, NULL));
    check_code(plait_yield(), 0);
    note("m");
    return 0;
}
PLAIT_TASK(leave_all_kinds, void, void);

static void AR5_at_the_end_tasks_are_cancelled_and_waited_for_then_calls_are_dropped_and_pools_go_on(void **unused)
{
    (void)unused;
    order_of_end[0] = 0;
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 1 });
    plait_future *f = plait_submit(pool, outlive_the_run, NULL);
    check_code(plait_event_wait(&runs_in_pool, PLAIT_FOREVER), 0);
    check_code(plait_run(leave_all_kinds, NULL, NULL), 0);
    check_string(order_of_end, "mcle");
    check(plait_future_get_state(f) == PLAIT_FUTURE_RUNNING); /* what is not the loop's, it does not end */
    plait_event_set(&may_end);
    check_code(plait_await(f, NULL), 0);
    plait_executor_free(pool);
}

static void AR7_nothing_but_a_task_is_run(void **unused)
{
    (void)unused;
    static const plait_task empty = { .name = "empty" };
    check_code(plait_run_task(NULL, NULL, NULL, __FILE__, __LINE__), PLAIT_EINVAL);
    check_contains(plait_error()->message, "without a task");
    check_code(plait_run_task(&empty, NULL, NULL, __FILE__, __LINE__), PLAIT_EINVAL);
}

static int cancel_before_it_begins(void)
{
    plait_bytes text = { 0 };
    check_code(plait_bytes_format(&text, "freed, though nobody has had it"), 0);
    plait_future *f = plait_spawn(must_not_begin, plait_bytes_take(&text));
    check(plait_future_cancel(f));
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_yield(), 0);
    check_number(never_began, 0);
    return 0;
}
PLAIT_TASK(cancel_before_it_begins, void, void);

static void AT9_a_task_that_is_cancelled_before_its_first_step_never_begins(void **unused)
{
    (void)unused;
    never_began = 0;
    check_code(plait_run(cancel_before_it_begins, NULL, NULL), 0);
}

static int fail_when_cancelled(void)
{
    (void)!plait_sleep_until(PLAIT_FOREVER);
    return plait_fail(-EIO, "it was in the middle of something");
}
PLAIT_TASK(fail_when_cancelled, void, void);
static int leave_one_that_fails(void)
{
    plait_future_detach(plait_spawn(fail_when_cancelled, NULL));
    return plait_yield();
}
PLAIT_TASK(leave_one_that_fails, void, void);
static int remember(const plait_report_info *report, void *unused)
{
    (void)unused;
    check_code(report->code, -EIO);
    seen++;
    return 0;
}

static void AR4_AD2_what_they_fail_with_is_reported(void **unused)
{
    (void)unused;
    seen = 0;
    static const plait_report_hook hook = { .report = remember };
    plait_report_hook_set(&hook);
    check_code(plait_run(leave_one_that_fails, NULL, NULL), 0);
    plait_report_hook_set(NULL);
    check_number(seen, 1);
}

static int order[4], told;
static int tell(const int *n)
{
    order[told++] = *n;
    return 0;
}
PLAIT_TASK(tell, int, void);
static int spawn_three(void)
{
    plait_future *f[3];
    for (int i = 0; i < 3; i++) f[i] = plait_spawn(tell, &i);
    check_number(told, 0); /* nothing runs inside of the spawn */
    check_code(plait_await(f[2], NULL), 0);
    check_number(told, 3); /* in order, and without having been awaited */
    for (int i = 0; i < 3; i++) check_number(order[i], i);
    check_code(plait_await(f[0], NULL), 0); /* done: goes on at once */
    check_code(plait_await(f[1], NULL), 0);
    return 0;
}
PLAIT_TASK(spawn_three, void, void);

static void AT1_AF10_a_spawn_begins_later_in_the_order_of_the_spawns(void **unused)
{
    (void)unused;
    told = 0;
    check_code(plait_run(spawn_three, NULL, NULL), 0);
}

static void let_a_second_pass(void *unused)
{
    (void)unused;
    clock_move(PLAIT_SECOND);
}
static int wait_too_long(void)
{
    check_code(plait_call_soon(let_a_second_pass, NULL), 0); /* once this sleeps */
    return wait_for_ever();
}
PLAIT_TASK(wait_too_long, void, void);

static void a_scope_around_it_ends_it(void **unused)
{
    (void)unused;
    cleaned = 0;
    clock_by_hand();
    {
        PLAIT_TIMEOUT(limit, plait_after(PLAIT_SECOND));
        check_code(plait_run(wait_too_long, NULL, NULL), PLAIT_ECANCELED);
        check(plait_scope_expired(&limit));
        check_code(plait_run(nothing, NULL, NULL), PLAIT_ECANCELED); /* not begun */
    }
    check_number(cleaned, 1);
    clock_of_the_system();
}

static plait_event running;
static int wait_and_tell(void)
{
    plait_event_set(&running);
    return wait_for_ever();
}
PLAIT_TASK(wait_and_tell, void, void);
static int run_on_a_pool(void) { return plait_run(wait_and_tell, NULL, NULL); }
PLAIT_TASK(run_on_a_pool, void, void);

static void a_task_of_a_pool_that_runs_a_loop_is_cancelled_through_it(void **unused)
{
    (void)unused;
    cleaned = 0;
    plait_executor *pool = plait_thread_executor_new(NULL);
    plait_future *f = plait_submit(pool, run_on_a_pool, NULL);
    check_code(plait_event_wait(&running, PLAIT_FOREVER), 0);
    plait_future_cancel(f);
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_number(cleaned, 1);
    plait_executor_free(pool);
}

static void without_memory_or_descriptors_it_says_so(void **unused)
{
    (void)unused;
    check_code(plait_run(nothing, NULL, NULL), 0);
    fault_all("descriptor");
    check_code(plait_run(nothing, NULL, NULL), -EMFILE);
    check_contains(plait_error()->message, "no descriptor for a loop");
    for (size_t nth = 1;; nth++) {
        fault_nth("memory", nth);
        int err = plait_run(leave_some_behind, NULL, NULL);
        bool refused = fault_requests() >= nth;
        fault_off();
        if (err) check_code(err, PLAIT_ENOMEM);
        if (!refused) break;
    }
}

static int run_in_the_child(void *unused)
{
    (void)unused;
    int n = 4, out = 0;
    check_code(plait_run(twice, &n, &out), 0);
    return out;
}

static void a_forked_child_may_run_a_loop_of_its_own(void **unused)
{
    (void)unused;
    char text[200];
    check_code(plait_run(nothing, NULL, NULL), 0);
    check_number(child_run(run_in_the_child, NULL, text, sizeof text), 8 << 8);
}

static int go_back_to_the_parent_s_loop(void)
{
    if (fork() == 0) return 0; /* into the loop, which stops the child */
    return 0;
}
PLAIT_TASK(go_back_to_the_parent_s_loop, void, void);
static int run_and_fork(void *unused)
{
    (void)unused;
    pid_t self = getpid();
    int err = plait_run(go_back_to_the_parent_s_loop, NULL, NULL);
    check_number(getpid(), self);
    return err;
}

static void a_task_that_returns_in_a_child_that_it_forked_stops_that(void **unused)
{
    (void)unused;
    char text[300];
    check_number(child_run(run_and_fork, NULL, text, sizeof text), 0);
    check_contains(text, "its loop is the parent's");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AR1_AL21_run_gives_the_task_s_value_or_its_error),
        cmocka_unit_test(AR2_AL20_to_run_inside_of_a_running_loop_is_an_error),
        cmocka_unit_test(AR3_tasks_that_are_left_are_cancelled_and_waited_for),
        cmocka_unit_test(AR5_at_the_end_tasks_are_cancelled_and_waited_for_then_calls_are_dropped_and_pools_go_on),
        cmocka_unit_test(AR7_nothing_but_a_task_is_run),
        cmocka_unit_test(AT9_a_task_that_is_cancelled_before_its_first_step_never_begins),
        cmocka_unit_test(AR4_AD2_what_they_fail_with_is_reported),
        cmocka_unit_test(AT1_AF10_a_spawn_begins_later_in_the_order_of_the_spawns),
        cmocka_unit_test(a_scope_around_it_ends_it),
        cmocka_unit_test(a_task_of_a_pool_that_runs_a_loop_is_cancelled_through_it),
        cmocka_unit_test(without_memory_or_descriptors_it_says_so),
        cmocka_unit_test(a_forked_child_may_run_a_loop_of_its_own),
        cmocka_unit_test(a_task_that_returns_in_a_child_that_it_forked_stops_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
