/* Taking back callbacks that were added more than once, and are tasks of executors by then. */
#include "future/tasks.h"

#define TEST(name) static void name(void **unused __attribute__((unused)))

struct calls {
    struct gate gate;
    _Atomic size_t count;
};

static void called(plait_future *f, void *calls)
{
    (void)f;
    struct calls *c = calls;
    struct gate *at = &c->gate;
    c->count++;
    check_code(pass(&at), 0);
}

static plait_future *done_on(plait_executor *ex)
{
    plait_future *f = plait_submit(ex, nothing, NULL);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    return f;
}

/* The newer one is under way on its executor, the older one still waits on another. */
TEST_IN_EACH_KIND(what_can_be_prevented_is_found_behind_what_cannot)
{
    struct held_pool held;
    struct calls c = { 0 };
    hold_pool(&held, 1);
    plait_executor *free_one = pool_of(1);
    plait_future *f = done_on(free_one);
    check_code(plait_future_add_callback_on(f, held.executor, called, &c), 0);
    check_code(plait_future_add_callback_on(f, free_one, called, &c), 0);
    until_arrived(&c.gate, 1);
    check(plait_future_remove_callback(f, called, &c)); /* the gate is shut: it is not waited for */
    check_number(c.gate.passed, 0);
    plait_event_set(&c.gate.open);
    check(!plait_future_remove_callback(f, called, &c));
    check_number(c.gate.passed, 1);
    end_pool(&held);
    plait_executor_free(free_one);
    check_number(c.count, 1);
    plait_future_unref(f);
}

static plait_future *common;
static int takes_back(void *calls) { return plait_future_remove_callback(common, called, calls); }

TEST_IN_EACH_KIND(each_who_asks_is_given_another_one)
{
    for (int round = 0; round < 30; round++) {
        struct held_pool held;
        struct calls c = { 0 };
        struct runner *askers[4];
        plait_event_set(&c.gate.open);
        hold_pool(&held, 1);
        common = done_on(plait_inline_executor());
        for (int i = 0; i < 6; i++) check_code(plait_future_add_callback_on(common, held.executor, called, &c), 0);
        for (int i = 0; i < 4; i++) askers[i] = runner_start(takes_back, &c);
        for (int i = 0; i < 4; i++) check_number(runner_join(askers[i]), true);
        end_pool(&held);
        check_number(c.count, 2);
        plait_future_unref(common);
    }
}

/* It asks from inside: for itself there is nothing to wait for, for the other there is. */
static plait_future *asked;
static bool was_prevented = true;
static void ask_inside(plait_future *f, void *calls)
{
    struct calls *c = calls;
    if (c->count++) return;
    was_prevented = plait_future_remove_callback(f, ask_inside, calls);
}

TEST(a_task_that_is_the_callback_does_not_wait_for_itself)
{
    struct calls c = { 0 };
    plait_executor *pool = pool_of(1);
    asked = done_on(pool);
    check_code(plait_future_add_callback_on(asked, pool, ask_inside, &c), 0);
    plait_executor_free(pool);
    check(!was_prevented);
    check_number(c.count, 1);
    plait_future_unref(asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_prevented_is_found_behind_what_cannot),
        cmocka_unit_test(each_who_asks_is_given_another_one),
        cmocka_unit_test(a_task_that_is_the_callback_does_not_wait_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
