/* test_first.c: which of several futures comes first: those that are done already, then the others as they end. */
#include "clock.h"
#include "future/tasks.h"

enum { MANY = 6 };
static struct gate gates[MANY];
static plait_future *fs[MANY];

struct held {
    struct gate *gate;
    int code;
};
static int end_when_told(const struct held *h)
{
    int err = pass(&h->gate);
    return err ? err : h->code;
}
PLAIT_LOCAL_TASK(end_when_told, struct held, void);

static plait_executor *begin(int code)
{
    plait_executor *pool = pool_of(MANY);
    memset(gates, 0, sizeof gates);
    for (int i = 0; i < MANY; i++) fs[i] = plait_submit(pool, end_when_told, &((struct held){ &gates[i], code }));
    for (int i = 0; i < MANY; i++) until_arrived(&gates[i], 1);
    return pool;
}

static void tell(int which)
{
    plait_event_set(&gates[which].open);
    until(plait_future_get_state(fs[which]) == PLAIT_FUTURE_FINISHED);
}

static plait_completions *set;
static int next_one(void *future) { return plait_completions_next(set, future, PLAIT_FOREVER); }

TEST_IN_EACH_KIND(W18_first_what_is_done_then_each_as_it_ends)
{
    static const int later[] = { 4, 0, 5, 2 };
    plait_executor *pool = begin(0);
    set = plait_completions_new();
    tell(3);
    tell(1);
    for (int i = 0; i < MANY; i++) plait_completions_add(set, fs[i]);
    plait_future *f = NULL;
    bool seen[MANY] = { false };
    for (int i = 0; i < 2; i++) { /* in whatever order */
        check_code(plait_completions_next(set, &f, PLAIT_FOREVER), 0);
        check(f == fs[1] || f == fs[3]);
        check(!seen[f == fs[1]]);
        seen[f == fs[1]] = true;
    }
    for (size_t i = 0; i < 4; i++) {
        check_code(plait_completions_next(set, &f, PLAIT_NOW), PLAIT_EAGAIN);
        struct runner *r = runner_start(next_one, &f);
        until_asleep(r);
        plait_event_set(&gates[later[i]].open);
        check_code(runner_join(r), 0);
        check(f == fs[later[i]]);
        check_number(plait_completions_pending(set), 3 - i);
    }
    check_code(plait_completions_next(set, &f, PLAIT_FOREVER), PLAIT_EDONE);
    for (int i = 0; i < MANY; i++) check_code(plait_await(fs[i], NULL), 0);
    plait_completions_free(set);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(W20_AW22_one_deadline_for_all_steps_and_what_is_left_is_told)
{
    clock_by_hand();
    plait_executor *pool = begin(0);
    plait_deadline deadline = plait_after(PLAIT_SECOND);
    set = plait_completions_new();
    for (int i = 0; i < MANY; i++) plait_completions_add(set, fs[i]);
    plait_future *f = NULL;
    for (int i = 0; i < 3; i++) { /* each step takes some of the time */
        plait_event_set(&gates[i].open);
        check_code(plait_completions_next(set, &f, deadline), 0);
        check(f == fs[i]);
        clock_move(PLAIT_SECOND / 3);
    }
    tell(3);
    clock_move(PLAIT_SECOND);
    until(plait_completions_next(set, &f, deadline) == 0); /* its worker may just be telling the set */
    check(f == fs[3]);
    check_code(plait_completions_next(set, &f, deadline), PLAIT_ETIMEDOUT);
    check_number(plait_completions_pending(set), 2);
    for (int i = 4; i < MANY; i++) {
        check_number(plait_future_get_state(fs[i]), PLAIT_FUTURE_RUNNING); /* nothing is cancelled */
        plait_event_set(&gates[i].open);
        check_code(plait_completions_next(set, &f, PLAIT_FOREVER), 0);
    }
    for (int i = 0; i < MANY; i++) check_code(plait_await(fs[i], NULL), 0);
    plait_completions_free(set);
    plait_executor_free(pool);
    clock_of_the_system();
}

struct waiting {
    plait_future *futures[MANY];
    size_t done;
    plait_wait_mode mode;
};
static int waits(void *waiting)
{
    struct waiting *w = waiting;
    return plait_wait(w->futures, MANY, w->mode, PLAIT_FOREVER, &w->done);
}

/* Whichever mode: what has happened before is found at once, with others that run on. */
TEST_IN_EACH_KIND(AW6_one_that_has_failed_already_ends_a_wait_for_the_first_failure_at_once)
{
    plait_executor *pool = begin(-EIO);
    tell(4);
    for (int mode = PLAIT_FIRST_COMPLETED; mode <= PLAIT_FIRST_EXCEPTION; mode++) {
        struct waiting w = { .mode = (plait_wait_mode)mode };
        memcpy(w.futures, fs, sizeof fs);
        check_code(waits(&w), 0);
        check_number(w.done, 1);
        check(w.futures[0] == fs[4]);
    }
    for (int i = 0; i < MANY; i++) plait_event_set(&gates[i].open);
    for (int i = 0; i < MANY; i++) check_code(plait_await(fs[i], NULL), -EIO);
    plait_executor_free(pool);
}

/* A success is no failure, and the first failure is told with all that was done by then. */
TEST_IN_EACH_KIND(a_wait_for_the_first_failure_sleeps_over_successes)
{
    plait_executor *pool = pool_of(MANY);
    memset(gates, 0, sizeof gates);
    for (int i = 0; i < MANY; i++)
        fs[i] = plait_submit(pool, end_when_told, &((struct held){ &gates[i], i == 2 ? -EIO : 0 }));
    for (int i = 0; i < MANY; i++) until_arrived(&gates[i], 1);
    struct waiting w = { .mode = PLAIT_FIRST_EXCEPTION };
    memcpy(w.futures, fs, sizeof fs);
    struct runner *r = runner_start(waits, &w);
    until_asleep(r);
    tell(5);
    tell(0);
    check(!runner_done(r));
    tell(2);
    check_code(runner_join(r), 0);
    check_number(w.done, 3);
    check(w.futures[0] == fs[0] && w.futures[1] == fs[2] && w.futures[2] == fs[5]);
    for (int i = 0; i < MANY; i++) plait_event_set(&gates[i].open);
    for (int i = 0; i < MANY; i++) check_code(plait_await(fs[i], NULL), i == 2 ? -EIO : 0);
    plait_executor_free(pool);
}

/* Whoever waits, in whatever way, is told by the cancel itself: no worker has met the future, nor will before it is let go. */
static plait_future *one, *with_another[2];
static int awaits(void *unused)
{
    (void)unused;
    return plait_await(plait_future_ref(one), NULL);
}
static int waits_for_one_of_two(void *done)
{
    int err = plait_wait(with_another, 2, PLAIT_FIRST_COMPLETED, PLAIT_FOREVER, done);
    check(with_another[0] == one);
    return err;
}
static int waits_for_it_alone(void *done)
{
    plait_future *alone = one;
    return plait_wait(&alone, 1, PLAIT_ALL_COMPLETED, PLAIT_FOREVER, done);
}
static void counts(plait_future *f, void *count)
{
    check(f == one);
    atomic_fetch_add((_Atomic int *)count, 1);
}

TEST_IN_EACH_KIND(F24_W1_W24_a_cancel_tells_all_who_wait_in_whatever_way)
{
    struct held_pool p;
    _Atomic int called = 0;
    size_t done[2] = { 0 };
    hold_pool(&p, 1);
    one = plait_submit(p.executor, nothing, NULL);
    with_another[0] = plait_submit(p.executor, nothing, NULL);
    with_another[1] = one;
    plait_future *another = with_another[0], *got = NULL;
    set = plait_completions_new();
    plait_completions_add(set, plait_future_ref(one));
    check_code(plait_future_add_callback(one, counts, &called), 0);
    struct runner *r[4] = { runner_start(awaits, NULL), runner_start(waits_for_one_of_two, &done[0]),
                            runner_start(waits_for_it_alone, &done[1]), runner_start(next_one, &got) };
    for (int i = 0; i < 4; i++) until_asleep(r[i]);
    check(plait_future_cancel(one));
    check_number(called, 1);
    check_code(runner_join(r[0]), PLAIT_ETASK);
    for (int i = 1; i < 4; i++) check_code(runner_join(r[i]), 0);
    check_number(done[0], 1);
    check_number(done[1], 1);
    check(got == one);
    check_number(plait_future_get_state(another), PLAIT_FUTURE_PENDING);
    plait_future_unref(got);
    check_code(plait_await(one, NULL), PLAIT_ETASK);
    plait_completions_free(set);
    check(plait_future_cancel(another));
    plait_future_unref(another);
    end_pool(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F24_W1_W24_a_cancel_tells_all_who_wait_in_whatever_way),
        cmocka_unit_test(W18_first_what_is_done_then_each_as_it_ends),
        cmocka_unit_test(W20_AW22_one_deadline_for_all_steps_and_what_is_left_is_told),
        cmocka_unit_test(AW6_one_that_has_failed_already_ends_a_wait_for_the_first_failure_at_once),
        cmocka_unit_test(a_wait_for_the_first_failure_sleeps_over_successes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
