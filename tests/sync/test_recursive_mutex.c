/* test_recursive_mutex.c: its owner may lock it again; it is free when it was unlocked as often. */
#include "child.h"
#include "clock.h"
#include "runners.h"
#include "park/scope.h"
#include <plait/condition.h>
#include <plait/recursive_mutex.h>

static int locks_once(void *mutex)
{
    plait_recursive_mutex_lock(mutex);
    check_number(plait_recursive_mutex_depth(mutex), 1);
    plait_recursive_mutex_unlock(mutex);
    return 0;
}

static int tries(void *mutex)
{
    int err = plait_recursive_mutex_lock_until(mutex, PLAIT_NOW);
    if (!err) plait_recursive_mutex_unlock(mutex);
    return err;
}

static int code_elsewhere(int (*function)(void *), void *argument)
{
    return runner_join(runner_start(function, argument));
}

TEST_IN_EACH_KIND(L20_the_owner_may_lock_again_and_unlocks_as_often)
{
    plait_recursive_mutex r = PLAIT_RECURSIVE_MUTEX_INIT;
    plait_recursive_mutex_lock(&r);
    check_code(plait_recursive_mutex_lock_until(&r, PLAIT_NOW), 0);
    check_code(plait_recursive_mutex_lock_until(&r, plait_deadline_at_(1)), 0); /* long past: no matter */
    plait_recursive_mutex_lock(&r);
    for (size_t depth = 4; depth > 0; depth--) {
        check_number(plait_recursive_mutex_depth(&r), depth);
        check_code(code_elsewhere(tries, &r), PLAIT_EAGAIN);
        plait_recursive_mutex_unlock(&r);
    }
    check_number(plait_recursive_mutex_depth(&r), 0);
    check_code(code_elsewhere(tries, &r), 0);
    check_number(r.mutex.word, 0);
}

TEST_IN_EACH_KIND(L20_one_that_waits_gets_it_with_the_last_unlock)
{
    plait_recursive_mutex r = PLAIT_RECURSIVE_MUTEX_INIT;
    plait_recursive_mutex_lock(&r);
    plait_recursive_mutex_lock(&r);
    struct runner *other = runner_start(locks_once, &r);
    until_listed(&r.mutex.waiters, 1);
    plait_recursive_mutex_unlock(&r);
    check_number(waiters_listed(&r.mutex.waiters), 1);
    plait_recursive_mutex_unlock(&r);
    check_code(runner_join(other), 0);
}

static int asks(void *mutex) { return plait_recursive_mutex_held(mutex) || plait_recursive_mutex_depth(mutex) != 0; }

TEST_IN_EACH_KIND(L24_it_is_held_by_its_holder_alone)
{
    plait_recursive_mutex r = PLAIT_RECURSIVE_MUTEX_INIT;
    check(!plait_recursive_mutex_held(&r));
    plait_recursive_mutex_lock(&r);
    plait_recursive_mutex_lock(&r);
    plait_recursive_mutex_unlock(&r);
    check(plait_recursive_mutex_held(&r));
    check_number(code_elsewhere(asks, &r), 0);
    plait_context *inside = plait_context_enter(NULL); /* a task that is run inside of the owner is another */
    check(!plait_recursive_mutex_held(&r));
    check_number(plait_recursive_mutex_depth(&r), 0);
    check_code(plait_recursive_mutex_lock_until(&r, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_recursive_mutex_lock_until(&r, PLAIT_FOREVER), PLAIT_EDEADLK);
    plait_record_unref(plait_context_leave(inside, "inside"));
    plait_recursive_mutex_unlock(&r);
    check(!plait_recursive_mutex_held(&r));
}

static bool locked_here(plait_recursive_mutex *r)
{
    PLAIT_LOCKED_RECURSIVELY(r);
    return plait_recursive_mutex_held(r);
}

TEST_IN_EACH_KIND(L3_a_lock_for_the_braces_is_left_in_whatever_way)
{
    plait_recursive_mutex r = PLAIT_RECURSIVE_MUTEX_INIT;
    for (int i = 0; i < 2; i++) {
        PLAIT_LOCKED_RECURSIVELY(&r);
        check(locked_here(&r));
        check_number(plait_recursive_mutex_depth(&r), 1);
        if (i) break;
    }
    check_code(code_elsewhere(tries, &r), 0);
}

struct attempt {
    plait_recursive_mutex *mutex;
    plait_deadline until;
};

static int locks_until(void *attempt)
{
    struct attempt *a = attempt;
    int err = plait_recursive_mutex_lock_until(a->mutex, a->until);
    if (!err) plait_recursive_mutex_unlock(a->mutex);
    return err;
}

TEST_IN_EACH_KIND(L6_L11_a_late_one_goes_and_leaves_it_usable)
{
    clock_by_hand();
    plait_recursive_mutex r = PLAIT_RECURSIVE_MUTEX_INIT;
    struct attempt a = { &r, plait_after(PLAIT_SECOND) };
    plait_recursive_mutex_lock(&r);
    struct runner *late = runner_start(locks_until, &a);
    until_listed(&r.mutex.waiters, 1);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(late), PLAIT_ETIMEDOUT);
    check_number(plait_recursive_mutex_depth(&r), 1);
    plait_recursive_mutex_unlock(&r);
    check_code(code_elsewhere(tries, &r), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(in_a_dead_scope_the_owner_is_refused_too)
{
    plait_recursive_mutex r = PLAIT_RECURSIVE_MUTEX_INIT;
    plait_recursive_mutex_lock(&r);
    {
        PLAIT_CANCEL_SCOPE(scope);
        plait_scope_cancel(&scope);
        check_code(plait_recursive_mutex_lock_until(&r, PLAIT_FOREVER), PLAIT_ECANCELED);
        check_code(plait_recursive_mutex_lock_until(&r, PLAIT_NOW), 0);
        plait_recursive_mutex_unlock(&r);
    }
    check_number(plait_recursive_mutex_depth(&r), 1);
    plait_recursive_mutex_unlock(&r);
}

static int unlocks_a_free_one(void *unused)
{
    (void)unused;
    plait_recursive_mutex r = PLAIT_RECURSIVE_MUTEX_INIT;
    plait_recursive_mutex_lock(&r);
    plait_recursive_mutex_unlock(&r);
    plait_recursive_mutex_unlock(&r);
    return 0;
}

static int unlocks(void *mutex)
{
    plait_recursive_mutex_unlock(mutex);
    return 0;
}

static int unlocks_anothers(void *unused)
{
    (void)unused;
    plait_recursive_mutex r = PLAIT_RECURSIVE_MUTEX_INIT;
    plait_recursive_mutex_lock(&r);
    return code_elsewhere(unlocks, &r);
}

static int gives_up_what_it_has_not(void *unused)
{
    (void)unused;
    plait_recursive_mutex r = PLAIT_RECURSIVE_MUTEX_INIT;
    plait_condition c = PLAIT_CONDITION_INIT;
    return plait_condition_wait_recursive(&c, &r, PLAIT_FOREVER);
}

static int locks_inside(void *unused)
{
    (void)unused;
    plait_recursive_mutex r = PLAIT_RECURSIVE_MUTEX_INIT;
    plait_recursive_mutex_lock(&r);
    plait_context_enter(NULL);
    plait_recursive_mutex_lock(&r);
    return 0;
}

static void L21_L22_L25_to_give_up_what_is_not_held_stops_the_program(void **unused)
{
    (void)unused;
    static const char sentence[] = "a recursive mutex was unlocked by a task that does not hold it";
    child_stops(unlocks_a_free_one, NULL, sentence);
    child_stops(unlocks_anothers, NULL, sentence);
    child_stops(gives_up_what_it_has_not, NULL, "a condition was waited for without holding its recursive mutex");
    child_stops(locks_inside, NULL, "a recursive mutex was locked by a task that runs inside of the one that holds it");
}

static void zero_bytes_are_an_unlocked_one(void **unused)
{
    (void)unused;
    plait_recursive_mutex zero, r = PLAIT_RECURSIVE_MUTEX_INIT;
    memset(&zero, 0, sizeof zero);
    check(memcmp(&zero, &r, sizeof r) == 0);
}

struct counting {
    plait_recursive_mutex mutex;
    size_t count;
};

static void count_down(struct counting *c, int levels)
{
    PLAIT_LOCKED_RECURSIVELY(&c->mutex);
    size_t seen = c->count;
    if (levels % 8 == 0) let_others_run();
    c->count = seen + 1;
    if (levels > 1) count_down(c, levels - 1);
}

static int counts(void *counting)
{
    for (int i = 0; i < 300; i++) count_down(counting, 1 + i % 5);
    return 0;
}

TEST_IN_EACH_KIND(nobody_is_inside_together_with_another)
{
    struct counting c = { .mutex = PLAIT_RECURSIVE_MUTEX_INIT };
    struct runner *r[4];
    for (int i = 0; i < 4; i++) r[i] = runner_start(counts, &c);
    for (int i = 0; i < 4; i++) runner_join(r[i]);
    check_number(c.count, 4 * 300 * 3);
    check_number(c.mutex.mutex.word, 0);
    check_number(c.mutex.depth, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(L20_the_owner_may_lock_again_and_unlocks_as_often),
        cmocka_unit_test(L20_one_that_waits_gets_it_with_the_last_unlock),
        cmocka_unit_test(L24_it_is_held_by_its_holder_alone),
        cmocka_unit_test(L3_a_lock_for_the_braces_is_left_in_whatever_way),
        cmocka_unit_test(L6_L11_a_late_one_goes_and_leaves_it_usable),
        cmocka_unit_test(in_a_dead_scope_the_owner_is_refused_too),
        cmocka_unit_test(L21_L22_L25_to_give_up_what_is_not_held_stops_the_program),
        cmocka_unit_test(zero_bytes_are_an_unlocked_one),
        cmocka_unit_test(nobody_is_inside_together_with_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
