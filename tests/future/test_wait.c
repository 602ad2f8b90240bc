/* plait_wait over several futures: when it returns, what is moved where, and that it leaves nothing behind. And
   plait_gather, which ends them. */
#include "clock.h"
#include "fault.h"
#include "future/future.h"
#include "future/tasks.h"

/* Futures that end when they are told to, each on a pool of its own kind. */
enum { MANY = 20 };
static struct gate gates[MANY];
static plait_future *fs[MANY], *kept[MANY];
static plait_executor *pools[2];

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

static void begin(size_t count, int code)
{
    memset(gates, 0, sizeof gates);
    pools[0] = pool_of(MANY);
    pools[1] = plait_thread_per_task_executor();
    for (size_t i = 0; i < count; i++)
        kept[i] = fs[i] = plait_submit(pools[i % 2], end_when_told, &((struct held){ &gates[i], code }));
    for (size_t i = 0; i < count; i++) until_arrived(&gates[i], 1);
}

static void tell(size_t i)
{
    plait_event_set(&gates[i].open);
    until(plait_future_get_state(kept[i]) == PLAIT_FUTURE_FINISHED);
}

static void end(size_t count)
{
    for (size_t i = 0; i < count; i++) plait_event_set(&gates[i].open);
    for (size_t i = 0; i < count; i++) {
        check_code(plait_future_wait(kept[i], PLAIT_FOREVER), 0);
        check_number(waiters_listed(&kept[i]->waiters), 0);
        (void)plait_future_result(kept[i], NULL);
        plait_future_unref(kept[i]);
    }
    plait_executor_free(pools[0]);
}

struct waiting {
    size_t count, done;
    plait_wait_mode mode;
    plait_deadline deadline;
    int code;
};
static int wait_for_them(void *waiting)
{
    struct waiting *w = waiting;
    w->code = plait_wait(fs, w->count, w->mode, w->deadline, &w->done);
    return 0;
}

/* Sleeps, however many there are. */
static struct runner *start_waiting(struct waiting *w)
{
    struct runner *r = runner_start(wait_for_them, w);
    until_asleep(r);
    return r;
}

TEST_IN_EACH_KIND(W2_W3_W17_AW8_all_completed_waits_for_all_failures_too)
{
    begin(3, -EIO);
    struct waiting w = { .count = 3 };
    struct runner *r = start_waiting(&w);
    for (size_t i = 0; i < 3; i++) {
        check(!runner_done(r));
        tell(2 - i);
    }
    check_code(runner_join(r), 0);
    check_code(w.code, 0);
    check_number(w.done, 3);
    end(3);
}

TEST_IN_EACH_KIND(W1_M23_a_cancelled_future_is_done_at_once)
{
    struct held_pool p;
    hold_pool(&p, 1);
    for (int i = 0; i < 2; i++) fs[i] = plait_submit(p.executor, nothing, NULL);
    struct waiting w = { .count = 2, .mode = PLAIT_FIRST_COMPLETED };
    struct runner *r = start_waiting(&w);
    plait_future *second = fs[1];
    check(plait_future_cancel(second));
    check_code(runner_join(r), 0);
    check_code(w.code, 0);
    check_number(w.done, 1);
    check(fs[0] == second);
    check_code(plait_wait(fs, 2, PLAIT_ALL_COMPLETED, PLAIT_NOW, NULL), PLAIT_EAGAIN);
    check(plait_future_cancel(fs[1]));
    check_code(plait_wait(fs, 2, PLAIT_ALL_COMPLETED, PLAIT_NOW, NULL), 0);
    for (int i = 0; i < 2; i++) check_code(plait_await(fs[i], NULL), PLAIT_ETASK);
    end_pool(&p);
}

TEST_IN_EACH_KIND(W5_AW4_first_completed_returns_with_the_first)
{
    begin(MANY, 0);
    struct waiting w = { .count = MANY, .mode = PLAIT_FIRST_COMPLETED };
    struct runner *r = start_waiting(&w);
    tell(13);
    check_code(runner_join(r), 0);
    check_code(w.code, 0);
    check_number(w.done, 1);
    check(fs[0] == kept[13]);
    for (int i = 0; i < MANY; i++) check_number(waiters_listed(&kept[i]->waiters), 0); /* W16 */
    end(MANY);
}

TEST_IN_EACH_KIND(W6_those_that_are_done_come_first_in_their_order)
{
    begin(6, 0);
    tell(5);
    tell(1);
    tell(3);
    size_t done = 0;
    check_code(plait_wait(fs, 6, PLAIT_FIRST_COMPLETED, PLAIT_FOREVER, &done), 0);
    check_number(done, 3);
    check(fs[0] == kept[1] && fs[1] == kept[3] && fs[2] == kept[5]);
    check_code(plait_wait(fs, 6, PLAIT_FIRST_COMPLETED, PLAIT_NOW, NULL), 0);
    end(6);
}

TEST_IN_EACH_KIND(W8_W10_W11_AW6_first_exception_returns_with_the_first_failure)
{
    struct held_pool p;
    int code = -EIO;
    hold_pool(&p, 1);
    begin(2, -EIO);
    fs[2] = plait_submit(plait_inline_executor(), nothing, NULL);
    fs[3] = plait_submit(p.executor, nothing, NULL);
    plait_future *success = fs[2], *cancelled = fs[3];
    check(plait_future_cancel(fs[3]));
    check_code(plait_wait(fs, 4, PLAIT_FIRST_EXCEPTION, PLAIT_NOW, NULL), PLAIT_EAGAIN);
    struct waiting w = { .count = 4, .mode = PLAIT_FIRST_EXCEPTION };
    struct runner *r = start_waiting(&w);
    check(!runner_done(r));
    tell(0);
    check_code(runner_join(r), 0);
    check_code(w.code, 0);
    check_number(w.done, 3);
    check(fs[3] == kept[1]);
    end(2);
    plait_future *good[2] = { success, cancelled };
    check_code(plait_wait(good, 2, PLAIT_FIRST_EXCEPTION, PLAIT_FOREVER, NULL), 0); /* none fails: all */
    check_code(plait_await(success, NULL), 0);
    check_code(plait_await(cancelled, NULL), PLAIT_ETASK);

    begin(2, 0); /* all succeed while it waits */
    w = (struct waiting){ .count = 2, .mode = PLAIT_FIRST_EXCEPTION };
    r = start_waiting(&w);
    tell(0);
    check(!runner_done(r));
    tell(1);
    check_code(runner_join(r), 0);
    check_code(w.code, 0);
    check_number(w.done, 2);
    end(2);
    end_pool(&p);

    fs[0] = plait_submit(plait_inline_executor(), fail_with, &code);
    check_code(plait_wait(fs, 1, PLAIT_FIRST_EXCEPTION, PLAIT_NOW, NULL), 0);
    check_code(plait_await(fs[0], NULL), -EIO);
}

TEST_IN_EACH_KIND(W4_AW12_a_future_may_be_named_more_than_once)
{
    for (int mode = PLAIT_ALL_COMPLETED; mode <= PLAIT_FIRST_EXCEPTION; mode++) {
        begin(2, 0);
        for (size_t i = 2; i < MANY; i++) fs[i] = kept[i % 2]; /* more than fit on the stack */
        struct waiting w = { .count = MANY, .mode = (plait_wait_mode)mode };
        struct runner *r = start_waiting(&w);
        tell(1);
        if (mode != PLAIT_FIRST_COMPLETED) tell(0);
        check_code(runner_join(r), 0);
        check_code(w.code, 0);
        check_number(w.done, mode == PLAIT_FIRST_COMPLETED ? MANY / 2 : MANY);
        check(fs[0] == kept[mode == PLAIT_FIRST_COMPLETED ? 1 : 0]);
        end(2);
    }
}

TEST_IN_EACH_KIND(W12_a_deadline_that_passes_cancels_nothing)
{
    clock_by_hand();
    begin(4, 0);
    tell(2);
    for (int mode = PLAIT_ALL_COMPLETED; mode <= PLAIT_FIRST_EXCEPTION; mode += 2) {
        struct waiting w = { .count = 4, .mode = (plait_wait_mode)mode, .deadline = plait_after(PLAIT_SECOND) };
        struct runner *r = start_waiting(&w);
        clock_move(PLAIT_SECOND);
        check_code(runner_join(r), 0);
        check_code(w.code, PLAIT_ETIMEDOUT);
        check_number(w.done, 1);
        check(fs[0] == kept[2]);
        for (int i = 0; i < 4; i++) check_number(waiters_listed(&kept[i]->waiters), 0);
    }
    size_t done = 7;
    check_code(plait_wait(fs, 4, PLAIT_ALL_COMPLETED, plait_after(-1), &done), PLAIT_ETIMEDOUT);
    check_number(done, 1);
    check_code(plait_wait(fs, 4, PLAIT_FIRST_COMPLETED, plait_after(-1), &done), 0); /* one try */
    end(4);
    for (int i = 0; i < 4; i++) check_number(gates[i].cut, 0);
    clock_of_the_system();
}

static int cut_wait(void *waiting)
{
    struct waiting *w = waiting;
    PLAIT_TIMEOUT(scope, plait_after(PLAIT_SECOND));
    return wait_for_them(w);
}

TEST_IN_EACH_KIND(AW11_a_wait_that_is_cut_leaves_nothing_behind)
{
    clock_by_hand();
    for (int mode = PLAIT_ALL_COMPLETED; mode <= PLAIT_FIRST_EXCEPTION; mode++) {
        begin(MANY, 0);
        struct waiting w = { .count = MANY, .mode = (plait_wait_mode)mode };
        struct runner *r = runner_start(cut_wait, &w);
        until_asleep(r);
        clock_move(PLAIT_SECOND);
        check_code(runner_join(r), 0);
        check_code(w.code, PLAIT_ECANCELED);
        check_number(w.done, 0);
        for (int i = 0; i < MANY; i++) {
            check_number(waiters_listed(&kept[i]->waiters), 0);
            check_number(plait_future_get_state(kept[i]), PLAIT_FUTURE_RUNNING);
        }
        end(MANY);
    }
    clock_of_the_system();
}

TEST_IN_EACH_KIND(W13_W14_AW2_nothing_and_an_unknown_mode)
{
    size_t done = 7;
    for (int mode = PLAIT_ALL_COMPLETED; mode <= PLAIT_FIRST_EXCEPTION; mode++)
        check_code(plait_wait(NULL, 0, (plait_wait_mode)mode, PLAIT_FOREVER, &done), 0);
    check_number(done, 0);
    plait_future *f = plait_submit(plait_inline_executor(), nothing, NULL);
    for (int mode = -1; mode <= 3; mode += 4) {
        check_code(plait_wait(&f, 1, (plait_wait_mode)mode, PLAIT_FOREVER, &done),
                   PLAIT_EINVAL); /* though all are done */
        check_contains(plait_error()->message, "has no mode");
        check_number(done, 1);
        check_code(plait_wait(NULL, 0, (plait_wait_mode)mode, PLAIT_NOW, NULL), PLAIT_EINVAL);
    }
    check_code(plait_await(f, NULL), 0);
}

TEST_IN_EACH_KIND(without_memory_a_wait_fails_and_leaves_nothing_behind)
{
    begin(MANY, 0);
    tell(7);
    fault_all("memory");
    size_t done = 0;
    int err = plait_wait(fs, MANY, PLAIT_FIRST_EXCEPTION, PLAIT_FOREVER, &done);
    int few = plait_wait(fs, 2, PLAIT_FIRST_EXCEPTION, plait_after(-1), NULL); /* these need none */
    fault_off();
    check_code(err, PLAIT_ENOMEM);
    check_code(few, PLAIT_ETIMEDOUT);
    check_number(done, 1);
    for (int i = 0; i < MANY; i++) check_number(waiters_listed(&kept[i]->waiters), 0);
    end(MANY);
}

/* Released together, and waited for by many at once, in each mode. */

static plait_future *shared[100];
struct sharing {
    plait_wait_mode mode;
    bool backwards;
};
static int wait_for_all_shared(void *sharing)
{
    struct sharing *s = sharing;
    plait_future *mine[100];
    for (int i = 0; i < 100; i++) mine[i] = shared[s->backwards ? 99 - i : i];
    size_t left = 100, done;
    while (left) {
        check_code(plait_wait(mine, left, s->mode, PLAIT_FOREVER, &done), 0);
        check(done >= 1);
        left -= done;
        memmove(mine, mine + done, left * sizeof *mine);
    }
    return 0;
}

TEST_IN_EACH_KIND(W15_W26_many_futures_many_waiters_and_no_wakeup_is_lost)
{
    struct sharing sharings[6];
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(100);
    struct runner *others[6];
    for (int i = 0; i < 100; i++) shared[i] = plait_submit(pool, pass, &at);
    for (int i = 0; i < 6; i++) {
        sharings[i] = (struct sharing){ .mode = (plait_wait_mode)(i % 3), .backwards = i >= 3 };
        others[i] = runner_start(wait_for_all_shared, &sharings[i]);
    }
    until_arrived(&gate, 100);
    plait_event_set(&gate.open);
    for (int i = 0; i < 6; i++) check_code(runner_join(others[i]), 0);
    for (int i = 0; i < 100; i++) check_code(plait_await_until(shared[i], NULL, PLAIT_NOW), 0);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(AG1_AG2_AG5_results_are_gathered_in_the_order_of_the_futures)
{
    plait_executor *executors[] = { pool_of(2), plait_inline_executor() };
    for (int e = 0; e < 2; e++) {
        plait_future *these[MANY];
        int out[MANY], errors[MANY];
        for (int i = 0; i < MANY; i++) {
            out[i] = -1;
            these[i] = plait_submit(executors[e], square, &i);
        }
        check_code(plait_gather(these, MANY, out, NULL), 0);
        for (int i = 0; i < MANY; i++) check_number(out[i], i * i);
        for (int i = 0; i < MANY; i++) {
            int code = i == 7 ? -EIO : i == 9 ? -EPIPE : 0;
            these[i] = plait_submit(executors[e], fail_in_words, &code);
        }
        check_code(plait_gather(these, MANY, NULL, errors), -EIO);
        check_string(plait_error()->message, "no luck with -5");
        check_string(plait_error()->task, "fail_in_words");
        for (int i = 0; i < MANY; i++) check_code(errors[i], i == 7 ? -EIO : i == 9 ? -EPIPE : 0);
    }
    check_code(plait_gather(NULL, 0, NULL, NULL), 0);
    plait_executor_free(executors[0]);
}

static int gather_these(void *futures)
{
    int out[4] = { -1, -1, -1, -1 }, errors[4] = { 1, 1, 1, 1 };
    PLAIT_TIMEOUT(scope, plait_after(PLAIT_SECOND));
    int err = plait_gather((plait_future **)futures, 4, out, errors);
    check_code(err, PLAIT_ECANCELED);
    check_number(out[0], 16);
    check_code(errors[0], 0);
    check_code(errors[1], -EIO); /* the cut counts, though a failure came before it */
    check_code(errors[2], PLAIT_ECANCELED);
    check_code(errors[3], PLAIT_ECANCELED);
    check_number(out[3], -1);
    return 0;
}

static int fail_with_number(const int *code, int *number)
{
    *number = 0;
    return *code;
}
PLAIT_TASK(fail_with_number, int, int);

TEST_IN_EACH_KIND(M20_AG8_AG10_a_gather_that_is_cut_cancels_what_is_left)
{
    struct held_pool p;
    struct gate gate = { 0 };
    struct numbered_gate at = { .gate = &gate };
    clock_by_hand();
    hold_pool(&p, 1);
    plait_executor *pool = pool_of(1);
    plait_future *these[4] = { plait_submit(plait_inline_executor(), square, &((int){ 4 })),
                               plait_submit(plait_inline_executor(), fail_with_number, &((int){ -EIO })),
                               plait_submit(pool, pass_numbered, &at),
                               plait_submit(p.executor, square, &((int){ 5 })) };
    plait_future *last = plait_future_ref(these[3]);
    until_arrived(&gate, 1);
    struct runner *r = runner_start(gather_these, these);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), 0);
    until(gate.cut == 1);
    check_number(plait_future_get_state(last), PLAIT_FUTURE_CANCELLED);
    plait_future_unref(last);
    end_pool(&p);
    plait_executor_free(pool);
    clock_of_the_system();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W2_W3_W17_AW8_all_completed_waits_for_all_failures_too),
        cmocka_unit_test(W1_M23_a_cancelled_future_is_done_at_once),
        cmocka_unit_test(W5_AW4_first_completed_returns_with_the_first),
        cmocka_unit_test(W6_those_that_are_done_come_first_in_their_order),
        cmocka_unit_test(W8_W10_W11_AW6_first_exception_returns_with_the_first_failure),
        cmocka_unit_test(W4_AW12_a_future_may_be_named_more_than_once),
        cmocka_unit_test(W12_a_deadline_that_passes_cancels_nothing),
        cmocka_unit_test(AW11_a_wait_that_is_cut_leaves_nothing_behind),
        cmocka_unit_test(W13_W14_AW2_nothing_and_an_unknown_mode),
        cmocka_unit_test(without_memory_a_wait_fails_and_leaves_nothing_behind),
        cmocka_unit_test(W15_W26_many_futures_many_waiters_and_no_wakeup_is_lost),
        cmocka_unit_test(AG1_AG2_AG5_results_are_gathered_in_the_order_of_the_futures),
        cmocka_unit_test(M20_AG8_AG10_a_gather_that_is_cut_cancels_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
