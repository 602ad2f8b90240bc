/* A loop that another one drives; here that one is poll(2). */
#include "clock.h"
#include "loop/foreign.h"
#include <pthread.h>

static int twice(const int *n, int *out)
{
    check(plait_loop_current() == loop);
    int err = plait_sleep(PLAIT_MICROSECOND);
    *out = 2 * *n;
    return err;
}
PLAIT_TASK(twice, int, int);
static int use_all_of_it(int *sum)
{
    plait_future *f[10];
    for (int i = 0; i < 10; i++) f[i] = plait_spawn(twice, &i);
    for (int i = 0, one; i < 10; i++, *sum += one) check_code(plait_await(f[i], &one), 0);
    return 0;
}
PLAIT_TASK(use_all_of_it, void, int);

static void a_host_drives_all_there_is(void **unused)
{
    (void)unused;
    int sum;
    check(!readable(loop));
    plait_future *f = plait_submit(ex, use_all_of_it, NULL);
    check(plait_future_get_state(f) == PLAIT_FUTURE_PENDING);
    check(!plait_loop_current()); /* not between two turns */
    check(readable(loop));
    drive_until(done(f));
    check_code(plait_await(f, &sum), 0);
    check_number(sum, 90);
}

static void *submit_from_outside(void *result)
{
    int n = 21, *out = result;
    check_code(plait_loop_post(loop, say, "p"), 0);
    check_code(plait_await(plait_submit(ex, twice, &n), out), 0);
    check_code(plait_loop_post(loop, say, "q"), 0);
    return NULL;
}

static void other_threads_bring_tasks_and_calls(void **unused)
{
    (void)unused;
    pthread_t other;
    int out = 0;
    check_code(pthread_create(&other, NULL, submit_from_outside, &out), 0);
    drive_until(strlen(said) == 2);
    pthread_join(other, NULL);
    check_string(said, "pq");
    check_number(out, 42);
}

static void AL16_a_turn_without_time_is_one_pass_that_does_not_sleep(void **unused)
{
    (void)unused;
    check_code(plait_loop_turn(loop, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_loop_post(loop, say, "a"), 0);
    check_string(said, "");
    check(readable(loop));
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_string(said, "a");
    check(!readable(loop));
    check_code(plait_loop_turn(loop, PLAIT_NOW), PLAIT_EAGAIN);
}

static void say_b_and_ask_for_c(void *unused)
{
    (void)unused;
    say("b");
    check_code(plait_call_soon(say, "c"), 0);
}

static void AL15_a_pass_is_finished_and_the_next_is_up_to_the_host(void **unused)
{
    (void)unused;
    check_code(plait_loop_post(loop, say, "a"), 0);
    check_code(plait_loop_post(loop, say_b_and_ask_for_c, NULL), 0);
    check_code(plait_loop_post(loop, say, "d"), 0);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check(strncmp(said, "abd", 3) == 0); /* all that was ready when it began */
    drive_until(strlen(said) == 4);
    check_string(said, "abdc");
}

static void unwatch(void *unused)
{
    (void)unused;
    plait_loop_unwatch(watcher);
}

static void AL17_what_came_in_one_turn_does_not_come_again_in_the_next(void **unused)
{
    (void)unused;
    seen = 0;
    check_code(pipe(ends), 0);
    check_code(plait_loop_post(loop, watch, NULL), 0);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check(!readable(loop));
    check_number(write(ends[1], "x", 1), 1);
    check(readable(loop));
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_number(seen, 1);
    check(!readable(loop));
    check_code(plait_loop_turn(loop, PLAIT_NOW), PLAIT_EAGAIN);
    check_number(seen, 1);
    check_number(write(ends[1], "y", 1), 1);
    check_code(plait_loop_turn(loop, PLAIT_FOREVER), 0);
    check_number(seen, 2);
    check_code(plait_loop_post(loop, unwatch, NULL), 0);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    close(ends[0]);
    close(ends[1]);
}

static int ask_for_calls(void)
{
    check(plait_call_later(20, say, "b"));
    check(plait_call_later(10, say, "a"));
    check(plait_call_later(-1, say, "0"));
    return plait_sleep(30);
}
PLAIT_TASK(ask_for_calls, void, void);

static void times_make_it_readable(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_future *f = plait_submit(ex, ask_for_calls, NULL);
    drive_until(said[0]);
    check_string(said, "0");
    check(!readable(loop));
    clock_move(10);
    check(readable(loop));
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_string(said, "0a");
    check_code(plait_loop_turn(loop, PLAIT_NOW), PLAIT_EAGAIN);
    clock_move(10);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_string(said, "0ab");
    clock_move(9);
    check(readable(loop)); /* in vain: it may be */
    check_code(plait_loop_turn(loop, PLAIT_NOW), PLAIT_EAGAIN);
    clock_move(1);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_code(plait_await(f, NULL), 0);
    clock_of_the_system();
}

static void ask_again(void *unused)
{
    (void)unused;
    say("t");
    if (strlen(said) < 20) check(plait_call_later(10 * PLAIT_MICROSECOND, ask_again, NULL));
}

static void times_of_the_system_make_it_readable(void **unused)
{
    (void)unused;
    check_code(plait_loop_post(loop, ask_again, NULL), 0);
    drive_until(strlen(said) == 20);
}

static int yield_often(void)
{
    for (int i = 0; i < 1000; i++) check_code(plait_yield(), 0);
    return 0;
}
PLAIT_TASK(yield_often, void, void);

static void what_a_turn_leaves_ready_keeps_it_readable(void **unused)
{
    (void)unused;
    plait_future *f = plait_submit(ex, yield_often, NULL);
    int turns = 0;
    for (; !done(f); turns++) {
        check(readable(loop));
        check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    }
    check(turns > 1); /* the host has its turn too */
    check_code(plait_await(f, NULL), 0);
    check(!readable(loop));
}

static void the_hosts_own_code_wakes_coroutines(void **unused)
{
    (void)unused;
    plait_event_clear(&go);
    plait_future *f = plait_submit(ex, wait_to_go, NULL);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check(!readable(loop));
    plait_event_set(&go);
    check(readable(loop));
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_code(plait_await(f, NULL), 0);
}

/* Turns that sleep. */

static void *post_later(void *unused)
{
    (void)unused;
    check_code(plait_loop_post(loop, say, "p"), 0);
    return NULL;
}
static void *cancel_scope(void *scope)
{
    plait_scope_cancel(scope);
    return NULL;
}
static void *move_clock(void *unused)
{
    (void)unused;
    clock_move(10);
    return NULL;
}

static void a_turn_with_time_sleeps_until_something_comes(void **unused)
{
    (void)unused;
    pthread_t other;
    check_code(pthread_create(&other, NULL, post_later, NULL), 0);
    check_code(plait_loop_turn(loop, PLAIT_FOREVER), 0);
    check_string(said, "p");
    pthread_join(other, NULL);
    check_code(plait_loop_turn(loop, plait_after(-1)), PLAIT_ETIMEDOUT);
    check_code(plait_loop_turn(loop, plait_after(1)), PLAIT_ETIMEDOUT);
    plait_event_clear(&go);
    plait_future *f = plait_submit(ex, wait_to_go, NULL);
    check_code(plait_loop_turn(loop, PLAIT_FOREVER), 0);
    {
        PLAIT_CANCEL_SCOPE(scope);
        check_code(pthread_create(&other, NULL, cancel_scope, &scope), 0);
        check_code(plait_loop_turn(loop, PLAIT_FOREVER), PLAIT_ECANCELED);
        pthread_join(other, NULL);
        check_code(plait_loop_turn(loop, PLAIT_FOREVER), PLAIT_ECANCELED);
        check_code(plait_loop_turn(loop, PLAIT_NOW), PLAIT_EAGAIN);
    }
    check(plait_future_get_state(f) == PLAIT_FUTURE_RUNNING); /* no task is cancelled by that */
    plait_event_set(&go);
    check_code(plait_loop_turn(loop, PLAIT_FOREVER), 0);
    check_code(plait_await(f, NULL), 0);
    clock_by_hand();
    plait_deadline ten = plait_after(10);
    check_code(pthread_create(&other, NULL, move_clock, NULL), 0);
    check_code(plait_loop_turn(loop, ten), PLAIT_ETIMEDOUT);
    pthread_join(other, NULL);
    clock_of_the_system();
}

#define with_loop(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_host_drives_all_there_is, setup, teardown),
        cmocka_unit_test_setup_teardown(other_threads_bring_tasks_and_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(AL16_a_turn_without_time_is_one_pass_that_does_not_sleep, setup, teardown),
        cmocka_unit_test_setup_teardown(AL15_a_pass_is_finished_and_the_next_is_up_to_the_host, setup, teardown),
        cmocka_unit_test_setup_teardown(AL17_what_came_in_one_turn_does_not_come_again_in_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(times_make_it_readable, setup, teardown),
        cmocka_unit_test_setup_teardown(times_of_the_system_make_it_readable, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_turn_leaves_ready_keeps_it_readable, setup, teardown),
        cmocka_unit_test_setup_teardown(the_hosts_own_code_wakes_coroutines, setup, teardown),
        cmocka_unit_test_setup_teardown(a_turn_with_time_sleeps_until_something_comes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
