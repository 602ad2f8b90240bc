/* test_future_of_others.c: futures that another thread ends, in coroutines: there is one type, and nothing to wrap; and
   callbacks that are to come in the loop's own time. */
#include "future/tasks.h"

PLAIT_PROMISE(number, int);
static const int seven = 7;

static void run(const plait_task *task) { check_code(plait_run_task(task, NULL, NULL, __FILE__, __LINE__), 0); }

/* Callbacks. */

static char said[8];
static void say(plait_future *f, void *letter)
{
    size_t n = strlen(said);
    check(plait_future_get_state(f) == PLAIT_FUTURE_FINISHED);
    said[n] = *(const char *)letter;
    said[n + 1] = 0;
}

static int be_called_back(void)
{
    for (int fails = 0; fails < 2; fails++) {
        plait_future *f;
        plait_promise *p = plait_promise_new(number, &f);
        said[0] = 0;
        check_code(plait_future_add_callback_on(f, plait_loop_executor(), say, "a"), 0);
        check_code(plait_future_add_callback_on(f, plait_loop_executor(), say, "b"), 0);
        check_code(plait_future_add_callback(f, say, "!"), 0);
        check_code(fails ? plait_promise_fail(p, -EIO) : plait_promise_set(number, p, &seven), 0);
        check_string(said, "!"); /* the plain one alone is called inside of it */
        while (strlen(said) < 3) check_code(plait_yield(), 0);
        check_string(said, "!ab");
        check_code(plait_await(f, NULL), fails ? -EIO : 0);
        plait_promise_free(p);
    }
    return 0;
}
PLAIT_TASK(be_called_back, void, void);

static void AF5_AF6_callbacks_on_the_loop_s_executor_come_later_and_in_order(void **unused)
{
    (void)unused;
    run(&be_called_back_plait_task);
}

/* Values and failures of a pool. */

static int await_a_pool_s(void)
{
    plait_executor *pool = pool_of(2);
    int n = 8, out = 0, code = -EIO;
    check_code(plait_await(plait_submit(pool, square, &n), &out), 0);
    check_number(out, 64);
    check_code(plait_await(plait_submit(pool, fail_in_words, &code), NULL), -EIO);
    check_string(plait_error()->message, "no luck with -5");
    check_contains(plait_error()->thread, "pool"); /* where it ran */
    plait_executor_free(pool);
    return 0;
}
PLAIT_TASK(await_a_pool_s, void, void);

static void AF15_what_a_pool_gives_or_fails_with_is_awaited_in_a_coroutine_as_any(void **unused)
{
    (void)unused;
    run(&await_a_pool_s_plait_task);
}

static int await_done_when_cancelled(void)
{
    plait_executor *pool = pool_of(1);
    int n = 8, out = 0;
    plait_future *f = plait_submit(pool, square, &n);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    plait_future *kept = plait_future_ref(f);
    {
        PLAIT_CANCEL_SCOPE(scope);
        plait_scope_cancel(&scope);
        check_code(plait_await(f, &out), PLAIT_ECANCELED);
        check_number(out, 0);
    }
    check_code(plait_await(kept, &out), 0);
    check_number(out, 64);
    plait_executor_free(pool);
    return 0;
}
PLAIT_TASK(await_done_when_cancelled, void, void);

static void AF17_one_that_is_done_keeps_its_value_though_an_await_of_it_is_cancelled(void **unused)
{
    (void)unused;
    run(&await_done_when_cancelled_plait_task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AF5_AF6_callbacks_on_the_loop_s_executor_come_later_and_in_order),
        cmocka_unit_test(AF15_what_a_pool_gives_or_fails_with_is_awaited_in_a_coroutine_as_any),
        cmocka_unit_test(AF17_one_that_is_done_keeps_its_value_though_an_await_of_it_is_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
