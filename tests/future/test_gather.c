/* test_gather.c: a gather takes all that its futures give, in their order, and what it leaves behind where it cannot. */
#include "child.h"
#include "future/beside.h"
#include "future/future.h"

PLAIT_PROMISE(number, int);
static const int seven = 7;

static _Atomic int reports;
static int count(const plait_report_info *report, void *unused)
{
    (void)report, (void)unused;
    reports++;
    return 0;
}
static const plait_report_hook counting = { .report = count };

struct failing {
    struct gate *gate;
    int code;
};
static int fail_behind(const struct failing *f, int *out)
{
    int err = pass(&f->gate);
    return *out = 1, err ? err : f->code ? plait_fail(f->code, "failed with %d", f->code) : 0;
}
PLAIT_LOCAL_TASK(fail_behind, struct failing, int);

enum { MANY = 4 };
struct gathering {
    plait_future *futures[MANY];
    int out[MANY], errors[MANY];
    _Atomic(plait_scope *) scope;
    int next; /* what the next wait says */
    char words[40];
};

static int gathers(void *gathering)
{
    struct gathering *g = gathering;
    PLAIT_CANCEL_SCOPE(scope);
    g->scope = &scope;
    int err = plait_gather(g->futures, MANY, g->out, g->errors);
    if (err && plait_error()) snprintf(g->words, sizeof g->words, "%s", plait_error()->message);
    g->next = plait_sleep(0);
    return err;
}

static void check_slots(const struct gathering *g, int first, int second, int third, int fourth)
{
    const int expected[MANY] = { first, second, third, fourth };
    for (int i = 0; i < MANY; i++) check_code(g->errors[i], expected[i]);
}

TEST_WITH_TASKS(AG3_AG4_AG14_M30_a_failure_cancels_nobody_and_is_told_when_all_have_ended)
{
    plait_report_hook_set(&counting);
    reports = 0;
    struct gate gates[MANY] = { 0 };
    struct gathering g = { .next = 1 };
    const int codes[MANY] = { 0, -EIO, -EPIPE, 0 };
    for (int i = 0; i < MANY; i++)
        g.futures[i] = plait_submit(ex, fail_behind, &((struct failing){ &gates[i], codes[i] }));
    for (int i = 0; i < MANY; i++) until_arrived(&gates[i], 1);
    struct runner *r = runner_start(gathers, &g);
    for (int i = MANY - 1; i >= 0; i--) {
        until_asleep(r);
        check(!runner_done(r));
        plait_event_set(&gates[i].open); /* the last one fails first */
    }
    check_code(runner_join(r), -EIO);
    check_string(g.words, "failed with -5"); /* the first in their order */
    check_slots(&g, 0, -EIO, -EPIPE, 0);
    for (int i = 0; i < MANY; i++) check_number(gates[i].passed, 1);
    check_number(reports, 0);
    check_code(g.next, 0);
    plait_report_hook_set(NULL);
}

TEST_WITH_TASKS(AG6_AG7_a_child_that_is_cancelled_has_failed_so_and_the_others_go_on)
{
    struct gate gates[MANY] = { 0 };
    struct gathering g = { .next = 1 };
    plait_future *kept = NULL;
    for (int i = 0; i < MANY; i++) {
        g.futures[i] = plait_submit(ex, fail_behind, &((struct failing){ &gates[i], 0 }));
        if (i == 1) kept = plait_future_ref(g.futures[i]);
    }
    for (int i = 0; i < MANY; i++) until_arrived(&gates[i], 1);
    struct runner *r = runner_start(gathers, &g);
    until_asleep(r);
    check(!plait_future_cancel(kept));
    check_code(plait_await(kept, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check(!runner_done(r));
    for (int i = 0; i < MANY; i++) plait_event_set(&gates[i].open);
    check_code(runner_join(r), PLAIT_ETASK);
    check_slots(&g, 0, PLAIT_ETASK, 0, 0);
    check_code(g.next, 0); /* the gather itself was not cancelled */
}

TEST_WITH_TASKS(AG8_AG10_a_gather_that_is_cancelled_cancels_all_that_have_not_ended)
{
    struct gate gates[MANY] = { 0 };
    struct gathering g = { .next = 1 };
    for (int i = 0; i < MANY; i++) g.futures[i] = plait_submit(ex, fail_behind, &((struct failing){ &gates[i], 0 }));
    plait_future *second = plait_future_ref(g.futures[2]);
    for (int i = 0; i < MANY; i++) until_arrived(&gates[i], 1);
    struct runner *r = runner_start(gathers, &g);
    until_asleep(r);
    plait_event_set(&gates[2].open);
    check_code(plait_await(second, NULL), 0);
    until_asleep(r);
    plait_scope_cancel(g.scope);
    check_code(runner_join(r), PLAIT_ECANCELED); /* with a place for errors too */
    check_slots(&g, PLAIT_ECANCELED, PLAIT_ECANCELED, 0, PLAIT_ECANCELED);
    check_number(g.out[2], 1);
    check_code(g.next, PLAIT_ECANCELED);
    for (int i = 0; i < MANY; i++)
        if (i != 2) until(gates[i].cut == 1);
}

TEST_IN_EACH_KIND(AG9_a_cancel_that_comes_when_all_have_ended_is_told_by_the_next_wait)
{
    for (int turn = 0; turn < 20; turn++) {
        struct gathering g = { .next = 1 };
        plait_promise *promises[MANY];
        for (int i = 0; i < MANY; i++) promises[i] = plait_promise_new(number, &g.futures[i]);
        for (int i = 1; i < MANY; i++) check_code(plait_promise_set(number, promises[i], &seven), 0);
        struct runner *r = runner_start(gathers, &g);
        until_listed(&g.futures[0]->waiters, 1);
        plait_waiter *claimed = plait_waitlist_claim_all(&g.futures[0]->waiters, false); /* it is being told */
        check_code(plait_promise_set(number, promises[0], &seven), 0);
        plait_scope_cancel(g.scope);
        plait_wake(claimed);
        check_code(runner_join(r), 0);
        check_slots(&g, 0, 0, 0, 0);
        for (int i = 0; i < MANY; i++) check_number(g.out[i], 7), plait_promise_free(promises[i]);
        check_code(g.next, PLAIT_ECANCELED);
    }
}

TEST_WITH_TASKS(AG11_a_future_may_be_named_as_often_as_it_has_owners)
{
    _Atomic int ran = 0, *counter = &ran;
    int n = 6;
    struct gathering g = { .next = 1 };
    plait_future *f = plait_submit(ex, square, &n);
    for (int i = 0; i < MANY; i++) g.futures[i] = i ? plait_future_ref(f) : f;
    check_code(gathers(&g), 0);
    for (int i = 0; i < MANY; i++) check_number(g.out[i], 36);
    f = plait_submit(ex, count_up, &counter);
    for (int i = 0; i < MANY; i++) g.futures[i] = i ? plait_future_ref(f) : f;
    check_code(plait_gather(g.futures, MANY, NULL, NULL), 0);
    check_number(ran, 1);
}

TEST_WITH_TASKS(AG12_the_futures_may_be_of_any_executors)
{
    plait_executor *pool = pool_of(1), *loops = plait_multi_loop_executor_new(NULL);
    plait_executor *executors[MANY] = { ex, pool, loops, plait_thread_per_task_executor() };
    struct gathering g = { .next = 1 };
    for (int i = 0; i < MANY; i++) g.futures[i] = plait_submit(executors[i], square, &i);
    check_code(gathers(&g), 0);
    for (int i = 0; i < MANY; i++) check_number(g.out[i], i * i);
    plait_executor_free(pool);
    plait_executor_free(loops);
}

static int gather_nothing(void *unused)
{
    plait_future *futures[2] = { plait_submit(plait_inline_executor(), nothing, NULL), NULL };
    (void)unused;
    return plait_gather(futures, 2, NULL, NULL);
}

static void AG13_a_null_among_them_stops_the_program(void **unused)
{
    (void)unused;
    child_stops(gather_nothing, NULL, "a future was awaited that is NULL");
}

static int gather_in_a_dead_scope(plait_future **futures, int *out, int *errors)
{
    PLAIT_TIMEOUT(dead, PLAIT_NOW);
    return plait_gather(futures, 2, out, errors);
}

TEST_IN_EACH_KIND(in_a_scope_that_is_dead_before_nothing_is_taken)
{
    int n = 3, out[2] = { 0, 0 }, errors[2] = { 1, 1 };
    plait_future *futures[2] = { plait_submit(plait_inline_executor(), square, &n),
                                 plait_submit(plait_inline_executor(), square, &n) };
    check_code(gather_in_a_dead_scope(futures, out, errors), PLAIT_ECANCELED);
    for (int i = 0; i < 2; i++) check_code(errors[i], PLAIT_ECANCELED), check_number(out[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AG3_AG4_AG14_M30_a_failure_cancels_nobody_and_is_told_when_all_have_ended),
        cmocka_unit_test(AG6_AG7_a_child_that_is_cancelled_has_failed_so_and_the_others_go_on),
        cmocka_unit_test(AG8_AG10_a_gather_that_is_cancelled_cancels_all_that_have_not_ended),
        cmocka_unit_test(AG9_a_cancel_that_comes_when_all_have_ended_is_told_by_the_next_wait),
        cmocka_unit_test(AG11_a_future_may_be_named_as_often_as_it_has_owners),
        cmocka_unit_test(AG12_the_futures_may_be_of_any_executors),
        cmocka_unit_test(AG13_a_null_among_them_stops_the_program),
        cmocka_unit_test(in_a_scope_that_is_dead_before_nothing_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
