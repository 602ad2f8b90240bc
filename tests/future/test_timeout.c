/* test_timeout.c: time-outs around what tasks do: what they cut, what they leave alone, and who is told. */
#include "clock.h"
#include "future/beside.h"

static const int64_t S = PLAIT_SECOND;

/* A body in a scope of its own, started by the test, which moves the clock once it sleeps. */
struct body {
    plait_executor *ex;
    struct gate gate;
    plait_deadline until;
    bool expired, cancelled, inner_expired;
    int inner;
};

static void let_it_expire(struct runner *r, int64_t time)
{
    until_asleep(r);
    clock_move(time);
}

static int awaits_in_time(void *body)
{
    struct body *b = body;
    struct gate *at = &b->gate;
    int err;
    {
        PLAIT_TIMEOUT(scope, b->until);
        err = plait_await(plait_submit(b->ex, pass, &at), NULL);
        b->expired = plait_scope_expired(&scope);
    }
    check(!plait_cancelled());
    check_code(plait_sleep(0), 0); /* after the braces all is as before */
    return err;
}

TEST_WITH_TASKS(AO1_AO3_AO20_a_body_that_takes_longer_is_cut_and_decides_what_that_means)
{
    clock_by_hand();
    struct body b = { .ex = ex, .until = plait_after(S) };
    struct runner *r = runner_start(awaits_in_time, &b);
    until_arrived(&b.gate, 1);
    let_it_expire(r, S);
    check_code(runner_join(r), PLAIT_ECANCELED);
    check(b.expired);
    until(b.gate.cut == 1); /* what it awaited was cancelled with it */
    clock_of_the_system();
}

TEST_WITH_TASKS(AO2_several_scopes_may_share_a_point_in_time)
{
    clock_by_hand();
    plait_deadline then = plait_after(2 * S);
    struct body b[2] = { { .ex = ex, .until = then }, { .ex = ex, .until = then } };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) {
        r[i] = runner_start(awaits_in_time, &b[i]);
        until_arrived(&b[i].gate, 1);
        until_asleep(r[i]);
        clock_move(S);
    }
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), PLAIT_ECANCELED), check(b[i].expired);
    for (int i = 0; i < 2; i++) until(b[i].gate.cut == 1);
    clock_of_the_system();
}

TEST_WITH_TASKS(AO4_AO5_in_time_or_without_a_time_nothing_is_said)
{
    clock_by_hand();
    struct body b[2] = { { .ex = ex, .until = plait_after(S) }, { .ex = ex, .until = PLAIT_FOREVER } };
    for (int i = 0; i < 2; i++) {
        struct runner *r = runner_start(awaits_in_time, &b[i]);
        until_arrived(&b[i].gate, 1);
        let_it_expire(r, i ? 1000 * S : S - 1);
        plait_event_set(&b[i].gate.open);
        check_code(runner_join(r), 0);
        check(!b[i].expired);
        check_number(b[i].gate.passed, 1);
    }
    clock_of_the_system();
}

TEST_WITH_TASKS(AO6_no_time_at_all_ends_the_first_wait)
{
    const plait_deadline gone[] = { PLAIT_NOW, plait_after(0), plait_after(-S) };
    for (int i = 0; i < 3; i++) {
        plait_future *done = plait_submit(plait_inline_executor(), nothing, NULL);
        PLAIT_TIMEOUT(scope, gone[i]);
        check(!plait_scope_expired(&scope)); /* nothing has been asked yet */
        check_code(plait_yield(), PLAIT_ECANCELED);
        check(plait_scope_expired(&scope));
        check_code(plait_sleep(0), PLAIT_ECANCELED);
        check_code(plait_await(done, NULL), PLAIT_ECANCELED);
        check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), PLAIT_ECANCELED);
    }
}

TEST_IN_EACH_KIND(AO7_a_body_without_a_wait_is_not_ended)
{
    clock_by_hand();
    PLAIT_TIMEOUT(scope, plait_after(S));
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_event e = PLAIT_EVENT_INIT;
    clock_move(10 * S); /* it computes for long */
    plait_mutex_lock(&m);
    plait_event_set(&e);
    plait_mutex_unlock(&m);
    check_code(plait_event_wait(&e, PLAIT_NOW), 0); /* not to wait is no wait */
    check(!plait_scope_expired(&scope));
    clock_of_the_system();
}

/* Nested. */

struct nested {
    int64_t outer, inner;
    bool outer_expired, inner_expired, after_inner;
};

static int nests(void *nested)
{
    struct nested *n = nested;
    PLAIT_TIMEOUT(outer, plait_after(n->outer));
    {
        PLAIT_TIMEOUT(inner, plait_after(n->inner));
        check_code(plait_sleep_until(PLAIT_FOREVER), PLAIT_ECANCELED);
        n->inner_expired = plait_scope_expired(&inner);
        n->outer_expired = plait_scope_expired(&outer); /* the same wait has seen it */
    }
    n->after_inner = plait_sleep(0) == 0;
    return 0;
}

TEST_IN_EACH_KIND(AO8_AO9_of_nested_ones_each_says_whether_its_own_time_has_passed)
{
    const struct {
        int64_t outer, inner, passed;
        bool outer_expired, inner_expired;
    } rows[] = {
        { S, S, S, true, true },         /* one deadline: both */
        { S, 2 * S, S, true, false },    /* the outer early */
        { S, 2 * S, 5 * S, true, true }, /* and so late that both have passed */
        { 2 * S, S, S, false, true },    /* the inner early: the outer goes on */
    };
    clock_by_hand();
    for (int i = 0; i < 4; i++) {
        struct nested n = { .outer = rows[i].outer, .inner = rows[i].inner };
        struct runner *r = runner_start(nests, &n);
        let_it_expire(r, rows[i].passed);
        check_code(runner_join(r), 0);
        check_number(n.outer_expired, rows[i].outer_expired);
        check_number(n.inner_expired, rows[i].inner_expired);
        check_number(n.after_inner, !rows[i].outer_expired);
    }
    clock_of_the_system();
}

/* Other errors. */

static int fails_inside(void *expires)
{
    PLAIT_TIMEOUT(scope, plait_after(S));
    if (expires) check_code(plait_sleep_until(PLAIT_FOREVER), PLAIT_ECANCELED);
    check(plait_scope_expired(&scope) == (expires != NULL));
    int err = plait_fail(-EIO, "in the middle of it");
    check_string(plait_error()->message, "in the middle of it");
    return err;
}

TEST_IN_EACH_KIND(AO10_AO11_what_the_body_fails_with_passes_as_it_is)
{
    clock_by_hand();
    check_code(fails_inside(NULL), -EIO);
    check_string(plait_error()->message, "in the middle of it");
    struct runner *r = runner_start(fails_inside, (void *)"expires");
    let_it_expire(r, S);
    check_code(runner_join(r), -EIO);
    clock_of_the_system();
}

/* Cancels from outside. */

typedef struct body *its_body;

static int wait_cleaning_up(const its_body *body)
{
    struct body *b = *body;
    PLAIT_TIMEOUT(scope, plait_after(S));
    struct gate *gate = &b->gate;
    int err = pass(&gate);
    b->expired = plait_scope_expired(&scope);
    b->cancelled = plait_scope_cancelled(&scope);
    {
        PLAIT_SHIELD(clean_up, b->until);
        if (b->inner) plait_scope_cancel(&clean_up);
        b->inner = plait_sleep_until(PLAIT_FOREVER);
        b->inner_expired = plait_scope_expired(&clean_up);
        check(plait_scope_cancelled(&clean_up) != b->inner_expired);
    }
    check_code(plait_sleep(0), err); /* dead as before */
    return err;
}
PLAIT_LOCAL_TASK(wait_cleaning_up, its_body, void);

static plait_future *start_and_cancel(plait_executor *ex, struct body *b)
{
    plait_future *f = plait_submit(ex, wait_cleaning_up, &b);
    until_arrived(&b->gate, 1);
    check(!plait_future_cancel(f));
    until(b->gate.cut == 1);
    return f;
}

TEST_WITH_TASKS(AO12_AO17_a_cancel_is_no_expiry_and_clean_up_may_have_a_time_of_its_own)
{
    clock_by_hand();
    struct body b = { .until = plait_after(S) };
    plait_future *f = start_and_cancel(ex, &b);
    plait_future_cancel(f); /* once more: not seen by the clean-up */
    clock_move(S);
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check(!b.expired && !b.cancelled); /* it was the task that was cancelled, not its scope */
    check_code(b.inner, PLAIT_ECANCELED);
    check(b.inner_expired);
    clock_of_the_system();
}

TEST_WITH_TASKS(AO18_a_cancel_of_the_clean_up_s_own_scope_is_no_expiry)
{
    struct body b = { .until = plait_after(1000 * S), .inner = 1 };
    check_code(plait_await(start_and_cancel(ex, &b), NULL), PLAIT_ETASK);
    check_code(b.inner, PLAIT_ECANCELED);
    check(!b.inner_expired);
}

static int cleans_up_in_time(void *body)
{
    struct body *b = body;
    PLAIT_TIMEOUT(scope, plait_after(S));
    check_code(plait_sleep_until(PLAIT_FOREVER), PLAIT_ECANCELED);
    b->expired = plait_scope_expired(&scope);
    PLAIT_SHIELD(clean_up, plait_after(S));
    plait_event_set(&b->gate.open);
    check_code(plait_sleep_until(PLAIT_FOREVER), PLAIT_ECANCELED);
    b->inner_expired = plait_scope_expired(&clean_up);
    return 0;
}

TEST_IN_EACH_KIND(AO19_in_the_clean_up_of_one_there_may_be_another)
{
    clock_by_hand();
    struct body b = { .inner = 0 };
    struct runner *r = runner_start(cleans_up_in_time, &b);
    let_it_expire(r, S);
    until(plait_event_is_set(&b.gate.open));
    let_it_expire(r, S);
    check_code(runner_join(r), 0);
    check(b.expired && b.inner_expired);
    clock_of_the_system();
}

/* Groups. */

static int fail_when_cut(struct gate *const *gate)
{
    (void)pass(gate);
    return plait_fail(-EIO, "its clean-up failed");
}
PLAIT_LOCAL_TASK(fail_when_cut, struct gate *, void);

static int groups(void *body)
{
    struct body *b = body;
    struct gate *at = &b->gate;
    PLAIT_TIMEOUT(scope, b->until);
    PLAIT_GROUP(group, b->ex);
    plait_group_submit(&group, pass, &at);
    if (b->inner) plait_group_submit(&group, fail_when_cut, &at);
    int err = plait_group_wait(&group);
    b->expired = plait_scope_expired(&scope);
    return err;
}

TEST_WITH_TASKS(AO21_around_a_group_a_child_s_failure_wins_and_the_scope_still_says_why)
{
    clock_by_hand();
    for (int fails = 0; fails < 2; fails++) {
        struct body b = { .ex = ex, .until = plait_after(S), .inner = fails };
        struct runner *r = runner_start(groups, &b);
        until_arrived(&b.gate, 1 + (size_t)fails);
        let_it_expire(r, S);
        check_code(runner_join(r), fails ? -EIO : PLAIT_ECANCELED);
        check(b.expired);
        check_number(b.gate.cut, 1 + fails);
    }
    clock_of_the_system();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AO1_AO3_AO20_a_body_that_takes_longer_is_cut_and_decides_what_that_means),
        cmocka_unit_test(AO2_several_scopes_may_share_a_point_in_time),
        cmocka_unit_test(AO4_AO5_in_time_or_without_a_time_nothing_is_said),
        cmocka_unit_test(AO6_no_time_at_all_ends_the_first_wait),
        cmocka_unit_test(AO7_a_body_without_a_wait_is_not_ended),
        cmocka_unit_test(AO8_AO9_of_nested_ones_each_says_whether_its_own_time_has_passed),
        cmocka_unit_test(AO10_AO11_what_the_body_fails_with_passes_as_it_is),
        cmocka_unit_test(AO12_AO17_a_cancel_is_no_expiry_and_clean_up_may_have_a_time_of_its_own),
        cmocka_unit_test(AO18_a_cancel_of_the_clean_up_s_own_scope_is_no_expiry),
        cmocka_unit_test(AO19_in_the_clean_up_of_one_there_may_be_another),
        cmocka_unit_test(AO21_around_a_group_a_child_s_failure_wins_and_the_scope_still_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
