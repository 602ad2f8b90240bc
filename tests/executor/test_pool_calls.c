/* test_pool_calls.c: what Python's Pool offers, apply, map, imap and imap_unordered, over a pool of threads and one of
   processes: the same calls, and the same outcomes. */
#include "executor/conformance_world.h"
#include <plait/process_executor.h>
#include <unistd.h>

enum { POOLS = 2 };
static plait_executor *pool_of_kind(int kind)
{
    plait_executor *pool = kind ? plait_process_executor_new(&(plait_process_options){ .workers = 2 })
                                : plait_thread_executor_new(&(plait_thread_options){ .workers = 2 });
    check(pool);
    return pool;
}

/* A test whose body gets a pool of each kind. */
#define OVER_EACH_POOL(name)                                                                                           \
    static void name##_over(plait_executor *pool);                                                                     \
    static void name(void **unused)                                                                                    \
    {                                                                                                                  \
        (void)unused;                                                                                                  \
        for (int kind = 0; kind < POOLS; kind++) {                                                                     \
            plait_executor *pool = pool_of_kind(kind);                                                                 \
            name##_over(pool);                                                                                         \
            plait_executor_free(pool);                                                                                 \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_over(plait_executor *pool)

struct pair {
    int a, b;
};
static int multiply(const struct pair *p, int *out) { return *out = p->a * p->b, 0; }
PLAIT_TASK(multiply, struct pair, int);

OVER_EACH_POOL(O1_O39_apply_is_a_submit_and_an_await)
{
    int out;
    check_code(plait_await(plait_submit(pool, multiply, &((struct pair){ 6, 7 })), &out), 0);
    check_number(out, 42);
}

OVER_EACH_POOL(O2_O3_a_map_keeps_the_order_with_a_chunk_or_without)
{
    enum { MANY = 500 };
    struct pair in[MANY];
    int out[MANY];
    static const size_t chunks[] = { 0, 1, 7, 64, MANY };
    for (int i = 0; i < MANY; i++) in[i] = (struct pair){ i, i + 1 };
    for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++) {
        memset(out, 0, sizeof out);
        check_code(plait_map(pool, multiply, in, MANY, out, &((plait_map_options){ .chunk = chunks[c] })), 0);
        for (int i = 0; i < MANY; i++) check_number(out[i], i * (i + 1));
    }
}

/* Passes when as many as there are workers have come: so two of a map must run at once. */
static int meet(const struct gate_place *at)
{
    if (atomic_fetch_add(&at->gate->arrived, 1) + 1 == 2) plait_event_set(at->gate->open);
    return plait_event_wait(at->gate->open, PLAIT_FOREVER);
}
PLAIT_TASK(meet, struct gate_place, void);

OVER_EACH_POOL(O4_a_map_of_few_values_gives_each_worker_some)
{
    struct gate_place gate = shared_gate_new(), in[2] = { gate, gate };
    check_code(plait_map(pool, meet, in, 2, NULL, NULL), 0);
}

/* What callbacks have seen. */
struct seen {
    _Atomic int calls, code;
};
static void look(plait_future *f, void *seen)
{
    struct seen *s = seen;
    int code = plait_future_result(f, NULL);
    atomic_store(&s->code, code);
    atomic_fetch_add(&s->calls, 1);
}

OVER_EACH_POOL(O5_O29_a_callback_is_called_once_and_gets_the_outcome_or_the_error)
{
    struct seen good = { 0 }, bad = { 0 };
    int code = -EDOM, n = 3;
    plait_future *f = plait_submit(pool, square, &n), *g = plait_submit(pool, fail_in_words, &code);
    check_code(plait_future_add_callback(f, look, &good), 0);
    check_code(plait_future_add_callback(g, look, &bad), 0);
    until(good.calls && bad.calls);
    check_code(plait_await(f, NULL), 0);
    check_code(plait_await(g, NULL), -EDOM);
    check(good.calls == 1 && good.code == 0);
    check(bad.calls == 1 && bad.code == -EDOM);
}

struct slow {
    plait_event open, over;
};
static void wait_at_gate(plait_future *f, void *slow)
{
    struct slow *s = slow;
    (void)f;
    check_code(plait_event_wait(&s->open, PLAIT_FOREVER), 0);
    plait_event_set(&s->over);
}

OVER_EACH_POOL(O6_a_slow_callback_on_an_executor_of_its_own_holds_up_no_result)
{
    struct slow slow = { PLAIT_EVENT_INIT, PLAIT_EVENT_INIT };
    plait_executor *aside = pool_of(1);
    int n = 1, out;
    plait_future *f = plait_submit(pool, square, &n);
    check_code(plait_future_add_callback_on(f, aside, wait_at_gate, &slow), 0);
    for (int i = 0; i < 50; i++) {
        check_code(plait_await(plait_submit(pool, square, &i), &out), 0);
        check_number(out, i * i);
    }
    plait_event_set(&slow.open);
    check_code(plait_await(f, NULL), 0);
    check_code(plait_event_wait(&slow.over, PLAIT_FOREVER), 0); /* so long it needs its executor */
    plait_executor_free(aside);
}

OVER_EACH_POOL(O7_a_wait_that_is_late_leaves_the_task_running)
{
    struct gate_place gate = shared_gate_new();
    plait_future *f = plait_submit(pool, enter_stubbornly, &gate);
    until_come(gate, 1);
    check_code(plait_await_until(f, NULL, plait_after(PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_RUNNING);
    open_shared_gate(gate);
    check_code(plait_await_until(f, NULL, PLAIT_FOREVER), 0);
}

/* An input that is given by a function: 0, 1, 2 …, up to a failure or to its end. */
struct source {
    int next, fails_at, ends_at;
};
static int give(void *value, void *source)
{
    struct source *s = source;
    if (s->next == s->ends_at) return PLAIT_EDONE;
    if (s->next == s->fails_at) return plait_fail(-EIO, "nothing more to read");
    return *(int *)value = s->next++, 0;
}

static int never_called(const plait_map_item *item, void *unused)
{
    (void)unused;
    check(!item);
    return 0;
}

OVER_EACH_POOL(O10_a_map_over_nothing_is_done_at_once_in_each_form)
{
    struct source empty = { .ends_at = 0, .fails_at = -1 };
    int out = 5, none = 0;
    check_code(plait_map(pool, square, &none, 0, &out, NULL), 0);
    check_code(plait_map(pool, square, &none, 0, &out, &((plait_map_options){ .chunk = 8 })), 0);
    check_code(plait_map(pool, square, NULL, 0, NULL, &((plait_map_options){ .next = give, .context = &empty })), 0);
    plait_map_options each = { .next = give, .each = never_called, .context = &empty };
    check_code(plait_map(pool, square, NULL, 0, NULL, &each), 0);
    plait_completions *c = plait_completions_new();
    plait_future *f;
    check_code(plait_completions_next(c, &f, PLAIT_FOREVER), PLAIT_EDONE);
    plait_completions_free(c);
    check_number(out, 5);
    check_number(statistics_of(pool).submitted, 0);
}

OVER_EACH_POOL(O11_an_input_that_fails_ends_the_map_with_its_error_and_the_pool_goes_on)
{
    struct source s = { .fails_at = 30, .ends_at = -1 };
    int out[100], n = 4;
    plait_map_options o = { .next = give, .context = &s };
    check_code(plait_map(pool, square, NULL, 100, out, &o), -EIO);
    check_contains(plait_error()->message, "nothing more to read");
    check_code(plait_await(plait_submit(pool, square, &n), out), 0);
    check_number(out[0], 16);
}

static int fail_at_7(const int *n, int *out)
{
    *out = *n;
    return *n == 7 ? plait_fail(-EDOM, "not seven") : 0;
}
PLAIT_TASK(fail_at_7, int, int);

OVER_EACH_POOL(O12_O15_a_map_that_keeps_errors_tries_all_and_goes_on_after_a_failure)
{
    enum { MANY = 60 };
    int in[MANY], out[MANY], errors[MANY];
    for (int i = 0; i < MANY; i++) in[i] = i;
    check_code(plait_map(pool, fail_at_7, in, MANY, out, &((plait_map_options){ .errors = errors })), 0);
    for (int i = 0; i < MANY; i++) check_code(errors[i], i == 7 ? -EDOM : 0);
    for (int i = 0; i < MANY; i++) check(i == 7 || out[i] == i);
    check_code(plait_map(pool, fail_at_7, in, MANY, out, NULL), -EDOM); /* else the first failure is its own */
    check_contains(plait_error()->message, "not seven");
}

/* imap: a window of futures, awaited in their order. */
OVER_EACH_POOL(O13_O18_O19_results_come_one_by_one_in_order_from_a_bounded_window)
{
    enum { WINDOW = 8, MANY = 100 };
    plait_future *window[WINDOW];
    struct source s = { .fails_at = -1, .ends_at = MANY };
    struct gate_place gate = shared_gate_new();
    int submitted = 0, value, out;
    plait_future *late = plait_submit(pool, enter, &gate);
    until_come(gate, 1);
    check_code(plait_await_until(late, NULL, plait_after(PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    check_code(plait_await_until(late, NULL, PLAIT_NOW), PLAIT_EAGAIN); /* a step that is late can be made again */
    open_shared_gate(gate);
    check_code(plait_await_until(late, NULL, PLAIT_FOREVER), 0);
    for (int awaited = 0; awaited < MANY; awaited++) {
        for (; submitted - awaited < WINDOW && give(&value, &s) == 0; submitted++)
            window[submitted % WINDOW] = plait_submit(pool, square, &value);
        check(s.next <= awaited + WINDOW);
        check_code(plait_await(window[awaited % WINDOW], &out), 0);
        check_number(out, awaited * awaited);
    }
    check_number(submitted, MANY);
}

struct tally {
    struct source source;
    int got, sum;
};
static int give_tallied(void *value, void *tally) { return give(value, &((struct tally *)tally)->source); }
static int tally_up(const plait_map_item *item, void *tally)
{
    struct tally *t = tally;
    check_code(item->error, 0);
    check_number(*(int *)item->result, *(const int *)item->argument * *(const int *)item->argument);
    return t->got++, t->sum += (int)item->index, 0;
}

OVER_EACH_POOL(O14_O17_of_an_input_that_fails_what_it_gave_before_comes_and_then_its_error)
{
    enum { GOOD = 40 };
    struct tally t = { .source = { .fails_at = GOOD, .ends_at = -1 } };
    plait_map_options o = { .next = give_tallied, .each = tally_up, .context = &t, .halt = true };
    check_code(plait_map(pool, square, NULL, 0, NULL, &o), -EIO);
    check_contains(plait_error()->message, "nothing more to read");
    check_number(t.got, GOOD);
    check_number(t.sum, GOOD * (GOOD - 1) / 2);
}

/* The first of them waits until the second has been told of. */
struct order {
    struct gate_place gate;
    bool held;
};
static int wait_if_held(const struct order *o) { return o->held ? enter(&o->gate) : 0; }
PLAIT_TASK(wait_if_held, struct order, void);
static int open_behind(const plait_map_item *item, void *last)
{
    const struct order *o = item->argument;
    check_code(item->error, 0);
    check(*(size_t *)last == SIZE_MAX ? item->index == 1 : item->index == 0);
    *(size_t *)last = item->index;
    open_shared_gate(o->gate);
    return 0;
}

OVER_EACH_POOL(O16_unordered_results_come_in_the_order_of_their_ends)
{
    struct gate_place gate = shared_gate_new();
    struct order in[2] = { { gate, true }, { gate, false } };
    size_t last = SIZE_MAX;
    check_code(
        plait_map(pool, wait_if_held, in, 2, NULL, &((plait_map_options){ .each = open_behind, .context = &last })), 0);
    check_number(last, 0);
}

static int echo(const plait_bytes *in, plait_bytes *out) { return plait_bytes_copy(out, in->data, in->size); }
PLAIT_TASK(echo, plait_bytes, plait_bytes);

static void O28_M8_arguments_and_results_are_given_back_after_use(void **unused)
{
    (void)unused;
    enum { LIMIT = 16 << 20, SIZE = 1 << 20, MANY = 100 };
    plait_executor *pool = plait_process_executor_new(&(plait_process_options){ .workers = 2, .shared_limit = LIMIT });
    check(pool);
    for (int i = 0; i < MANY; i++) { /* more by far than there is room for at once */
        plait_bytes in, out;
        check_code(plait_bytes_copy(&in, NULL, SIZE), 0);
        memset(in.data, i, SIZE);
        plait_future *f = plait_submit(pool, echo, plait_bytes_take(&in));
        if (i % 5 == 0) {
            check_code(plait_await(f, NULL), 0); /* nobody wants it */
            continue;
        }
        check_code(plait_await(f, &out), 0);
        check_number(out.size, SIZE);
        check_number(((unsigned char *)out.data)[SIZE - 1], i);
        plait_bytes_clear(&out);
    }
    plait_executor_free(pool);
}

int main(void)
{
    plait_init();
    (void)shared_new(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(O1_O39_apply_is_a_submit_and_an_await),
        cmocka_unit_test(O2_O3_a_map_keeps_the_order_with_a_chunk_or_without),
        cmocka_unit_test(O4_a_map_of_few_values_gives_each_worker_some),
        cmocka_unit_test(O5_O29_a_callback_is_called_once_and_gets_the_outcome_or_the_error),
        cmocka_unit_test(O6_a_slow_callback_on_an_executor_of_its_own_holds_up_no_result),
        cmocka_unit_test(O7_a_wait_that_is_late_leaves_the_task_running),
        cmocka_unit_test(O10_a_map_over_nothing_is_done_at_once_in_each_form),
        cmocka_unit_test(O11_an_input_that_fails_ends_the_map_with_its_error_and_the_pool_goes_on),
        cmocka_unit_test(O12_O15_a_map_that_keeps_errors_tries_all_and_goes_on_after_a_failure),
        cmocka_unit_test(O13_O18_O19_results_come_one_by_one_in_order_from_a_bounded_window),
        cmocka_unit_test(O14_O17_of_an_input_that_fails_what_it_gave_before_comes_and_then_its_error),
        cmocka_unit_test(O16_unordered_results_come_in_the_order_of_their_ends),
        cmocka_unit_test(O28_M8_arguments_and_results_are_given_back_after_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
