/* test_pitfalls.c: what programs with pools are often written with by mistake, and that plait's own way does not have: a
   pool that is gone when work comes late, results lost behind the first failure, failures that nobody reads, a wait that
   is taken for what starts the work. */
#include "future/tasks.h"

TEST_IN_EACH_KIND(Z6_a_pool_that_found_its_queue_empty_serves_who_comes_later)
{
    plait_executor *pool = pool_of(2);
    for (int round = 0; round < 3; round++) {
        plait_future *fs[4];
        for (int i = 0; i < 4; i++) fs[i] = plait_submit(pool, square, &(int){ i });
        for (int i = 0; i < 4; i++) {
            int out;
            check_code(plait_await(fs[i], &out), 0);
            check_number(out, i * i);
        }
        until(statistics_of(pool).idle == statistics_of(pool).workers); /* nothing to do at this instant */
        until(statistics_of(pool).queued == 0);
    }
    until(statistics_of(pool).finished == 12);
    check_number(statistics_of(pool).submitted, 12);
    plait_executor_free(pool);
}

static int square_unless_2(const int *n, int *out)
{
    *out = *n * *n;
    return *n == 2 ? plait_fail(-EDOM, "not %d", *n) : 0;
}
PLAIT_TASK(square_unless_2, int, int);

TEST_IN_EACH_KIND(Z7_a_failure_keeps_no_other_result_from_its_reader)
{
    enum { N = 6 };
    plait_executor *pool = pool_of(2);
    plait_completions *c = plait_completions_new();
    for (int i = 0; i < N; i++) plait_completions_add(c, plait_submit(pool, square_unless_2, &i));
    bool seen[N] = { 0 };
    plait_future *f;
    while (plait_completions_next(c, &f, PLAIT_FOREVER) == 0) {
        int n = *(const int *)plait_future_argument(f), out = -1, err = plait_await(f, &out);
        check_code(err, n == 2 ? -EDOM : 0);
        if (err) check_string(plait_error()->message, "not 2");
        else check_number(out, n * n);
        check(!seen[n]);
        seen[n] = true;
    }
    for (int i = 0; i < N; i++) check(seen[i]);
    plait_completions_free(c);

    int in[N] = { 0, 1, 2, 3, 4, 5 }, out[N] = { 0 }, errors[N];
    check_code(plait_map(pool, square_unless_2, in, N, out, &((plait_map_options){ .errors = errors })), 0);
    for (int i = 0; i < N; i++) {
        check_code(errors[i], i == 2 ? -EDOM : 0);
        if (i != 2) check_number(out[i], i * i);
    }
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(Z8_a_map_whose_results_nobody_reads_tells_its_failure)
{
    plait_executor *pool = pool_of(2);
    int in[3] = { 1, 2, 3 };
    check_code(plait_map(pool, square_unless_2, in, 3, NULL, NULL), -EDOM);
    check_string(plait_error()->message, "not 2");
    check_contains(plait_error()->task, "square_unless_2");
    plait_executor_free(pool);
}

/* Who waits outside of the pool starts nothing. (A worker of the same pool that waits may run the task itself.) */
TEST_IN_EACH_KIND(Z12_to_wait_only_waits)
{
    struct held_pool p;
    hold_pool(&p, 1);
    _Atomic int runs = 0, *at = &runs;
    plait_future *f = plait_submit(p.executor, count_up, &at);
    size_t done = 7;
    check_code(plait_wait(&f, 1, PLAIT_ALL_COMPLETED, plait_after(PLAIT_MILLISECOND), &done), PLAIT_ETIMEDOUT);
    check_number(done, 0);
    check_code(plait_future_wait(f, plait_after(PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    check_number(runs, 0);
    check(plait_future_get_state(f) == PLAIT_FUTURE_PENDING);
    release_pool(&p);
    check_code(plait_wait(&f, 1, PLAIT_ALL_COMPLETED, PLAIT_FOREVER, &done), 0);
    check_number(runs, 1); /* and not once for each wait */
    check_code(plait_await(f, NULL), 0);
    end_pool(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(Z6_a_pool_that_found_its_queue_empty_serves_who_comes_later),
        cmocka_unit_test(Z7_a_failure_keeps_no_other_result_from_its_reader),
        cmocka_unit_test(Z8_a_map_whose_results_nobody_reads_tells_its_failure),
        cmocka_unit_test(Z12_to_wait_only_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
