/* conformance_shutdown.c: how every executor ends: see conformance.h. The process-wide ones are waited for, and stay
   open. */
#include "child.h"
#include "clock.h"
#include "executor/conformance_world.h"

static bool process_wide;
static bool is_inline(void) { return ex == plait_inline_executor(); }

static const plait_shutdown_options at_once = { .deadline = { -1 } };

CONFORMS(E16_E18_E20_a_shutdown_lets_all_finish_and_may_be_repeated)
{
    enum { MANY = 100 };
    struct counter c = counter_new();
    plait_future *fs[MANY];
    for (int i = 0; i < MANY; i++) fs[i] = plait_submit(ex, count_there, &c);
    check_code(plait_executor_shutdown(ex, NULL), 0);
    check_number(*c.count, MANY);
    for (int i = 0; i < MANY; i++) {
        check_number(plait_future_get_state(fs[i]), PLAIT_FUTURE_FINISHED);
        check_code(plait_await(fs[i], NULL), 0);
    }
    check_code(plait_executor_shutdown(ex, &at_once), 0);
    check_code(plait_executor_shutdown(ex, &((plait_shutdown_options){ .cancel = true })), 0);
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), process_wide ? 0 : PLAIT_ECLOSED);
    check_code(plait_executor_shutdown(ex, NULL), 0);
}

static int shut_down(void *code)
{
    *(int *)code = plait_executor_shutdown(ex, NULL);
    return 0;
}

CONFORMS(M15_E17_a_shutdown_that_is_late_says_what_runs_and_may_be_repeated)
{
    if (is_inline()) return; /* n/a in C: what it has begun has ended */
    struct gate_place at = shared_gate_new();
    check_code(plait_executor_shutdown(process_wide ? ex : plait_inline_executor(), NULL), 0); /* tests before */
    clock_by_hand();
    int line = __LINE__ + 1;
    plait_future *f = plait_submit_with(ex, (&(plait_submit_options){ .name = "slow" }), enter_stubbornly, &at);
    until_come(at, 1);
    clock_move(3200 * PLAIT_MILLISECOND);
    for (int i = 0; i < 2; i++) {
        plait_shutdown_options o = { .deadline = i ? plait_after(-1) : PLAIT_NOW, .cancel = i };
        int code = i ? PLAIT_ETIMEDOUT : PLAIT_EAGAIN;
        char site[64];
        check_code(plait_executor_shutdown(ex, &o), code);
        check_contains(plait_error()->message, "the executor has not ended: 1 task runs: slow (");
        snprintf(site, sizeof site, "conformance_shutdown.c:%d) on ", line);
        check_contains(plait_error()->message, site);
        check_contains(plait_error()->message, " for 3.2 s");
        check_number(plait_future_get_state(f), PLAIT_FUTURE_RUNNING);
        char text[256];
        check(plait_executor_describe(ex, text, sizeof text) == strlen(text));
        check(strstr(plait_error()->message, text));
        plait_running_task task;
        check_number(plait_executor_list(ex, &task, 1), 1);
        check_number(task.line, line);
    }
    {
        PLAIT_TIMEOUT(scope, plait_after(-1));
        check_code(plait_executor_shutdown(ex, NULL), PLAIT_ECANCELED);
    }
    int code = 1;
    struct runner *other = runner_start(shut_down, &code);
    until_asleep(other);
    open_shared_gate(at);
    check_code(runner_join(other), 0);
    check_code(code, 0);
    check_code(plait_await(f, NULL), 0);
    clock_of_the_system();
}

/* Runners that wait for a future, by each way. */
static int wait_for_one(void *future) { return plait_future_wait(future, PLAIT_FOREVER); }
static int wait_for_any(void *future)
{
    plait_future *f = future;
    return plait_wait(&f, 1, PLAIT_FIRST_COMPLETED, PLAIT_FOREVER, NULL);
}
static int wait_for_next(void *future)
{
    plait_future *f, *mine = plait_future_ref(future);
    plait_completions *c = plait_completions_new();
    plait_completions_add(c, mine);
    int err = plait_completions_next(c, &f, PLAIT_FOREVER);
    check(f == mine);
    plait_future_unref(f);
    plait_completions_free(c);
    return err;
}

CONFORMS(E19_E20_E21_what_is_queued_is_cancelled_at_once_and_all_who_wait_are_told)
{
    enum { MANY = 40, HOLDERS = 64 }; /* more than an executor here has workers: what comes behind them is queued */
    struct gate_place at = shared_gate_new();
    plait_future *holders[HOLDERS], *fs[MANY];
    struct counter c = counter_new();
    if (is_inline() || conforming->begins_all) return; /* n/a in C: it queues nothing */
    for (int i = 0; i < HOLDERS && !process_wide; i++) holders[i] = plait_submit(ex, enter_stubbornly, &at);
    if (!process_wide) until_come(at, 1);
    for (int i = 0; i < MANY; i++) fs[i] = plait_submit(ex, count_there, &c);
    int (*const ways[])(void *) = { wait_for_one, wait_for_any, wait_for_next };
    struct runner *others[3];
    for (int i = 0; i < 3; i++) {
        others[i] = runner_start(ways[i], fs[MANY - 1 - i]);
        if (!process_wide) until_asleep(others[i]);
    }
    if (process_wide) {
        check_code(plait_executor_shutdown(ex, &((plait_shutdown_options){ .cancel = true })), 0);
        check_number(*c.count, MANY); /* it queues nothing */
    } else {
        check_code(plait_executor_shutdown(ex, &((plait_shutdown_options){ .deadline = PLAIT_NOW, .cancel = true })),
                   PLAIT_EAGAIN);
    }
    plait_future_state end = process_wide ? PLAIT_FUTURE_FINISHED : PLAIT_FUTURE_CANCELLED;
    for (int i = 0; i < MANY; i++) until(plait_future_get_state(fs[i]) == end); /* a worker may just have taken one */
    for (int i = 0; i < 3; i++) check_code(runner_join(others[i]), 0);
    for (int i = 0; i < MANY; i++) check_code(plait_await(fs[i], NULL), process_wide ? 0 : PLAIT_ETASK);
    open_shared_gate(at);
    check_code(plait_executor_shutdown(ex, NULL), 0);
    size_t finished = 0;
    for (int i = 0; i < HOLDERS && !process_wide; i++) finished += plait_await(holders[i], NULL) == 0;
    check_number(finished, at.gate->arrived); /* those that ran have finished, one at least */
    check(process_wide || finished >= 1);
    check_number(*c.count, process_wide ? MANY : 0);
    plait_executor_statistics s = statistics_of(ex);
    check_number(s.submitted, s.finished + s.cancelled + s.refused);
}

/* By way of another, so that in a worker process too it is one of its own. */
struct ending {
    bool nested, now;
};
static int shut_down_own(const struct ending *e, int *code);
PLAIT_TASK(shut_down_own, struct ending, int);
static int shut_down_own(const struct ending *e, int *code)
{
    plait_shutdown_options now = { .deadline = PLAIT_NOW, .cancel = true };
    if (!e->nested)
        return plait_await(plait_submit(own_executor(), shut_down_own, &((struct ending){ true, e->now })), code);
    *code = plait_executor_shutdown(own_executor(), e->now ? &now : NULL);
    return 0;
}

CONFORMS(M16_a_shutdown_by_one_of_its_own_tasks_never_hangs)
{
    int code = 1;
    check_code(plait_await(plait_submit(ex, shut_down_own, &((struct ending){ .now = false })), &code), 0);
    check_code(code, is_inline() ? 0 : PLAIT_EDEADLK);
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), 0); /* nothing was done */
    check_code(plait_await(plait_submit(ex, shut_down_own, &((struct ending){ .now = true })), &code), 0);
    check_code(code, is_inline() ? 0 : PLAIT_EAGAIN);
    check_code(plait_executor_shutdown(ex, NULL), 0);
}

CONFORMS(E46_at_once_with_a_cancel_what_runs_finishes_and_nothing_fails)
{
    struct gate_place at = shared_gate_new();
    if (is_inline()) return; /* n/a in C: nothing outlives its submit */
    plait_future *f = plait_submit(ex, enter_stubbornly, &at);
    until_come(at, 1);
    plait_future_detach(plait_submit(ex, nothing, NULL));
    check_code(plait_executor_shutdown(ex, &((plait_shutdown_options){ .deadline = PLAIT_NOW, .cancel = true })),
               PLAIT_EAGAIN);
    open_shared_gate(at);
    check_code(plait_await(f, NULL), 0);
}

static int shut_down_in_child(void *unused)
{
    (void)unused;
    int code = plait_executor_shutdown(ex, NULL);
    return code == (process_wide ? 0 : PLAIT_EFORKED) ? 0 : 1;
}

static void a_forked_child_waits_for_nothing_of_its_parents(void **unused)
{
    (void)unused;
    struct gate_place at = shared_gate_new();
    char text[256];
    begin_executor();
    plait_future *f = is_inline() ? NULL : plait_submit(ex, enter_stubbornly, &at);
    if (f) until_come(at, 1);
    check_number(child_run(shut_down_in_child, NULL, text, sizeof text), 0);
    open_shared_gate(at);
    if (f) check_code(plait_await(f, NULL), 0);
    end_executor();
}

int executor_conformance_shutdown(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E16_E18_E20_a_shutdown_lets_all_finish_and_may_be_repeated),
        cmocka_unit_test(M15_E17_a_shutdown_that_is_late_says_what_runs_and_may_be_repeated),
        cmocka_unit_test(E19_E20_E21_what_is_queued_is_cancelled_at_once_and_all_who_wait_are_told),
        cmocka_unit_test(M16_a_shutdown_by_one_of_its_own_tasks_never_hangs),
        cmocka_unit_test(E46_at_once_with_a_cancel_what_runs_finishes_and_nothing_fails),
        cmocka_unit_test(a_forked_child_waits_for_nothing_of_its_parents),
    };
    process_wide = conforming->never;
    return cmocka_run_group_tests_name(conforming->name, tests, NULL, NULL);
}
