/* What a submit may ask for: a deadline, a limit, retries. On a pool, and inside the submit. */
#include "clock.h"
#include "future/future.h"
#include "future/tasks.h"

#define TEST(name) static void name(void **unused __attribute__((unused)))

static void check_timed_out(plait_future *f, const char *how, const char *words)
{
    check_code(plait_await_until(f, NULL, PLAIT_FOREVER), PLAIT_ETASK);
    check_string(plait_error()->message, how);
    check_contains(plait_error()->file, "test_options.c");
    check(plait_error()->cause);
    check_code(plait_error()->cause->code, PLAIT_ETIMEDOUT);
    check_string(plait_error()->cause->message, words);
}

TEST_IN_EACH_KIND(a_task_whose_turn_comes_after_its_deadline_never_starts)
{
    struct held_pool p;
    _Atomic int count = 0, *counter = &count;
    clock_by_hand();
    hold_pool(&p, 1);
    plait_submit_options early = { .deadline = plait_after(PLAIT_SECOND), .retries = 3 },
                         late = { .deadline = plait_after(PLAIT_SECOND + 1) }, now = { .deadline = PLAIT_NOW };
    plait_future *fs[3] = { plait_submit_with(p.executor, &early, count_up, &counter),
                            plait_submit_with(p.executor, &late, count_up, &counter),
                            plait_submit_with(p.executor, &now, count_up, &counter) };
    clock_move(PLAIT_SECOND);
    release_pool(&p);
    check_timed_out(fs[0], "the task was not started in time", "its deadline passed before its turn came");
    check_code(plait_await(fs[1], NULL), 0);
    check_timed_out(fs[2], "the task was not started in time", "its deadline passed before its turn came");
    check_number(count, 1);
    end_pool(&p);
    check_timed_out(plait_submit_with(plait_inline_executor(), &early, count_up, &counter),
                    "the task was not started in time", "its deadline passed before its turn came");
    check_number(count, 1);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(a_deadline_or_a_limit_ends_the_waits_of_a_task)
{
    struct held_pool p;
    clock_by_hand();
    plait_executor *pool = pool_of(1);
    for (int i = 0; i < 3; i++) {
        struct gate gate = { 0 }, *at = &gate;
        plait_submit_options o = { .deadline = i == 0 ? plait_after(PLAIT_SECOND) : PLAIT_FOREVER,
                                   .limit = i == 1 ? PLAIT_SECOND : 0 };
        if (i == 2) o = (plait_submit_options){ .limit = PLAIT_SECOND, .deadline = plait_after(3600 * PLAIT_SECOND) };
        plait_future *f = plait_submit_with(pool, &o, pass, &at);
        until_arrived(&gate, 1);
        until_listed(&gate.open.waiters, 1);
        clock_move(PLAIT_SECOND - 1);
        check_number(plait_future_get_state(f), PLAIT_FUTURE_RUNNING);
        clock_move(1);
        check_timed_out(f, "the task timed out",
                        i ? "its limit passed while it ran" : "its deadline passed while it ran");
        check_number(gate.cut, 1);
    }
    plait_executor_free(pool);
    hold_pool(&p, 1); /* a limit counts from the start */
    struct gate gate = { 0 }, *at = &gate;
    plait_submit_options o = { .limit = PLAIT_SECOND };
    plait_future *f = plait_submit_with(p.executor, &o, pass, &at);
    clock_move(3600 * PLAIT_SECOND);
    plait_event_set(&gate.open);
    release_pool(&p);
    check_code(plait_await(f, NULL), 0);
    end_pool(&p);
    clock_of_the_system();
}

static _Atomic int attempts;
static int fail_at_first(const int *times, int *result)
{
    check_number(*result, 0);
    *result = *times;
    int attempt = atomic_fetch_add(&attempts, 1);
    return attempt < *times ? plait_fail(PLAIT_EUSER - attempt, "attempt %d", attempt) : 0;
}
PLAIT_TASK(fail_at_first, int, int);

static int fail_with_block(plait_bytes *out)
{
    check(!out->data && !out->size);
    int err = plait_bytes_format(out, "attempt %d", attempts);
    return err || atomic_fetch_add(&attempts, 1) < 2 ? PLAIT_EUSER : 0;
}
PLAIT_TASK(fail_with_block, void, plait_bytes);

TEST_IN_EACH_KIND(a_failed_task_is_run_again_as_often_as_was_asked)
{
    plait_executor *pool = pool_of(2), *executors[2] = { pool, plait_inline_executor() };
    for (int i = 0; i < 2; i++) {
        int times = 2, result = 0;
        plait_submit_options o = { .retries = 2 };
        attempts = 0;
        check_code(plait_await(plait_submit_with(executors[i], &o, fail_at_first, &times), &result), 0);
        check_number(result, 2);
        check_number(attempts, 3);
        times = 10;
        attempts = 0;
        check_code(plait_await(plait_submit_with(executors[i], &o, fail_at_first, &times), NULL), PLAIT_EUSER - 2);
        check_string(plait_error()->message, "attempt 2");
        check(!plait_error()->cause);
        check_number(attempts, 3);
        plait_bytes block;
        attempts = 0;
        check_code(plait_await(plait_submit_with(executors[i], &o, fail_with_block, NULL), &block), 0);
        check_string(block.data, "attempt 2");
        plait_bytes_clear(&block);
    }
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(after_a_cancel_or_the_deadline_nothing_is_run_again_but_after_a_limit_it_is)
{
    plait_submit_options o = { .retries = 5 };
    struct gate gate = { 0 }, *at = &gate;
    clock_by_hand();
    plait_executor *pool = pool_of(1);
    plait_future *f = plait_submit_with(pool, &o, pass, &at);
    until_arrived(&gate, 1);
    check(!plait_future_cancel(f));
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check_number(gate.arrived, 1);
    o.deadline = plait_after(PLAIT_SECOND);
    f = plait_submit_with(pool, &o, pass, &at);
    until_arrived(&gate, 2);
    clock_move(PLAIT_SECOND);
    check_timed_out(f, "the task timed out", "its deadline passed while it ran");
    check_number(gate.arrived, 2);
    o = (plait_submit_options){ .retries = 1, .limit = PLAIT_SECOND };
    f = plait_submit_with(pool, &o, pass, &at);
    for (size_t i = 3; i <= 4; i++) {
        until_arrived(&gate, i);
        clock_move(PLAIT_SECOND);
    }
    check_timed_out(f, "the task timed out", "its limit passed while it ran");
    check_number(gate.arrived, 4);
    plait_executor_free(pool);
    clock_of_the_system();
}

TEST(E3_a_submit_with_bad_options_is_a_failed_future)
{
    plait_submit_options few = { .retries = -1 }, short_time = { .limit = -1 };
    check_code(plait_await(plait_submit_with(plait_inline_executor(), &few, nothing, NULL), NULL), PLAIT_EINVAL);
    check_string(plait_error()->message, "submitted with -1 retries");
    check_code(plait_await(plait_submit_with(plait_inline_executor(), &short_time, nothing, NULL), NULL), PLAIT_EINVAL);
    check_string(plait_error()->message, "submitted with a limit of -1 ns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_whose_turn_comes_after_its_deadline_never_starts),
        cmocka_unit_test(a_deadline_or_a_limit_ends_the_waits_of_a_task),
        cmocka_unit_test(a_failed_task_is_run_again_as_often_as_was_asked),
        cmocka_unit_test(after_a_cancel_or_the_deadline_nothing_is_run_again_but_after_a_limit_it_is),
        cmocka_unit_test(E3_a_submit_with_bad_options_is_a_failed_future),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
