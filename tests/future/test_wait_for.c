/* test_wait_for.c: how long one waits for a task, and what becomes of the task then. There are two ways: a time-out around
   an await gives up at once, and lets the task end unwatched; plait_await_until leaves it to its owner, who may cancel it
   and await its end, as asyncio's wait_for does, or wait again, as one who shields it. */
#include "clock.h"
#include "future/beside.h"
#include "future/future.h"

PLAIT_PROMISE(number, int);
static const int seven = 7;

/* What a task does when it is cancelled. */
enum answer { PASSES_ON, CLEANS_UP, SUCCEEDS, FAILS };

struct work {
    struct gate *gate, *clean_up;
    enum answer answer;
};
static int work(const struct work *w, int *out)
{
    int err = pass(&w->gate);
    *out = err ? 1 : 5;
    if (!err) return 0;
    if (w->clean_up) check_code(pass_stubbornly(&w->clean_up), 0);
    return w->answer == SUCCEEDS ? 0 : w->answer == FAILS ? plait_fail(-EIO, "it broke when it was cancelled") : err;
}
PLAIT_LOCAL_TASK(work, struct work, int);

struct waiting {
    plait_future *future;
    plait_deadline until;
    int out;
    bool shields;
    _Atomic bool gave_up;
    _Atomic(plait_scope *) scope;
    int next;
};

/* As asyncio's wait_for. */
static int waits_for(void *waiting)
{
    struct waiting *w = waiting;
    PLAIT_CANCEL_SCOPE(scope);
    w->scope = &scope;
    int err = plait_await_until(w->future, &w->out, w->until);
    if (err == PLAIT_ETIMEDOUT && !w->shields) {
        plait_future_cancel(w->future);
        w->gave_up = true;
        err = plait_await(w->future, &w->out);
        if (err == PLAIT_ETASK && plait_error()->cause->code == PLAIT_ECANCELED) err = PLAIT_ETIMEDOUT;
    }
    w->next = plait_sleep(0);
    return err;
}

static struct runner *start(struct waiting *w, plait_future *f, plait_deadline until)
{
    *w = (struct waiting){ .future = f, .until = until, .next = 1 };
    return runner_start(waits_for, w);
}

static plait_future *submit(plait_executor *ex, struct gate *g, struct gate *clean_up, enum answer answer)
{
    plait_future *f = plait_submit(ex, work, &((struct work){ g, clean_up, answer }));
    until_arrived(g, 1);
    return f;
}

TEST_WITH_TASKS(AW40_AW41_in_time_or_without_a_time_it_is_an_await)
{
    clock_by_hand();
    for (int with_time = 0; with_time < 2; with_time++) {
        struct gate gate = { 0 };
        struct waiting w;
        struct runner *r =
            start(&w, submit(ex, &gate, NULL, PASSES_ON), with_time ? plait_after(PLAIT_SECOND) : PLAIT_FOREVER);
        until_asleep(r);
        clock_move(with_time ? PLAIT_SECOND - 1 : 1000 * PLAIT_SECOND);
        plait_event_set(&gate.open);
        check_code(runner_join(r), 0);
        check_number(w.out, 5);
    }
    int code = -EPIPE;
    check_code(plait_await_until(plait_submit(ex, fail_with, &code), NULL, plait_after(1000 * PLAIT_SECOND)), -EPIPE);
    clock_of_the_system();
}

static struct runner *let_it_be_late(struct waiting *w, plait_future *f)
{
    struct runner *r = start(w, f, plait_after(PLAIT_SECOND));
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    until(w->gave_up);
    return r;
}

TEST_WITH_TASKS(AW42_AW43_one_who_cancels_and_awaits_again_waits_for_the_end_however_long_that_takes)
{
    clock_by_hand();
    struct gate gate = { 0 }, clean_up = { 0 };
    struct waiting w;
    struct runner *r = let_it_be_late(&w, submit(ex, &gate, &clean_up, CLEANS_UP));
    until_arrived(&clean_up, 1);
    until_asleep(r);
    clock_move(1000 * PLAIT_SECOND);
    until_asleep(r);
    check(!runner_done(r));
    plait_event_set(&clean_up.open);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    check_number(gate.cut, 1);
    check_number(w.out, 0);
    clock_of_the_system();
}

static int times_out_around(void *waiting)
{
    struct waiting *w = waiting;
    PLAIT_TIMEOUT(scope, w->until);
    int err = plait_await(w->future, &w->out);
    check(plait_scope_expired(&scope));
    return err;
}

TEST_WITH_TASKS(AW42_a_time_out_around_the_await_does_not_wait_for_the_end)
{
    clock_by_hand();
    struct gate gate = { 0 }, clean_up = { 0 };
    plait_future *f = submit(ex, &gate, &clean_up, CLEANS_UP), *kept = plait_future_ref(f);
    struct waiting w = { .future = f, .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(times_out_around, &w);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ECANCELED);
    until_arrived(&clean_up, 1); /* it is cancelled, and still at its clean-up */
    check_code(plait_future_wait(kept, PLAIT_NOW), PLAIT_EAGAIN);
    plait_event_set(&clean_up.open);
    check_code(plait_await(kept, NULL), PLAIT_ETASK);
    clock_of_the_system();
}

TEST_WITH_TASKS(AW44_without_time_a_done_one_gives_its_value)
{
    int n = 4, out = 0;
    const plait_deadline gone[] = { PLAIT_NOW, plait_after(0), plait_after(-PLAIT_SECOND) };
    for (int i = 0; i < 3; i++) {
        plait_future *f = plait_submit(ex, square, &n);
        check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
        check_code(plait_await_until(f, &out, gone[i]), 0);
        check_number(out, 16);
    }
}

/* In a pool it may have begun. */
static void no_time_and_not_begun(void)
{
    _Atomic int ran = 0, *counter = &ran;
    struct waiting w = { .future = plait_spawn(count_up, &counter), .until = plait_after(-1) };
    check_code(plait_await_until(w.future, NULL, w.until), PLAIT_ETIMEDOUT);
    check(plait_future_cancel(w.future));
    check_code(plait_await(w.future, NULL), PLAIT_ETASK);
    for (int i = 0; i < 5; i++) let_others_run();
    check_number(ran, 0);
}

static void AW45_without_time_a_coroutine_that_is_cancelled_never_begins(void **unused)
{
    (void)unused;
    runners_of(RUNNERS_ARE_COROUTINES, no_time_and_not_begun);
    runners_of(RUNNERS_ARE_MIXED, no_time_and_not_begun);
}

TEST_WITH_TASKS(AW46_without_time_one_that_runs_is_cancelled_and_cleans_up)
{
    struct gate gate = { 0 }, clean_up = { 0 };
    plait_event_set(&clean_up.open);
    struct waiting w = { .future = submit(ex, &gate, &clean_up, CLEANS_UP), .until = plait_after(-1) };
    check_code(waits_for(&w), PLAIT_ETIMEDOUT);
    check_number(gate.cut, 1);
    check_number(clean_up.passed, 1);
}

TEST_WITH_TASKS(AW47_AW48_what_it_gives_or_fails_with_when_it_is_cancelled_counts)
{
    clock_by_hand();
    for (enum answer answer = SUCCEEDS; answer <= FAILS; answer++) {
        struct gate gate = { 0 };
        struct waiting w;
        struct runner *r = let_it_be_late(&w, submit(ex, &gate, NULL, answer));
        check_code(runner_join(r), answer == FAILS ? -EIO : 0);
        check_number(w.out, answer == FAILS ? 0 : 1);
    }
    clock_of_the_system();
}

static int awaits(void *waiting)
{
    struct waiting *w = waiting;
    PLAIT_CANCEL_SCOPE(scope);
    w->scope = &scope;
    int err = plait_await(w->future, &w->out);
    w->next = plait_sleep(0);
    return err;
}

TEST_WITH_TASKS(AW49_to_cancel_who_awaits_cancels_what_is_awaited)
{
    struct gate gate = { 0 };
    struct waiting w = { .future = submit(ex, &gate, NULL, PASSES_ON) };
    struct runner *r = runner_start(awaits, &w);
    until_asleep(r);
    plait_scope_cancel(w.scope);
    check_code(runner_join(r), PLAIT_ECANCELED);
    until(gate.cut == 1);
}

/* Both at once: what has come is given, and the next wait tells of the cancel. */
TEST_IN_EACH_KIND(AW50_a_cancel_that_comes_with_the_result_is_not_lost)
{
    for (int with_time = 0; with_time < 2; with_time++) {
        plait_future *f;
        plait_promise *p = plait_promise_new(number, &f);
        struct waiting w = { .future = f, .until = plait_after(1000 * PLAIT_SECOND) };
        struct runner *r = runner_start(with_time ? waits_for : awaits, &w);
        until_listed(&f->waiters, 1);
        plait_waiter *claimed = plait_waitlist_claim_all(&f->waiters, false); /* it is being told */
        check_code(plait_promise_set(number, p, &seven), 0);
        plait_scope_cancel(w.scope);
        plait_wake(claimed);
        check_code(runner_join(r), 0);
        check_number(w.out, 7);
        check_code(w.next, PLAIT_ECANCELED);
        plait_promise_free(p);
    }
}

/* Shielded: await_until alone, which ends the future only with its outcome. */

TEST_WITH_TASKS(AW51_AS2_one_who_only_gives_up_lets_it_run_and_may_wait_again)
{
    clock_by_hand();
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        struct gate gate = { 0 };
        plait_future *f = submit(ex, &gate, NULL, PASSES_ON);
        struct waiting w = { .future = f, .until = plait_after(PLAIT_SECOND), .shields = true };
        struct runner *r = runner_start(waits_for, &w);
        until_asleep(r);
        if (cancelled) plait_scope_cancel(w.scope);
        else clock_move(PLAIT_SECOND);
        check_code(runner_join(r), cancelled ? PLAIT_ECANCELED : PLAIT_ETIMEDOUT);
        check_code(w.next, cancelled ? PLAIT_ECANCELED : 0);
        check_number(plait_future_get_state(f), PLAIT_FUTURE_RUNNING);
        check_code(plait_await_until(f, NULL, plait_after(-1)), PLAIT_ETIMEDOUT); /* no time at all */
        plait_event_set(&gate.open);
        check_code(plait_await(f, &w.out), 0);
        check_number(w.out, 5);
        check_number(gate.cut, 0);
    }
    clock_of_the_system();
}

TEST_WITH_TASKS(AS1_AS4_it_gives_the_value_or_the_failure_also_of_one_that_is_done)
{
    int n = 3, out = 0, code = -EIO;
    check_code(plait_await_until(plait_submit(ex, square, &n), &out, PLAIT_FOREVER), 0);
    check_number(out, 9);
    check_code(plait_await_until(plait_submit(ex, fail_in_words, &code), NULL, PLAIT_FOREVER), -EIO);
    check_string(plait_error()->message, "no luck with -5");
    plait_future *f = plait_submit(ex, square, &n);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    check_code(plait_await_until(f, &out, PLAIT_NOW), 0);
}

TEST_WITH_TASKS(AS3_who_waits_so_is_told_when_the_task_is_cancelled)
{
    struct gate gate = { 0 };
    plait_future *f = submit(ex, &gate, NULL, PASSES_ON), *kept = plait_future_ref(f);
    struct waiting w = { .future = f, .until = PLAIT_FOREVER, .shields = true };
    struct runner *r = runner_start(waits_for, &w);
    until_asleep(r);
    check(!plait_future_cancel(kept));
    check_code(runner_join(r), PLAIT_ETASK);
    check_code(w.next, 0); /* it is the task that was cancelled */
    plait_future_unref(kept);
}

static int waits_for_both(void *futures)
{
    PLAIT_TIMEOUT(scope, plait_after(PLAIT_SECOND));
    return plait_wait(futures, 2, PLAIT_ALL_COMPLETED, PLAIT_FOREVER, NULL);
}

TEST_WITH_TASKS(AS6_a_wait_for_several_that_is_cut_lets_them_run)
{
    clock_by_hand();
    struct gate gates[2] = { 0 };
    plait_future *futures[2];
    int out[2];
    for (int i = 0; i < 2; i++) futures[i] = submit(ex, &gates[i], NULL, PASSES_ON);
    struct runner *r = runner_start(waits_for_both, futures);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ECANCELED);
    for (int i = 0; i < 2; i++) plait_event_set(&gates[i].open);
    check_code(plait_gather(futures, 2, out, NULL), 0);
    for (int i = 0; i < 2; i++) check_number(out[i], 5), check_number(gates[i].cut, 0);
    clock_of_the_system();
}

TEST_WITH_TASKS(AS7_a_task_lives_to_its_end_whoever_holds_its_future)
{
    struct gate gate = { 0 };
    plait_future_detach(submit(ex, &gate, NULL, PASSES_ON));
    for (int i = 0; i < 5; i++) let_others_run();
    plait_event_set(&gate.open);
    until(gate.passed == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AW40_AW41_in_time_or_without_a_time_it_is_an_await),
        cmocka_unit_test(AW42_AW43_one_who_cancels_and_awaits_again_waits_for_the_end_however_long_that_takes),
        cmocka_unit_test(AW42_a_time_out_around_the_await_does_not_wait_for_the_end),
        cmocka_unit_test(AW44_without_time_a_done_one_gives_its_value),
        cmocka_unit_test(AW45_without_time_a_coroutine_that_is_cancelled_never_begins),
        cmocka_unit_test(AW46_without_time_one_that_runs_is_cancelled_and_cleans_up),
        cmocka_unit_test(AW47_AW48_what_it_gives_or_fails_with_when_it_is_cancelled_counts),
        cmocka_unit_test(AW49_to_cancel_who_awaits_cancels_what_is_awaited),
        cmocka_unit_test(AW50_a_cancel_that_comes_with_the_result_is_not_lost),
        cmocka_unit_test(AW51_AS2_one_who_only_gives_up_lets_it_run_and_may_wait_again),
        cmocka_unit_test(AS1_AS4_it_gives_the_value_or_the_failure_also_of_one_that_is_done),
        cmocka_unit_test(AS3_who_waits_so_is_told_when_the_task_is_cancelled),
        cmocka_unit_test(AS6_a_wait_for_several_that_is_cut_lets_them_run),
        cmocka_unit_test(AS7_a_task_lives_to_its_end_whoever_holds_its_future),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
