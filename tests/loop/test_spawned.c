/* test_spawned.c: tasks of one loop: when they begin, what they have of their own, and what becomes of their timers. */
#include "child.h"
#include "clock.h"
#include "future/tasks.h"
#include "loop/loop.h"

static void run(const plait_task *task) { check_code(plait_run_task(task, NULL, NULL, __FILE__, __LINE__), 0); }

static int eagerly(void)
{
    int n = 6, out = 0;
    plait_future *later = plait_spawn(square, &n), *now = plait_submit(plait_inline_executor(), square, &n);
    check_number(plait_future_get_state(later), PLAIT_FUTURE_PENDING);
    check_number(plait_future_get_state(now), PLAIT_FUTURE_FINISHED);
    check_code(plait_await(now, &out), 0);
    check_number(out, 36);
    return plait_await(later, NULL);
}
PLAIT_TASK(eagerly, void, void);

static void AT2_what_is_to_run_inside_of_its_submit_goes_to_the_inline_executor(void **unused)
{
    (void)unused;
    run(&eagerly_plait_task);
}

static int spawn_nothing(void)
{
    plait_executor *ex = plait_loop_executor();
    check_code(plait_await(plait_submit_task(ex, NULL, NULL, NULL, 0, __FILE__, __LINE__), NULL), PLAIT_EINVAL);
    check_contains(plait_error()->message, "without a task");
    check_code(plait_await(plait_submit_task(ex, &square_plait_task, NULL, NULL, 0, __FILE__, __LINE__), NULL),
               PLAIT_EINVAL);
    return 0;
}
PLAIT_TASK(spawn_nothing, void, void);

static void AT4_to_spawn_no_task_is_a_failed_future(void **unused)
{
    (void)unused;
    run(&spawn_nothing_plait_task);
    check_code(plait_await(plait_spawn(nothing, NULL), NULL), PLAIT_EINVAL); /* and so it is without a loop */
    check_contains(plait_error()->message, "does no loop run on this thread");
}

static int cancel_at_once(void)
{
    plait_future *f = plait_spawn(nothing, NULL);
    check(plait_future_cancel(f));
    check(plait_future_cancel(f));
    check_number(plait_future_get_state(f), PLAIT_FUTURE_CANCELLED);
    check_code(plait_future_result(f, NULL), PLAIT_ETASK);
    check_string(plait_error()->task, "nothing");
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check_string(plait_error()->cause->message, "the future was cancelled before it ran");
    plait_future_unref(f);
    return 0;
}
PLAIT_TASK(cancel_at_once, void, void);

static void AF1_AF11_AT10_one_that_is_cancelled_before_it_begins_says_so(void **unused)
{
    (void)unused;
    run(&cancel_at_once_plait_task);
}

static int look_before_it_is_done(void)
{
    int n = 2, out = 77;
    plait_future *f = plait_spawn(square, &n);
    check_code(plait_future_result(f, &out), PLAIT_EAGAIN);
    check_number(out, 77);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_PENDING); /* nobody ran meanwhile: it does not wait */
    return plait_await(f, NULL);
}
PLAIT_TASK(look_before_it_is_done, void, void);

static void AF2_to_read_what_is_not_done_does_not_wait(void **unused)
{
    (void)unused;
    run(&look_before_it_is_done_plait_task);
}

/* What a task has of its own, whoever runs in between. */
struct person {
    const char *name;
    int turns;
};
static int mind_its_own_words(const struct person *p)
{
    plait_mutex mine = PLAIT_MUTEX_INIT;
    struct person before = *p;
    plait_mutex_lock(&mine);
    PLAIT_CANCEL_SCOPE(scope);
    if (p->turns % 2) plait_scope_cancel(&scope);
    (void)plait_fail(-EIO, "said by %s", p->name);
    for (int i = 0; i < p->turns; i++) {
        PLAIT_SHIELD(go_on, PLAIT_FOREVER);
        check_code(plait_yield(), 0);
        char expected[40];
        snprintf(expected, sizeof expected, "said by %s", p->name);
        check_string(plait_error()->message, expected);
        check(plait_mutex_held(&mine));
    }
    check(plait_cancelled() == (p->turns % 2 != 0));
    check_string(p->name, before.name);
    check_number(p->turns, before.turns);
    plait_mutex_unlock(&mine);
    return -EIO;
}
PLAIT_LOCAL_TASK(mind_its_own_words, struct person, void);

static int interleave(void)
{
    static const char *const names[] = { "one", "another", "a third" };
    plait_future *futures[3];
    int errors[3];
    for (int i = 0; i < 3; i++) {
        struct person p = { names[i], 5 + i };
        futures[i] = plait_spawn(mind_its_own_words, &p);
        p = (struct person){ "nobody", 0 }; /* it has a copy */
    }
    check_code(plait_gather(futures, 3, NULL, errors), -EIO);
    check_string(plait_error()->message, "said by one");
    check_string(plait_error()->task, "mind_its_own_words");
    return 0;
}
PLAIT_TASK(interleave, void, void);

static void AT29_AT39_words_scopes_locks_and_argument_are_the_tasks_own_whoever_runs_in_between(void **unused)
{
    (void)unused;
    run(&interleave_plait_task);
    check(!plait_loop_current()); /* outside of it there is none */
}

/* Loops. */

static int await_another_loop_s(void)
{
    plait_executor *loops = plait_multi_loop_executor_new(NULL);
    int n = 7, out = 0;
    check_code(plait_await(plait_submit(loops, square, &n), &out), 0);
    check_number(out, 49);
    plait_executor_free(loops);
    return 0;
}
PLAIT_TASK(await_another_loop_s, void, void);

static void AT28_a_future_of_another_loop_is_awaited_as_any(void **unused)
{
    (void)unused;
    run(&await_another_loop_s_plait_task);
}

static int drop_one(void)
{
    plait_future_unref(plait_spawn(nothing, NULL));
    return 0;
}
PLAIT_TASK(drop_one, void, void);
static int run_and_drop(void *unused)
{
    (void)unused;
    return plait_run(drop_one, NULL, NULL);
}
static _Atomic int ran;
static int detach_one(void)
{
    _Atomic int *counter = &ran;
    plait_future_detach(plait_spawn(count_up, &counter));
    return plait_yield();
}
PLAIT_TASK(detach_one, void, void);

static void AT30_a_task_that_is_dropped_before_its_end_stops_the_program_and_one_let_go_runs_on(void **unused)
{
    (void)unused;
    child_stops(run_and_drop, NULL, "was dropped before it was done: await it, or plait_future_detach it");
    run(&detach_one_plait_task);
    check_number(ran, 1);
}

/* Timers. */

static int sleep_long(void) { return plait_sleep(1000 * PLAIT_SECOND); }
PLAIT_TASK(sleep_long, void, void);
static int cancel_sleepers(void)
{
    plait_future *futures[20];
    for (int i = 0; i < 20; i++) futures[i] = plait_spawn(sleep_long, NULL);
    check_code(plait_yield(), 0);
    check_number(plait_loop_here->due.count, 20);
    for (int i = 0; i < 20; i++) plait_future_cancel(futures[i]);
    int errors[20];
    check_code(plait_gather(futures, 20, NULL, errors), PLAIT_ETASK);
    for (int i = 0; i < 20; i++) check_code(errors[i], PLAIT_ETASK);
    check_number(plait_loop_here->due.count, 0);
    return 0;
}
PLAIT_TASK(cancel_sleepers, void, void);

static void AT35_the_timer_of_one_that_is_cancelled_is_gone(void **unused)
{
    (void)unused;
    clock_by_hand(); /* it stands still: they end by the cancel alone */
    run(&cancel_sleepers_plait_task);
    clock_of_the_system();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AT2_what_is_to_run_inside_of_its_submit_goes_to_the_inline_executor),
        cmocka_unit_test(AT4_to_spawn_no_task_is_a_failed_future),
        cmocka_unit_test(AF1_AF11_AT10_one_that_is_cancelled_before_it_begins_says_so),
        cmocka_unit_test(AF2_to_read_what_is_not_done_does_not_wait),
        cmocka_unit_test(AT29_AT39_words_scopes_locks_and_argument_are_the_tasks_own_whoever_runs_in_between),
        cmocka_unit_test(AT28_a_future_of_another_loop_is_awaited_as_any),
        cmocka_unit_test(AT30_a_task_that_is_dropped_before_its_end_stops_the_program_and_one_let_go_runs_on),
        cmocka_unit_test(AT35_the_timer_of_one_that_is_cancelled_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
