/* test_timeout_over_pool.c: a time-out over a call of a pool of threads returns in time, whatever the pool is at, and
   leaves nothing behind: what had not begun never runs, what waits is cut, what computes is dropped when it ends. That
   all memory is freed, the leak checker says. */
#include "clock.h"
#include "future/future.h"
#include "future/tasks.h"
#include <sched.h>

static _Atomic int reports;
static int count(const plait_report_info *report, void *unused)
{
    (void)report, (void)unused;
    reports++;
    return 0;
}
static const plait_report_hook counting = { .report = count };

struct call {
    plait_future *future;
    bool expired;
};

static int call_in_time(void *call)
{
    struct call *c = call;
    plait_bytes answer = { 0 };
    PLAIT_TIMEOUT(scope, plait_after(PLAIT_SECOND));
    int err = plait_await(c->future, &answer);
    check(!answer.data);
    c->expired = plait_scope_expired(&scope);
    return err;
}

/* Calls, and lets the time pass. */
static void call(plait_future *f)
{
    struct call c = { .future = f };
    struct runner *r = runner_start(call_in_time, &c);
    until_listed(&f->waiters, 1);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ECANCELED);
    check(c.expired);
}

static struct gate gate;
static _Atomic bool computes, enough;
static _Atomic int begun;
enum how { WAITS, COMPUTES, COMPUTES_AND_FAILS, HOWS };

static int answer(const plait_bytes *question, plait_bytes *out)
{
    struct gate *at = &gate;
    enum how how = *(const enum how *)question->data;
    begun++;
    int err = plait_bytes_format(out, "the answer to %d", (int)how);
    if (err) return err;
    if (how == WAITS) return pass(&at);
    computes = true;
    while (!enough) sched_yield();
    check(plait_cancelled()); /* it may ask */
    return how == COMPUTES ? 0 : plait_fail(-EIO, "too late to matter");
}
PLAIT_TASK(answer, plait_bytes, plait_bytes);

static plait_future *ask(plait_executor *pool, enum how how)
{
    return plait_submit(pool, answer, &((plait_bytes){ &how, sizeof how }));
}

static void begin(void)
{
    gate = (struct gate){ 0 };
    computes = enough = false;
    begun = reports = 0;
    plait_report_hook_set(&counting);
    clock_by_hand();
}

static void end(plait_executor *pool)
{
    plait_executor_free(pool);
    check_number(reports, 0);
    plait_report_hook_set(NULL);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(AF16_a_call_that_waits_is_cut)
{
    begin();
    plait_executor *pool = pool_of(1);
    plait_future *f = plait_future_ref(ask(pool, WAITS));
    until_arrived(&gate, 1);
    call(f);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    check_number(gate.cut, 1);
    plait_future_unref(f);
    int n = 3, out;
    check_code(plait_await(plait_submit(pool, square, &n), &out), 0); /* the worker is free again */
    end(pool);
}

TEST_IN_EACH_KIND(AF16_a_call_that_had_not_begun_never_does)
{
    begin();
    struct held_pool p;
    hold_pool(&p, 1);
    plait_future *f = plait_future_ref(ask(p.executor, WAITS));
    call(f);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_CANCELLED);
    plait_future_unref(f);
    release_pool(&p);
    end(p.executor);
    check_number(begun, 0);
}

TEST_IN_EACH_KIND(a_call_that_computes_is_not_waited_for_and_nobody_hears_of_it)
{
    for (enum how how = COMPUTES; how < HOWS; how++) {
        begin();
        plait_executor *pool = pool_of(1);
        plait_future *f = ask(pool, how);
        until(computes);
        call(f);
        check_number(statistics_of(pool).running, 1); /* it returned all the same */
        enough = true;
        end(pool); /* what it gave, or failed with, is nobody's */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AF16_a_call_that_waits_is_cut),
        cmocka_unit_test(AF16_a_call_that_had_not_begun_never_does),
        cmocka_unit_test(a_call_that_computes_is_not_waited_for_and_nobody_hears_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
