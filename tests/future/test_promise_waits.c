/* Promises are waited for as any other future: by all the calls that wait, from threads, coroutines and tasks, however they
   end; and of several that end one at the same time exactly one does. */
#include "clock.h"
#include "future/future.h"
#include "future/tasks.h"

PLAIT_PROMISE(number, int);
static const int seven = 7;

/* The ways in which one ends, and what an await says then. */
enum way { SET, FAIL, FAIL_RUNNING, CANCEL, GIVE_UP, WAYS };
static const int outcomes[WAYS] = { 0, PLAIT_EUSER, PLAIT_EUSER, PLAIT_ETASK, PLAIT_EBROKEN };

static void go(enum way way, plait_promise *p, plait_future *f)
{
    switch (way) {
    case SET: check_code(plait_promise_set(number, p, &seven), 0); break;
    case FAIL_RUNNING: check(plait_promise_start(p)); __attribute__((fallthrough));
    case FAIL: check_code(plait_promise_fail(p, plait_fail(PLAIT_EUSER, "no number")), 0); break;
    case CANCEL: check(plait_future_cancel(f)); break;
    default: break;
    }
    plait_promise_free(p);
}

/* The ways to wait; each gives the outcome, and ends its share. */

static int by_await(plait_future *f)
{
    int out = 0, err = plait_await(f, &out);
    check_number(out, err ? 0 : 7);
    return err;
}

static int by_await_until(plait_future *f)
{
    int out = 0, err = plait_await_until(f, &out, plait_after(3600 * PLAIT_SECOND));
    check_number(out, err ? 0 : 7);
    return err;
}

static int by_future_wait(plait_future *f)
{
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    return by_await(f);
}

static int by_wait(plait_future *f)
{
    size_t done;
    check_code(plait_wait(&f, 1, PLAIT_ALL_COMPLETED, PLAIT_FOREVER, &done), 0);
    check_number(done, 1);
    return by_await(f);
}

static int by_wait_for_the_first(plait_future *f)
{
    plait_future *never, *both[2] = { NULL, f };
    plait_promise *p = plait_promise_new(number, &never);
    size_t done;
    both[0] = never;
    check_code(plait_wait(both, 2, PLAIT_FIRST_COMPLETED, PLAIT_FOREVER, &done), 0);
    check(done == 1 && both[0] == f);
    plait_future_detach(never);
    plait_promise_set(number, p, &seven);
    plait_promise_free(p);
    return by_await(f);
}

static int by_completions(plait_future *f)
{
    plait_completions *c = plait_completions_new();
    plait_future *got;
    plait_completions_add(c, f);
    check_code(plait_completions_next(c, &got, PLAIT_FOREVER), 0);
    check(got == f);
    plait_completions_free(c);
    return by_await(f);
}

static int by_gather(plait_future *f)
{
    plait_future *two[2] = { plait_future_ref(f), f };
    int out[2] = { 0 }, errors[2], err = plait_gather(two, 2, out, errors);
    check(errors[0] == err && errors[1] == err);
    check(out[0] == out[1] && out[0] == (err ? 0 : 7));
    return err;
}

static int (*const ways_to_wait[])(plait_future *) = { by_await, by_await_until,        by_future_wait,
                                                       by_wait,  by_wait_for_the_first, by_completions,
                                                       by_gather };
enum { WAITS = sizeof ways_to_wait / sizeof *ways_to_wait };

struct waiting {
    int (*by)(plait_future *);
    plait_future *future;
};
static int wait_for_it(void *waiting)
{
    struct waiting *w = waiting;
    return w->by(w->future);
}

static int wait_in_a_task(const struct waiting *w) { return w->by(w->future); }
PLAIT_LOCAL_TASK(wait_in_a_task, struct waiting, void);

static void count_call(plait_future *f, void *calls)
{
    check(plait_future_done(f));
    atomic_fetch_add((_Atomic int *)calls, 1);
}

TEST_IN_EACH_KIND(all_who_wait_are_told_of_each_end)
{
    for (enum way way = 0; way < WAYS; way++) {
        plait_future *f;
        plait_promise *p = plait_promise_new(number, &f);
        struct waiting waiting[WAITS];
        struct runner *runners[WAITS];
        _Atomic int calls = 0;
        for (int i = 0; i < WAITS; i++) {
            waiting[i] = (struct waiting){ ways_to_wait[i], plait_future_ref(f) };
            runners[i] = runner_start(wait_for_it, &waiting[i]);
            until_asleep(runners[i]);
        }
        check_code(plait_future_add_callback(f, count_call, &calls), 0);
        go(way, p, f);
        check_number(calls, 1); /* inside of the call that has ended it */
        for (int i = 0; i < WAITS; i++) check_code(runner_join(runners[i]), outcomes[way]);
        check_number(f->references, 1);
        check_number(waiters_listed(&f->waiters), 0);
        check_code(by_await(f), outcomes[way]);
    }
}

TEST_IN_EACH_KIND(what_has_ended_before_is_not_waited_for)
{
    for (enum way way = 0; way < WAYS; way++)
        for (int i = 0; i < WAITS; i++) {
            plait_future *f;
            plait_promise *p = plait_promise_new(number, &f);
            go(way, p, f);
            check_code(ways_to_wait[i](f), outcomes[way]);
        }
}

TEST_IN_EACH_KIND(tasks_of_a_pool_wait_and_others_stand_in)
{
    plait_executor *pool = pool_of(1);
    plait_future *f, *tasks[WAITS];
    plait_promise *p = plait_promise_new(number, &f);
    for (int i = 0; i < WAITS; i++)
        tasks[i] = plait_submit(pool, wait_in_a_task, &((struct waiting){ ways_to_wait[i], plait_future_ref(f) }));
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0); /* a worker is free for it */
    go(SET, p, f);
    check_code(plait_gather(tasks, WAITS, NULL, NULL), 0);
    check_code(by_await(f), 0);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(children_of_a_group_wait_and_a_cancel_reaches_the_promise)
{
    plait_executor *pool = pool_of(2);
    plait_future *f, *g;
    plait_promise *p = plait_promise_new(number, &f), *q = plait_promise_new(number, &g);
    {
        PLAIT_GROUP(group, pool);
        plait_group_submit(&group, wait_in_a_task, &((struct waiting){ by_await, f }));
        plait_group_submit(&group, wait_in_a_task, &((struct waiting){ by_await, g }));
        until(waiters_listed(&f->waiters) == 1 && waiters_listed(&g->waiters) == 1);
        check_code(plait_promise_fail(p, PLAIT_EUSER), 0);
        check_code(plait_group_wait(&group), PLAIT_EUSER); /* the other child is cancelled, and so what it awaited */
    }
    check_code(plait_promise_set(number, q, &seven), PLAIT_EINVAL);
    check(plait_promise_cancelled(q));
    plait_promise_free(p);
    plait_promise_free(q);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(a_wait_that_is_late_leaves_the_promise_as_it_is)
{
    clock_by_hand();
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    check_code(plait_await_until(f, NULL, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_await_until(f, NULL, plait_after(0)), PLAIT_ETIMEDOUT);
    check_code(plait_wait(&f, 1, PLAIT_FIRST_COMPLETED, plait_after(0), NULL), PLAIT_ETIMEDOUT);
    check_number(waiters_listed(&f->waiters), 0);
    check(plait_future_get_state(f) == PLAIT_FUTURE_PENDING && !plait_promise_cancelled(p));
    check_code(plait_promise_set(number, p, &seven), 0);
    plait_promise_free(p);
    check_code(by_await(f), 0);
    clock_of_the_system();
}

/* Several end one at once. */

struct race {
    plait_event start;
    plait_promise *promise;
    plait_future *future;
    _Atomic int wins, winner, starts;
};
struct racer {
    struct race *race;
    int way; /* number to set, or 0: fail, -1: cancel, -2: start */
};

static int run_in(void *racer)
{
    struct racer *r = racer;
    struct race *race = r->race;
    bool won = false;
    check_code(plait_event_wait(&race->start, PLAIT_FOREVER), 0);
    if (r->way == -2) {
        atomic_fetch_add(&race->starts, plait_promise_start(race->promise));
        return 0;
    }
    if (r->way > 0) won = plait_promise_set(number, race->promise, &r->way) == 0;
    else if (r->way == 0) won = plait_promise_fail(race->promise, PLAIT_EUSER) == 0;
    else won = plait_future_cancel(race->future);
    if (won) atomic_store(&race->winner, r->way);
    atomic_fetch_add(&race->wins, won);
    return 0;
}

TEST_IN_EACH_KIND(exactly_one_of_many_ends_it)
{
    enum { RACERS = 7, ROUNDS = 60 };
    static const int ways[RACERS] = { 1, 2, 3, 0, -1, -2, -2 };
    for (int round = 0; round < ROUNDS; round++) {
        struct race race = { 0 };
        struct racer racers[RACERS];
        struct runner *runners[RACERS];
        race.promise = plait_promise_new(number, &race.future);
        for (int i = 0; i < RACERS; i++) {
            racers[i] = (struct racer){ &race, ways[(i + round) % RACERS] };
            runners[i] = runner_start(run_in, &racers[i]);
        }
        plait_event_set(&race.start);
        for (int i = 0; i < RACERS; i++) check_code(runner_join(runners[i]), 0);
        check_number(race.wins, 1);
        check(race.starts <= 1 && !(race.starts && race.winner == -1));
        plait_promise_free(race.promise);
        int out = 0, err = plait_await(race.future, &out);
        check_code(err, race.winner > 0 ? 0 : race.winner == 0 ? PLAIT_EUSER : PLAIT_ETASK);
        check_number(out, race.winner > 0 ? race.winner : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_who_wait_are_told_of_each_end),
        cmocka_unit_test(what_has_ended_before_is_not_waited_for),
        cmocka_unit_test(tasks_of_a_pool_wait_and_others_stand_in),
        cmocka_unit_test(children_of_a_group_wait_and_a_cancel_reaches_the_promise),
        cmocka_unit_test(a_wait_that_is_late_leaves_the_promise_as_it_is),
        cmocka_unit_test(exactly_one_of_many_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
