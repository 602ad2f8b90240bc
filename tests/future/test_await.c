/* The waits for one future: what cuts them short, what becomes of the future then, and what a task's scopes tell it. */
#include "clock.h"
#include "future/future.h"
#include "child.h"
#include "future/tasks.h"

/* An await that is cut short cancels what it awaited, and detaches it. */

struct awaiting {
    plait_future *future; /* to be awaited */
    plait_event ended;
};
static int await_it(struct awaiting *const *a)
{
    int err = plait_await((*a)->future, NULL);
    check_code(err, PLAIT_ECANCELED);
    check(!plait_error());
    check(plait_cancelled());
    plait_event_set(&(*a)->ended);
    return err;
}
PLAIT_LOCAL_TASK(await_it, struct awaiting *, void);

TEST_IN_EACH_KIND(M20_M24_AW49_an_await_that_is_cut_cancels_what_it_awaited)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1), *other = pool_of(1);
    struct awaiting a = { .future = plait_submit(pool, pass, &at) }, *awaiting = &a;
    plait_future *watched = plait_future_ref(a.future);
    until_arrived(&gate, 1);
    plait_future *f = plait_submit(other, await_it, &awaiting);
    until_listed(&watched->waiters, 1);
    check(!plait_future_cancel(f));
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check(plait_event_is_set(&a.ended));
    check_code(plait_await(watched, NULL), PLAIT_ETASK); /* it runs on until its own wait is told */
    check_number(gate.cut, 1);
    plait_executor_free(other);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(an_await_that_is_cut_cancels_what_had_not_started)
{
    struct held_pool p;
    _Atomic int ran = 0, *counter = &ran;
    hold_pool(&p, 1);
    plait_future *f = plait_future_ref(plait_submit(p.executor, count_up, &counter));
    {
        PLAIT_CANCEL_SCOPE(scope);
        plait_scope_cancel(&scope);
        check_code(plait_await(f, NULL), PLAIT_ECANCELED);
        check(plait_scope_cancelled(&scope));
    }
    check_number(plait_future_get_state(f), PLAIT_FUTURE_CANCELLED);
    plait_future_unref(f);
    end_pool(&p);
    check_number(ran, 0);
}

/* Time-outs. */

static int time_out(void *future)
{
    PLAIT_TIMEOUT(scope, plait_after(PLAIT_SECOND));
    int err = plait_await(future, NULL);
    check(plait_scope_expired(&scope));
    return err;
}

TEST_IN_EACH_KIND(AO1_a_scope_that_expires_cuts_an_await)
{
    struct gate gate = { 0 }, *at = &gate;
    clock_by_hand();
    plait_executor *pool = pool_of(1);
    plait_future *f = plait_future_ref(plait_submit(pool, pass, &at));
    until_arrived(&gate, 1);
    struct runner *r = runner_start(time_out, f);
    until_listed(&f->waiters, 1);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ECANCELED);
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    plait_executor_free(pool);
    clock_of_the_system();
}

struct limited {
    plait_future *future;
    int64_t own, scopes; /* how long each lets it wait */
    int code;
};
static int wait_limited(void *limited)
{
    struct limited *l = limited;
    PLAIT_TIMEOUT(scope, plait_after(l->scopes));
    l->code = plait_await_until(l->future, NULL, plait_after(l->own));
    check(plait_scope_expired(&scope) == (l->code == PLAIT_ECANCELED));
    return 0;
}

TEST_IN_EACH_KIND(M21_AW51_await_until_leaves_the_future_to_its_owner)
{
    const struct {
        int64_t own, scopes, passed;
        int code;
    } rows[] = { { 1, 2, 1, PLAIT_ETIMEDOUT },
                 { 2, 1, 1, PLAIT_ECANCELED },
                 { 2, 1, 2, PLAIT_ECANCELED },
                 { 1, 2, 2, PLAIT_ECANCELED } };
    struct gate gate = { 0 }, *at = &gate;
    clock_by_hand();
    plait_executor *pool = pool_of(1);
    plait_future *f = plait_submit(pool, pass, &at);
    until_arrived(&gate, 1);
    for (int i = 0; i < 4; i++) {
        struct limited l = { f, rows[i].own * PLAIT_SECOND, rows[i].scopes * PLAIT_SECOND, 0 };
        struct runner *r = runner_start(wait_limited, &l);
        until_listed(&f->waiters, 1);
        until_asleep(r);
        clock_move(rows[i].passed * PLAIT_SECOND);
        check_code(runner_join(r), 0);
        check_code(l.code, rows[i].code);
        check_number(plait_future_get_state(f), PLAIT_FUTURE_RUNNING);
        check_number(waiters_listed(&f->waiters), 0);
    }
    check_number(gate.cut, 0);
    plait_event_set(&gate.open);
    check_code(plait_await(f, NULL), 0);
    plait_executor_free(pool);
    clock_of_the_system();
}

/* On entry, in a dead scope. */

TEST_IN_EACH_KIND(a_dead_scope_comes_first_but_for_what_does_not_wait)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1);
    plait_future *running = plait_submit(pool, pass, &at), *done = plait_submit(plait_inline_executor(), nothing, NULL);
    plait_completions *c = plait_completions_new();
    plait_future *f, *both[2] = { done, running };
    size_t count;
    until_arrived(&gate, 1);
    plait_completions_add(c, plait_submit(plait_inline_executor(), nothing, NULL));
    {
        PLAIT_TIMEOUT(scope, PLAIT_NOW); /* dead from the beginning */
        check_code(plait_await_until(done, NULL, PLAIT_FOREVER), PLAIT_ECANCELED);
        check_code(plait_await_until(done, NULL, plait_after(-1)), PLAIT_ECANCELED);
        check_code(plait_future_wait(done, PLAIT_FOREVER), PLAIT_ECANCELED);
        check_code(plait_future_wait(running, PLAIT_FOREVER), PLAIT_ECANCELED);
        check_code(plait_wait(both, 2, PLAIT_FIRST_COMPLETED, PLAIT_FOREVER, &count), PLAIT_ECANCELED);
        check_number(count, 1);
        check_code(plait_completions_next(c, &f, PLAIT_FOREVER), PLAIT_ECANCELED);
        check_code(plait_map(pool, nothing, NULL, 3, NULL, NULL), PLAIT_ECANCELED);

        check_code(plait_future_wait(done, PLAIT_NOW), 0);
        check_code(plait_future_wait(running, PLAIT_NOW), PLAIT_EAGAIN);
        check_code(plait_await_until(running, NULL, PLAIT_NOW), PLAIT_EAGAIN);
        check_code(plait_wait(both, 2, PLAIT_ALL_COMPLETED, PLAIT_NOW, &count), PLAIT_EAGAIN);
        check_code(plait_wait(both, 2, PLAIT_FIRST_COMPLETED, PLAIT_NOW, &count), 0);
        check_code(plait_completions_next(c, &f, PLAIT_NOW), 0);
        check_code(plait_completions_next(c, &f, PLAIT_NOW), PLAIT_EDONE);
        check_code(plait_future_result(done, NULL), 0);
        plait_future_unref(f);

        PLAIT_SHIELD(clean_up, PLAIT_FOREVER);
        check_code(plait_await(done, NULL), 0);
    }
    plait_completions_free(c);
    plait_event_set(&gate.open);
    check_code(plait_await(running, NULL), 0);
    plait_executor_free(pool);
}

/* A wait for oneself. */

static plait_future *itself;
static plait_event known;
static int wait_for_itself(void)
{
    check_code(plait_event_wait(&known, PLAIT_FOREVER), 0);
    check_code(plait_future_wait(itself, PLAIT_FOREVER), PLAIT_EDEADLK);
    check_code(plait_await_until(itself, NULL, PLAIT_FOREVER), PLAIT_EDEADLK);
    check_code(plait_future_wait(itself, PLAIT_NOW), PLAIT_EAGAIN);
    return 0;
}
PLAIT_TASK(wait_for_itself, void, void);
static int wait_for_the_outer(void)
{
    return plait_await(plait_submit(plait_inline_executor(), wait_for_itself, NULL), NULL);
}
PLAIT_TASK(wait_for_the_outer, void, void);

TEST_IN_EACH_KIND(a_task_that_waits_for_itself_is_told)
{
    plait_executor *pool = pool_of(1);
    for (int inside = 0; inside < 2; inside++) {
        plait_event_clear(&known);
        itself = inside ? plait_submit(pool, wait_for_the_outer, NULL) : plait_submit(pool, wait_for_itself, NULL);
        plait_event_set(&known);
        check_code(plait_await(itself, NULL), 0);
    }
    plait_executor_free(pool);
}

/* What is run in place sees the scopes of its awaiter, and nobody else does. */

static plait_executor *own;
static struct gate inner;
static int await_in_place(void)
{
    struct gate *at = &inner;
    return plait_await(plait_submit(own, pass, &at), NULL);
}
PLAIT_TASK(await_in_place, void, void);

TEST_IN_EACH_KIND(a_cancel_reaches_through_tasks_run_in_place)
{
    inner = (struct gate){ 0 };
    own = pool_of(1);
    plait_future *f = plait_submit(own, await_in_place, NULL);
    until_arrived(&inner, 1);
    check_number(statistics_of(own).spares, 0);
    check(!plait_future_cancel(f));
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check(!plait_error()->cause->cause);
    check_number(inner.cut, 1);
    plait_executor_free(own);
}

static int cancel_what_is_awaited(void *unused)
{
    (void)unused;
    until_arrived(&inner, 1);
    plait_future_cancel(itself);
    return 0;
}
static int await_what_is_cancelled(void)
{
    struct gate *at = &inner;
    itself = plait_future_ref(plait_submit(own, pass, &at));
    int err = plait_await(itself, NULL);
    check(!plait_cancelled());
    return err;
}
PLAIT_TASK(await_what_is_cancelled, void, void);

TEST_IN_EACH_KIND(a_cancel_of_what_is_run_in_place_is_its_own)
{
    inner = (struct gate){ 0 };
    own = pool_of(1);
    plait_future *f = plait_submit(own, await_what_is_cancelled, NULL);
    struct runner *r = runner_start(cancel_what_is_awaited, NULL);
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_string(plait_error()->task, "await_what_is_cancelled"); /* it passed on what became of the other */
    check_string(plait_error()->cause->task, "pass");
    check_code(plait_error()->cause->cause->code, PLAIT_ECANCELED);
    check_code(runner_join(r), 0);
    plait_future_unref(itself);
    plait_executor_free(own);
}

static int await_nothing(void *unused)
{
    (void)unused;
    return plait_await(NULL, NULL);
}

static void to_await_no_future_stops_the_program(void **unused)
{
    (void)unused;
    child_stops(await_nothing, NULL, "a future was awaited that is NULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_await_no_future_stops_the_program),
        cmocka_unit_test(M20_M24_AW49_an_await_that_is_cut_cancels_what_it_awaited),
        cmocka_unit_test(an_await_that_is_cut_cancels_what_had_not_started),
        cmocka_unit_test(AO1_a_scope_that_expires_cuts_an_await),
        cmocka_unit_test(M21_AW51_await_until_leaves_the_future_to_its_owner),
        cmocka_unit_test(a_dead_scope_comes_first_but_for_what_does_not_wait),
        cmocka_unit_test(a_task_that_waits_for_itself_is_told),
        cmocka_unit_test(a_cancel_reaches_through_tasks_run_in_place),
        cmocka_unit_test(a_cancel_of_what_is_run_in_place_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
