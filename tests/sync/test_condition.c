/* test_condition.c: signals reach those that wait, and nobody comes back without the mutex. */
#include "child.h"
#include "clock.h"
#include "runners.h"
#include "park/scope.h"
#include <plait/condition.h>

struct meeting {
    plait_mutex mutex;
    plait_condition condition;
    int tokens;
    _Atomic int taken;
};

struct taker {
    struct meeting *meeting;
    plait_deadline until;
    _Atomic(plait_scope *) scope;
};

static int takes(void *taker)
{
    struct taker *t = taker;
    struct meeting *m = t->meeting;
    int err = 0;
    PLAIT_CANCEL_SCOPE(scope);
    t->scope = &scope;
    plait_mutex_lock(&m->mutex);
    while (m->tokens == 0 && !err) err = plait_condition_wait(&m->condition, &m->mutex, t->until);
    check(plait_mutex_held(&m->mutex));
    if (m->tokens > 0) {
        m->tokens--;
        m->taken++;
        err = 0;
    }
    plait_mutex_unlock(&m->mutex);
    return err;
}

static void give(struct meeting *m, int tokens)
{
    plait_mutex_lock(&m->mutex);
    m->tokens += tokens;
    plait_mutex_unlock(&m->mutex);
}

TEST_IN_EACH_KIND(CV3_AK20_a_signal_needs_no_mutex)
{
    struct meeting m = { .taken = 0 };
    struct taker t = { .meeting = &m };
    struct runner *r = runner_start(takes, &t);
    until_listed(&m.condition.waiters, 1);
    give(&m, 1);
    plait_condition_signal(&m.condition);
    check_code(runner_join(r), 0);
}

TEST_IN_EACH_KIND(CV5_AK21_who_is_woken_comes_back_only_with_the_mutex)
{
    struct meeting m = { .taken = 0 };
    struct taker t = { .meeting = &m };
    struct runner *r = runner_start(takes, &t);
    until_listed(&m.condition.waiters, 1);
    plait_mutex_lock(&m.mutex); /* so it has given the mutex up */
    m.tokens = 1;
    plait_condition_signal(&m.condition);
    until_listed(&m.mutex.waiters, 1);
    check_number(m.taken, 0);
    plait_mutex_unlock(&m.mutex);
    check_code(runner_join(r), 0);
    check_number(m.taken, 1);
}

TEST_IN_EACH_KIND(CV7_AK22_AK29_a_signal_wakes_one_and_a_broadcast_all)
{
    struct meeting m = { .taken = 0 };
    struct taker t[4] = { { .meeting = &m }, { .meeting = &m }, { .meeting = &m }, { .meeting = &m } };
    struct runner *r[4];
    for (size_t i = 0; i < 4; i++) r[i] = runner_start(takes, &t[i]), until_listed(&m.condition.waiters, i + 1);
    give(&m, 4);
    check_number(waiters_listed(&m.condition.waiters), 4);
    plait_condition_signal(&m.condition);
    until(m.taken == 1);
    check_number(waiters_listed(&m.condition.waiters), 3);
    plait_condition_broadcast(&m.condition);
    for (int i = 0; i < 4; i++) check_code(runner_join(r[i]), 0);
    check_number(m.taken, 4);
    check_number(m.condition.waiters, 0);
}

static int waits_once(void *taker)
{
    struct taker *t = taker;
    struct meeting *m = t->meeting;
    plait_mutex_lock(&m->mutex);
    int err = plait_condition_wait(&m->condition, &m->mutex, t->until);
    if (!err) m->taken++;
    plait_mutex_unlock(&m->mutex);
    return err;
}

/* Which of them is not promised. */
TEST_IN_EACH_KIND(CV6_AK21_each_signal_wakes_one_of_those_that_waited_before_it)
{
    enum { EARLY = 3 };
    struct meeting m = { .taken = 0 };
    struct taker t = { .meeting = &m };
    struct runner *early[EARLY], *late;
    for (size_t i = 0; i < EARLY; i++) {
        early[i] = runner_start(waits_once, &t);
        until_listed(&m.condition.waiters, i + 1);
    }
    plait_condition_signal(&m.condition);
    late = runner_start(waits_once, &t);
    until_listed(&m.condition.waiters, EARLY);
    until(m.taken == 1);
    check(!runner_done(late));
    for (int i = 1; i < EARLY; i++) plait_condition_signal(&m.condition);
    until(m.taken == EARLY);
    until_listed(&m.condition.waiters, 1);
    plait_condition_signal(&m.condition);
    check_code(runner_join(late), 0);
    for (int i = 0; i < EARLY; i++) check_code(runner_join(early[i]), 0);
    check_number(m.taken, EARLY + 1);
}

TEST_IN_EACH_KIND(a_signal_to_nobody_is_not_kept)
{
    struct meeting m = { .taken = 0 };
    struct taker t = { .meeting = &m };
    plait_condition_signal(&m.condition);
    plait_condition_broadcast(&m.condition);
    struct runner *r = runner_start(takes, &t);
    until_listed(&m.condition.waiters, 1);
    check(!runner_done(r));
    give(&m, 1);
    plait_condition_signal(&m.condition);
    check_code(runner_join(r), 0);
}

TEST_IN_EACH_KIND(CV8_who_is_late_comes_back_with_the_mutex)
{
    clock_by_hand();
    struct meeting m = { .taken = 0 };
    struct taker t = { .meeting = &m, .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(takes, &t);
    until_asleep(r);
    plait_mutex_lock(&m.mutex);
    clock_move(PLAIT_SECOND);
    until_listed(&m.mutex.waiters, 1);
    check(!runner_done(r));
    plait_mutex_unlock(&m.mutex);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    check_number(m.condition.waiters, 0);
    t.until = plait_after(PLAIT_SECOND); /* and one who is told in time is not late */
    r = runner_start(takes, &t);
    until_asleep(r);
    clock_move(PLAIT_SECOND - 1);
    give(&m, 1);
    plait_condition_signal(&m.condition);
    check_code(runner_join(r), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(AK23_who_is_cancelled_comes_back_with_the_mutex)
{
    struct meeting m = { .taken = 0 };
    struct taker t = { .meeting = &m };
    struct runner *r = runner_start(takes, &t);
    until_asleep(r);
    plait_mutex_lock(&m.mutex);
    plait_scope_cancel(t.scope);
    until_listed(&m.mutex.waiters, 1); /* to lock is no cancellation point */
    plait_mutex_unlock(&m.mutex);
    check_code(runner_join(r), PLAIT_ECANCELED);
}

TEST_IN_EACH_KIND(CV10_a_deadline_that_has_passed_ends_it_at_once)
{
    struct meeting m = { .taken = 0 };
    plait_mutex_lock(&m.mutex);
    check_code(plait_condition_wait(&m.condition, &m.mutex, plait_deadline_at_(1)), PLAIT_ETIMEDOUT);
    check(plait_mutex_held(&m.mutex));
    check_code(plait_condition_wait(&m.condition, &m.mutex, plait_after(-PLAIT_SECOND)), PLAIT_ETIMEDOUT);
    check_code(plait_condition_wait(&m.condition, &m.mutex, PLAIT_NOW), PLAIT_EAGAIN);
    check(plait_mutex_held(&m.mutex));
    plait_mutex_unlock(&m.mutex);
    check_number(m.condition.waiters, 0);
}

TEST_IN_EACH_KIND(a_signal_is_not_lost_to_one_who_is_late)
{
    clock_by_hand();
    struct meeting m = { .taken = 0 };
    struct taker t = { .meeting = &m, .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(takes, &t);
    until_asleep(r);
    plait_waiter *claimed = plait_waitlist_claim(&m.condition.waiters); /* the first half of a signal */
    give(&m, 1);
    uint64_t races = plait_wait_races;
    clock_move(PLAIT_SECOND);
    until(plait_wait_races > races);
    plait_wake(claimed);
    check_code(runner_join(r), 0);
    check_number(m.taken, 1);
    clock_of_the_system();
}

static int gives_up_in_time(void *meeting)
{
    struct meeting *m = meeting;
    PLAIT_TIMEOUT(second, plait_after(PLAIT_SECOND));
    PLAIT_LOCKED(&m->mutex);
    check_code(plait_condition_wait(&m->condition, &m->mutex, PLAIT_FOREVER), PLAIT_ECANCELED);
    check(plait_scope_expired(&second));
    return plait_mutex_held(&m->mutex) ? 0 : -EPERM;
}

TEST_IN_EACH_KIND(AK27_when_the_scope_around_it_expires_the_mutex_is_held_to_the_end_of_the_braces)
{
    clock_by_hand();
    struct meeting m = { .taken = 0 };
    struct runner *r = runner_start(gives_up_in_time, &m);
    until_listed(&m.condition.waiters, 1);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), 0);
    check_code(plait_mutex_lock_until(&m.mutex, PLAIT_NOW), 0);
    plait_mutex_unlock(&m.mutex);
    clock_of_the_system();
}

struct two_conditions {
    plait_mutex mutex;
    plait_condition filled, emptied;
    int items, most;
};

static int fills(void *two)
{
    struct two_conditions *t = two;
    for (int i = 0; i < 200; i++) {
        PLAIT_LOCKED(&t->mutex);
        while (t->items) check_code(plait_condition_wait(&t->emptied, &t->mutex, PLAIT_FOREVER), 0);
        if (++t->items > t->most) t->most = t->items;
        plait_condition_signal(&t->filled);
    }
    return 0;
}

TEST_IN_EACH_KIND(AK28_several_conditions_may_share_a_mutex)
{
    struct two_conditions t = { .items = 0 };
    struct runner *r = runner_start(fills, &t);
    for (int i = 0; i < 200; i++) {
        PLAIT_LOCKED(&t.mutex);
        while (!t.items) check_code(plait_condition_wait(&t.filled, &t.mutex, PLAIT_FOREVER), 0);
        t.items--;
        plait_condition_signal(&t.emptied);
    }
    check_code(runner_join(r), 0);
    check_number(t.most, 1);
}

static int waits_without_the_mutex(void *unused)
{
    (void)unused;
    struct meeting m = { .taken = 0 };
    return plait_condition_wait(&m.condition, &m.mutex, PLAIT_FOREVER);
}

static void AK20_to_wait_without_the_mutex_stops_the_program(void **unused)
{
    (void)unused;
    child_stops(waits_without_the_mutex, NULL, "a condition was waited for without holding its mutex");
}

static int passes_on(void *meeting)
{
    struct meeting *m = meeting;
    for (int i = 0; i < 300; i++) {
        plait_mutex_lock(&m->mutex);
        while (m->tokens == 0) check_code(plait_condition_wait(&m->condition, &m->mutex, PLAIT_FOREVER), 0);
        m->tokens--;
        plait_mutex_unlock(&m->mutex);
        m->taken++;
        give(m, 1);
        plait_condition_signal(&m->condition);
    }
    return 0;
}

TEST_IN_EACH_KIND(one_token_goes_round)
{
    struct meeting m = { .tokens = 1 };
    struct runner *r[4];
    for (int i = 0; i < 4; i++) r[i] = runner_start(passes_on, &m);
    for (int i = 0; i < 4; i++) runner_join(r[i]);
    check_number(m.taken, 1200);
    check_number(m.tokens, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(CV3_AK20_a_signal_needs_no_mutex),
        cmocka_unit_test(CV5_AK21_who_is_woken_comes_back_only_with_the_mutex),
        cmocka_unit_test(CV7_AK22_AK29_a_signal_wakes_one_and_a_broadcast_all),
        cmocka_unit_test(CV6_AK21_each_signal_wakes_one_of_those_that_waited_before_it),
        cmocka_unit_test(a_signal_to_nobody_is_not_kept),
        cmocka_unit_test(CV8_who_is_late_comes_back_with_the_mutex),
        cmocka_unit_test(AK23_who_is_cancelled_comes_back_with_the_mutex),
        cmocka_unit_test(CV10_a_deadline_that_has_passed_ends_it_at_once),
        cmocka_unit_test(a_signal_is_not_lost_to_one_who_is_late),
        cmocka_unit_test(AK27_when_the_scope_around_it_expires_the_mutex_is_held_to_the_end_of_the_braces),
        cmocka_unit_test(AK28_several_conditions_may_share_a_mutex),
        cmocka_unit_test(AK20_to_wait_without_the_mutex_stops_the_program),
        cmocka_unit_test(one_token_goes_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
