/* test_mutex.c: one at a time, in whatever runner; the owner is a task. */
#include "child.h"
#include "clock.h"
#include "runners.h"
#include "park/context.h"
#include <plait/mutex.h>

static size_t waiting(plait_mutex *m) { return waiters_listed(&m->waiters); }

static int locks_and_unlocks(void *mutex)
{
    plait_mutex_lock(mutex);
    check(plait_mutex_held(mutex));
    plait_mutex_unlock(mutex);
    return 0;
}

static int tries(void *mutex)
{
    int err = plait_mutex_lock_until(mutex, PLAIT_NOW);
    if (!err) plait_mutex_unlock(mutex);
    return err;
}

TEST_IN_EACH_KIND(L1_try_lock_succeeds_when_free_and_gives_EAGAIN_when_held)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    check_code(plait_mutex_lock_until(&m, PLAIT_NOW), 0);
    check(plait_mutex_held(&m));
    check_code(runner_join(runner_start(tries, &m)), PLAIT_EAGAIN);
    plait_mutex_unlock(&m);
    check_code(runner_join(runner_start(tries, &m)), 0);
    check(!plait_mutex_held(&m));
}

struct turn {
    plait_mutex *mutex;
    plait_deadline until;
    size_t *order, place;
};

static int takes_its_turn(void *turn)
{
    struct turn *t = turn;
    plait_mutex_lock(t->mutex);
    t->place = (*t->order)++;
    let_others_run();
    plait_mutex_unlock(t->mutex);
    return 0;
}

TEST_IN_EACH_KIND(L2_AK1_all_that_wait_get_it_in_turn)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    size_t order = 0;
    struct turn t[5];
    struct runner *r[5];
    plait_mutex_lock(&m);
    for (size_t i = 0; i < 5; i++) {
        t[i] = (struct turn){ .mutex = &m, .order = &order };
        r[i] = runner_start(takes_its_turn, &t[i]);
        until_listed(&m.waiters, i + 1);
    }
    check_number(order, 0);
    plait_mutex_unlock(&m);
    size_t places = 0;
    for (size_t i = 0; i < 5; i++) runner_join(r[i]), places |= (size_t)1 << t[i].place;
    check_number(places, 31);
    check_number(m.word, 0);
    check_number(m.waiters, 0);
}

static bool locked_here(plait_mutex *m)
{
    PLAIT_LOCKED(m);
    return plait_mutex_held(m);
}

TEST_IN_EACH_KIND(L3_AK7_a_lock_for_the_braces_is_left_in_whatever_way)
{
    plait_mutex m = PLAIT_MUTEX_INIT, other = PLAIT_MUTEX_INIT;
    check(locked_here(&m));
    check(!plait_mutex_held(&m));
    for (int i = 0; i < 3; i++) {
        PLAIT_LOCKED(&m);
        PLAIT_LOCKED(&other);
        if (i == 0) continue;
        if (i == 1) break;
    }
    check(!plait_mutex_held(&m) && !plait_mutex_held(&other));
    check_code(runner_join(runner_start(tries, &m)), 0);
    check_code(runner_join(runner_start(tries, &other)), 0);
}

static int locks_until(void *turn)
{
    struct turn *t = turn;
    int err = plait_mutex_lock_until(t->mutex, t->until);
    if (!err) plait_mutex_unlock(t->mutex);
    return err;
}

TEST_IN_EACH_KIND(L6_L11_a_late_one_goes_and_leaves_the_mutex_usable)
{
    clock_by_hand();
    plait_mutex m = PLAIT_MUTEX_INIT;
    struct turn t[2] = { { .mutex = &m, .until = plait_after(PLAIT_SECOND) }, { .mutex = &m } };
    struct runner *r[2];
    plait_mutex_lock(&m);
    for (size_t i = 0; i < 2; i++) r[i] = runner_start(locks_until, &t[i]), until_listed(&m.waiters, i + 1);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r[0]), PLAIT_ETIMEDOUT);
    check_number(waiting(&m), 1);
    check_code(plait_mutex_lock_until(&m, PLAIT_NOW), PLAIT_EAGAIN);
    plait_mutex_unlock(&m);
    check_code(runner_join(r[1]), 0);
    check_code(plait_mutex_lock_until(&m, PLAIT_FOREVER), 0);
    plait_mutex_unlock(&m);
    check_number(m.word, 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(L6_L11_the_only_one_that_waited_was_late)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    struct turn t = { .mutex = &m, .until = plait_after(PLAIT_MILLISECOND) };
    plait_mutex_lock(&m);
    check_code(runner_join(runner_start(locks_until, &t)), PLAIT_ETIMEDOUT);
    check_number(waiting(&m), 0);
    plait_mutex_unlock(&m);
    check_number(m.word, 0);
    check_code(runner_join(runner_start(tries, &m)), 0);
}

TEST_IN_EACH_KIND(L7_a_deadline_does_not_matter_on_a_free_mutex)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    check_code(plait_mutex_lock_until(&m, plait_after(1000 * PLAIT_SECOND)), 0);
    plait_mutex_unlock(&m);
    check_code(plait_mutex_lock_until(&m, plait_deadline_at_(1)), 0); /* long past: tried once */
    plait_mutex_unlock(&m);
}

TEST_IN_EACH_KIND(L8_a_second_lock_by_its_task_gives_EDEADLK)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&m);
    check_code(plait_mutex_lock_until(&m, PLAIT_FOREVER), PLAIT_EDEADLK);
    check_code(plait_mutex_lock_until(&m, plait_deadline_at_(1)), PLAIT_EDEADLK);
    check_code(plait_mutex_lock_until(&m, PLAIT_NOW), PLAIT_EAGAIN);
    plait_context *inside = plait_context_enter(NULL); /* a task that is run inside of the owner */
    check(!plait_mutex_held(&m));
    check_code(plait_mutex_lock_until(&m, PLAIT_FOREVER), PLAIT_EDEADLK);
    plait_context *deeper = plait_context_enter(NULL);
    check_code(plait_mutex_lock_until(&m, PLAIT_FOREVER), PLAIT_EDEADLK);
    check(plait_holds_locks());
    plait_record_unref(plait_context_leave(deeper, "deeper"));
    plait_record_unref(plait_context_leave(inside, "inside"));
    check(plait_mutex_held(&m));
    plait_mutex_unlock(&m);
}

static int locks_twice(void *unused)
{
    (void)unused;
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&m);
    plait_mutex_lock(&m);
    return 0;
}

static int locks_inside(void *unused)
{
    (void)unused;
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&m);
    plait_context_enter(NULL);
    plait_mutex_lock(&m);
    return 0;
}

static void L8_a_second_lock_that_cannot_fail_stops_the_program(void **unused)
{
    (void)unused;
    static const char sentence[] = "a mutex was locked by the task that holds it, or by one that runs inside";
    child_stops(locks_twice, NULL, sentence);
    child_stops(locks_inside, NULL, sentence);
}

static int unlocks_a_free_one(void *unused)
{
    (void)unused;
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_unlock(&m);
    return 0;
}

static int unlocks(void *mutex)
{
    plait_mutex_unlock(mutex);
    return 0;
}

static int unlocks_another_s(void *unused)
{
    (void)unused;
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&m);
    return runner_join(runner_start(unlocks, &m));
}

static void coroutine_unlocks_another_s(void) { unlocks_another_s(NULL); }
static int unlocks_another_coroutine_s(void *unused)
{
    (void)unused;
    runners_of(RUNNERS_ARE_COROUTINES, coroutine_unlocks_another_s);
    return 0;
}

static void L10_AK2_to_unlock_what_is_not_held_stops_the_program(void **unused)
{
    (void)unused;
    child_stops(unlocks_a_free_one, NULL, "a mutex was unlocked by a task that does not hold it: it is free");
    child_stops(unlocks_another_coroutine_s, NULL, "a mutex was unlocked by a task that does not hold it\n");
}

TEST_IN_EACH_KIND(L14_a_thread_that_plait_did_not_start_may_lock)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    for (int i = 0; i < 5; i++) check_code(runner_join(runner_start(locks_and_unlocks, &m)), 0);
    check_number(m.word, 0);
}

static int asks(void *mutex) { return plait_mutex_held(mutex); }

TEST_IN_EACH_KIND(L24_it_is_held_by_its_holder_alone)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    check(!plait_mutex_held(&m));
    plait_mutex_lock(&m);
    check(plait_mutex_held(&m));
    check_number(runner_join(runner_start(asks, &m)), 0);
    plait_mutex_unlock(&m);
    check(!plait_mutex_held(&m));
}

static void zero_bytes_are_an_unlocked_mutex(void **unused)
{
    (void)unused;
    plait_mutex zero, m = PLAIT_MUTEX_INIT;
    memset(&zero, 0, sizeof zero);
    check(memcmp(&zero, &m, sizeof m) == 0);
}

/* Of one loop each is handed the mutex, so nobody passes. */
static void one_after_the_other_body(void)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    size_t order = 0;
    struct turn t[5];
    struct runner *r[5];
    plait_mutex_lock(&m);
    for (size_t i = 0; i < 5; i++) {
        t[i] = (struct turn){ .mutex = &m, .order = &order };
        r[i] = runner_start(takes_its_turn, &t[i]);
        until_listed(&m.waiters, i + 1);
    }
    plait_mutex_unlock(&m);
    for (size_t i = 0; i < 5; i++) runner_join(r[i]);
    for (size_t i = 0; i < 5; i++) check_number(t[i].place, i);
}

static void AK1_coroutines_of_one_loop_get_it_in_the_order_of_asking(void **unused)
{
    (void)unused;
    runners_of(RUNNERS_ARE_COROUTINES, one_after_the_other_body);
}

/* One task, two coroutines of one scheduler: the owner is the task, not the thread. */
static void the_owner_is_a_task_body(void)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&m);
    struct runner *r = runner_start(locks_and_unlocks, &m);
    until_listed(&m.waiters, 1);
    check(!runner_done(r));
    plait_mutex_unlock(&m);
    /* It could never barge in, so it has been given the mutex: we cannot pass. */
    check_code(plait_mutex_lock_until(&m, PLAIT_NOW), PLAIT_EAGAIN);
    runner_join(r);
    check_code(plait_mutex_lock_until(&m, PLAIT_NOW), 0);
    plait_mutex_unlock(&m);
}

static void AK3_a_waiter_of_the_same_scheduler_is_given_it(void **unused)
{
    (void)unused;
    runners_of(RUNNERS_ARE_COROUTINES, the_owner_is_a_task_body);
}

/* Wakes the one that waits, as an unlock does, but keeps the mutex: so it looks, has lost, and comes to the list again. */
static void let_it_lose(plait_mutex *m)
{
    plait_wake(plait_waitlist_claim(&m->waiters));
    until_listed(&m->waiters, 1);
}

static void AK3_one_that_lost_for_long_is_given_it(void **unused)
{
    (void)unused;
    clock_by_hand();
    plait_mutex m = PLAIT_MUTEX_INIT;
    for (int turn = 0; turn < 20; turn++) {
        plait_mutex_lock(&m);
        struct runner *r = runner_start(locks_and_unlocks, &m);
        until_listed(&m.waiters, 1);
        let_it_lose(&m);
        clock_move(2 * PLAIT_MILLISECOND);
        let_it_lose(&m); /* out of patience now */
        plait_mutex_unlock(&m);
        bool free = plait_mutex_lock_until(&m, PLAIT_NOW) == 0;
        if (free) {
            until(waiting(&m) == 1 || runner_done(r)); /* it was through already, or it has been passed again */
            check(runner_done(r));
            plait_mutex_unlock(&m);
        }
        runner_join(r);
        check_number(m.word, 0);
    }
    clock_of_the_system();
}

struct counting {
    plait_mutex mutex;
    size_t count;
};

static int counts(void *counting)
{
    struct counting *c = counting;
    for (int i = 0; i < 2000; i++) {
        plait_mutex_lock(&c->mutex);
        size_t seen = c->count;
        if (i % 64 == 0) let_others_run();
        c->count = seen + 1;
        plait_mutex_unlock(&c->mutex);
        if (i % 100 == 0) let_others_run();
    }
    return 0;
}

TEST_IN_EACH_KIND(AK1_nobody_is_inside_together_with_another)
{
    struct counting c = { .mutex = PLAIT_MUTEX_INIT };
    struct runner *r[4];
    for (int i = 0; i < 4; i++) r[i] = runner_start(counts, &c);
    for (int i = 0; i < 4; i++) runner_join(r[i]);
    check_number(c.count, 8000);
    check_number(c.mutex.word, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(L1_try_lock_succeeds_when_free_and_gives_EAGAIN_when_held),
        cmocka_unit_test(L2_AK1_all_that_wait_get_it_in_turn),
        cmocka_unit_test(L3_AK7_a_lock_for_the_braces_is_left_in_whatever_way),
        cmocka_unit_test(L6_L11_a_late_one_goes_and_leaves_the_mutex_usable),
        cmocka_unit_test(L6_L11_the_only_one_that_waited_was_late),
        cmocka_unit_test(L7_a_deadline_does_not_matter_on_a_free_mutex),
        cmocka_unit_test(L8_a_second_lock_by_its_task_gives_EDEADLK),
        cmocka_unit_test(L8_a_second_lock_that_cannot_fail_stops_the_program),
        cmocka_unit_test(L10_AK2_to_unlock_what_is_not_held_stops_the_program),
        cmocka_unit_test(L14_a_thread_that_plait_did_not_start_may_lock),
        cmocka_unit_test(L24_it_is_held_by_its_holder_alone),
        cmocka_unit_test(zero_bytes_are_an_unlocked_mutex),
        cmocka_unit_test(AK1_coroutines_of_one_loop_get_it_in_the_order_of_asking),
        cmocka_unit_test(AK3_a_waiter_of_the_same_scheduler_is_given_it),
        cmocka_unit_test(AK3_one_that_lost_for_long_is_given_it),
        cmocka_unit_test(AK1_nobody_is_inside_together_with_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
