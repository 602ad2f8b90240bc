/* Values of a map that share a place in the executor's queue: all is as if each had its own. */
#include "fault.h"
#include "future/tasks.h"

#define TEST(name) static void name(void **unused __attribute__((unused)))

enum { MANY = 1000 };
static int in[MANY], out[MANY], codes[MANY];
static const size_t chunks[] = { 0, 1, 2, 7, 64, 256, 100000 };
enum { CHUNKS = sizeof chunks / sizeof *chunks };

static void fill(void)
{
    for (int i = 0; i < MANY; i++) in[i] = i, out[i] = codes[i] = -1;
}

static int add(const plait_map_item *item, void *sum)
{
    check_number(*(const int *)item->argument, in[item->index]);
    *(long *)sum += *(int *)item->result;
    return 0;
}

static int give(void *value, void *next)
{
    *(int *)value = (*(int *)next)++;
    return 0;
}

TEST_IN_EACH_KIND(E6_E36_a_chunk_changes_no_result_and_an_executor_without_use_for_it_ignores_it)
{
    plait_executor *pool = pool_of(2),
                   *executors[] = { pool, plait_inline_executor(), plait_thread_per_task_executor() };
    for (int e = 0; e < 3; e++) {
        for (int c = 0; c < CHUNKS; c++) {
            size_t count = e == 2 ? 40 : MANY;
            fill();
            plait_map_options o = { .chunk = chunks[c], .window = c % 2 ? 100 : 0 };
            check_code(plait_map(executors[e], square, in, count, out, &o), 0);
            for (size_t i = 0; i < count; i++) check_number(out[i], (int)(i * i));
            long sum = 0, expected = 0;
            for (size_t i = 0; i < count; i++) expected += (long)(i * i);
            o.each = add, o.context = &sum;
            check_code(plait_map(executors[e], square, in, count, NULL, &o), 0);
            check_number(sum, expected);
            int next = 0;
            o = (plait_map_options){ .chunk = chunks[c], .next = give, .context = &next };
            check_code(plait_map(executors[e], square, NULL, count, out, &o), 0);
            check_number(next, (int)count);
            for (size_t i = 0; i < count; i++) check_number(out[i], (int)(i * i));
        }
    }
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(E6_values_share_places_in_the_queue)
{
    struct held_pool p;
    hold_pool(&p, 1);
    fill();
    plait_map_options o = { .chunk = 10, .window = 100 };
    release_pool(&p);
    check_code(plait_map(p.executor, square, in, 100, out, &o), 0);
    until(statistics_of(p.executor).idle == 1);
    check_number(statistics_of(p.executor).submitted, 1 + 10);
    end_pool(&p);
}

/* Fails where its value is a multiple of 10. */
static int fail_at_tens(const int *n, int *result)
{
    *result = -*n;
    return *n % 10 == 9 ? plait_fail(PLAIT_EUSER - *n, "no luck with %d", *n) : 0;
}
PLAIT_TASK(fail_at_tens, int, int);

TEST_IN_EACH_KIND(E6_E7_each_value_has_its_own_failure)
{
    plait_executor *pool = pool_of(2);
    for (int c = 0; c < CHUNKS; c++) {
        fill();
        plait_map_options o = { .chunk = chunks[c], .errors = codes };
        check_code(plait_map(pool, fail_at_tens, in, MANY, out, &o), 0);
        for (int i = 0; i < MANY; i++) {
            check_number(codes[i], i % 10 == 9 ? PLAIT_EUSER - i : 0);
            if (i % 10 != 9) check_number(out[i], -i);
        }
        fill();
        o.errors = NULL;
        check_code(plait_map(pool, fail_at_tens, in, MANY, out, &o), PLAIT_EUSER - 9); /* the first in input order */
        check_string(plait_error()->message, "no luck with 9");
        check_string(plait_error()->task, "fail_at_tens");
        check_contains(plait_error()->file, "test_map_chunk.c");
        for (int i = 0; i < 9; i++) check_number(out[i], -i);
        check_number(out[9], -1);
    }
    plait_executor_free(pool);
}

static _Atomic int begun;
static int fail_third(const int *n) { return atomic_fetch_add(&begun, 1), *n == 2 ? -EDOM : 0; }
PLAIT_TASK(fail_third, int, void);

TEST_IN_EACH_KIND(E6_E8_behind_a_failure_nothing_of_the_chunk_begins)
{
    plait_executor *pool = pool_of(1);
    fill();
    begun = 0;
    check_code(plait_map(pool, fail_third, in, 50, NULL, &((plait_map_options){ .chunk = 50, .window = 50 })), -EDOM);
    check_number(begun, 3);
    begun = 0;
    plait_map_options o = { .chunk = 50, .window = 50, .halt = true };
    check_code(plait_map(pool, fail_third, in, 50, NULL, &o), -EDOM);
    check_number(begun, 50); /* what was submitted goes on */
    plait_executor_free(pool);
}

static int map_in_task(plait_executor *const *pool, int *sum)
{
    int values[30], results[30];
    *sum = 0;
    for (int i = 0; i < 30; i++) values[i] = i;
    int err = plait_map(*pool, square, values, 30, results, &((plait_map_options){ .chunk = 8 }));
    for (int i = 0; i < 30; i++) *sum += results[i];
    return err;
}
PLAIT_LOCAL_TASK(map_in_task, plait_executor *, int);

TEST_IN_EACH_KIND(E6_E51_a_worker_maps_in_chunks_over_its_own_pool)
{
    for (int workers = 1; workers < 4; workers++) {
        plait_executor *pool = pool_of(workers);
        for (int i = 0; i < 20; i++) {
            int sum = 0;
            check_code(plait_await(plait_submit(pool, map_in_task, &pool), &sum), 0);
            check_number(sum, 29 * 30 * 59 / 6);
        }
        plait_executor_free(pool);
    }
}

static plait_executor *held;
static int map_over_held(void *unused)
{
    (void)unused;
    for (int i = 0; i < 40; i++) codes[i] = 1;
    return plait_map(held, square, in, 40, out, &((plait_map_options){ .chunk = 10, .errors = codes, .window = 40 }));
}

TEST_IN_EACH_KIND(E6_E19_E21_a_chunk_that_is_cancelled_in_the_queue_leaves_nothing_behind)
{
    struct held_pool p;
    hold_pool(&p, 1);
    held = p.executor;
    fill();
    struct runner *other = runner_start(map_over_held, NULL);
    until(statistics_of(held).queued == 4);
    until_asleep(other);
    check_code(plait_executor_shutdown(held, &((plait_shutdown_options){ .deadline = PLAIT_NOW, .cancel = true })),
               PLAIT_EAGAIN);
    check_code(runner_join(other), 0);
    for (int i = 0; i < 40; i++) check_code(codes[i], PLAIT_ETASK);
    end_pool(&p);
}

TEST_IN_EACH_KIND(E6_E9_a_map_that_is_cut_cancels_its_chunks)
{
    struct held_pool p;
    hold_pool(&p, 1);
    fill();
    plait_map_options o = { .chunk = 10, .deadline = plait_after(-1) };
    check_code(plait_map(p.executor, square, in, 40, out, &o), PLAIT_ETIMEDOUT);
    {
        PLAIT_TIMEOUT(scope, plait_after(PLAIT_MILLISECOND));
        o.deadline = PLAIT_FOREVER;
        check_code(plait_map(p.executor, square, in, 40, out, &o), PLAIT_ECANCELED);
    }
    end_pool(&p);
    check_number(out[0], -1);
}

TEST(E6_a_closed_executor_and_one_without_memory_fail_each_value)
{
    plait_executor *pool = pool_of(1);
    fill();
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
    plait_map_options o = { .chunk = 10, .errors = codes };
    for (size_t nth = 1; nth < 30; nth++) {
        fault_nth("memory", nth);
        int err = plait_map(pool, square, in, 40, out, &o);
        fault_off();
        if (err) {
            check_code(err, PLAIT_ENOMEM);
            continue;
        }
        for (int i = 0; i < 40; i++) check(codes[i] == 0 ? out[i] == i * i : codes[i] == PLAIT_ENOMEM);
    }
    plait_executor_free(pool);
}

static size_t asked;
static int give_and_count(void *value, void *results)
{
    *(int *)value = 0;
    asked++;
    return *(size_t *)results > 5000 ? PLAIT_EDONE : 0;
}
static int count_result(const plait_map_item *item, void *results)
{
    (void)item;
    if (!(*(size_t *)results)++) check(asked <= 8);
    check(asked - *(size_t *)results <= 8);
    return 0;
}

TEST_IN_EACH_KIND(E11_M31_results_come_while_the_input_is_read_and_no_more_than_the_window_ahead)
{
    plait_executor *pool = pool_of(2);
    for (int c = 0; c < CHUNKS; c++) {
        size_t results = 0;
        asked = 0;
        plait_map_options o = {
            .chunk = chunks[c], .window = 8, .next = give_and_count, .each = count_result, .context = &results
        };
        check_code(plait_map(pool, square, NULL, 0, NULL, &o), 0);
        check_number(results, asked - 1);
    }
    plait_executor_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E6_E36_a_chunk_changes_no_result_and_an_executor_without_use_for_it_ignores_it),
        cmocka_unit_test(E6_values_share_places_in_the_queue),
        cmocka_unit_test(E6_E7_each_value_has_its_own_failure),
        cmocka_unit_test(E6_E8_behind_a_failure_nothing_of_the_chunk_begins),
        cmocka_unit_test(E6_E51_a_worker_maps_in_chunks_over_its_own_pool),
        cmocka_unit_test(E6_E19_E21_a_chunk_that_is_cancelled_in_the_queue_leaves_nothing_behind),
        cmocka_unit_test(E6_E9_a_map_that_is_cut_cancels_its_chunks),
        cmocka_unit_test(E6_a_closed_executor_and_one_without_memory_fail_each_value),
        cmocka_unit_test(E11_M31_results_come_while_the_input_is_read_and_no_more_than_the_window_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
