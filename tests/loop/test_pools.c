/* Work that blocks, in threads, awaited by coroutines. */
#include "check.h"
#include <plait.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static plait_executor *pool;
static void run(const plait_task *task)
{
    pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 2 });
    check_code(plait_run_task(task, NULL, NULL, __FILE__, __LINE__), 0);
    plait_executor_free(pool);
}

typedef void *address;
static _Thread_local char place;
static int whereabouts(address *at)
{
    *at = &place;
    return 0;
}
PLAIT_LOCAL_TASK(whereabouts, void, address);

static size_t workers_of(plait_executor *ex)
{
    plait_executor_statistics s;
    plait_executor_get_statistics(ex, &s);
    return s.workers;
}

static int ask_where(void)
{
    void *at = NULL, *here = NULL;
    check_number(workers_of(pool), 0); /* none before the first task */
    check_code(plait_await(plait_submit(pool, whereabouts, NULL), &at), 0);
    check(at && at != &place);
    check_number(workers_of(pool), 1);
    check_code(plait_await(plait_spawn(whereabouts, NULL), &here), 0);
    check(here == &place);
    check_code(plait_await(plait_submit(plait_thread_per_task_executor(), whereabouts, NULL), &at), 0);
    check(at && at != &place);
    return 0;
}
PLAIT_TASK(ask_where, void, void);

static void AX1_a_pools_task_runs_in_another_thread_that_the_first_submit_starts(void **unused)
{
    (void)unused;
    run(&ask_where_plait_task);
}

/* Cancels. */

static _Atomic bool begun, ended, may_end;
static int compute_until_cancelled(void)
{
    atomic_store(&begun, true);
    while (!plait_cancelled()) sched_yield();
    atomic_store(&ended, true);
    return PLAIT_ECANCELED;
}
PLAIT_TASK(compute_until_cancelled, void, void);
static int cancel_one_that_computes(void)
{
    plait_future *f = plait_submit(pool, compute_until_cancelled, NULL);
    while (!atomic_load(&begun)) check_code(plait_yield(), 0);
    check(!plait_future_cancel(f));
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check(atomic_load(&ended));
    return 0;
}
PLAIT_TASK(cancel_one_that_computes, void, void);

static void AX2_M27_a_cancel_is_seen_by_the_task_that_runs_in_the_pool(void **unused)
{
    (void)unused;
    atomic_store(&begun, false);
    atomic_store(&ended, false);
    run(&cancel_one_that_computes_plait_task);
}

static int block(int *result) /* by no wait of plait's: no cancel is seen */
{
    atomic_store(&begun, true);
    while (!atomic_load(&may_end)) sched_yield();
    *result = 5;
    atomic_store(&ended, true);
    return 0;
}
PLAIT_TASK(block, void, int);
static int await_what_blocks(void)
{
    int result = 1, err = plait_await(plait_submit(pool, block, NULL), &result);
    check_number(result, 1);
    return err;
}
PLAIT_TASK(await_what_blocks, void, void);
static int leave_before_it_ends(void)
{
    plait_future *f = plait_spawn(await_what_blocks, NULL);
    while (!atomic_load(&begun)) check_code(plait_yield(), 0);
    check(!plait_future_cancel(f));
    check_code(plait_await(f, NULL), PLAIT_ETASK); /* its await was cut short, and left what it waited for alone */
    return 0;
}
PLAIT_TASK(leave_before_it_ends, void, void);
static int yield_some(void)
{
    for (int i = 0; i < 10; i++) check_code(plait_yield(), 0);
    return 0;
}
PLAIT_TASK(yield_some, void, void);

static void AX3_a_result_that_comes_too_late_touches_no_loop(void **unused)
{
    (void)unused;
    atomic_store(&begun, false);
    atomic_store(&ended, false);
    atomic_store(&may_end, false);
    pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 2 });
    check_code(plait_run(leave_before_it_ends, NULL, NULL), 0);
    check(!atomic_load(&ended));
    atomic_store(&may_end, true); /* the loop has ended; the next one may have its place in memory */
    check_code(plait_run(yield_some, NULL, NULL), 0);
    plait_executor_free(pool);
    check(atomic_load(&ended));
}

static int submit_to_none(void)
{
    check_code(plait_await(plait_submit(NULL, yield_some, NULL), NULL), PLAIT_EINVAL);
    check_contains(plait_error()->message, "no executor");
    return 0;
}
PLAIT_TASK(submit_to_none, void, void);

static void AX4_there_is_no_default_each_submit_names_its_executor(void **unused)
{
    (void)unused;
    run(&submit_to_none_plait_task);
}

/* The end of a pool, waited for in a coroutine. */

static int ticks;
static int tick(void)
{
    int err;
    do ticks++;
    while (!(err = plait_sleep(PLAIT_MICROSECOND)));
    return err;
}
PLAIT_TASK(tick, void, void);
static int shut_down_one_that_is_busy(void)
{
    plait_future *ticking = plait_spawn(tick, NULL), *f = plait_submit(pool, block, NULL);
    while (!atomic_load(&begun)) check_code(plait_yield(), 0);
    int before = ticks;
    while (ticks <= before) { /* the loop goes on meanwhile */
        plait_shutdown_options soon = { .deadline = plait_after(PLAIT_MILLISECOND) };
        check_code(plait_executor_shutdown(pool, &soon), PLAIT_ETIMEDOUT);
        check_contains(plait_error()->message, "1 task runs: block (");
    }
    atomic_store(&may_end, true);
    check_code(plait_executor_shutdown(pool, NULL), 0);
    check_code(plait_await(f, NULL), 0);
    plait_future_cancel(ticking);
    check_code(plait_await(ticking, NULL), PLAIT_ETASK);
    return 0;
}
PLAIT_TASK(shut_down_one_that_is_busy, void, void);

static void AX5_a_wait_for_the_end_of_a_pool_has_a_limit_and_then_names_what_runs(void **unused)
{
    (void)unused;
    atomic_store(&begun, false);
    atomic_store(&may_end, false);
    run(&shut_down_one_that_is_busy_plait_task);
}

/* What goes in and comes out. */

struct pair {
    int a;
    const char *text;
};
static _Atomic int runs;
static int add_length(const struct pair *p, size_t *out)
{
    runs++;
    *out = (size_t)p->a + strlen(p->text);
    return p->a < 0 ? plait_fail(PLAIT_EUSER - 3, "%d is less than nothing", p->a) : 0;
}
PLAIT_LOCAL_TASK(add_length, struct pair, size_t);
static int pass_and_fail(void)
{
    size_t out = 0;
    runs = 0;
    check_code(plait_await(plait_submit(pool, add_length, &(struct pair){ 4, "abc" }), &out), 0);
    check_number(out, 7);
    check_number(runs, 1);
    check_code(plait_await(plait_submit(pool, add_length, &(struct pair){ -4, "abc" }), &out), PLAIT_EUSER - 3);
    check_string(plait_error()->message, "-4 is less than nothing");
    check_string(plait_error()->task, "add_length");
    check_number(out, 7);
    check_number(runs, 2);
    return 0;
}
PLAIT_TASK(pass_and_fail, void, void);

static void AX6_the_argument_goes_in_the_task_runs_once_its_result_or_failure_comes_out(void **unused)
{
    (void)unused;
    run(&pass_and_fail_plait_task);
}

enum { TEN = 10 };
static _Atomic int inside;
static plait_event all_inside;
static int wait_for_the_others(void)
{
    if (++inside == TEN) plait_event_set(&all_inside);
    return plait_event_wait(&all_inside, PLAIT_FOREVER);
}
PLAIT_TASK(wait_for_the_others, void, void);
static int await_ten(void)
{
    plait_executor *executors[] = { plait_thread_per_task_executor(),
                                    plait_thread_executor_new(&(plait_thread_options){ .workers = TEN }) };
    for (int e = 0; e < 2; e++) {
        plait_future *f[TEN];
        inside = 0;
        plait_event_clear(&all_inside);
        for (int i = 0; i < TEN; i++) f[i] = plait_submit(executors[e], wait_for_the_others, NULL);
        check_code(plait_gather(f, TEN, NULL, NULL), 0);
        check_number(inside, TEN);
    }
    plait_executor_free(executors[1]);
    return 0;
}
PLAIT_TASK(await_ten, void, void);

static void AX7_ten_at_once_all_run(void **unused)
{
    (void)unused;
    run(&await_ten_plait_task);
}

static plait_local value;
static int look_at_value(address *at)
{
    *at = plait_local_get(&value);
    return 0;
}
PLAIT_LOCAL_TASK(look_at_value, void, address);
static int set_value(void)
{
    void *seen = &value;
    static int mine;
    check_code(plait_local_set(&value, &mine), 0);
    check_code(plait_await(plait_submit(pool, look_at_value, NULL), &seen), 0);
    check(!seen);
    check_code(plait_await(plait_spawn(look_at_value, NULL), &seen), 0);
    check(seen == &mine);
    return 0;
}
PLAIT_TASK(set_value, void, void);

static void AX8_a_threads_own_values_are_not_carried_into_a_pool(void **unused)
{
    (void)unused;
    run(&set_value_plait_task);
    plait_local_clear(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AX1_a_pools_task_runs_in_another_thread_that_the_first_submit_starts),
        cmocka_unit_test(AX2_M27_a_cancel_is_seen_by_the_task_that_runs_in_the_pool),
        cmocka_unit_test(AX3_a_result_that_comes_too_late_touches_no_loop),
        cmocka_unit_test(AX4_there_is_no_default_each_submit_names_its_executor),
        cmocka_unit_test(AX5_a_wait_for_the_end_of_a_pool_has_a_limit_and_then_names_what_runs),
        cmocka_unit_test(AX6_the_argument_goes_in_the_task_runs_once_its_result_or_failure_comes_out),
        cmocka_unit_test(AX7_ten_at_once_all_run),
        cmocka_unit_test(AX8_a_threads_own_values_are_not_carried_into_a_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
