/* test_condition_for.c: to wait for a predicate, and with a recursive mutex. */
#include "child.h"
#include "clock.h"
#include "runners.h"
#include "park/scope.h"
#include <plait/condition.h>

struct place {
    plait_mutex mutex;
    plait_recursive_mutex recursive;
    plait_condition condition;
    bool open;
    size_t asked;
};

static bool is_open(void *place)
{
    struct place *p = place;
    check(plait_mutex_held(&p->mutex) || plait_recursive_mutex_held(&p->recursive));
    p->asked++;
    return p->open;
}

struct visitor {
    struct place *place;
    plait_deadline until;
    _Atomic(plait_scope *) scope;
};

static int waits_for_it(void *visitor)
{
    struct visitor *v = visitor;
    struct place *p = v->place;
    PLAIT_CANCEL_SCOPE(scope);
    v->scope = &scope;
    PLAIT_LOCKED(&p->mutex);
    int err = plait_condition_wait_for(&p->condition, &p->mutex, is_open, p, v->until);
    check(plait_mutex_held(&p->mutex));
    check(p->open == (err == 0));
    return err;
}

static void set(struct place *p, bool open)
{
    PLAIT_LOCKED(&p->mutex);
    p->open = open;
    plait_condition_broadcast(&p->condition);
}

TEST_IN_EACH_KIND(CV11_AK26_it_returns_when_the_predicate_is_true)
{
    struct place p = { .open = false };
    struct visitor v = { .place = &p };
    struct runner *r = runner_start(waits_for_it, &v);
    until_listed(&p.condition.waiters, 1);
    set(&p, true);
    check_code(runner_join(r), 0);
    check_number(p.asked, 2);
    check_code(waits_for_it(&v), 0); /* true already: nothing to wait for */
    check_number(p.asked, 3);
}

TEST_IN_EACH_KIND(CV11_late_or_cancelled_it_tells_that_the_predicate_is_false)
{
    clock_by_hand();
    struct place p = { .open = false };
    struct visitor v = { .place = &p, .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(waits_for_it, &v);
    until_listed(&p.condition.waiters, 1);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    check_number(p.asked, 2);
    v.until = PLAIT_FOREVER;
    r = runner_start(waits_for_it, &v);
    until_listed(&p.condition.waiters, 1);
    plait_scope_cancel(v.scope);
    check_code(runner_join(r), PLAIT_ECANCELED);
    v.until = PLAIT_NOW;
    check_code(waits_for_it(&v), PLAIT_EAGAIN);
    v.until = plait_after(-1);
    check_code(waits_for_it(&v), PLAIT_ETIMEDOUT);
    clock_of_the_system();
}

/* Who is late, but sees the predicate true when it looks again, was not too late. */
TEST_IN_EACH_KIND(CV11_the_predicate_is_asked_once_more_before_an_error)
{
    clock_by_hand();
    struct place p = { .open = false };
    struct visitor v = { .place = &p, .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(waits_for_it, &v);
    until_listed(&p.condition.waiters, 1);
    plait_mutex_lock(&p.mutex);
    p.open = true; /* and nobody is told */
    clock_move(PLAIT_SECOND);
    until_listed(&p.mutex.waiters, 1);
    plait_mutex_unlock(&p.mutex);
    check_code(runner_join(r), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(CV14_a_wake_up_alone_promises_nothing)
{
    struct place p = { .open = false };
    struct visitor v = { .place = &p };
    struct runner *r = runner_start(waits_for_it, &v);
    for (size_t turn = 1; turn <= 5; turn++) {
        until_listed(&p.condition.waiters, 1);
        plait_mutex_lock(&p.mutex);
        check_number(p.asked, turn);
        plait_mutex_unlock(&p.mutex);
        set(&p, false);
    }
    until_listed(&p.condition.waiters, 1);
    set(&p, true);
    check_code(runner_join(r), 0);
    check_number(p.asked, 7);
}

static int waits_twice_locked(void *visitor)
{
    struct visitor *v = visitor;
    struct place *p = v->place;
    PLAIT_LOCKED_RECURSIVELY(&p->recursive);
    PLAIT_LOCKED_RECURSIVELY(&p->recursive);
    PLAIT_LOCKED_RECURSIVELY(&p->recursive);
    int err = plait_condition_wait_recursive(&p->condition, &p->recursive, v->until);
    check_number(plait_recursive_mutex_depth(&p->recursive), 3);
    return err;
}

TEST_IN_EACH_KIND(CV1_CV13_all_levels_of_a_recursive_mutex_are_given_up_and_restored)
{
    clock_by_hand();
    struct place p = { .open = false };
    struct visitor v = { .place = &p, .until = plait_after(PLAIT_SECOND) };
    for (int late = 0; late < 2; late++) {
        struct runner *r = runner_start(waits_twice_locked, &v);
        until_listed(&p.condition.waiters, 1);
        plait_recursive_mutex_lock(&p.recursive);
        check_number(plait_recursive_mutex_depth(&p.recursive), 1);
        if (late) clock_move(PLAIT_SECOND);
        else plait_condition_signal(&p.condition);
        until_listed(&p.recursive.mutex.waiters, 1);
        check(!runner_done(r));
        plait_recursive_mutex_unlock(&p.recursive);
        check_code(runner_join(r), late ? PLAIT_ETIMEDOUT : 0);
        check_number(p.recursive.mutex.word, 0);
    }
    v.until = PLAIT_NOW;
    check_code(waits_twice_locked(&v), PLAIT_EAGAIN);
    clock_of_the_system();
}

static bool locks_and_asks(void *place)
{
    struct place *p = place;
    PLAIT_LOCKED_RECURSIVELY(&p->recursive); /* what is asked may lock it too: it is held as often as before */
    check_number(plait_recursive_mutex_depth(&p->recursive), 3);
    return is_open(p);
}

static int waits_for_it_twice_locked(void *visitor)
{
    struct visitor *v = visitor;
    struct place *p = v->place;
    PLAIT_LOCKED_RECURSIVELY(&p->recursive);
    PLAIT_LOCKED_RECURSIVELY(&p->recursive);
    int err = plait_condition_wait_for_recursive(&p->condition, &p->recursive, locks_and_asks, p, v->until);
    check_number(plait_recursive_mutex_depth(&p->recursive), 2);
    return err;
}

TEST_IN_EACH_KIND(CV11_CV13_a_predicate_with_a_recursive_mutex)
{
    struct place p = { .open = false };
    struct visitor v = { .place = &p };
    struct runner *r = runner_start(waits_for_it_twice_locked, &v);
    for (int open = 0; open < 2; open++) {
        until_listed(&p.condition.waiters, 1);
        plait_recursive_mutex_lock(&p.recursive);
        p.open = open;
        plait_condition_signal(&p.condition);
        plait_recursive_mutex_unlock(&p.recursive);
    }
    check_code(runner_join(r), 0);
    check_number(p.asked, 3);
}

TEST_IN_EACH_KIND(in_a_dead_scope_the_predicate_is_not_asked)
{
    struct place p = { .open = true };
    PLAIT_CANCEL_SCOPE(scope);
    plait_scope_cancel(&scope);
    PLAIT_LOCKED(&p.mutex);
    check_code(plait_condition_wait_for(&p.condition, &p.mutex, is_open, &p, PLAIT_FOREVER), PLAIT_ECANCELED);
    check_number(p.asked, 0);
    check_code(plait_condition_wait_for(&p.condition, &p.mutex, is_open, &p, PLAIT_NOW), 0);
}

static int waits_without(void *place)
{
    struct place *p = place;
    return plait_condition_wait_for(&p->condition, &p->mutex, is_open, p, PLAIT_FOREVER);
}

static void AK26_to_wait_without_the_mutex_stops_the_program(void **unused)
{
    (void)unused;
    struct place p = { .open = true };
    child_stops(waits_without, &p, "a condition was waited for without holding its mutex");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(CV11_AK26_it_returns_when_the_predicate_is_true),
        cmocka_unit_test(CV11_late_or_cancelled_it_tells_that_the_predicate_is_false),
        cmocka_unit_test(CV11_the_predicate_is_asked_once_more_before_an_error),
        cmocka_unit_test(CV14_a_wake_up_alone_promises_nothing),
        cmocka_unit_test(CV1_CV13_all_levels_of_a_recursive_mutex_are_given_up_and_restored),
        cmocka_unit_test(CV11_CV13_a_predicate_with_a_recursive_mutex),
        cmocka_unit_test(in_a_dead_scope_the_predicate_is_not_asked),
        cmocka_unit_test(AK26_to_wait_without_the_mutex_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
