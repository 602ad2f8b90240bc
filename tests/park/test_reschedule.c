/* test_reschedule.c: the end of a scope may be moved from inside, as long as it has not come. */
#include "clock.h"
#include "runners.h"
#include <plait/event.h>
#include <plait/scope.h>

struct sleeper {
    int64_t first, then; /* 0: taken away */
    bool expired;
    plait_event woken;
};

static int moves_its_end(void *sleeper)
{
    struct sleeper *s = sleeper;
    PLAIT_TIMEOUT(scope, plait_after(s->first));
    check_code(plait_scope_reschedule(&scope, s->then ? plait_after(s->then) : PLAIT_FOREVER), 0);
    int err = plait_event_wait(&s->woken, PLAIT_FOREVER);
    s->expired = plait_scope_expired(&scope);
    return err;
}

TEST_IN_EACH_KIND(AO14_the_end_of_a_scope_may_be_moved_or_taken_away)
{
    const int64_t S = PLAIT_SECOND;
    clock_by_hand();
    struct sleeper s[3] = { { .first = 2 * S, .then = S }, { .first = S, .then = 2 * S }, { .first = S, .then = 0 } };
    struct runner *r[3];
    for (int i = 0; i < 3; i++) r[i] = runner_start(moves_its_end, &s[i]), until_asleep(r[i]);
    clock_move(S);
    check_code(runner_join(r[0]), PLAIT_ECANCELED);
    check(s[0].expired);
    for (int i = 1; i < 3; i++) until_asleep(r[i]), check(!runner_done(r[i]));
    clock_move(S);
    check_code(runner_join(r[1]), PLAIT_ECANCELED);
    check(s[1].expired);
    clock_move(1000 * S);
    until_asleep(r[2]);
    check(!runner_done(r[2]));
    plait_event_set(&s[2].woken);
    check_code(runner_join(r[2]), 0);
    check(!s[2].expired);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(AO14_an_outer_one_may_be_moved_and_to_now_ends_it)
{
    PLAIT_TIMEOUT(outer, plait_after(1000 * PLAIT_SECOND));
    {
        PLAIT_SHIELD(inner, PLAIT_FOREVER);
        check_code(plait_scope_reschedule(&outer, PLAIT_NOW), 0);
        check_code(plait_sleep(0), 0);
        check_code(plait_scope_reschedule(&inner, plait_after(-1)), 0);
        check_code(plait_sleep(0), PLAIT_ECANCELED);
    }
    check_code(plait_sleep(0), PLAIT_ECANCELED);
    check(plait_scope_expired(&outer));
}

TEST_IN_EACH_KIND(AO14_a_deadline_that_passed_unseen_may_be_moved)
{
    clock_by_hand();
    PLAIT_TIMEOUT(scope, plait_after(PLAIT_SECOND));
    clock_move(2 * PLAIT_SECOND);
    check_code(plait_scope_reschedule(&scope, plait_after(PLAIT_SECOND)), 0);
    check_code(plait_sleep(0), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(AO15_one_that_is_not_entered_or_has_ended_cannot_be_rescheduled)
{
    plait_scope not_yet;
    memset(&not_yet, 0, sizeof not_yet);
    check_code(plait_scope_reschedule(&not_yet, PLAIT_FOREVER), PLAIT_EINVAL);
    check_contains(plait_error()->message, "not inside of");
    plait_scope_enter(&not_yet, PLAIT_FOREVER, 0);
    plait_scope_leave(&not_yet);
    check_code(plait_scope_reschedule(&not_yet, PLAIT_FOREVER), PLAIT_EINVAL);
    {
        PLAIT_TIMEOUT(expired, PLAIT_NOW);
        check_code(plait_sleep(0), PLAIT_ECANCELED);
        check_code(plait_scope_reschedule(&expired, PLAIT_FOREVER), PLAIT_EINVAL);
        check_contains(plait_error()->message, "has ended");
        check_code(plait_sleep(0), PLAIT_ECANCELED);
    }
    PLAIT_CANCEL_SCOPE(cancelled);
    plait_scope_cancel(&cancelled);
    check_code(plait_scope_reschedule(&cancelled, PLAIT_FOREVER), PLAIT_EINVAL);
    check_code(plait_sleep(0), PLAIT_ECANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AO14_the_end_of_a_scope_may_be_moved_or_taken_away),
        cmocka_unit_test(AO14_an_outer_one_may_be_moved_and_to_now_ends_it),
        cmocka_unit_test(AO14_a_deadline_that_passed_unseen_may_be_moved),
        cmocka_unit_test(AO15_one_that_is_not_entered_or_has_ended_cannot_be_rescheduled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
