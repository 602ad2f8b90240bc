/* test_semaphore.c: permits are counted exactly, and go to those that wait first. */
#include "clock.h"
#include "runners.h"
#include "park/scope.h"
#include <plait/semaphore.h>

struct asking {
    plait_semaphore *semaphore;
    plait_deadline until;
    _Atomic size_t *got;
    size_t place;
    _Atomic(plait_scope *) scope;
};

static int acquires(void *asking)
{
    struct asking *a = asking;
    PLAIT_CANCEL_SCOPE(scope);
    a->scope = &scope;
    int err = plait_semaphore_acquire(a->semaphore, a->until);
    if (!err) a->place = (*a->got)++;
    return err;
}

TEST_IN_EACH_KIND(SM1_a_negative_number_of_permits_is_refused)
{
    plait_semaphore s = PLAIT_SEMAPHORE_INIT(3);
    check_code(plait_semaphore_init(&s, (size_t)-1), PLAIT_EINVAL);
    check_contains(plait_error()->message, "permits");
    check_code(plait_semaphore_init(&s, PLAIT_SEMAPHORE_MOST + 1), PLAIT_EINVAL);
    check_number(plait_semaphore_value(&s), 3);
    check_code(plait_semaphore_init(&s, PLAIT_SEMAPHORE_MOST), 0);
    check(plait_semaphore_value(&s) == PLAIT_SEMAPHORE_MOST);
    check_code(plait_semaphore_init(&s, 0), 0);
    check_number(plait_semaphore_value(&s), 0);
}

TEST_IN_EACH_KIND(SM1_zero_bytes_have_no_permit)
{
    plait_semaphore zero;
    memset(&zero, 0, sizeof zero);
    check_number(plait_semaphore_value(&zero), 0);
    check_code(plait_semaphore_acquire(&zero, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_semaphore_acquire(&zero, plait_deadline_at_(1)), PLAIT_ETIMEDOUT);
}

TEST_IN_EACH_KIND(SM2_there_are_as_many_as_were_said)
{
    for (size_t permits = 1; permits < 5; permits++) {
        plait_semaphore s;
        check_code(plait_semaphore_init(&s, permits), 0);
        for (size_t i = 0; i < permits; i++) check_code(plait_semaphore_acquire(&s, PLAIT_NOW), 0);
        check_code(plait_semaphore_acquire(&s, PLAIT_NOW), PLAIT_EAGAIN);
        check_code(plait_semaphore_release(&s, 1), 0);
        check_code(plait_semaphore_acquire(&s, plait_deadline_at_(1)), 0); /* late, but tried once */
        check_code(plait_semaphore_acquire(&s, PLAIT_NOW), PLAIT_EAGAIN);
    }
}

TEST_IN_EACH_KIND(SM3_AK41_AK42_as_many_go_as_permits_are_released)
{
    plait_semaphore s = PLAIT_SEMAPHORE_INIT(0);
    _Atomic size_t got = 0;
    struct asking a[6];
    struct runner *r[6];
    for (size_t i = 0; i < 6; i++) {
        a[i] = (struct asking){ .semaphore = &s, .got = &got };
        r[i] = runner_start(acquires, &a[i]);
        until_listed(&s.waiters, i + 1);
    }
    check_code(plait_semaphore_release(&s, 1), 0);
    check_code(runner_join(r[0]), 0); /* the first to come */
    check_code(plait_semaphore_release(&s, 2), 0);
    check_code(plait_semaphore_release(&s, 1), 0);
    for (int i = 1; i < 4; i++) check_code(runner_join(r[i]), 0);
    check_number(got, 4);
    check_number(waiters_listed(&s.waiters), 2);
    check_number(plait_semaphore_value(&s), 0);
    check_code(plait_semaphore_release(&s, 5), 0); /* more than wait */
    for (int i = 4; i < 6; i++) check_code(runner_join(r[i]), 0);
    check_number(plait_semaphore_value(&s), 3);
    check_number(s.waiters, 0);
    check_code(plait_semaphore_acquire(&s, PLAIT_FOREVER), 0);
    check_number(plait_semaphore_value(&s), 2);
}

TEST_IN_EACH_KIND(SM5_to_release_nothing_or_less_is_refused)
{
    plait_semaphore s = PLAIT_SEMAPHORE_INIT(2);
    check_code(plait_semaphore_release(&s, 0), PLAIT_EINVAL);
    check_code(plait_semaphore_release(&s, (size_t)-1), PLAIT_EINVAL);
    check_contains(plait_error()->message, "has 2");
    check_code(plait_semaphore_release(&s, PLAIT_SEMAPHORE_MOST - 1), PLAIT_EINVAL); /* all or nothing */
    check_number(plait_semaphore_value(&s), 2);
    check_code(plait_semaphore_release(&s, PLAIT_SEMAPHORE_MOST - 2), 0);
    check_code(plait_semaphore_release(&s, 1), PLAIT_EINVAL);
    check_code(plait_semaphore_acquire(&s, PLAIT_NOW), 0);
    check_code(plait_semaphore_release(&s, 1), 0);
}

static int tries_many_times(void *asking)
{
    struct asking *a = asking;
    for (int i = 0; i < 50; i++) {
        if (plait_semaphore_acquire(a->semaphore, PLAIT_NOW) == 0) (*a->got)++;
        if (i % 10 == 0) let_others_run();
    }
    return 0;
}

TEST_IN_EACH_KIND(SM6_no_more_are_taken_than_there_are)
{
    plait_semaphore s = PLAIT_SEMAPHORE_INIT(77);
    _Atomic size_t got = 0;
    struct asking a = { .semaphore = &s, .got = &got };
    struct runner *r[4];
    for (int i = 0; i < 4; i++) r[i] = runner_start(tries_many_times, &a);
    for (int i = 0; i < 4; i++) runner_join(r[i]);
    check_number(got, 77);
    check_number(plait_semaphore_value(&s), 0);
}

TEST_IN_EACH_KIND(SM9_it_may_be_released_above_its_start)
{
    plait_semaphore s = PLAIT_SEMAPHORE_INIT(1);
    check_code(plait_semaphore_release(&s, 9), 0);
    for (int i = 0; i < 10; i++) check_code(plait_semaphore_acquire(&s, PLAIT_NOW), 0);
    check_code(plait_semaphore_acquire(&s, PLAIT_NOW), PLAIT_EAGAIN);
}

static int opens(void *semaphore) { return plait_semaphore_release(semaphore, 1); }

TEST_IN_EACH_KIND(L9_a_gate_that_one_closes_another_may_open)
{
    plait_semaphore gate = PLAIT_SEMAPHORE_INIT(1);
    check_code(plait_semaphore_acquire(&gate, PLAIT_NOW), 0);
    struct runner *r = runner_start(opens, &gate);
    check_code(plait_semaphore_acquire(&gate, PLAIT_FOREVER), 0);
    check_code(runner_join(r), 0);
}

TEST_IN_EACH_KIND(AK41_nobody_passes_one_that_waits)
{
    plait_semaphore s = PLAIT_SEMAPHORE_INIT(0);
    _Atomic size_t got = 0;
    struct asking a = { .semaphore = &s, .got = &got };
    struct runner *r = runner_start(acquires, &a);
    until_listed(&s.waiters, 1);
    check_code(plait_semaphore_release(&s, 1), 0);
    check_code(plait_semaphore_acquire(&s, PLAIT_NOW), PLAIT_EAGAIN); /* it is handed over */
    check_code(runner_join(r), 0);
}

TEST_IN_EACH_KIND(one_that_goes_late_takes_nothing)
{
    clock_by_hand();
    plait_semaphore s = PLAIT_SEMAPHORE_INIT(0);
    _Atomic size_t got = 0;
    struct asking a[2] = { { .semaphore = &s, .got = &got, .until = plait_after(PLAIT_SECOND) },
                           { .semaphore = &s, .got = &got } };
    struct runner *r[2];
    for (size_t i = 0; i < 2; i++) r[i] = runner_start(acquires, &a[i]), until_listed(&s.waiters, i + 1);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r[0]), PLAIT_ETIMEDOUT);
    check_code(plait_semaphore_release(&s, 1), 0);
    check_code(runner_join(r[1]), 0);
    check_number(plait_semaphore_value(&s), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(one_that_is_cancelled_takes_nothing)
{
    plait_semaphore s = PLAIT_SEMAPHORE_INIT(0);
    _Atomic size_t got = 0;
    struct asking a = { .semaphore = &s, .got = &got };
    struct runner *r = runner_start(acquires, &a);
    until_asleep(r);
    plait_scope_cancel(a.scope);
    check_code(runner_join(r), PLAIT_ECANCELED);
    check_code(plait_semaphore_release(&s, 1), 0); /* nobody is there, whatever the word says */
    check_number(plait_semaphore_value(&s), 1);
    check_code(plait_semaphore_acquire(&s, PLAIT_NOW), 0);
}

struct bounded {
    plait_semaphore semaphore;
    _Atomic int inside, most;
};

static int goes_in_and_out(void *bounded)
{
    struct bounded *b = bounded;
    for (int i = 0; i < 300; i++) {
        check_code(plait_semaphore_acquire(&b->semaphore, PLAIT_FOREVER), 0);
        int inside = ++b->inside;
        if (inside > b->most) b->most = inside;
        if (i % 16 == 0) let_others_run();
        b->inside--;
        check_code(plait_semaphore_release(&b->semaphore, 1), 0);
    }
    return 0;
}

TEST_IN_EACH_KIND(no_more_are_inside_than_there_are_permits)
{
    struct bounded b = { .semaphore = PLAIT_SEMAPHORE_INIT(2) };
    struct runner *r[5];
    for (int i = 0; i < 5; i++) r[i] = runner_start(goes_in_and_out, &b);
    for (int i = 0; i < 5; i++) runner_join(r[i]);
    check(b.most <= 2);
    check_number(plait_semaphore_value(&b.semaphore), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SM1_a_negative_number_of_permits_is_refused),
        cmocka_unit_test(SM1_zero_bytes_have_no_permit),
        cmocka_unit_test(SM2_there_are_as_many_as_were_said),
        cmocka_unit_test(SM3_AK41_AK42_as_many_go_as_permits_are_released),
        cmocka_unit_test(SM5_to_release_nothing_or_less_is_refused),
        cmocka_unit_test(SM6_no_more_are_taken_than_there_are),
        cmocka_unit_test(SM9_it_may_be_released_above_its_start),
        cmocka_unit_test(L9_a_gate_that_one_closes_another_may_open),
        cmocka_unit_test(AK41_nobody_passes_one_that_waits),
        cmocka_unit_test(one_that_goes_late_takes_nothing),
        cmocka_unit_test(one_that_is_cancelled_takes_nothing),
        cmocka_unit_test(no_more_are_inside_than_there_are_permits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
