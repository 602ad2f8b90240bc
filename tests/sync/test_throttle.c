/* test_throttle.c: what comes into the bucket and what goes out of it, to the token and the nanosecond, with a clock
   that is moved by hand. Those that sleep for tokens are in test_throttle_wait.c. */
#include "child.h"
#include "clock.h"
#include "runners.h"
#include <plait/throttle.h>

__extension__ typedef unsigned __int128 wide;

static plait_throttle throttle_new(uint64_t count, int64_t nanoseconds, uint64_t burst)
{
    plait_throttle t;
    check_code(plait_throttle_init(&t, count, nanoseconds, burst), 0);
    return t;
}

static int try(plait_throttle *t, uint64_t tokens) { return plait_throttle_acquire(t, tokens, PLAIT_NOW); }

static uint64_t tokens_in(plait_throttle *t)
{
    plait_throttle_statistics s;
    plait_throttle_get_statistics(t, &s);
    return s.tokens;
}

static uint64_t drain(plait_throttle *t)
{
    uint64_t got = 0;
    while (try(t, 1) == 0) got++;
    return got;
}

/* A dice that falls alike each time. */
static uint64_t dice(uint64_t *seed, uint64_t sides)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (*seed >> 33) % sides;
}

static void TB1_a_new_bucket_is_empty(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(10, PLAIT_SECOND, 0);
    check_number(tokens_in(&t), 0);
    check_code(try(&t, 1), PLAIT_EAGAIN);
    clock_move(100 * PLAIT_MILLISECOND - 1);
    check_code(try(&t, 1), PLAIT_EAGAIN);
    clock_move(1);
    check_code(try(&t, 1), 0);
    check_code(try(&t, 1), PLAIT_EAGAIN);
    clock_of_the_system();
}

static void TB2_as_many_as_were_asked_for_or_none(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(10, PLAIT_SECOND, 0);
    clock_move(700 * PLAIT_MILLISECOND);
    check_code(try(&t, 8), PLAIT_EAGAIN);
    check_number(tokens_in(&t), 7);
    check_code(try(&t, 3), 0);
    check_number(tokens_in(&t), 4);
    check_code(plait_throttle_acquire(&t, 5, plait_deadline_at_(1)), PLAIT_ETIMEDOUT); /* late: it tries once */
    check_number(tokens_in(&t), 4);
    check_code(plait_throttle_acquire(&t, 4, plait_deadline_at_(1)), 0);
    check_number(tokens_in(&t), 0);
    clock_of_the_system();
}

static void TB3_it_never_holds_more_than_the_burst(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(10, PLAIT_SECOND, 0);
    for (int64_t tenths = 1; tenths <= 25; tenths++) {
        clock_move(100 * PLAIT_MILLISECOND);
        check_number(tokens_in(&t), tenths < 10 ? tenths : 10);
    }
    clock_move(50 * PLAIT_MILLISECOND); /* half a token more has no room */
    check_code(try(&t, 1), 0);
    clock_move(99 * PLAIT_MILLISECOND);
    check_number(drain(&t), 9);
    clock_move(PLAIT_MILLISECOND);
    check_number(drain(&t), 1);
    clock_move(INT64_MAX / 2); /* in one go */
    check_number(drain(&t), 10);
    clock_of_the_system();
}

/* Takes by chance, at moments chosen by chance, by all calls that do not wait, and looks at each stretch of time
   between two moments. */
static void TB4_no_stretch_of_time_sees_more_than_the_rate_and_the_burst(void **unused)
{
    (void)unused;
    enum { TAKES = 600 };
    static struct {
        int64_t at, late; /* a reserved one goes at a whole nanosecond, up to one after its time */
        uint64_t tokens;
    } took[TAKES];
    uint64_t seed = 4;
    for (int round = 0; round < 30; round++) {
        clock_by_hand();
        uint64_t count = 1 + dice(&seed, 50), per = 1 + dice(&seed, 1000), burst = 1 + dice(&seed, 20);
        plait_throttle t = throttle_new(count, (int64_t)per, burst);
        int64_t start = plait_time();
        size_t takes = 0;
        while (takes < TAKES) {
            uint64_t tokens = 1 + dice(&seed, burst);
            bool reserve = dice(&seed, 8) == 0;
            int64_t wait = reserve ? plait_throttle_reserve(&t, tokens) : try(&t, tokens);
            if (wait >= 0) {
                took[takes].at = plait_time() + wait;
                took[takes].late = wait > 0;
                took[takes++].tokens = tokens;
            }
            if (wait != 0 || dice(&seed, 3) == 0) clock_move((int64_t)dice(&seed, 2 * per * burst / count + 2));
        }
        for (size_t from = 0; from < takes; from++) {
            wide sum = 0;
            for (size_t to = from; to < takes; to++) {
                sum += took[to].tokens;
                check(took[to].at >= took[from].at);
                int64_t stretch = took[to].at - took[from].at + took[from].late;
                check(sum * per <= (wide)(uint64_t)stretch * count + (wide)burst * per);
                if (from == 0) check(sum * per <= (wide)(uint64_t)(took[to].at - start) * count); /* TB5 */
            }
        }
        clock_of_the_system();
    }
}

static void TB5_a_new_bucket_gives_no_more_than_has_come(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(5, PLAIT_SECOND, 5);
    uint64_t got = 0;
    for (uint64_t milliseconds = 1; milliseconds <= 3000; milliseconds++) {
        clock_move(PLAIT_MILLISECOND);
        got += drain(&t);
        check_number(got, 5 * milliseconds / 1000);
    }
    clock_of_the_system();
}

struct shared {
    plait_throttle throttle;
    _Atomic uint64_t got;
    _Atomic bool over;
};

static int polls(void *shared)
{
    struct shared *s = shared;
    while (!s->over) {
        s->got += drain(&s->throttle);
        let_others_run();
    }
    return 0;
}

TEST_IN_EACH_KIND(TB6_the_sum_handed_out_to_many_is_that_of_one)
{
    clock_by_hand();
    struct shared s = { .throttle = throttle_new(7, 3 * PLAIT_SECOND, 50) };
    struct runner *r[4];
    for (int i = 0; i < 4; i++) r[i] = runner_start(polls, &s);
    for (uint64_t seconds = 1; seconds <= 60; seconds++) {
        clock_move(PLAIT_SECOND);
        until(s.got == 7 * seconds / 3); /* all of it, … */
    }
    s.over = true;
    for (int i = 0; i < 4; i++) runner_join(r[i]);
    check_number(s.got, 140); /* … and no more */
    clock_of_the_system();
}

static void TB7_Z2_nothing_is_rounded_away_however_often_one_asks(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t count;
        int64_t per, step;
    } cases[] = {
        { 10, PLAIT_SECOND, 190 * PLAIT_MILLISECOND }, /* slow: each poll finds 1.9 tokens */
        { 10, PLAIT_SECOND, 99 * PLAIT_MILLISECOND },  /* just too early, each time */
        { 10, PLAIT_SECOND, 7 * PLAIT_MICROSECOND },   /* in a hurry */
        { 1000003, PLAIT_SECOND, 1 },                  /* a rate that is no whole number of nanoseconds */
        { 3, 7, 2 },                                   /* more than one token per poll, never a whole number */
        { 999999937, 999999929, 1 },                   /* a little more than one */
        { 1, 86400 * PLAIT_SECOND, 12345678901234 },   /* one a day */
        { PLAIT_THROTTLE_MOST / 3, INT64_MAX, 13 },    /* large numbers of nothing much */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clock_by_hand();
        plait_throttle t = throttle_new(cases[i].count, cases[i].per, 1000000000);
        wide passed = 0;
        uint64_t got = 0;
        for (int poll = 0; poll < 20000; poll++) {
            clock_move(cases[i].step);
            passed += (uint64_t)cases[i].step;
            while (try(&t, 1) == 0) got++;
            check(got == (uint64_t)(passed * cases[i].count / (uint64_t)cases[i].per));
        }
        check(got > 0);
        clock_of_the_system();
    }
}

static void TB8_Z1_it_lives_by_plaits_clock_alone(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(PLAIT_THROTTLE_MOST, 1, 1); /* a token in no time */
    for (int i = 0; i < 1000; i++)
        check_code(try(&t, 1), PLAIT_EAGAIN); /* real time has passed; the clock stands still */
    clock_move(1);
    check_code(try(&t, 1), 0);
    clock_of_the_system();
}

static void TB10_Z4_more_than_it_can_hold_is_refused(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(10, PLAIT_SECOND, 4);
    check_code(plait_throttle_acquire(&t, 5, PLAIT_FOREVER), PLAIT_EINVAL); /* it would wait for ever */
    check_contains(plait_error()->message, "5 tokens");
    check_contains(plait_error()->message, "4 at most");
    check_code(try(&t, 5), PLAIT_EINVAL);
    check_code(try(&t, UINT64_MAX), PLAIT_EINVAL);
    check_code(try(&t, 0), PLAIT_EINVAL);
    check_code((int)plait_throttle_delay(&t, 5), PLAIT_EINVAL);
    check_code((int)plait_throttle_reserve(&t, 0), PLAIT_EINVAL);
    clock_move(PLAIT_SECOND);
    check_code(try(&t, 5), PLAIT_EINVAL);
    check_code(try(&t, 4), 0);
    clock_of_the_system();
}

static void TB10_M47_the_burst_is_apart_from_the_rate(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle even = throttle_new(10, PLAIT_SECOND, 1), wide_open = throttle_new(10, PLAIT_SECOND, 100);
    clock_move(60 * PLAIT_SECOND);
    check_number(drain(&even), 1);
    check_number(drain(&wide_open), 100);
    for (int i = 0; i < 10; i++) { /* with a burst of 1, evenly */
        clock_move(100 * PLAIT_MILLISECOND - 1);
        check_number(drain(&even), 0);
        clock_move(1);
        check_number(drain(&even), 1);
    }
    clock_of_the_system();
}

static void a_rate_out_of_range_is_refused(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(10, PLAIT_SECOND, 0);
    check_code(plait_throttle_init(&t, 0, PLAIT_SECOND, 1), PLAIT_EINVAL);
    check_contains(plait_error()->message, "0 tokens per 1000000000 ns");
    check_code(plait_throttle_init(&t, 1, 0, 1), PLAIT_EINVAL);
    check_code(plait_throttle_init(&t, 1, -PLAIT_SECOND, 1), PLAIT_EINVAL);
    check_code(plait_throttle_init(&t, PLAIT_THROTTLE_MOST + 1, 1, 1), PLAIT_EINVAL);
    check_code(plait_throttle_set_rate(&t, 1, 1, PLAIT_THROTTLE_MOST + 1), PLAIT_EINVAL);
    check_code(plait_throttle_set_rate(&t, 0, 1, 0), PLAIT_EINVAL);
    clock_move(PLAIT_SECOND);
    check_number(drain(&t), 10); /* as it was */
    clock_of_the_system();
}

static int uses_zero_bytes(void *unused)
{
    (void)unused;
    plait_throttle t;
    memset(&t, 0, sizeof t);
    return try(&t, 1);
}

static void zero_bytes_are_no_throttle(void **unused)
{
    (void)unused;
    child_stops(uses_zero_bytes, NULL, "before plait_throttle_init");
}

static void M50_one_may_ask_how_long_it_would_take(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(10, PLAIT_SECOND, 0);
    check_number(plait_throttle_delay(&t, 1), 100 * PLAIT_MILLISECOND);
    check_number(plait_throttle_delay(&t, 10), PLAIT_SECOND);
    clock_move(130 * PLAIT_MILLISECOND);
    check_number(plait_throttle_delay(&t, 1), 0);
    check_number(plait_throttle_delay(&t, 2), 70 * PLAIT_MILLISECOND);
    check_number(tokens_in(&t), 1); /* asking takes nothing */
    clock_move(70 * PLAIT_MILLISECOND);
    check_code(try(&t, 2), 0);
    t = throttle_new(3, PLAIT_SECOND, 0);
    check_number(plait_throttle_delay(&t, 1), 333333334); /* never too early */
    t = throttle_new(1, INT64_MAX, 5);
    check_number(plait_throttle_delay(&t, 5), INT64_MAX);
    clock_of_the_system();
}

static void M50_one_may_reserve_and_wait_by_oneself(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(10, PLAIT_SECOND, 0);
    check_number(plait_throttle_reserve(&t, 1), 100 * PLAIT_MILLISECOND);
    check_number(plait_throttle_reserve(&t, 3), 400 * PLAIT_MILLISECOND);
    check_number(plait_throttle_delay(&t, 1), 500 * PLAIT_MILLISECOND);
    plait_throttle_statistics s;
    plait_throttle_get_statistics(&t, &s);
    check_number(s.tokens, 0);
    check_number(s.promised, 4);
    check_number(s.granted, 4);
    check_number(s.burst, 10);
    check_number(s.waiting, 0);
    clock_move(450 * PLAIT_MILLISECOND);
    check_code(try(&t, 1), PLAIT_EAGAIN); /* what has come is taken */
    clock_move(50 * PLAIT_MILLISECOND);
    check_code(try(&t, 1), 0);
    clock_move(PLAIT_SECOND);
    check_number(plait_throttle_reserve(&t, 10), 0);
    clock_of_the_system();
}

static void more_than_can_be_counted_is_not_promised(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(PLAIT_THROTTLE_MOST, INT64_MAX, PLAIT_THROTTLE_MOST);
    for (int i = 0; i < 2; i++) check(plait_throttle_reserve(&t, PLAIT_THROTTLE_MOST) > 0);
    check_code((int)plait_throttle_reserve(&t, PLAIT_THROTTLE_MOST), -EOVERFLOW);
    check_code((int)plait_throttle_delay(&t, 1), -EOVERFLOW);
    check_code(plait_throttle_acquire(&t, 1, PLAIT_FOREVER), -EOVERFLOW);
    check_contains(plait_error()->message, "more tokens");
    for (int i = 0; i < 40; i++) { /* round and round: tickets begin again, and nobody sees it */
        clock_move(INT64_MAX / 40);
        if (plait_throttle_reserve(&t, PLAIT_THROTTLE_MOST / 64) < 0) check(plait_throttle_delay(&t, 1) == -EOVERFLOW);
    }
    t = throttle_new(PLAIT_THROTTLE_MOST, 1, PLAIT_THROTTLE_MOST);
    for (int i = 0; i < 100; i++) {
        clock_move(1);
        check_code(try(&t, PLAIT_THROTTLE_MOST), 0);
        check_code(try(&t, 1), PLAIT_EAGAIN);
    }
    t = throttle_new(PLAIT_THROTTLE_MOST, 1, 5);
    clock_move(1000); /* 125 times 2^64 tokens */
    check_number(drain(&t), 5);
    clock_of_the_system();
}

static void M50_another_rate_counts_from_its_moment_on(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(10, PLAIT_SECOND, 0);
    clock_move(350 * PLAIT_MILLISECOND); /* 3.5 tokens */
    check_code(plait_throttle_set_rate(&t, 1, PLAIT_SECOND, 10), 0);
    check_number(tokens_in(&t), 3);
    check_number(plait_throttle_delay(&t, 4), 500 * PLAIT_MILLISECOND); /* the half is kept */
    check_code(plait_throttle_set_rate(&t, 1000, PLAIT_SECOND, 2), 0);
    check_number(tokens_in(&t), 2); /* what the new burst has no room for is spilled */
    clock_move(PLAIT_SECOND);
    check_number(drain(&t), 2);
    check_code(plait_throttle_set_rate(&t, 4, PLAIT_SECOND, 0), 0);
    clock_move(PLAIT_SECOND);
    check_number(drain(&t), 4);
    clock_of_the_system();
}

static void a_push_back_empties_it_for_a_while(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(10, PLAIT_SECOND, 0);
    clock_move(520 * PLAIT_MILLISECOND);
    plait_throttle_push_back(&t, 2 * PLAIT_SECOND);
    check_number(tokens_in(&t), 0);
    check_number(plait_throttle_delay(&t, 1), 2 * PLAIT_SECOND);
    check_number(plait_throttle_delay(&t, 3), 2200 * PLAIT_MILLISECOND);
    clock_move(2 * PLAIT_SECOND - 1);
    check_code(try(&t, 1), PLAIT_EAGAIN);
    clock_move(1);
    check_code(try(&t, 1), 0);
    check_code(try(&t, 1), PLAIT_EAGAIN);
    clock_move(100 * PLAIT_MILLISECOND);
    check_number(drain(&t), 1);
    clock_of_the_system();
}

static void of_several_push_backs_the_longest_counts(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(10, PLAIT_SECOND, 0);
    for (int i = 0; i < 5; i++) plait_throttle_push_back(&t, PLAIT_SECOND); /* five answers to five requests */
    check_number(plait_throttle_delay(&t, 1), PLAIT_SECOND);
    clock_move(500 * PLAIT_MILLISECOND);
    plait_throttle_push_back(&t, 100 * PLAIT_MILLISECOND);
    check_number(plait_throttle_delay(&t, 1), 500 * PLAIT_MILLISECOND);
    plait_throttle_push_back(&t, 700 * PLAIT_MILLISECOND);
    check_number(plait_throttle_delay(&t, 1), 700 * PLAIT_MILLISECOND);
    check_code(plait_throttle_set_rate(&t, 1000, PLAIT_SECOND, 10), 0); /* does not undo it */
    check_number(plait_throttle_delay(&t, 1), 700 * PLAIT_MILLISECOND);
    check_number(plait_throttle_delay(&t, 2), 701 * PLAIT_MILLISECOND);
    clock_of_the_system();
}

static void a_push_back_shorter_than_the_rate_changes_no_time(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_throttle t = throttle_new(1, PLAIT_SECOND, 5);
    clock_move(400 * PLAIT_MILLISECOND);
    plait_throttle_push_back(&t, 100 * PLAIT_MILLISECOND);
    check_number(plait_throttle_delay(&t, 1), 600 * PLAIT_MILLISECOND);
    plait_throttle_push_back(&t, 0);
    plait_throttle_push_back(&t, INT64_MIN);
    check_number(plait_throttle_delay(&t, 1), 600 * PLAIT_MILLISECOND);
    clock_move(4 * PLAIT_SECOND);
    check_number(tokens_in(&t), 4);
    plait_throttle_push_back(&t, -1); /* but for what is there */
    check_number(tokens_in(&t), 0);
    plait_throttle_push_back(&t, INT64_MAX);
    check_number(plait_throttle_delay(&t, 1), INT64_MAX);
    clock_of_the_system();
}

/* The same by another reckoning: what is in the bucket as one fraction, brought up to date at each step. */
static void it_agrees_with_a_bucket_of_fractions(void **unused)
{
    (void)unused;
    uint64_t seed = 99;
    for (int round = 0; round < 50; round++) {
        clock_by_hand();
        uint64_t count = 1 + dice(&seed, 1000), per = 1 + dice(&seed, 100000), burst = 1 + dice(&seed, 30);
        plait_throttle t = throttle_new(count, (int64_t)per, burst);
        wide content = 0; /* in 1 / per tokens */
        for (int step = 0; step < 2000; step++) {
            int64_t by = (int64_t)dice(&seed, 2 * per * (1 + burst / 2) / count + 2);
            clock_move(by);
            content += (wide)(uint64_t)by * count;
            if (content > (wide)burst * per) content = (wide)burst * per;
            if (dice(&seed, 50) == 0) { /* a rate in the same fractions */
                count = 1 + dice(&seed, 1000);
                check_code(plait_throttle_set_rate(&t, count, (int64_t)per, burst), 0);
            }
            uint64_t tokens = 1 + dice(&seed, burst);
            check_number(tokens_in(&t), content / per);
            check_code(try(&t, tokens), content >= (wide)tokens * per ? 0 : PLAIT_EAGAIN);
            if (content >= (wide)tokens * per) content -= (wide)tokens * per;
        }
        clock_of_the_system();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(TB1_a_new_bucket_is_empty),
        cmocka_unit_test(TB2_as_many_as_were_asked_for_or_none),
        cmocka_unit_test(TB3_it_never_holds_more_than_the_burst),
        cmocka_unit_test(TB4_no_stretch_of_time_sees_more_than_the_rate_and_the_burst),
        cmocka_unit_test(TB5_a_new_bucket_gives_no_more_than_has_come),
        cmocka_unit_test(TB6_the_sum_handed_out_to_many_is_that_of_one),
        cmocka_unit_test(TB7_Z2_nothing_is_rounded_away_however_often_one_asks),
        cmocka_unit_test(TB8_Z1_it_lives_by_plaits_clock_alone),
        cmocka_unit_test(TB10_Z4_more_than_it_can_hold_is_refused),
        cmocka_unit_test(TB10_M47_the_burst_is_apart_from_the_rate),
        cmocka_unit_test(a_rate_out_of_range_is_refused),
        cmocka_unit_test(zero_bytes_are_no_throttle),
        cmocka_unit_test(M50_one_may_ask_how_long_it_would_take),
        cmocka_unit_test(M50_one_may_reserve_and_wait_by_oneself),
        cmocka_unit_test(more_than_can_be_counted_is_not_promised),
        cmocka_unit_test(M50_another_rate_counts_from_its_moment_on),
        cmocka_unit_test(a_push_back_empties_it_for_a_while),
        cmocka_unit_test(of_several_push_backs_the_longest_counts),
        cmocka_unit_test(a_push_back_shorter_than_the_rate_changes_no_time),
        cmocka_unit_test(it_agrees_with_a_bucket_of_fractions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
