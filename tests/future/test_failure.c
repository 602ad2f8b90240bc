/* Failures: each who asks for an outcome is told the same, in the same words; and what callbacks do with errors and scopes
   stays with them. */
#include "future/future.h"
#include "future/tasks.h"

PLAIT_PROMISE(answer, int);
static const int seven = 7;

static int await_it(void *future)
{
    int err = plait_await((plait_future *)future, NULL);
    check_string(plait_error()->message, "no luck with -10001");
    check_string(plait_error()->task, "fail_in_words");
    return err;
}

TEST_IN_EACH_KIND(F10_each_that_asks_is_told_the_failure_in_its_own_words)
{
    plait_executor *pool = pool_of(1);
    struct runner *runners[3];
    int code = PLAIT_EUSER - 1;
    plait_future *f = plait_submit(pool, fail_in_words, &code);
    for (int i = 0; i < 3; i++) runners[i] = runner_start(await_it, plait_future_ref(f));
    for (int i = 0; i < 3; i++) check_code(runner_join(runners[i]), code);
    check_code(plait_future_result(f, NULL), code);
    const plait_error_record *record = plait_error();
    check_code(record->code, code);
    check_code(plait_fail(PLAIT_EUSER, "something else"), PLAIT_EUSER);
    check_code(plait_future_result(f, NULL), code);
    check(plait_error() == record); /* it is stored, not made anew, and nobody else's words change it */
    check_code(plait_await(f, NULL), code);
    check(plait_error() == record);
    plait_executor_free(pool);
}

/* Callbacks that do what they can to disturb. */

static void fail_with_words(plait_future *f, void *calls)
{
    (void)f;
    check(!plait_error()); /* nor does one see the words of whom it runs inside of */
    check_code(plait_fail(PLAIT_EUSER - 2, "the callback's own"), PLAIT_EUSER - 2);
    ++*(int *)calls;
}

static void fail_in_a_call(plait_future *f, void *calls)
{
    (void)f;
    check_code(plait_await(plait_submit((plait_executor *)NULL, nothing, NULL), NULL), PLAIT_EINVAL);
    check(plait_error());
    ++*(int *)calls;
}

static void end_a_scope(plait_future *f, void *calls)
{
    PLAIT_TIMEOUT(over, plait_after(0));
    check_code(plait_future_wait(f, PLAIT_FOREVER), PLAIT_ECANCELED); /* though it is done: the scope is dead */
    check(plait_scope_expired(&over));
    ++*(int *)calls;
}

static void read_it(plait_future *f, void *calls)
{
    int out = 0;
    check_code(plait_future_result(f, &out), 0);
    check_number(out, 7);
    ++*(int *)calls;
}

static const plait_callback disturbing[] = { fail_with_words, fail_in_a_call, end_a_scope, read_it };
enum { CALLBACKS = sizeof disturbing / sizeof *disturbing };

TEST_IN_EACH_KIND(F31_what_a_callback_does_with_errors_keeps_no_other_from_being_called)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(answer, &f);
    int calls = 0, out = 0;
    for (int twice = 0; twice < 2; twice++)
        for (int i = 0; i < CALLBACKS; i++) check_code(plait_future_add_callback(f, disturbing[i], &calls), 0);
    check_code(plait_fail(PLAIT_EUSER, "the finisher's own"), PLAIT_EUSER);
    check_code(plait_promise_set(answer, p, &seven), 0);
    check_number(calls, 2 * CALLBACKS);
    check_code(plait_error()->code, PLAIT_EUSER); /* nor does the one who ended the future see anything of it */
    check_string(plait_error()->message, "the finisher's own");
    check(!plait_cancelled());
    plait_promise_free(p);
    check(plait_future_get_state(f) == PLAIT_FUTURE_FINISHED);
    check_code(plait_await(f, &out), 0);
    check_number(out, 7);
}

TEST_IN_EACH_KIND(F32_on_a_done_future_they_are_called_at_once_and_the_adder_keeps_its_own_words)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(answer, &f);
    int calls = 0;
    check_code(plait_promise_set(answer, p, &seven), 0);
    plait_promise_free(p);
    check_code(plait_fail(PLAIT_EUSER, "the adder's own"), PLAIT_EUSER);
    for (int i = 0; i < CALLBACKS; i++) {
        check_code(plait_future_add_callback(f, disturbing[i], &calls), 0);
        check_number(calls, i + 1);
        check_code(plait_error()->code, PLAIT_EUSER);
        check_string(plait_error()->message, "the adder's own");
        check(!plait_cancelled());
    }
    check_code(plait_await(f, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F10_each_that_asks_is_told_the_failure_in_its_own_words),
        cmocka_unit_test(F31_what_a_callback_does_with_errors_keeps_no_other_from_being_called),
        cmocka_unit_test(F32_on_a_done_future_they_are_called_at_once_and_the_adder_keeps_its_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
