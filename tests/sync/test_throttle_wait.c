/* test_throttle_wait.c: those that sleep for tokens: each until its own time, in their order, whatever happens
   meanwhile to the rate and to the others. The clock is moved by hand, so nothing here takes time. */
#include "clock.h"
#include "runners.h"
#include "park/scope.h"
#include "park/thread_parker.h"
#include <plait/throttle.h>

#define TENTH (100 * PLAIT_MILLISECOND)

struct asking {
    plait_throttle *throttle;
    uint64_t tokens;
    plait_deadline until;
    _Atomic size_t *order;
    size_t place;
    int64_t at;
    _Atomic(plait_scope *) scope;
    struct runner *runner;
};

static int asks(void *asking)
{
    struct asking *a = asking;
    PLAIT_CANCEL_SCOPE(scope);
    a->scope = &scope;
    int err = plait_throttle_acquire(a->throttle, a->tokens, a->until);
    if (!err && a->order) a->place = (*a->order)++;
    a->at = plait_time();
    return err;
}

/* Starts it, and waits until it sleeps, as the last of those that do. */
static void start(struct asking *a)
{
    size_t before = waiters_listed(&a->throttle->waiters);
    a->runner = runner_start(asks, a);
    until_listed(&a->throttle->waiters, before + 1);
    until_asleep(a->runner);
}

static int end(struct asking *a) { return runner_join(a->runner); }

static int end_cancelled(struct asking *a)
{
    plait_scope_cancel(a->scope);
    return end(a);
}

static plait_throttle ten_per_second(void)
{
    plait_throttle t;
    check_code(plait_throttle_init(&t, 10, PLAIT_SECOND, 0), 0);
    return t;
}

static plait_throttle_statistics statistics(plait_throttle *t)
{
    plait_throttle_statistics s;
    plait_throttle_get_statistics(t, &s);
    return s;
}

TEST_IN_EACH_KIND(TB9_each_sleeps_until_its_token_has_come_and_no_longer)
{
    enum { ASKERS = 5 };
    clock_by_hand();
    plait_throttle t = ten_per_second();
    _Atomic size_t order = 0;
    struct asking a[ASKERS];
    int64_t begun = plait_time();
    for (int i = 0; i < ASKERS; i++) {
        a[i] = (struct asking){ .throttle = &t, .tokens = 1, .order = &order };
        start(&a[i]);
    }
    check_number(statistics(&t).waiting, ASKERS);
    check_number(statistics(&t).promised, ASKERS);
    for (int i = 0; i < ASKERS; i++) {
        clock_move(TENTH - 1);
        for (int j = i; j < ASKERS; j++) until_asleep(a[j].runner), check(!runner_done(a[j].runner));
        clock_move(1);
        check_code(end(&a[i]), 0);
        check_number(a[i].place, i);
        check_number(a[i].at, begun + (i + 1) * TENTH);
        for (int j = i + 1; j < ASKERS; j++) until_asleep(a[j].runner), check(!runner_done(a[j].runner));
    }
    check_number(t.waiters, 0);
    check_number(statistics(&t).waiting, 0);
    check_number(statistics(&t).granted, ASKERS);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(TB9_who_wants_much_is_not_passed_by_who_wants_little)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    _Atomic size_t order = 0;
    struct asking a[3];
    static const uint64_t tokens[3] = { 7, 1, 2 };
    for (int i = 0; i < 3; i++) {
        a[i] = (struct asking){ .throttle = &t, .tokens = tokens[i], .order = &order };
        start(&a[i]);
    }
    clock_move(6 * TENTH); /* six have come, and are promised */
    check_code(plait_throttle_acquire(&t, 1, PLAIT_NOW), PLAIT_EAGAIN);
    for (int i = 0; i < 3; i++) until_asleep(a[i].runner), check(!runner_done(a[i].runner));
    clock_move(TENTH);
    check_code(end(&a[0]), 0);
    clock_move(TENTH);
    check_code(end(&a[1]), 0);
    clock_move(2 * TENTH);
    check_code(end(&a[2]), 0);
    for (size_t i = 0; i < 3; i++) check_number(a[i].place, i);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(TB9_all_that_are_due_go_when_time_has_leapt)
{
    enum { ASKERS = 40 };
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking a[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        a[i] = (struct asking){ .throttle = &t, .tokens = 1 };
        start(&a[i]);
    }
    clock_move(30 * TENTH);
    for (int i = 0; i < 30; i++) check_code(end(&a[i]), 0);
    for (int i = 30; i < ASKERS; i++) until_asleep(a[i].runner), check(!runner_done(a[i].runner));
    clock_move(10 * TENTH);
    for (int i = 30; i < ASKERS; i++) check_code(end(&a[i]), 0);
    check_number(statistics(&t).tokens, 0);
    check_number(statistics(&t).granted, ASKERS);
    clock_of_the_system();
}

/* A clock that says how often it is read. */
static _Atomic int64_t hand = PLAIT_SECOND;
static _Atomic size_t readings;
static int64_t read_hand(void *unused)
{
    (void)unused;
    readings++;
    return hand;
}
static const plait_clock counting_clock = { .now = read_hand };

static void Z3_who_waits_neither_spins_nor_looks_at_the_clock(void **unused)
{
    (void)unused;
    plait_clock_set(&counting_clock);
    plait_throttle t = ten_per_second();
    struct asking a[3];
    for (int i = 0; i < 3; i++) {
        a[i] = (struct asking){ .throttle = &t, .tokens = 1 };
        start(&a[i]);
    }
    size_t before = readings;
    for (int i = 0; i < 1000; i++) let_others_run();
    check_number(readings, before);
    hand += PLAIT_SECOND;
    plait_clock_moved();
    for (int i = 0; i < 3; i++) check_code(end(&a[i]), 0);
    check(readings <= before + 3 * 8); /* to wake up takes some */
    clock_of_the_system();
}

TEST_IN_EACH_KIND(one_whose_token_is_due_has_it_though_it_is_cancelled_then)
{
    plait_clock_set(&counting_clock);
    plait_throttle t = ten_per_second();
    struct asking a = { .throttle = &t, .tokens = 1 };
    start(&a);
    hand += TENTH; /* nobody is told */
    check_code(end_cancelled(&a), 0);
    check_number(statistics(&t).granted, 1);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(M46_nobody_is_woken_by_what_others_do)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking a[4];
    for (int i = 0; i < 4; i++) {
        a[i] = (struct asking){ .throttle = &t, .tokens = 1 };
        start(&a[i]);
    }
    check_code(end_cancelled(&a[3]), PLAIT_ECANCELED);
    for (int i = 0; i < 3; i++) until_asleep(a[i].runner);
    uint64_t before = plait_parker_wakes;
    check_code(plait_throttle_acquire(&t, 1, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_throttle_acquire(&t, 1, plait_deadline_at_(1)), PLAIT_ETIMEDOUT);
    check(plait_throttle_reserve(&t, 1) > 0);
    check_number(plait_parker_wakes, before);
    check_number(waiters_listed(&t.waiters), 3);
    clock_move(3 * TENTH);
    for (int i = 0; i < 3; i++) check_code(end(&a[i]), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(M50_a_faster_rate_is_told_to_those_that_sleep)
{
    clock_by_hand();
    plait_throttle t;
    check_code(plait_throttle_init(&t, 1, 3600 * PLAIT_SECOND, 10), 0);
    _Atomic size_t order = 0;
    struct asking a[3];
    int64_t begun = plait_time();
    for (int i = 0; i < 3; i++) {
        a[i] = (struct asking){ .throttle = &t, .tokens = 2, .order = &order };
        start(&a[i]);
    }
    check_code(plait_throttle_set_rate(&t, 10, PLAIT_SECOND, 10), 0);
    until_listed(&t.waiters, 3);
    for (int i = 0; i < 3; i++) {
        clock_move(2 * TENTH);
        check_code(end(&a[i]), 0);
        check_number(a[i].at, begun + (i + 1) * 2 * TENTH);
        check_number(a[i].place, i);
    }
    clock_of_the_system();
}

TEST_IN_EACH_KIND(M50_a_slower_rate_is_told_to_those_that_sleep)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking a[2];
    for (int i = 0; i < 2; i++) {
        a[i] = (struct asking){ .throttle = &t, .tokens = 1 };
        start(&a[i]);
    }
    clock_move(TENTH / 2);
    check_code(plait_throttle_set_rate(&t, 1, PLAIT_SECOND, 10), 0);
    clock_move(TENTH / 2); /* when the first would have gone */
    until_listed(&t.waiters, 2);
    clock_move(4 * TENTH - 1);
    for (int i = 0; i < 2; i++) until_asleep(a[i].runner), check(!runner_done(a[i].runner));
    clock_move(TENTH / 2 + 1); /* the second half of its token at the new rate */
    check_code(end(&a[0]), 0);
    clock_move(PLAIT_SECOND);
    check_code(end(&a[1]), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(a_push_back_puts_off_all_that_sleep_in_their_order)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    _Atomic size_t order = 0;
    struct asking a[3];
    for (int i = 0; i < 3; i++) {
        a[i] = (struct asking){ .throttle = &t, .tokens = 1, .order = &order };
        start(&a[i]);
    }
    clock_move(TENTH);
    check_code(end(&a[0]), 0); /* the other side says "too many" to this one */
    plait_throttle_push_back(&t, 2 * PLAIT_SECOND);
    until_listed(&t.waiters, 2);
    clock_move(2 * PLAIT_SECOND - 1);
    for (int i = 1; i < 3; i++) until_asleep(a[i].runner), check(!runner_done(a[i].runner));
    clock_move(1);
    check_code(end(&a[1]), 0);
    until_asleep(a[2].runner);
    check(!runner_done(a[2].runner));
    clock_move(TENTH);
    check_code(end(&a[2]), 0);
    for (size_t i = 0; i < 3; i++) check_number(a[i].place, i);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(one_that_would_be_late_delays_nobody)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking first = { .throttle = &t, .tokens = 1 }, late = { .throttle = &t, .tokens = 1 },
                  second = { .throttle = &t, .tokens = 1 };
    int64_t begun = plait_time();
    start(&first);
    late.until = plait_after(2 * TENTH - 1); /* its token would come a nanosecond later */
    start(&late);
    start(&second);
    clock_move(TENTH);
    check_code(end(&first), 0);
    clock_move(TENTH - 2);
    until_asleep(late.runner);
    check(!runner_done(late.runner)); /* it waits until its deadline all the same: the rate may change */
    clock_move(1);
    check_code(end(&late), PLAIT_ETIMEDOUT);
    clock_move(1);
    check_code(end(&second), 0);
    check_number(second.at, begun + 2 * TENTH);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(one_that_would_be_in_time_is)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking a = { .throttle = &t, .tokens = 3, .until = plait_after(3 * TENTH) };
    start(&a);
    check_number(plait_throttle_delay(&t, 1), 4 * TENTH); /* it has a place */
    clock_move(3 * TENTH);
    check_code(end(&a), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(one_that_would_be_late_goes_when_the_rate_allows_it_after_all)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking a = { .throttle = &t, .tokens = 8, .until = plait_after(2 * TENTH) };
    start(&a);
    check_number(plait_throttle_delay(&t, 1), TENTH); /* no place */
    check_code(plait_throttle_set_rate(&t, 80, PLAIT_SECOND, 10), 0);
    until_listed(&t.waiters, 1);
    clock_move(TENTH);
    check_code(end(&a), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(one_that_would_be_late_looks_once_more_before_it_goes)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking first = { .throttle = &t, .tokens = 4 }, late = { .throttle = &t, .tokens = 2 };
    start(&first);
    late.until = plait_after(5 * TENTH);
    start(&late);
    check_code(end_cancelled(&first), PLAIT_ECANCELED); /* its tokens are free */
    clock_move(5 * TENTH);
    check_code(end(&late), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(one_that_is_cancelled_gives_back_what_it_was_promised)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking a[2];
    for (int i = 0; i < 2; i++) {
        a[i] = (struct asking){ .throttle = &t, .tokens = 3 };
        start(&a[i]);
    }
    clock_move(2 * TENTH);
    check_code(end_cancelled(&a[1]), PLAIT_ECANCELED);
    check_number(plait_throttle_delay(&t, 1), 2 * TENTH);
    check_code(end_cancelled(&a[0]), PLAIT_ECANCELED);
    check_number(statistics(&t).tokens, 2); /* what had come for it */
    check_number(statistics(&t).granted, 0);
    clock_of_the_system();
}

static const int cancel_orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

TEST_IN_EACH_KIND(when_all_are_cancelled_nothing_is_promised_any_more)
{
    for (int order = 0; order < 6; order++) {
        clock_by_hand();
        plait_throttle t = ten_per_second();
        struct asking a[3];
        for (int i = 0; i < 3; i++) {
            a[i] = (struct asking){ .throttle = &t, .tokens = 10 };
            start(&a[i]);
        }
        for (int i = 0; i < 3; i++) check_code(end_cancelled(&a[cancel_orders[order][i]]), PLAIT_ECANCELED);
        check_number(statistics(&t).promised, 0);
        check_number(plait_throttle_delay(&t, 10), PLAIT_SECOND);
        clock_of_the_system();
    }
}

TEST_IN_EACH_KIND(the_times_of_others_stand_when_an_older_one_is_cancelled)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking a[3];
    int64_t begun = plait_time();
    for (int i = 0; i < 3; i++) {
        a[i] = (struct asking){ .throttle = &t, .tokens = 1 };
        start(&a[i]);
    }
    check_code(end_cancelled(&a[1]), PLAIT_ECANCELED);
    check_number(plait_throttle_delay(&t, 1), 4 * TENTH);
    clock_move(3 * TENTH);
    for (int i = 0; i < 3; i += 2) check_code(end(&a[i]), 0);
    check_number(a[2].at, begun + 3 * TENTH);
    check_code(plait_throttle_acquire(&t, 1, PLAIT_NOW), PLAIT_EAGAIN); /* the second token went to nobody */
    clock_of_the_system();
}

TEST_IN_EACH_KIND(what_was_reserved_later_stands_when_one_is_cancelled)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking a[2];
    a[0] = a[1] = (struct asking){ .throttle = &t, .tokens = 2 };
    start(&a[0]);
    check_number(plait_throttle_reserve(&t, 3), 5 * TENTH);
    start(&a[1]);
    check_code(end_cancelled(&a[0]), PLAIT_ECANCELED);
    check_code(end_cancelled(&a[1]), PLAIT_ECANCELED);
    check_number(plait_throttle_delay(&t, 1), 6 * TENTH); /* after the reserved ones */
    clock_of_the_system();
}

static int asks_within(void *asking)
{
    struct asking *a = asking;
    PLAIT_TIMEOUT(scope, a->until);
    int err = plait_throttle_acquire(a->throttle, a->tokens, PLAIT_FOREVER);
    check(!err || plait_scope_expired(&scope));
    return err;
}

TEST_IN_EACH_KIND(the_deadline_of_a_scope_counts_as_its_own)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking a = { .throttle = &t, .tokens = 2, .until = plait_after(2 * TENTH - 1) };
    a.runner = runner_start(asks_within, &a);
    until_listed(&t.waiters, 1);
    until_asleep(a.runner);
    check_number(plait_throttle_delay(&t, 1), TENTH); /* it could not be in time: no place */
    clock_move(2 * TENTH - 1);
    check_code(runner_join(a.runner), PLAIT_ECANCELED);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(in_a_dead_scope_nothing_is_taken_but_by_a_try)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    clock_move(TENTH);
    PLAIT_CANCEL_SCOPE(scope);
    plait_scope_cancel(&scope);
    check_code(plait_throttle_acquire(&t, 1, PLAIT_FOREVER), PLAIT_ECANCELED);
    check_number(statistics(&t).tokens, 1);
    check_code(plait_throttle_acquire(&t, 1, PLAIT_NOW), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(a_lower_burst_is_no_matter_to_who_has_a_place)
{
    clock_by_hand();
    plait_throttle t = ten_per_second();
    struct asking placed = { .throttle = &t, .tokens = 6 },
                  late = { .throttle = &t, .tokens = 6, .until = plait_after(7 * TENTH) };
    start(&placed);
    start(&late);
    check_code(plait_throttle_set_rate(&t, 10, PLAIT_SECOND, 5), 0);
    check_code(end(&late), PLAIT_EINVAL);
    clock_move(6 * TENTH);
    check_code(end(&placed), 0);
    clock_of_the_system();
}

struct crowd {
    plait_throttle throttle;
    _Atomic size_t gone;
};

static int asks_in_the_crowd(void *crowd)
{
    struct crowd *c = crowd;
    check_code(plait_throttle_acquire(&c->throttle, 1, PLAIT_FOREVER), 0);
    c->gone++;
    return 0;
}

TEST_IN_EACH_KIND(M46_of_a_crowd_as_many_go_at_each_tick_as_tokens_come)
{
    enum { CROWD = 300 };
    clock_by_hand();
    struct crowd c = { 0 };
    check_code(plait_throttle_init(&c.throttle, 100, PLAIT_SECOND, 1), 0);
    struct runner *r[CROWD];
    for (int i = 0; i < CROWD; i++) r[i] = runner_start(asks_in_the_crowd, &c);
    until_listed(&c.throttle.waiters, CROWD);
    for (size_t gone = 30; gone <= CROWD; gone += 30) {
        clock_move(300 * PLAIT_MILLISECOND);
        until(c.gone == gone);
        until_listed(&c.throttle.waiters, CROWD - gone);
    }
    for (int i = 0; i < CROWD; i++) runner_join(r[i]);
    check_number(statistics(&c.throttle).granted, CROWD);
    clock_of_the_system();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(TB9_each_sleeps_until_its_token_has_come_and_no_longer),
        cmocka_unit_test(TB9_who_wants_much_is_not_passed_by_who_wants_little),
        cmocka_unit_test(TB9_all_that_are_due_go_when_time_has_leapt),
        cmocka_unit_test(Z3_who_waits_neither_spins_nor_looks_at_the_clock),
        cmocka_unit_test(one_whose_token_is_due_has_it_though_it_is_cancelled_then),
        cmocka_unit_test(M46_nobody_is_woken_by_what_others_do),
        cmocka_unit_test(M50_a_faster_rate_is_told_to_those_that_sleep),
        cmocka_unit_test(M50_a_slower_rate_is_told_to_those_that_sleep),
        cmocka_unit_test(a_push_back_puts_off_all_that_sleep_in_their_order),
        cmocka_unit_test(one_that_would_be_late_delays_nobody),
        cmocka_unit_test(one_that_would_be_in_time_is),
        cmocka_unit_test(one_that_would_be_late_goes_when_the_rate_allows_it_after_all),
        cmocka_unit_test(one_that_would_be_late_looks_once_more_before_it_goes),
        cmocka_unit_test(one_that_is_cancelled_gives_back_what_it_was_promised),
        cmocka_unit_test(when_all_are_cancelled_nothing_is_promised_any_more),
        cmocka_unit_test(the_times_of_others_stand_when_an_older_one_is_cancelled),
        cmocka_unit_test(what_was_reserved_later_stands_when_one_is_cancelled),
        cmocka_unit_test(the_deadline_of_a_scope_counts_as_its_own),
        cmocka_unit_test(in_a_dead_scope_nothing_is_taken_but_by_a_try),
        cmocka_unit_test(a_lower_burst_is_no_matter_to_who_has_a_place),
        cmocka_unit_test(M46_of_a_crowd_as_many_go_at_each_tick_as_tokens_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
