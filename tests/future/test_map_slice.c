/* Slices of a map: several values with one future. What a value does, or what becomes of it, is its own, wherever in its
   slice it lies. */
#include "child.h"
#include "clock.h"
#include "future/tasks.h"

#define TEST(name) static void name(void **unused __attribute__((unused)))

enum { MANY = 3000 };
static int in[MANY], out[MANY], codes[MANY];
static _Atomic int begun;
static struct gate gate;

static void fill(void)
{
    for (int i = 0; i < MANY; i++) in[i] = i, out[i] = codes[i] = -1;
    begun = 0;
    memset(&gate, 0, sizeof gate);
}

TEST_IN_EACH_KIND(E6_M9_short_tasks_share_places_by_themselves)
{
    plait_executor *pool = pool_of(2);
    fill();
    uint64_t before, places;
    do { /* a busy machine may make tasks look long for a while */
        before = statistics_of(pool).submitted;
        check_code(plait_map(pool, square, in, MANY, out, NULL), 0);
        places = statistics_of(pool).submitted - before;
    } while (places > MANY / 2);
    for (int i = 0; i < MANY; i++) check_number(out[i], i * i);
    plait_executor_free(pool);
}

/* 3 waits at the gate. */
static int wait_at_three(const int *n, int *result)
{
    struct gate *g = &gate;
    begun++;
    *result = -*n;
    return *n == 3 ? pass(&g) : 0;
}
PLAIT_TASK(wait_at_three, int, int);

static plait_executor *slow_pool;
static int map_past_three(void *options) { return plait_map(slow_pool, wait_at_three, in, 200, out, options); }

TEST_IN_EACH_KIND(E6_M9_what_lies_behind_a_slow_value_goes_to_others)
{
    slow_pool = pool_of(2);
    for (int told = 0; told < 2; told++) {
        fill();
        plait_map_options o = { .window = 0 };
        struct runner *r = runner_start(map_past_three, &o);
        until(begun == 200); /* in whatever slice it is, it holds nobody up */
        plait_event_set(&gate.open);
        check_code(runner_join(r), 0);
        for (int i = 0; i < 200; i++) check_number(out[i], -i);
    }
    plait_executor_free(slow_pool);
}

static int fail_late(const int *n, int *result)
{
    begun++;
    *result = *n;
    return *n == 700 || *n == 900 ? plait_fail(PLAIT_EUSER - *n, "%d is bad", *n) : 0;
}
PLAIT_TASK(fail_late, int, int);

TEST_IN_EACH_KIND(E7_E8_the_first_failure_of_all_slices_ends_the_map_and_nothing_begins_behind_it)
{
    plait_executor *pool = pool_of(1);
    for (size_t chunk = 1; chunk < 2000; chunk = 3 * chunk + 1) {
        fill();
        plait_map_options o = { .chunk = chunk, .window = 2000 };
        check_code(plait_map(pool, fail_late, in, MANY, out, &o), PLAIT_EUSER - 700);
        check_string(plait_error()->message, "700 is bad");
        check_string(plait_error()->task, "fail_late");
        if (chunk > 1) check_number(begun, 701); /* else what is behind it is still cancelled one by one */
        for (int i = 0; i < MANY; i++) check_number(out[i], i < 700 ? i : -1);
    }
    plait_executor_free(pool);
}

/* Passes the gate, or not, and says so. */
static int cut_at_five(const int *n, int *result)
{
    struct gate *g = &gate;
    begun++;
    *result = *n;
    return *n == 5 ? pass(&g) : 0;
}
PLAIT_TASK(cut_at_five, int, int);

struct cutting {
    plait_map_options options;
    int64_t scope;
};
static plait_executor *cut_pool;
static int map_to_be_cut(void *cutting)
{
    struct cutting *c = cutting;
    PLAIT_TIMEOUT(scope, c->scope ? plait_after(c->scope) : PLAIT_FOREVER);
    return plait_map(cut_pool, cut_at_five, in, 30, out, &c->options);
}

TEST_IN_EACH_KIND(E9_E10_a_cut_reaches_the_running_value_of_a_slice_and_what_came_before_it_is_there)
{
    clock_by_hand();
    cut_pool = pool_of(1);
    for (int by_scope = 0; by_scope < 2; by_scope++) {
        fill();
        struct cutting c = { .options = { .chunk = 10, .errors = codes }, .scope = by_scope ? PLAIT_SECOND : 0 };
        if (!by_scope) c.options.deadline = plait_after(PLAIT_SECOND);
        struct runner *r = runner_start(map_to_be_cut, &c);
        until_arrived(&gate, 1);
        until_asleep(r);
        clock_move(PLAIT_SECOND);
        check_code(runner_join(r), by_scope ? PLAIT_ECANCELED : PLAIT_ETIMEDOUT);
        check_number(gate.cut, 1);
        check_number(begun, 6); /* none behind it */
        for (int i = 0; i < 30; i++) {
            check_number(out[i], i < 5 ? i : -1);
            check_code(codes[i], i < 5 ? 0 : PLAIT_ECANCELED);
        }
    }
    plait_executor_free(cut_pool);
    clock_of_the_system();
}

/* A map in a task of the same pool of one: it runs its slices itself, and its own scope reaches what runs in them. */
static int map_in_place(int *cut)
{
    plait_map_options o = { .chunk = 10 };
    *cut = plait_map(cut_pool, cut_at_five, in, 30, out, &o);
    return 0;
}
PLAIT_TASK(map_in_place, void, int);

TEST_IN_EACH_KIND(E9_E51_a_cancel_reaches_through_a_slice_that_is_run_in_place)
{
    int code = 0;
    cut_pool = pool_of(1);
    fill();
    plait_future *f = plait_submit(cut_pool, map_in_place, NULL);
    until_arrived(&gate, 1);
    plait_future_cancel(f);
    check_code(plait_await(f, &code), 0);
    check_code(code, PLAIT_ECANCELED);
    for (int i = 0; i < 30; i++) check_number(out[i], i < 5 ? i : -1);
    plait_executor_free(cut_pool);
}

static int say(const int *n, plait_bytes *text)
{
    int err = plait_bytes_format(text, "number %d", *n);
    return err ? err : *n % 7 == 3 ? plait_fail(-EDOM, "no %d", *n) : 0;
}
PLAIT_TASK(say, int, plait_bytes);

static int twice(const plait_bytes *word, plait_bytes *text)
{
    if (strlen(word->data) != word->size) return -EPROTO; /* a copy, with its NUL */
    ((char *)word->data)[0] = 'N';                        /* its own */
    return plait_bytes_format(text, "%s, %s", (const char *)word->data, (const char *)word->data);
}
PLAIT_TASK(twice, plait_bytes, plait_bytes);

static int check_text(const plait_map_item *item, void *told)
{
    char expected[32];
    ++*(int *)told;
    snprintf(expected, sizeof expected, "number %zu", item->index);
    check_code(item->error, item->index % 7 == 3 ? -EDOM : 0);
    check(!item->error == !!item->result);
    if (item->result) check_string(((plait_bytes *)item->result)->data, expected);
    else check_contains(plait_error()->message, "no ");
    return 0;
}

TEST_IN_EACH_KIND(E6_values_that_own_memory_pass_through_slices)
{
    enum { SOME = 50 };
    plait_executor *pool = pool_of(2);
    plait_bytes words[SOME], texts[SOME];
    for (size_t chunk = 0; chunk < 60; chunk = 3 * chunk + 2) {
        fill();
        plait_map_options o = { .chunk = chunk, .errors = codes };
        check_code(plait_map(pool, say, in, SOME, words, &o), 0);
        for (int i = 0; i < SOME; i++) {
            check_code(codes[i], i % 7 == 3 ? -EDOM : 0);
            if (codes[i]) check_code(plait_bytes_copy(&words[i], "number x and more", 8), 0);
            words[i].size = 8; /* what lies behind is not given */
        }
        o.errors = NULL;
        check_code(plait_map(pool, twice, words, SOME, texts, &o), 0);
        for (int i = 0; i < SOME; i++) {
            check_number(((char *)words[i].data)[0], 'n');
            check_number(texts[i].size, 18);
            plait_bytes_clear(&words[i]), plait_bytes_clear(&texts[i]);
        }
        int told = 0;
        o.each = check_text, o.context = &told;
        check_code(plait_map(pool, say, in, SOME, NULL, &o), 0);
        check_number(told, SOME);
        check_code(plait_map(pool, say, in, SOME, NULL, &((plait_map_options){ .chunk = chunk })), -EDOM);
    }
    plait_executor_free(pool);
}

static int in_a_scope(const int *n, int *result)
{
    PLAIT_TIMEOUT(scope, plait_after(-1));
    *result = *n;
    (void)!plait_sleep(PLAIT_SECOND); /* its scope is dead, and its alone */
    return *n % 2 ? plait_fail(-EIO, "odd") : 0;
}
PLAIT_TASK(in_a_scope, int, int);

TEST_IN_EACH_KIND(E6_scopes_and_words_of_a_value_are_not_those_of_the_next)
{
    plait_executor *pool = pool_of(1);
    fill();
    check_code(plait_map(pool, in_a_scope, in, 20, out, &((plait_map_options){ .chunk = 20, .errors = codes })), 0);
    for (int i = 0; i < 20; i++) check_code(codes[i], i % 2 ? -EIO : 0);
    plait_executor_free(pool);
}

static int leaves_scope(const int *n)
{
    static plait_scope scope;
    if (*n == 2) plait_scope_enter(&scope, PLAIT_FOREVER, 0);
    return 0;
}
PLAIT_TASK(leaves_scope, int, void);

static int held(const int *n)
{
    static plait_mutex m;
    if (*n == 2) plait_mutex_lock(&m);
    return 0;
}
PLAIT_TASK(held, int, void);

static int map_five(void *task)
{
    return plait_map_task(pool_of(1), task, in, 5, NULL, &(plait_map_options){ .chunk = 5 }, sizeof(plait_map_options),
                          __FILE__, __LINE__);
}

TEST(a_value_that_leaves_something_behind_stops_the_program)
{
    plait_task first = leaves_scope_plait_task, second = held_plait_task;
    fill();
    child_stops(map_five, &first, "task leaves_scope");
    child_stops(map_five, &second, "task held ended while it held 1 mutex(es)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_that_leaves_something_behind_stops_the_program),
        cmocka_unit_test(E6_M9_short_tasks_share_places_by_themselves),
        cmocka_unit_test(E6_M9_what_lies_behind_a_slow_value_goes_to_others),
        cmocka_unit_test(E7_E8_the_first_failure_of_all_slices_ends_the_map_and_nothing_begins_behind_it),
        cmocka_unit_test(E9_E10_a_cut_reaches_the_running_value_of_a_slice_and_what_came_before_it_is_there),
        cmocka_unit_test(E9_E51_a_cancel_reaches_through_a_slice_that_is_run_in_place),
        cmocka_unit_test(E6_values_that_own_memory_pass_through_slices),
        cmocka_unit_test(E6_scopes_and_words_of_a_value_are_not_those_of_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
