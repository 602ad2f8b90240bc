/* What calls are not: without a function, a reason to sleep shorter or longer than needed, a failure of anybody. */
#include "check.h"
#include "loop/loop.h"
#include <plait.h>
#include <poll.h>
#include <unistd.h>

static void run(const plait_task *task) { check_code(plait_run_task(task, NULL, NULL, __FILE__, __LINE__), 0); }

static int ask_for_no_function(void)
{
    check_code(plait_call_soon(NULL, NULL), PLAIT_EINVAL);
    check_contains(plait_error()->message, "no function");
    check_code(plait_loop_post(plait_loop_current(), NULL, NULL), PLAIT_EINVAL);
    check(!plait_call_later(0, NULL, NULL));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check(!plait_call_at(PLAIT_FOREVER, NULL, NULL));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check(!plait_loop_watch(0, 0, NULL, NULL));
    check_code(plait_error()->code, PLAIT_EINVAL);
    return plait_yield();
}
PLAIT_TASK(ask_for_no_function, void, void);

static void AL3_a_call_of_no_function_is_refused(void **unused)
{
    (void)unused;
    run(&ask_for_no_function_plait_task);
}

/* How long it sleeps. */

static plait_call *soon, *late;
static plait_deadline at[2];
static void say_nothing(void *unused) { (void)unused; }
static void ask_for_two(void *unused)
{
    (void)unused;
    soon = plait_call_at(at[0], say_nothing, NULL);
    late = plait_call_at(at[1], say_nothing, NULL);
    check(soon && late);
}
static void cancel_one(void *call) { plait_call_cancel(call); }

static void AL10_a_foreign_loops_timer_is_set_to_the_next_call_that_is_not_cancelled(void **unused)
{
    (void)unused;
    plait_loop *l = plait_loop_new(NULL);
    at[0] = plait_after(3600 * PLAIT_SECOND);
    at[1] = plait_after(7200 * PLAIT_SECOND);
    check_number(l->timer_at, 0);
    check_code(plait_loop_post(l, ask_for_two, NULL), 0);
    check_code(plait_loop_turn(l, PLAIT_NOW), 0);
    check_number(l->timer_at, at[0].at);
    check_code(plait_loop_post(l, cancel_one, soon), 0);
    check_code(plait_loop_turn(l, PLAIT_NOW), 0);
    check_number(l->timer_at, at[1].at);
    check_code(plait_loop_post(l, cancel_one, late), 0);
    check_code(plait_loop_turn(l, PLAIT_NOW), 0);
    check_number(l->timer_at, 0);
    plait_loop_free(l);
}

static plait_event enough;
static int left;
static void say_enough(void *unused)
{
    (void)unused;
    plait_event_set(&enough);
}
static void ask_again(void *unused)
{
    if (--left) check(plait_call_later(300 * PLAIT_MICROSECOND, ask_again, unused));
    else plait_event_set(&enough);
}

static int sleep_beside_a_cancelled_call(void)
{
    plait_call *never = plait_call_later(3600 * PLAIT_SECOND, say_nothing, NULL);
    check(never && plait_call_later(PLAIT_MILLISECOND, say_enough, NULL)); /* earlier than what was there */
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    plait_call_cancel(never);
    plait_event_clear(&enough);
    check_code(plait_call_soon(say_enough, NULL), 0); /* ready: it does not sleep at all */
    return plait_event_wait(&enough, PLAIT_FOREVER);
}
PLAIT_TASK(sleep_beside_a_cancelled_call, void, void);

static void AL10_it_sleeps_until_the_next_call_and_not_at_all_when_something_is_ready(void **unused)
{
    (void)unused;
    plait_event_clear(&enough);
    run(&sleep_beside_a_cancelled_call_plait_task);
}

static int sleep_briefly_often(void)
{
    enum { TIMES = 50 };
    plait_loop *l = plait_loop_here;
    left = TIMES;
    check(plait_call_later(300 * PLAIT_MICROSECOND, ask_again, NULL));
    uint64_t before = l->passes;
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    check(l->passes - before <= (uint64_t)3 * TIMES); /* in each: asleep until the time, never in vain before it */
    return 0;
}
PLAIT_TASK(sleep_briefly_often, void, void);

static void AL11_short_times_do_not_make_it_spin(void **unused)
{
    (void)unused;
    plait_event_clear(&enough);
    run(&sleep_briefly_often_plait_task);
}

/* Failures. */

static int made;
static void fail_in_a_call(void *unused)
{
    (void)unused;
    check(!plait_error()); /* nor is another's failure its own */
    check_code(plait_fail(-EIO, "in a call"), -EIO);
    check_code(plait_close(-1), -EBADF);
    made++;
}
static void fail_too(int fd, short revents, void *unused)
{
    char byte;
    (void)revents;
    check_number(read(fd, &byte, 1), 1);
    fail_in_a_call(unused);
}
static int ends[2];
static plait_watcher *watcher;
static void watch(void *unused)
{
    watcher = plait_loop_watch(ends[0], POLLIN, fail_too, unused);
    check(watcher);
}
static void unwatch(void *unused)
{
    (void)unused;
    plait_loop_unwatch(watcher);
}

static void AL28_a_call_that_fails_is_nobody_elses_failure_and_the_loop_goes_on(void **unused)
{
    (void)unused;
    made = 0;
    check_code(pipe(ends), 0);
    plait_loop *l = plait_loop_new(NULL);
    check_code(plait_fail(-ENXIO, "the host's own"), -ENXIO);
    check_code(plait_loop_post(l, fail_in_a_call, NULL), 0);
    check_code(plait_loop_post(l, watch, NULL), 0);
    check_code(plait_loop_post(l, fail_in_a_call, NULL), 0);
    check_code(plait_loop_turn(l, PLAIT_NOW), 0);
    check_number(made, 2);
    check_number(write(ends[1], "x", 1), 1);
    check_code(plait_loop_turn(l, PLAIT_FOREVER), 0);
    check_number(made, 3);
    check_code(plait_error()->code, -ENXIO);
    check_string(plait_error()->message, "the host's own");
    check_code(plait_loop_post(l, unwatch, NULL), 0);
    check_code(plait_loop_turn(l, PLAIT_NOW), 0);
    plait_loop_free(l);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AL3_a_call_of_no_function_is_refused),
        cmocka_unit_test(AL10_a_foreign_loops_timer_is_set_to_the_next_call_that_is_not_cancelled),
        cmocka_unit_test(AL10_it_sleeps_until_the_next_call_and_not_at_all_when_something_is_ready),
        cmocka_unit_test(AL11_short_times_do_not_make_it_spin),
        cmocka_unit_test(AL28_a_call_that_fails_is_nobody_elses_failure_and_the_loop_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
