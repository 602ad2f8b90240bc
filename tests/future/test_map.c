/* plait_map: results in the order of the input, a bounded window, and what is left behind when it ends early: nothing. */
#include "clock.h"
#include "fault.h"
#include "future/tasks.h"
#include <sched.h>

enum { MANY = 500 };
static plait_executor *own_pool;
static int in[MANY], out[MANY];

static void fill(void)
{
    for (int i = 0; i < MANY; i++) in[i] = i, out[i] = -1;
}

/* What the tasks tell of themselves. */
static _Atomic int started, ended, running, most_running, fails_at, stop_at;
static _Atomic int fails_after; /* so many have started */
static plait_event stopped_one_may_end;

static void begin(int failing)
{
    started = ended = running = most_running = 0;
    fails_at = failing;
    fails_after = 0;
    stop_at = -1;
    plait_event_clear(&stopped_one_may_end);
    fill();
}

static int watched(const int *n, int *square_of)
{
    int now = atomic_fetch_add(&running, 1) + 1, most = atomic_load(&most_running);
    while (now > most && !atomic_compare_exchange_weak(&most_running, &most, now)) {}
    atomic_fetch_add(&started, 1);
    int err = *n == stop_at ? plait_event_wait(&stopped_one_may_end, PLAIT_FOREVER) : 0;
    while (*n == fails_at && started < fails_after) sched_yield();
    *square_of = *n * *n;
    atomic_fetch_sub(&running, 1);
    atomic_fetch_add(&ended, 1);
    return err ? err : *n == fails_at ? plait_fail(-EDOM, "item %d is out of its domain", *n) : 0;
}
PLAIT_TASK(watched, int, int);

static void check_squares(int count)
{
    for (int i = 0; i < count; i++) check_number(out[i], i * i);
    for (int i = count; i < MANY; i++) check_number(out[i], -1);
}

TEST_IN_EACH_KIND(E5_E12_results_come_in_the_order_of_the_input)
{
    for (int workers = 1; workers <= 4; workers++) {
        plait_executor *pool = pool_of(workers);
        const size_t windows[] = { 0, 1, 2, 7, MANY - 1, MANY, MANY + 1, SIZE_MAX };
        for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
            begin(-1);
            check_code(plait_map(pool, watched, in, MANY, out, &((plait_map_options){ .window = windows[i] })), 0);
            check_squares(MANY);
        }
        plait_executor_free(pool);
    }
}

/* A map that runs beside the test. */
struct mapping {
    plait_executor *executor;
    size_t window;
    plait_deadline deadline;
    int64_t scope; /* nanoseconds; 0: none */
    int code;
    int running; /* when it returned */
};
static int map_it(void *mapping)
{
    struct mapping *m = mapping;
    PLAIT_TIMEOUT(scope, m->scope ? plait_after(m->scope) : PLAIT_FOREVER);
    m->code = plait_map(m->executor, watched, in, MANY, out,
                        &((plait_map_options){ .window = m->window, .deadline = m->deadline }));
    m->running = running;
    return 0;
}

TEST_IN_EACH_KIND(M31_M32_never_more_than_the_window_are_in_flight)
{
    enum { WINDOW = 10, STOPPED = 50 };
    plait_executor *pool = pool_of(2);
    begin(-1);
    stop_at = STOPPED;
    struct mapping m = { .executor = pool, .window = WINDOW };
    struct runner *r = runner_start(map_it, &m);
    until(started >= STOPPED + WINDOW && ended == STOPPED + WINDOW - 1);
    until_asleep(r); /* the one that is stopped holds the window: none behind it starts */
    check_number(started, STOPPED + WINDOW);
    check_number(statistics_of(pool).queued, 0);
    plait_event_set(&stopped_one_may_end);
    check_code(runner_join(r), 0);
    check_code(m.code, 0);
    check_squares(MANY);
    plait_executor_free(pool);
    plait_executor *each = plait_thread_per_task_executor();
    begin(-1);
    m = (struct mapping){ .executor = each, .window = 3 };
    map_it(&m);
    check_code(m.code, 0);
    check(most_running <= 3);
}

TEST_IN_EACH_KIND(E7_E8_after_a_failure_the_rest_is_cancelled_and_nothing_runs)
{
    enum { FAILS = 100, WINDOW = 32 };
    for (int workers = 1; workers <= 4; workers += 3) {
        plait_executor *pool = pool_of(workers);
        begin(FAILS);
        struct mapping m = { .executor = pool, .window = WINDOW };
        struct runner *r = runner_start(map_it, &m);
        check_code(runner_join(r), 0);
        check_code(m.code, -EDOM);
        check_number(m.running, 0);
        check_squares(FAILS);
        check(started >= FAILS + 1 && started <= FAILS + WINDOW);
        check_number(started, ended);
        plait_executor_free(pool);
    }
    begin(FAILS); /* inline: none behind it has run */
    check_code(plait_map(plait_inline_executor(), watched, in, MANY, out, NULL), -EDOM);
    check_number(started, FAILS + 1);
    check_squares(FAILS);
    check_string(plait_error()->task, "watched");
    check_string(plait_error()->message, "item 100 is out of its domain");
    check_contains(plait_error()->file, "test_map.c");
}

TEST_IN_EACH_KIND(E7_the_first_failure_in_the_order_of_the_input_counts)
{
    plait_executor *pool = pool_of(2);
    int codes[6] = { 0, -EIO, 0, -EPIPE, -EIO, 0 };
    for (int i = 0; i < 50; i++) check_code(plait_map(pool, fail_with, codes, 6, NULL, NULL), -EIO);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(E9_E10_a_deadline_is_for_the_whole_map)
{
    clock_by_hand();
    plait_executor *pool = pool_of(1);
    begin(-1);
    stop_at = 7;
    struct mapping m = { .executor = pool, .deadline = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(map_it, &m);
    until(started == 8);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), 0); /* the item that was waited for is cancelled too, and has ended */
    check_code(m.code, PLAIT_ETIMEDOUT);
    check_number(m.running, 0);
    check_number(started, 8);
    check_squares(7);
    plait_executor_free(pool);

    begin(-1); /* one try, where the tasks are always done in time */
    plait_map_options late = { .deadline = plait_after(-1), .window = 5 };
    check_code(plait_map(plait_inline_executor(), watched, in, MANY, out, &late), PLAIT_ETIMEDOUT);
    check_number(started, 1);
    check_squares(1);
    begin(-1);
    check_code(plait_map(plait_inline_executor(), watched, in, 1, out, &late), 0);
    late.deadline = PLAIT_NOW;
    check_code(plait_map(plait_inline_executor(), watched, in, MANY, out, &late), 0);
    check_squares(MANY);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(a_scope_that_dies_cuts_a_map)
{
    clock_by_hand();
    plait_executor *pool = pool_of(2);
    begin(-1);
    stop_at = 9;
    struct mapping m = { .executor = pool, .window = 20, .scope = PLAIT_SECOND };
    struct runner *r = runner_start(map_it, &m);
    until(ended == 28);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), 0);
    check_code(m.code, PLAIT_ECANCELED);
    check_number(m.running, 0);
    check_squares(9);
    plait_executor_free(pool);
    clock_of_the_system();
}

static int map_inside(int *sum)
{
    int numbers[4] = { 1, 2, 3, 4 }, squares[4];
    PLAIT_TIMEOUT(scope, plait_after(-1));
    int err = plait_map(plait_inline_executor(), square, numbers, 4, squares, NULL);
    check_code(err, PLAIT_ECANCELED);
    PLAIT_SHIELD(shield, PLAIT_FOREVER);
    err = plait_map(plait_inline_executor(), square, numbers, 4, squares, NULL);
    *sum = squares[0] + squares[1] + squares[2] + squares[3];
    return err;
}
PLAIT_TASK(map_inside, void, int);

TEST_IN_EACH_KIND(a_map_inside_of_a_task)
{
    int sum;
    plait_executor *pool = pool_of(1);
    check_code(plait_await(plait_submit(pool, map_inside, NULL), &sum), 0);
    check_number(sum, 30);
    plait_executor_free(pool);
}

static int describe(const int *n, plait_bytes *text) { return plait_bytes_format(text, "item %d", *n); }
PLAIT_TASK(describe, int, plait_bytes);

TEST_IN_EACH_KIND(blocks_of_memory_are_mapped_to_and_from)
{
    plait_bytes texts[20];
    plait_executor *pool = pool_of(2);
    fill();
    check_code(plait_map(pool, describe, in, 20, texts, NULL), 0);
    for (int i = 0; i < 20; i++) {
        char expected[20];
        snprintf(expected, sizeof expected, "item %d", i);
        check_string(texts[i].data, expected);
        plait_bytes_clear(&texts[i]);
    }
    check_code(plait_map(pool, describe, in, 20, NULL, NULL), 0);
    plait_executor_free(pool);
}

static int give(void *value, void *stream);

TEST_IN_EACH_KIND(E15_bad_arguments_and_no_executor)
{
    struct {
        plait_map_options known;
        int later;
    } newer = { .later = 1 };
    plait_executor *pool = pool_of(1), *none = NULL;
    check_code(plait_map_task(pool, &square_plait_task, in, 1, out, &newer.known, sizeof newer, __FILE__, __LINE__),
               PLAIT_EINVAL);
    check_code(plait_map_task(pool, &square_plait_task, NULL, 3, out, NULL, 0, __FILE__, __LINE__), PLAIT_EINVAL);
    check_contains(plait_error()->message, "without its argument");
    check_code(plait_map(none, square, in, 3, out, NULL), PLAIT_EINVAL);
    check_contains(plait_error()->message, "no executor");
    plait_map_options huge = { .window = SIZE_MAX };
    check_code(plait_map(pool, nothing, NULL, SIZE_MAX, NULL, &huge), PLAIT_ENOMEM);
    plait_map_options both = { .next = give };
    check_code(plait_map(pool, square, in, 3, out, &both), PLAIT_EINVAL);
    check_code(plait_map(pool, square, NULL, 0, out, &both), PLAIT_EINVAL);
    both.errors = out;
    check_code(plait_map(pool, square, NULL, 0, NULL, &both), PLAIT_EINVAL);
    check_contains(plait_error()->message, "say how many");
    plait_executor_close(pool);
    check_code(plait_map(pool, square, in, 0, out, NULL), PLAIT_ECLOSED);
    check_contains(plait_error()->message, "closed");
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(without_memory_a_map_fails_at_the_item_that_has_none)
{
    plait_executor *pool = pool_of(1);
    check_code(plait_map(pool, square, in, 1, out, NULL), 0); /* it has its worker */
    for (size_t nth = 1;; nth++) {
        begin(-1);
        fault_nth("memory", nth);
        int err = plait_map(pool, watched, in, 20, out, NULL);
        bool refused = fault_requests() >= nth;
        fault_off();
        check_number(running, 0);
        if (err) check_code(err, PLAIT_ENOMEM);
        if (!refused) break;
        check(nth < 100);
    }
    check_squares(20);
    plait_executor_free(pool);
}

/* An input without end, and what comes of it. */
struct stream {
    int given, last, wrong; /* values; the one that ends it, -1 for none; the one that `each` ends the map at */
    int failures, sum, most_in_flight, first_told;
    atomic_int told;
    bool seen[MANY];
};
static int give(void *value, void *stream)
{
    struct stream *s = stream;
    check_number(*(int *)value, 0);
    if (s->given == s->last) return PLAIT_EDONE;
    *(int *)value = s->given++;
    if (s->given - s->told > s->most_in_flight) s->most_in_flight = s->given - s->told;
    return 0;
}
static int told(const plait_map_item *item, void *stream)
{
    struct stream *s = stream;
    if (!s->told++) s->first_told = (int)item->index;
    check_number(*(const int *)item->argument, item->index);
    if (item->index < MANY) {
        check(!s->seen[item->index]);
        s->seen[item->index] = true;
    }
    if (item->error) {
        s->failures++;
        check_code(item->error, -EDOM);
        check_code(plait_error()->code, -EDOM);
        check_contains(plait_error()->message, "is out of its domain");
        check(!item->result);
    } else {
        check_number(*(int *)item->result, *(const int *)item->argument * *(const int *)item->argument);
    }
    return (int)item->index == s->wrong ? plait_fail(-EPIPE, "enough of it") : 0;
}

TEST_IN_EACH_KIND(M31_an_endless_input_in_constant_memory)
{
    enum { LAST = 20000, WINDOW = 16 };
    plait_executor *executors[] = { pool_of(2), plait_inline_executor() };
    for (int e = 0; e < 2; e++) {
        begin(-1);
        struct stream s = { .last = -1, .wrong = LAST };
        plait_map_options o = { .window = WINDOW, .next = give, .each = told, .context = &s };
        check_code(plait_map(executors[e], watched, NULL, 0, NULL, &o), -EPIPE);
        check_string(plait_error()->message, "enough of it");
        check(s.told > LAST - WINDOW);    /* those behind it may pass it while its worker stands still */
        check(s.given - s.told < WINDOW); /* and none is left behind */
        check(s.most_in_flight <= WINDOW);
        if (e == 1) check_number(s.most_in_flight, 1); /* each is told before the next is asked for */
        check_number(running, 0);
        check_number(started, ended);
    }
    plait_executor_free(executors[0]);
}

TEST_IN_EACH_KIND(M31_an_input_given_by_a_function_ends_when_it_says_so)
{
    plait_executor *pool = pool_of(2);
    for (int last = 0; last <= 30; last += 10) {
        begin(-1);
        struct stream s = { .last = last };
        check_code(
            plait_map(pool, watched, NULL, 20, out, &((plait_map_options){ .window = 3, .next = give, .context = &s })),
            0);
        check_number(s.given, last < 20 ? last : 20);
        check_squares(s.given);
        s = (struct stream){ .last = last, .wrong = -1 };
        check_code(plait_map(pool, watched, NULL, 0, NULL,
                             &((plait_map_options){ .next = give, .each = told, .context = &s })),
                   0);
        check_number(s.told, last);
    }
    plait_executor_free(pool);
}

static int give_up(void *value, void *stream)
{
    int err = give(value, stream);
    return err == PLAIT_EDONE ? plait_fail(-ENODEV, "the source has dried up") : err;
}
static int give_nonsense(void *value, void *unused)
{
    (void)value, (void)unused;
    return 7;
}

TEST_IN_EACH_KIND(an_input_that_fails_ends_the_map)
{
    plait_executor *pool = pool_of(2);
    for (int halt = 0; halt < 2; halt++) {
        begin(-1);
        struct stream s = { .last = 9, .wrong = -1 };
        plait_map_options o = { .window = 4, .next = give_up, .each = told, .context = &s, .halt = halt };
        check_code(plait_map(pool, watched, NULL, 0, NULL, &o), -ENODEV);
        check_string(plait_error()->message, "the source has dried up");
        check_number(running, 0);
        if (halt) check_number(s.told, 9);
    }
    check_code(plait_map(pool, watched, NULL, 0, NULL, &((plait_map_options){ .next = give_nonsense })), PLAIT_EINVAL);
    check_contains(plait_error()->message, "returned 7");
    plait_executor_free(pool);
}

static int map_stream(void *stream)
{
    plait_executor *pool = pool_of(2);
    int err =
        plait_map(pool, watched, in, 20, out, &((plait_map_options){ .window = 20, .each = told, .context = stream }));
    plait_executor_free(pool);
    return err;
}

TEST_IN_EACH_KIND(E12_results_are_told_as_they_come)
{
    begin(5);
    stop_at = 0;
    struct stream s = { .wrong = -1 };
    struct runner *r = runner_start(map_stream, &s);
    until(s.told == 19); /* all but the first, which is told last */
    until_asleep(r);
    plait_event_set(&stopped_one_may_end);
    check_code(runner_join(r), 0);
    check_number(s.told, 20);
    check(s.first_told != 0);
    check_number(s.failures, 1);
    for (int i = 0; i < 20; i++) check_number(out[i], i == 5 ? -1 : i * i); /* and written too */
}

static int take_text(const plait_map_item *item, void *text)
{
    if (item->index == 1) return 0; /* that one is left there */
    plait_bytes_clear(text);
    *(plait_bytes *)text = *(plait_bytes *)item->result;
    *(plait_bytes *)item->result = (plait_bytes){ 0 };
    return item->index == 2;
}
static int give_text(void *value, void *unused)
{
    (void)unused;
    return plait_bytes_format(value, "some text");
}
static int repeat(const plait_bytes *text, plait_bytes *twice)
{
    return plait_bytes_format(twice, "%s, %s", (char *)text->data, (char *)text->data);
}
PLAIT_TASK(repeat, plait_bytes, plait_bytes);

TEST_IN_EACH_KIND(blocks_are_handed_over_by_next_and_to_each)
{
    plait_executor *pool = pool_of(2);
    plait_bytes texts[4] = { { 0 } };
    check_code(plait_map(pool, repeat, NULL, 4, texts, &((plait_map_options){ .next = give_text })), 0);
    for (int i = 0; i < 4; i++) {
        check_string(texts[i].data, "some text, some text");
        plait_bytes_clear(&texts[i]);
    }
    plait_map_options o = { .next = give_text, .each = take_text, .context = texts, .window = 1 };
    check_code(plait_map(pool, repeat, NULL, 0, NULL, &o), PLAIT_EINVAL);
    check_contains(plait_error()->message, "`each` of a map of repeat returned 1");
    check_string(texts[0].data, "some text, some text");
    plait_bytes_clear(&texts[0]);
    plait_executor_free(pool);
}

static int odd_fails(const int *n, int *square_of)
{
    *square_of = *n * *n;
    return *n % 2 ? plait_fail(-EDOM, "%d is odd", *n) : 0;
}
PLAIT_TASK(odd_fails, int, int);

TEST_IN_EACH_KIND(E7_with_errors_kept_the_map_goes_on_after_failures)
{
    plait_executor *executors[] = { pool_of(2), plait_inline_executor() };
    for (int e = 0; e < 2; e++) {
        int errors[MANY];
        fill();
        check_code(
            plait_map(executors[e], odd_fails, in, MANY, out, &((plait_map_options){ .errors = errors, .window = 7 })),
            0);
        for (int i = 0; i < MANY; i++) {
            check_code(errors[i], i % 2 ? -EDOM : 0);
            check_number(out[i], i % 2 ? -1 : i * i);
        }
    }
    int errors[10] = { 0 };
    clock_by_hand();
    begin(-1);
    plait_map_options late = { .deadline = plait_after(-1), .errors = errors };
    check_code(plait_map(plait_inline_executor(), watched, in, 10, out, &late), PLAIT_ETIMEDOUT);
    for (int i = 0; i < 10; i++) check_code(errors[i], i ? PLAIT_ECANCELED : 0);
    memset(errors, 0, sizeof errors);
    PLAIT_TIMEOUT(scope, plait_after(-1)); /* also where nothing is tried at all */
    check_code(plait_map(plait_inline_executor(), odd_fails, in, 10, out, &((plait_map_options){ .errors = errors })),
               PLAIT_ECANCELED);
    for (int i = 0; i < 10; i++) check_code(errors[i], PLAIT_ECANCELED);
    clock_of_the_system();
    plait_executor_free(executors[0]);
}

/* Item 0 waits, 1 fails; `window` of them are submitted. */
struct halting {
    plait_map_options options;
    int code;
};
static int map_halting(void *halting)
{
    struct halting *h = halting;
    plait_executor *pool = pool_of(2);
    h->code = plait_map(pool, watched, in, MANY, out, &h->options);
    bool said = plait_error() && plait_error()->code == h->code;
    plait_executor_free(pool);
    return said ? 0 : -EIO;
}

TEST_IN_EACH_KIND(E8_halt_submits_no_more_and_lets_the_others_end)
{
    enum { WINDOW = 12 };
    int errors[MANY];
    for (int kept = 0; kept < 2; kept++) {
        begin(1);
        stop_at = WINDOW - 1;
        fails_after = WINDOW; /* else fewer might be submitted */
        struct halting h = {  /* its values wait for one another */
                             .options = { .window = WINDOW, .chunk = 1, .halt = true, .errors = kept ? errors : NULL }
        };
        struct runner *r = runner_start(map_halting, &h);
        until(started >= WINDOW);
        until_asleep(r);
        plait_event_set(&stopped_one_may_end); /* had it been cancelled, its wait would have failed */
        check_code(runner_join(r), 0);
        check_code(h.code, -EDOM);
        check(started <= WINDOW + 1); /* the first may have been collected before the second failed */
        check_number(ended, started);
        for (int i = 0; i < MANY; i++) check_number(out[i], i < started && i != 1 ? i * i : -1);
        for (int i = 0; kept && i < MANY; i++)
            check_code(errors[i], i == 1 ? -EDOM : i < started ? 0 : PLAIT_ECANCELED);
    }
    struct stream s = { .wrong = 3 };
    struct halting h = { .options = { .window = 6, .halt = true, .each = told, .context = &s } };
    begin(-1);
    check_code(map_halting(&h), 0);
    check_code(h.code, -EPIPE);
    check_number(s.told, started);
    check_number(ended, started);
}

static int map_cut(void *stream)
{
    plait_executor *pool = pool_of(2);
    PLAIT_TIMEOUT(scope, plait_after(PLAIT_SECOND));
    int err = plait_map(pool, watched, in, MANY, NULL,
                        &((plait_map_options){ .window = 20, .each = told, .context = stream }));
    check_number(running, 0);
    plait_executor_free(pool);
    return err;
}

TEST_IN_EACH_KIND(E9_a_scope_that_dies_cuts_a_map_that_tells)
{
    clock_by_hand();
    begin(-1);
    stop_at = 9;
    struct stream s = { .wrong = -1 };
    struct runner *r = runner_start(map_cut, &s);
    until(s.told == MANY - 1); /* what has run may not have been told yet */
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ECANCELED);
    check_number(s.told, MANY - 1);
    check(!s.seen[9]);
    clock_of_the_system();
}

static int waits_for_ever(const int *n, int *square_of)
{
    *square_of = *n;
    atomic_fetch_add(&started, 1);
    return plait_event_wait(&stopped_one_may_end, PLAIT_FOREVER);
}
PLAIT_TASK(waits_for_ever, int, int);

static int map_one_in_place(void)
{
    struct stream s = { .wrong = -1 };
    int err = plait_map(own_pool, waits_for_ever, in, 1, NULL, &((plait_map_options){ .each = told, .context = &s }));
    check_code(err, PLAIT_ECANCELED);
    check_number(s.told, 0);
    return 0;
}
PLAIT_TASK(map_one_in_place, void, void);

TEST_IN_EACH_KIND(a_cancel_reaches_through_what_a_map_that_tells_runs_in_place)
{
    begin(-1);
    own_pool = pool_of(1);
    plait_future *f = plait_submit(own_pool, map_one_in_place, NULL);
    until(started == 1);
    plait_future_cancel(f);
    check_code(plait_await(f, NULL), 0);
    plait_executor_free(own_pool);
}

static int map_by_told(int *count)
{
    struct stream s = { .last = 40, .wrong = -1 };
    plait_map_options o = { .next = give, .each = told, .context = &s, .window = 4 };
    int err = plait_map(own_pool, watched, NULL, 0, NULL, &o);
    *count = s.told;
    return err;
}
PLAIT_TASK(map_by_told, void, int);

TEST_IN_EACH_KIND(a_map_on_the_own_pool_of_one_worker_tells_all)
{
    int count = 0;
    begin(-1);
    own_pool = pool_of(1);
    check_code(plait_await(plait_submit(own_pool, map_by_told, NULL), &count), 0);
    check_number(count, 40);
    plait_executor_free(own_pool);
}

TEST_IN_EACH_KIND(without_memory_a_map_that_tells_tells_that_too)
{
    plait_executor *pool = pool_of(1);
    check_code(plait_map(pool, square, in, 1, out, NULL), 0); /* it has its worker */
    for (size_t nth = 1;; nth++) {
        begin(-1);
        int errors[20];
        fault_nth("memory", nth);
        struct stream s = { .last = -1 };
        int err = plait_map(pool, watched, NULL, 20, out,
                            &((plait_map_options){ .next = give, .context = &s, .errors = errors, .window = 5 }));
        bool refused = fault_requests() >= nth;
        fault_off();
        check_number(running, 0);
        if (err) check_code(err, PLAIT_ENOMEM);
        for (int i = 0; !err && i < 20; i++) {
            check(errors[i] == 0 || (refused && errors[i] == PLAIT_ENOMEM));
            check_number(out[i], errors[i] ? -1 : i * i);
        }
        if (!refused) break;
        check(nth < 100);
    }
    plait_executor_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E5_E12_results_come_in_the_order_of_the_input),
        cmocka_unit_test(M31_M32_never_more_than_the_window_are_in_flight),
        cmocka_unit_test(E7_E8_after_a_failure_the_rest_is_cancelled_and_nothing_runs),
        cmocka_unit_test(E7_the_first_failure_in_the_order_of_the_input_counts),
        cmocka_unit_test(E9_E10_a_deadline_is_for_the_whole_map),
        cmocka_unit_test(a_scope_that_dies_cuts_a_map),
        cmocka_unit_test(a_map_inside_of_a_task),
        cmocka_unit_test(blocks_of_memory_are_mapped_to_and_from),
        cmocka_unit_test(E15_bad_arguments_and_no_executor),
        cmocka_unit_test(without_memory_a_map_fails_at_the_item_that_has_none),
        cmocka_unit_test(M31_an_endless_input_in_constant_memory),
        cmocka_unit_test(M31_an_input_given_by_a_function_ends_when_it_says_so),
        cmocka_unit_test(an_input_that_fails_ends_the_map),
        cmocka_unit_test(E12_results_are_told_as_they_come),
        cmocka_unit_test(blocks_are_handed_over_by_next_and_to_each),
        cmocka_unit_test(E7_with_errors_kept_the_map_goes_on_after_failures),
        cmocka_unit_test(E8_halt_submits_no_more_and_lets_the_others_end),
        cmocka_unit_test(E9_a_scope_that_dies_cuts_a_map_that_tells),
        cmocka_unit_test(a_cancel_reaches_through_what_a_map_that_tells_runs_in_place),
        cmocka_unit_test(a_map_on_the_own_pool_of_one_worker_tells_all),
        cmocka_unit_test(without_memory_a_map_that_tells_tells_that_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
