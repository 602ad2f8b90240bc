/* Forks: what is in the caller's frame comes to its end whatever way the braces are left, here or on another worker. */
#include "check.h"
#include "child.h"
#include "future/tasks.h"

static plait_executor *own;

static int fib(const int *n, int *out);
PLAIT_TASK(fib, int, int);
static int fib(const int *n, int *out)
{
    if (*n < 2) {
        *out = *n;
        return 0;
    }
    int one = *n - 1, two = *n - 2, x, y;
    PLAIT_FORK(left, own, fib, &one);
    int err = fib(&two, &y);
    int other = plait_join(&left, &x);
    *out = x + y;
    return err ? err : other;
}

static void in_pools(void (*body)(void))
{
    for (int workers = 1; workers <= 4; workers *= 2) {
        own = plait_thread_executor_new(&(plait_thread_options){ .workers = workers });
        body();
        plait_executor_free(own);
    }
}

static void fib_20(void)
{
    int n = 20, result;
    check_code(plait_await(plait_submit(own, fib, &n), &result), 0);
    check_number(result, 6765);
}
static void forks_give_what_calls_give(void **state)
{
    (void)state;
    in_pools(fib_20);
}

static void outside_of_a_pool_a_fork_runs_at_its_join(void **state)
{
    (void)state;
    in_pools(fib_20); /* so that `own` has been a pool */
    own = plait_thread_executor_new(NULL);
    int n = 10, result;
    check_code(fib(&n, &result), 0);
    check_number(result, 55);
    plait_executor_free(own);
    own = plait_inline_executor();
    check_code(plait_await(plait_submit(own, fib, &n), &result), 0);
    check_number(result, 55);
}

/* More forks at once than a deque has room for. */
static int deep(const int *n, int *out);
PLAIT_TASK(deep, int, int);
static int deep(const int *n, int *out)
{
    int next = *n - 1, x = 0;
    PLAIT_FORK(child, own, nothing, NULL);
    int err = *n ? deep(&next, &x) : 0;
    int other = plait_join(&child, NULL);
    *out = x + 1;
    return err ? err : other;
}
static void deeper_than_the_deque(void)
{
    int n = 3000, result;
    check_code(plait_await(plait_submit(own, deep, &n), &result), 0);
    check_number(result, 3001);
}
static void a_full_deque_takes_no_harm(void **state)
{
    (void)state;
    in_pools(deeper_than_the_deque);
}

/* A second worker has taken the fork when it has come to its gate. */
static struct gate gate;

static int join_what_was_taken(void)
{
    struct gate *at = &gate;
    PLAIT_FORK(taken, own, pass, &at);
    until_arrived(&gate, 1);
    plait_event_set(&gate.open);
    return plait_join(&taken, NULL);
}
PLAIT_TASK(join_what_was_taken, void, void);

static int leave_what_was_taken(void)
{
    struct gate *at = &gate;
    {
        PLAIT_FORK(taken, own, pass, &at);
        until_arrived(&gate, 1);
    }
    check_number(gate.cut, 1); /* it was cancelled, and has ended */
    return 0;
}
PLAIT_TASK(leave_what_was_taken, void, void);

static int join_in_a_dead_scope(void)
{
    struct gate *at = &gate;
    PLAIT_FORK(taken, own, pass, &at);
    until_arrived(&gate, 1);
    PLAIT_CANCEL_SCOPE(scope);
    plait_scope_cancel(&scope);
    check_code(plait_join(&taken, NULL), PLAIT_ECANCELED);
    check_number(gate.cut, 1);
    return 0;
}
PLAIT_TASK(join_in_a_dead_scope, void, void);

static void a_fork_that_another_worker_took(void **state)
{
    (void)state;
    own = plait_thread_executor_new(&(plait_thread_options){ .workers = 2 });
    gate = (struct gate){ 0 };
    check_code(plait_await(plait_submit(own, join_what_was_taken, NULL), NULL), 0);
    check_number(gate.passed, 1);
    gate = (struct gate){ 0 };
    check_code(plait_await(plait_submit(own, leave_what_was_taken, NULL), NULL), 0);
    gate = (struct gate){ 0 };
    check_code(plait_await(plait_submit(own, join_in_a_dead_scope, NULL), NULL), 0);
    plait_executor_free(own);
}

static int in_any_order(void)
{
    int codes[3] = { 0, -EIO, -EPIPE }, four = 4, square_of_four;
    PLAIT_FORK(a, own, fail_in_words, &codes[1]);
    PLAIT_FORK(b, own, square, &four);
    plait_future *between = plait_submit(own, nothing, NULL);
    PLAIT_FORK(c, own, fail_with, &codes[2]);
    PLAIT_FORK(never_joined, own, fail_with, &codes[2]);
    check_code(plait_join(&a, NULL), -EIO);
    check_contains(plait_error()->message, "no luck with");
    check_string(plait_error()->task, "fail_in_words");
    check_code(plait_join(&c, NULL), -EPIPE);
    check_code(plait_join(&b, &square_of_four), 0);
    check_number(square_of_four, 16);
    return plait_await(between, NULL);
}
PLAIT_TASK(in_any_order, void, void);
static void any_order(void) { check_code(plait_await(plait_submit(own, in_any_order, NULL), NULL), 0); }
static void forks_may_be_joined_in_any_order(void **state)
{
    (void)state;
    in_pools(any_order);
}

static int cancelled(void) { return PLAIT_ECANCELED; }
PLAIT_TASK(cancelled, void, void);
static int codes_of_waits(void)
{
    PLAIT_FORK(f, own, cancelled, NULL);
    check_code(plait_join(&f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    return 0;
}
PLAIT_TASK(codes_of_waits, void, void);
static void wait_codes(void) { check_code(plait_await(plait_submit(own, codes_of_waits, NULL), NULL), 0); }
static void what_waits_say_is_no_outcome_of_a_fork(void **state)
{
    (void)state;
    in_pools(wait_codes);
}

static int greet(const plait_bytes *name, plait_bytes *greeting)
{
    return plait_bytes_format(greeting, "hello, %s", (const char *)name->data);
}
PLAIT_TASK(greet, plait_bytes, plait_bytes);
static int greetings(void)
{
    plait_bytes name = { (void *)(uintptr_t) "plait", 5 }, greeting;
    PLAIT_FORK(taken, own, greet, &name);
    PLAIT_FORK(dropped, own, greet, &name);
    PLAIT_FORK(left, own, greet, &name);
    check_code(plait_join(&taken, &greeting), 0);
    check_string(greeting.data, "hello, plait");
    plait_bytes_clear(&greeting);
    return plait_join(&dropped, NULL);
}
PLAIT_TASK(greetings, void, void);
static void all_greetings(void) { check_code(plait_await(plait_submit(own, greetings, NULL), NULL), 0); }
static void blocks_of_memory_as_results_are_moved_or_freed(void **state)
{
    (void)state;
    in_pools(all_greetings);
}

static int join_twice(void *unused)
{
    (void)unused;
    int four = 4, result;
    PLAIT_FORK(f, plait_inline_executor(), square, &four);
    int err = plait_join(&f, &result);
    return err ? err : plait_join(&f, &result);
}
static void a_second_join_stops_the_program(void **state)
{
    (void)state;
    child_stops(join_twice, NULL, "was joined twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forks_give_what_calls_give),
        cmocka_unit_test(outside_of_a_pool_a_fork_runs_at_its_join),
        cmocka_unit_test(a_full_deque_takes_no_harm),
        cmocka_unit_test(a_fork_that_another_worker_took),
        cmocka_unit_test(forks_may_be_joined_in_any_order),
        cmocka_unit_test(what_waits_say_is_no_outcome_of_a_fork),
        cmocka_unit_test(blocks_of_memory_as_results_are_moved_or_freed),
        cmocka_unit_test(a_second_join_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
