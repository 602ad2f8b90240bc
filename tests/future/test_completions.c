/* Completions: futures as they end, from a set that grows; several consumers; what is left is cancelled and drained. */
#include "child.h"
#include "clock.h"
#include "fault.h"
#include "future/future.h"
#include "future/tasks.h"

TEST_IN_EACH_KIND(W18_AW20_they_come_in_the_order_in_which_they_end)
{
    enum { MANY = 8 };
    const int order[MANY] = { 5, 0, 7, 2, 1, 6, 4, 3 };
    struct gate gates[MANY] = { 0 };
    plait_executor *pool = pool_of(MANY);
    plait_completions *c = plait_completions_new();
    plait_future *fs[MANY], *f;
    check_code(plait_completions_next(c, &f, PLAIT_FOREVER), PLAIT_EDONE);
    for (int i = 0; i < MANY; i++)
        plait_completions_add(c, fs[i] = plait_submit(pool, pass_numbered, &((struct numbered_gate){ &gates[i], i })));
    check_number(plait_completions_pending(c), MANY);
    check_code(plait_completions_next(c, &f, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_completions_next(c, &f, plait_after(-1)), PLAIT_ETIMEDOUT);
    for (int i = 0; i < MANY; i++) {
        plait_event_set(&gates[order[i]].open);
        until(statistics_of(pool).idle == (size_t)i + 1); /* its worker is through with it */
    }
    for (int i = 0; i < MANY; i++) {
        check_number(plait_completions_pending(c), MANY - i);
        check_code(plait_completions_next(c, &f, i % 2 ? PLAIT_FOREVER : plait_after(PLAIT_SECOND)), 0);
        check(f == fs[order[i]]);
        int number;
        check_code(plait_await_until(f, &number, PLAIT_NOW), 0);
        check_number(number, order[i]);
    }
    check_code(plait_completions_next(c, &f, PLAIT_NOW), PLAIT_EDONE);
    plait_completions_free(c);
    plait_executor_free(pool);
}

static plait_completions *shared;
static int next_one(void *deadline)
{
    plait_future *f = NULL;
    int err = plait_completions_next(shared, &f, *(plait_deadline *)deadline);
    if (err) check(!f);
    else plait_future_unref(f);
    return err;
}

TEST_IN_EACH_KIND(W20_AW22_a_deadline_is_this_calls_own)
{
    struct gate gate = { 0 }, *at = &gate;
    clock_by_hand();
    plait_executor *pool = pool_of(1);
    shared = plait_completions_new();
    plait_completions_add(shared, plait_submit(pool, pass, &at));
    plait_deadline soon = plait_after(PLAIT_SECOND), never = PLAIT_FOREVER;
    struct runner *r = runner_start(next_one, &soon);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    check_number(plait_completions_pending(shared), 1);
    r = runner_start(next_one, &never);
    until_asleep(r);
    plait_event_set(&gate.open);
    check_code(runner_join(r), 0);
    plait_completions_add(shared, plait_submit(pool, nothing, NULL));
    until(statistics_of(pool).idle == 1);
    check_code(next_one(&soon), 0); /* what is there beats a deadline that has passed */
    plait_completions_free(shared);
    plait_executor_free(pool);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(W22_W24_M23_a_cancelled_future_is_given_back_at_once_and_forgotten)
{
    struct held_pool p;
    plait_deadline never = PLAIT_FOREVER;
    hold_pool(&p, 1);
    shared = plait_completions_new();
    plait_future *f = plait_submit(p.executor, nothing, NULL), *got;
    plait_completions_add(shared, plait_future_ref(f));
    struct runner *r = runner_start(next_one, &never);
    until_asleep(r);
    check(plait_future_cancel(f));
    check_code(runner_join(r), 0);
    check_number(f->owners, 1);                         /* ours: neither the set nor who was given it has one */
    plait_completions_add(shared, plait_future_ref(f)); /* cancelled before it is added */
    check_code(plait_completions_next(shared, &got, PLAIT_FOREVER), 0);
    check(got == f);
    plait_future_unref(got);
    check_code(plait_completions_next(shared, &got, PLAIT_FOREVER), PLAIT_EDONE);
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    plait_completions_free(shared);
    end_pool(&p);
}

TEST_IN_EACH_KIND(W25_M33_a_set_may_grow_while_it_is_waited_for)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(2);
    plait_deadline never = PLAIT_FOREVER;
    shared = plait_completions_new();
    plait_completions_add(shared, plait_submit(pool, pass, &at));
    struct runner *r = runner_start(next_one, &never);
    until_asleep(r);
    plait_completions_add(shared, plait_submit(plait_inline_executor(), nothing, NULL)); /* done before it is added */
    check_code(runner_join(r), 0);
    check_number(plait_completions_pending(shared), 1);
    r = runner_start(next_one, &never);
    until_asleep(r);
    plait_completions_add(shared, plait_submit(pool, nothing, NULL));
    check_code(runner_join(r), 0);
    plait_event_set(&gate.open);
    check_code(next_one(&never), 0);
    check_code(next_one(&never), PLAIT_EDONE);
    plait_completions_free(shared);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(all_who_wait_are_told_when_nothing_is_left)
{
    enum { CONSUMERS = 5 };
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1);
    plait_deadline never = PLAIT_FOREVER;
    struct runner *consumers[CONSUMERS];
    shared = plait_completions_new();
    plait_completions_add(shared, plait_submit(pool, pass, &at));
    for (int i = 0; i < CONSUMERS; i++) until_asleep(consumers[i] = runner_start(next_one, &never));
    plait_event_set(&gate.open);
    int got = 0;
    for (int i = 0; i < CONSUMERS; i++) {
        int err = runner_join(consumers[i]);
        check(err == 0 || err == PLAIT_EDONE);
        got += !err;
    }
    check_number(got, 1);
    plait_completions_free(shared);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(M31_a_hundred_thousand_with_256_in_flight)
{
    enum { MANY = 100000, IN_FLIGHT = 256 };
    plait_executor *pool = pool_of(2);
    plait_completions *c = plait_completions_new();
    long long sum = 0;
    int n = 0, out;
    for (;;) {
        for (; n < MANY && plait_completions_pending(c) < IN_FLIGHT; n++) {
            int small = n % 1000;
            plait_completions_add(c, plait_submit(pool, square, &small));
        }
        check(statistics_of(pool).queued <= IN_FLIGHT);
        plait_future *f;
        int err = plait_completions_next(c, &f, PLAIT_FOREVER);
        if (err == PLAIT_EDONE) break;
        check_code(err, 0);
        check_code(plait_await(f, &out), 0);
        sum += out;
    }
    check_number(n, MANY);
    check_number(sum, (long long)(MANY / 1000) * (999LL * 1000 * 1999 / 6));
    plait_completions_free(c);
    plait_executor_free(pool);
}

struct consumer {
    _Atomic int *left; /* to be submitted */
    plait_executor *pool;
    int got;
};
static int consume(void *consumer)
{
    struct consumer *me = consumer;
    plait_future *f;
    int err;
    while ((err = plait_completions_next(shared, &f, PLAIT_FOREVER)) == 0) {
        int n = atomic_fetch_sub(me->left, 1);
        if (n > 0)
            plait_completions_add(shared, plait_submit(n % 3 ? me->pool : plait_inline_executor(), nothing, NULL));
        check_code(plait_await(f, NULL), 0);
        me->got++;
    }
    return err;
}

TEST_IN_EACH_KIND(W17_AW25_several_consumers_and_several_executors)
{
    enum { CONSUMERS = 4, FIRST = 20, MANY = 2000 };
    _Atomic int left = MANY;
    struct consumer consumers[CONSUMERS];
    struct runner *runners[CONSUMERS];
    plait_executor *pool = pool_of(2);
    shared = plait_completions_new();
    for (int i = 0; i < FIRST; i++)
        plait_completions_add(shared, plait_submit(i % 2 ? pool : plait_thread_per_task_executor(), nothing, NULL));
    for (int i = 0; i < CONSUMERS; i++) {
        consumers[i] = (struct consumer){ &left, pool, 0 };
        runners[i] = runner_start(consume, &consumers[i]);
    }
    int got = 0;
    for (int i = 0; i < CONSUMERS; i++) {
        check_code(runner_join(runners[i]), PLAIT_EDONE);
        got += consumers[i].got;
    }
    check_number(got, FIRST + MANY);
    check_number(plait_completions_pending(shared), 0);
    plait_completions_free(shared);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(free_cancels_and_drains_what_is_left)
{
    struct gate gate = { 0 }, *at = &gate;
    _Atomic int ran = 0, *counter = &ran;
    plait_executor *pool = pool_of(1);
    plait_completions *c = plait_completions_new();
    plait_completions_add(c, plait_submit(pool, pass, &at)); /* will be cut */
    until_arrived(&gate, 1);
    for (int i = 0; i < 10; i++) plait_completions_add(c, plait_submit(pool, count_up, &counter)); /* will not start */
    plait_completions_add(c, plait_submit(plait_inline_executor(), count_up, &counter));           /* has ended */
    PLAIT_TIMEOUT(dead, PLAIT_NOW); /* no cancellation point */
    plait_completions_free(c);
    check_number(gate.cut, 1);
    plait_executor_free(pool);
    check_number(ran, 1);
    plait_completions_free(NULL);
    plait_completions *empty = plait_completions_new();
    plait_completions_free(empty);
}

TEST_IN_EACH_KIND(a_future_that_was_given_back_may_be_added_again)
{
    plait_completions *c = plait_completions_new(), *d = plait_completions_new();
    plait_future *f = plait_submit(plait_inline_executor(), nothing, NULL), *got;
    for (int i = 0; i < 3; i++) {
        plait_completions_add(i % 2 ? d : c, f);
        check_code(plait_completions_next(i % 2 ? d : c, &got, PLAIT_FOREVER), 0);
        check(got == f);
    }
    check_code(plait_await(f, NULL), 0);
    plait_completions_free(c);
    plait_completions_free(d);
}

static int add_twice(void *second)
{
    struct held_pool p;
    hold_pool(&p, 1);
    plait_completions *c = plait_completions_new(), *d = plait_completions_new();
    plait_future *f = plait_submit(p.executor, nothing, NULL);
    plait_completions_add(c, f);
    plait_completions_add(second ? d : c, f);
    return 0;
}

static void W19_AW26_to_add_it_twice_stops_the_program(void **unused)
{
    (void)unused;
    child_stops(add_twice, NULL, "task nothing (");
    child_stops(add_twice, "another", "was added to a second set of futures");
}

TEST_IN_EACH_KIND(without_memory_the_failed_futures_are_given_back_too)
{
    fault_all("memory");
    plait_completions *c = plait_completions_new();
    check(!c);
    fault_off();
    c = plait_completions_new();
    plait_executor *pool = pool_of(1);
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0); /* a worker's first task needs memory too */
    for (int i = 0; i < 5; i++) {
        if (i % 2) fault_all("memory");
        plait_completions_add(c, plait_submit(pool, nothing, NULL));
        fault_off();
    }
    check_number(plait_completions_pending(c), 5);
    plait_future *f;
    int failed = 0;
    for (int i = 0; i < 5; i++) {
        check_code(plait_completions_next(c, &f, PLAIT_FOREVER), 0);
        failed += plait_await(f, NULL) == PLAIT_ENOMEM;
    }
    check_number(failed, 2);
    check_code(plait_completions_next(c, &f, PLAIT_FOREVER), PLAIT_EDONE);

    /* One that is added while another waits for the last: PLAIT_EDONE is said only when both are given back. */
    struct gate gate = { 0 }, *at = &gate;
    plait_deadline never = PLAIT_FOREVER;
    shared = c;
    plait_completions_add(c, plait_submit(pool, pass, &at));
    struct runner *consumers[2];
    for (int i = 0; i < 2; i++) until_asleep(consumers[i] = runner_start(next_one, &never));
    fault_all("memory");
    plait_completions_add(c, plait_submit(pool, nothing, NULL));
    fault_off();
    plait_event_set(&gate.open);
    for (int i = 0; i < 2; i++) check_code(runner_join(consumers[i]), 0);
    check_code(plait_completions_next(c, &f, PLAIT_FOREVER), PLAIT_EDONE);
    plait_completions_free(c);
    plait_executor_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W18_AW20_they_come_in_the_order_in_which_they_end),
        cmocka_unit_test(W20_AW22_a_deadline_is_this_calls_own),
        cmocka_unit_test(W22_W24_M23_a_cancelled_future_is_given_back_at_once_and_forgotten),
        cmocka_unit_test(W25_M33_a_set_may_grow_while_it_is_waited_for),
        cmocka_unit_test(all_who_wait_are_told_when_nothing_is_left),
        cmocka_unit_test(M31_a_hundred_thousand_with_256_in_flight),
        cmocka_unit_test(W17_AW25_several_consumers_and_several_executors),
        cmocka_unit_test(free_cancels_and_drains_what_is_left),
        cmocka_unit_test(a_future_that_was_given_back_may_be_added_again),
        cmocka_unit_test(W19_AW26_to_add_it_twice_stops_the_program),
        cmocka_unit_test(without_memory_the_failed_futures_are_given_back_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
