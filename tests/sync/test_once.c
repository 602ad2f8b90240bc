/* test_once.c: what is to be done once is done once, by one, and seen by all. */
#include "clock.h"
#include "runners.h"
#include "park/scope.h"
#include <plait/event.h>
#include <plait/once.h>

struct work {
    plait_once once;
    int results[4]; /* of each run */
    size_t runs;
    plait_event begun, may_end;
    bool sleeps;
    size_t made; /* what a run makes */
};

static int makes(void *work)
{
    struct work *w = work;
    size_t run = w->runs++;
    if (w->sleeps) {
        PLAIT_SHIELD(alone, PLAIT_FOREVER);
        plait_event_set(&w->begun);
        check_code(plait_event_wait(&w->may_end, PLAIT_FOREVER), 0);
    }
    if (!w->results[run]) w->made = 42;
    return w->results[run];
}

struct user {
    struct work *work;
    plait_deadline until;
    _Atomic(plait_scope *) scope;
};

static int uses(void *user)
{
    struct user *u = user;
    PLAIT_CANCEL_SCOPE(scope);
    u->scope = &scope;
    int err = plait_once_run(&u->work->once, makes, u->work, u->until);
    if (!err) check_number(u->work->made, 42);
    return err;
}

TEST_IN_EACH_KIND(it_is_run_exactly_once)
{
    struct work w = { .sleeps = true };
    struct user u = { .work = &w };
    struct runner *r[5] = { runner_start(uses, &u) };
    check_code(plait_event_wait(&w.begun, PLAIT_FOREVER), 0);
    check(!plait_once_is_done(&w.once));
    struct user others[5];
    for (size_t i = 1; i < 5; i++) {
        others[i] = (struct user){ .work = &w };
        r[i] = runner_start(uses, &others[i]);
        until_listed(&w.once.running.waiters, i);
    }
    plait_event_set(&w.may_end);
    for (int i = 0; i < 5; i++) check_code(runner_join(r[i]), 0);
    check_number(w.runs, 1);
    check(plait_once_is_done(&w.once));
    check_code(plait_once_run(&w.once, makes, &w, PLAIT_NOW), 0);
    check_number(w.runs, 1);
}

TEST_IN_EACH_KIND(after_a_failure_the_next_one_tries)
{
    struct work w = { .sleeps = true, .results = { PLAIT_EUSER - 1, PLAIT_EUSER - 2, 0 } };
    struct user u[3] = { { .work = &w }, { .work = &w }, { .work = &w } };
    struct runner *r[3] = { runner_start(uses, &u[0]) };
    check_code(plait_event_wait(&w.begun, PLAIT_FOREVER), 0);
    for (size_t i = 1; i < 3; i++) r[i] = runner_start(uses, &u[i]), until_listed(&w.once.running.waiters, i);
    plait_event_set(&w.may_end);
    int failed = 0;
    for (int i = 0; i < 3; i++) {
        int err = runner_join(r[i]);
        if (!i) check_code(err, PLAIT_EUSER - 1);
        failed += err != 0;
    }
    check_number(failed, 2);
    check_number(w.runs, 3);
    check(plait_once_is_done(&w.once));
}

TEST_IN_EACH_KIND(who_waits_for_it_may_be_late_or_cancelled)
{
    clock_by_hand();
    struct work w = { .sleeps = true };
    struct user u = { .work = &w }, late = { .work = &w, .until = plait_after(PLAIT_SECOND) },
                cancelled = { .work = &w };
    struct runner *r[3] = { runner_start(uses, &u) };
    check_code(plait_event_wait(&w.begun, PLAIT_FOREVER), 0);
    check_code(plait_once_run(&w.once, makes, &w, PLAIT_NOW), PLAIT_EAGAIN);
    r[1] = runner_start(uses, &late), until_listed(&w.once.running.waiters, 1);
    r[2] = runner_start(uses, &cancelled), until_listed(&w.once.running.waiters, 2);
    clock_move(PLAIT_SECOND);
    plait_scope_cancel(cancelled.scope);
    check_code(runner_join(r[1]), PLAIT_ETIMEDOUT);
    check_code(runner_join(r[2]), PLAIT_ECANCELED);
    plait_event_set(&w.may_end);
    check_code(runner_join(r[0]), 0);
    check_number(w.runs, 1);
    {
        PLAIT_CANCEL_SCOPE(scope);
        plait_scope_cancel(&scope);
        check_code(plait_once_run(&w.once, makes, &w, PLAIT_FOREVER), PLAIT_ECANCELED);
        check_code(plait_once_run(&w.once, makes, &w, PLAIT_NOW), 0);
    }
    clock_of_the_system();
}

static int asks_for_itself(void *once) { return plait_once_run(once, asks_for_itself, once, PLAIT_FOREVER); }

static int asks_in_a_task_of_its_own(void *once)
{
    plait_context *inside = plait_context_enter(NULL);
    int err = plait_once_run(once, asks_in_a_task_of_its_own, once, PLAIT_FOREVER);
    plait_record_unref(plait_context_leave(inside, "inside"));
    return err;
}

TEST_IN_EACH_KIND(a_function_that_asks_for_itself_gets_EDEADLK)
{
    plait_once o = PLAIT_ONCE_INIT;
    check_code(plait_once_run(&o, asks_for_itself, &o, PLAIT_FOREVER), PLAIT_EDEADLK);
    check_string(plait_error()->message, "a function that is to run once asks for itself");
    check_code(plait_once_run(&o, asks_in_a_task_of_its_own, &o, PLAIT_FOREVER), PLAIT_EDEADLK);
    check(!plait_once_is_done(&o));
    struct work w = { .runs = 0 };
    check_code(plait_once_run(&o, makes, &w, PLAIT_FOREVER), 0);
    check(plait_once_is_done(&o));
}

/* Two that need each other: the ring is found as among mutexes. */
struct pair {
    plait_once first, second;
    plait_event begun[2];
};

static int needs_the_second(void *pair);
static int needs_the_first(void *pair)
{
    struct pair *p = pair;
    plait_event_set(&p->begun[1]);
    int err = plait_event_wait(&p->begun[0], PLAIT_FOREVER);
    return err ? err : plait_once_run(&p->first, needs_the_second, p, PLAIT_FOREVER);
}

static int needs_the_second(void *pair)
{
    struct pair *p = pair;
    plait_event_set(&p->begun[0]);
    int err = plait_event_wait(&p->begun[1], PLAIT_FOREVER);
    return err ? err : plait_once_run(&p->second, needs_the_first, p, PLAIT_FOREVER);
}

static int runs_the_first(void *pair)
{
    return plait_once_run(&((struct pair *)pair)->first, needs_the_second, pair, PLAIT_FOREVER);
}

static int runs_the_second(void *pair)
{
    return plait_once_run(&((struct pair *)pair)->second, needs_the_first, pair, PLAIT_FOREVER);
}

TEST_IN_EACH_KIND(two_that_need_each_other_get_EDEADLK)
{
    struct pair p;
    memset(&p, 0, sizeof p);
    struct runner *r[2] = { runner_start(runs_the_first, &p), runner_start(runs_the_second, &p) };
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), PLAIT_EDEADLK);
    check(!plait_once_is_done(&p.first) && !plait_once_is_done(&p.second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_run_exactly_once),
        cmocka_unit_test(after_a_failure_the_next_one_tries),
        cmocka_unit_test(who_waits_for_it_may_be_late_or_cancelled),
        cmocka_unit_test(a_function_that_asks_for_itself_gets_EDEADLK),
        cmocka_unit_test(two_that_need_each_other_get_EDEADLK),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
