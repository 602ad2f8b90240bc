/* test_event.c: what has happened is known to all who waited, and to all who ask, until it is cleared. */
#include "clock.h"
#include "runners.h"
#include "park/scope.h"
#include <plait/event.h>

struct waiting {
    plait_event *event;
    plait_deadline until;
    _Atomic(plait_scope *) scope;
};

static int waits(void *waiting)
{
    struct waiting *w = waiting;
    PLAIT_CANCEL_SCOPE(scope);
    w->scope = &scope;
    return plait_event_wait(w->event, w->until);
}

TEST_IN_EACH_KIND(V1_set_and_clear_may_be_repeated)
{
    plait_event e = PLAIT_EVENT_INIT;
    check(!plait_event_is_set(&e));
    plait_event_clear(&e);
    check(!plait_event_is_set(&e));
    plait_event_set(&e);
    check(plait_event_is_set(&e));
    plait_event_set(&e);
    check(plait_event_is_set(&e));
    plait_event_clear(&e);
    check(!plait_event_is_set(&e));
    plait_event_clear(&e);
    check(!plait_event_is_set(&e));
}

TEST_IN_EACH_KIND(V2_AK10_AK12_set_wakes_all_and_later_waits_end_at_once)
{
    plait_event e = PLAIT_EVENT_INIT;
    struct waiting w[5] = { { .event = &e }, { .event = &e }, { .event = &e }, { .event = &e }, { .event = &e } };
    struct runner *r[5];
    for (size_t i = 0; i < 5; i++) r[i] = runner_start(waits, &w[i]), until_listed(&e.waiters, i + 1);
    plait_event_set(&e);
    check_code(plait_event_wait(&e, PLAIT_FOREVER), 0); /* maybe before those that were woken */
    for (int i = 0; i < 5; i++) check_code(runner_join(r[i]), 0);
    check_code(plait_event_wait(&e, PLAIT_FOREVER), 0);
    check_code(plait_event_wait(&e, PLAIT_NOW), 0);
    check_code(plait_event_wait(&e, plait_deadline_at_(1)), 0);
}

TEST_IN_EACH_KIND(V3_a_wait_tells_whether_it_was_set)
{
    clock_by_hand();
    plait_event e = PLAIT_EVENT_INIT;
    check_code(plait_event_wait(&e, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_event_wait(&e, plait_after(0)), PLAIT_ETIMEDOUT);
    struct waiting w = { .event = &e, .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(waits, &w);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    check_number(e.waiters, 0);
    w.until = plait_after(PLAIT_SECOND);
    r = runner_start(waits, &w);
    until_asleep(r);
    plait_event_set(&e);
    check_code(runner_join(r), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(V4_AK11_who_waited_goes_on_even_if_it_is_cleared_at_once)
{
    plait_event e = PLAIT_EVENT_INIT;
    struct waiting w[3] = { { .event = &e }, { .event = &e }, { .event = &e } };
    struct runner *r[3];
    for (size_t i = 0; i < 2; i++) r[i] = runner_start(waits, &w[i]), until_listed(&e.waiters, i + 1);
    plait_event_set(&e);
    plait_event_clear(&e);
    r[2] = runner_start(waits, &w[2]);
    until_listed(&e.waiters, 1); /* it comes too late */
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
    check(!runner_done(r[2]));
    plait_event_clear(&e); /* with somebody waiting */
    check_number(waiters_listed(&e.waiters), 1);
    plait_event_set(&e);
    check_code(runner_join(r[2]), 0);
}

TEST_IN_EACH_KIND(AK13_one_that_is_cancelled_leaves_the_others)
{
    plait_event e = PLAIT_EVENT_INIT;
    struct waiting w[3] = { { .event = &e }, { .event = &e }, { .event = &e } };
    struct runner *r[3];
    for (size_t i = 0; i < 3; i++) r[i] = runner_start(waits, &w[i]), until_listed(&e.waiters, i + 1);
    plait_scope_cancel(w[1].scope);
    check_code(runner_join(r[1]), PLAIT_ECANCELED);
    check_number(waiters_listed(&e.waiters), 2);
    plait_event_set(&e);
    check_code(runner_join(r[0]), 0);
    check_code(runner_join(r[2]), 0);
}

struct both {
    plait_event ping, pong;
};

static int answers(void *both)
{
    struct both *b = both;
    for (int i = 0; i < 200; i++) {
        check_code(plait_event_wait(&b->ping, PLAIT_FOREVER), 0);
        plait_event_clear(&b->ping);
        plait_event_set(&b->pong);
    }
    return 0;
}

TEST_IN_EACH_KIND(two_answer_each_other)
{
    struct both b = { PLAIT_EVENT_INIT, PLAIT_EVENT_INIT };
    struct runner *r = runner_start(answers, &b);
    for (int i = 0; i < 200; i++) {
        plait_event_set(&b.ping);
        check_code(plait_event_wait(&b.pong, PLAIT_FOREVER), 0);
        plait_event_clear(&b.pong);
    }
    runner_join(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(V1_set_and_clear_may_be_repeated),
        cmocka_unit_test(V2_AK10_AK12_set_wakes_all_and_later_waits_end_at_once),
        cmocka_unit_test(V3_a_wait_tells_whether_it_was_set),
        cmocka_unit_test(V4_AK11_who_waited_goes_on_even_if_it_is_cleared_at_once),
        cmocka_unit_test(AK13_one_that_is_cancelled_leaves_the_others),
        cmocka_unit_test(two_answer_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
