/* test_cancelled_task.c: what a cancel does to a task that runs: it is told by its waits, again and again, passes it on to
   what it awaits, and decides itself how it ends. */
#include "future/beside.h"
#include "future/future.h"

PLAIT_PROMISE(number, int);

struct waiter {
    plait_future *itself, *awaited;
    plait_executor *ex;
    struct gate gate;
    plait_event known; /* what is set above */
    _Atomic bool began;
    int said;
    _Atomic int started;
};
typedef struct waiter *its_waiter;

static plait_future *submit_known(plait_executor *ex, const plait_task *task, struct waiter *w)
{
    w->ex = ex;
    w->itself = plait_future_ref(plait_submit_task(ex, task, &w, NULL, 0, __FILE__, __LINE__));
    plait_event_set(&w->known);
    return w->itself;
}

static int begin(struct waiter *w)
{
    w->began = true;
    return plait_event_wait(&w->known, PLAIT_FOREVER);
}

/* Waiting for a promise that nobody keeps. */
static int await_promise(const its_waiter *waiter)
{
    struct waiter *w = *waiter;
    check_code(begin(w), 0);
    return w->said = plait_await(w->awaited, NULL);
}
PLAIT_LOCAL_TASK(await_promise, its_waiter, void);

static int await_a_task_that_awaits(const its_waiter *waiter)
{
    struct waiter *w = *waiter;
    return plait_await(plait_submit(w->ex, await_promise, &w), NULL);
}
PLAIT_LOCAL_TASK(await_a_task_that_awaits, its_waiter, void);

static void check_cancelled(plait_future *f)
{
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_FINISHED);
}

TEST_WITH_TASKS(AT6_AT7_AT8_a_cancel_goes_down_to_the_last_that_is_awaited)
{
    const plait_task *const tasks[] = { &await_promise_plait_task, &await_a_task_that_awaits_plait_task };
    for (int depth = 0; depth < 2; depth++) {
        struct waiter w = { .said = 1 };
        plait_promise *p = plait_promise_new(number, &w.awaited);
        plait_future *promised = plait_future_ref(w.awaited);
        plait_future *f = submit_known(ex, tasks[depth], &w);
        until_listed(&promised->waiters, 1);
        check(!plait_future_cancel(f));
        if (runner_kind == RUNNERS_ARE_COROUTINES) /* it has not been told yet */
            check_number(plait_future_get_state(f), PLAIT_FUTURE_RUNNING);
        check_cancelled(f);
        until(plait_future_get_state(promised) == PLAIT_FUTURE_CANCELLED);
        until(w.said == PLAIT_ECANCELED);
        plait_promise_free(p);
        plait_future_unref(promised);
        plait_future_unref(f);
    }
}

static int cancel_itself(const its_waiter *waiter)
{
    struct waiter *w = *waiter;
    check_code(begin(w), 0);
    check(!plait_future_cancel(w->itself)); /* nothing happens inside of the call */
    _Atomic int *counter = &w->started;
    return w->said = plait_await(plait_submit(w->ex, count_up, &counter), NULL);
}
PLAIT_LOCAL_TASK(cancel_itself, its_waiter, void);

TEST_WITH_TASKS(AT11_AT13_one_that_cancels_itself_is_told_by_its_next_wait_which_passes_it_on)
{
    struct waiter w = { .said = 1 };
    plait_future *f = submit_known(ex, &cancel_itself_plait_task, &w);
    check_cancelled(f);
    check_code(w.said, PLAIT_ECANCELED);
    if (runner_kind == RUNNERS_ARE_COROUTINES) check_number(w.started, 0); /* a pool may have begun it */
    plait_future_unref(f);
}

/* How it ends is its own to say. */
struct ending {
    struct gate *gate;
    int code;
};
static int end_with(const struct ending *e, int *out)
{
    *out = pass(&e->gate) == PLAIT_ECANCELED ? 7 : 0;
    return e->code ? plait_fail(e->code, "in its clean-up") : 0;
}
PLAIT_LOCAL_TASK(end_with, struct ending, int);

TEST_WITH_TASKS(AT14_AT16_AT17_what_it_returns_when_it_is_cancelled_is_its_outcome)
{
    for (int fails = 0; fails < 2; fails++) {
        struct gate gate = { 0 };
        int out = 0;
        plait_future *f = plait_submit(ex, end_with, &((struct ending){ &gate, fails ? -EIO : 0 }));
        until_arrived(&gate, 1);
        check(!plait_future_cancel(f));
        check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
        check_code(plait_future_result(f, &out), fails ? -EIO : 0);
        check_number(out, fails ? 0 : 7);
        check(!plait_future_cancel(f)); /* too late */
        check_code(plait_await(f, NULL), fails ? -EIO : 0);
    }
}

static int look_again_and_again(const its_waiter *waiter)
{
    struct waiter *w = *waiter;
    struct gate *gate = &w->gate;
    check(!plait_cancelled());
    check_code(pass(&gate), PLAIT_ECANCELED);
    for (int i = 0; i < 40; i++) {
        check_code(i % 2 ? plait_yield() : plait_sleep(0), PLAIT_ECANCELED);
        check(plait_cancelled());
        PLAIT_SHIELD(go_on, PLAIT_FOREVER);
        check(!plait_cancelled());
        check_code(plait_yield(), 0);
    }
    return 0;
}
PLAIT_LOCAL_TASK(look_again_and_again, its_waiter, void);

TEST_WITH_TASKS(AT18_AT19_AT20_M26_several_cancels_are_one_that_stays_and_a_shield_hides)
{
    struct waiter w = { .said = 1 };
    plait_future *f = submit_known(ex, &look_again_and_again_plait_task, &w);
    until_arrived(&w.gate, 1);
    for (int i = 0; i < 3; i++) check(!plait_future_cancel(f));
    check_code(plait_await(f, NULL), 0);
    plait_future_unref(f);
}

TEST_WITH_TASKS(AT21_a_cancel_after_the_end_changes_nothing)
{
    int n = 5, out = 0;
    plait_future *f = plait_submit(ex, square, &n);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    for (int i = 0; i < 2; i++) check(!plait_future_cancel(f));
    check_code(plait_await(f, &out), 0);
    check_number(out, 25);
}

TEST_WITH_TASKS(AT24_one_that_is_cancelled_together_with_what_it_awaits_is_told_once)
{
    struct waiter w = { .said = 1 };
    plait_promise *p = plait_promise_new(number, &w.awaited);
    plait_future *promised = plait_future_ref(w.awaited);
    plait_future *f = submit_known(ex, &await_promise_plait_task, &w);
    until_listed(&promised->waiters, 1);
    check(plait_future_cancel(promised));
    plait_future_cancel(f);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    check_code(plait_future_result(f, NULL), PLAIT_ETASK);
    check_number(plait_future_get_state(promised), PLAIT_FUTURE_CANCELLED);
    plait_promise_free(p);
    plait_future_unref(promised);
    plait_future_unref(f);
    plait_future_unref(f);
}

static int wait_for_itself(const its_waiter *waiter)
{
    struct waiter *w = *waiter;
    check_code(begin(w), 0);
    check_code(plait_future_wait(w->itself, PLAIT_FOREVER), PLAIT_EDEADLK);
    return w->said = plait_await(plait_future_ref(w->itself), NULL);
}
PLAIT_LOCAL_TASK(wait_for_itself, its_waiter, void);

TEST_WITH_TASKS(AT27_one_that_awaits_itself_is_told)
{
    struct waiter w = { .said = 1 };
    plait_future *f = submit_known(ex, &wait_for_itself_plait_task, &w);
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(w.said, PLAIT_EDEADLK);
    plait_future_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AT6_AT7_AT8_a_cancel_goes_down_to_the_last_that_is_awaited),
        cmocka_unit_test(AT11_AT13_one_that_cancels_itself_is_told_by_its_next_wait_which_passes_it_on),
        cmocka_unit_test(AT14_AT16_AT17_what_it_returns_when_it_is_cancelled_is_its_outcome),
        cmocka_unit_test(AT18_AT19_AT20_M26_several_cancels_are_one_that_stays_and_a_shield_hides),
        cmocka_unit_test(AT21_a_cancel_after_the_end_changes_nothing),
        cmocka_unit_test(AT24_one_that_is_cancelled_together_with_what_it_awaits_is_told_once),
        cmocka_unit_test(AT27_one_that_awaits_itself_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
