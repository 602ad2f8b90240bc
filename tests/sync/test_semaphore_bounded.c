/* test_semaphore_bounded.c: a semaphore that refuses to have more permits than its limit, and permits for the braces. */
#include "runners.h"
#include <plait/semaphore.h>

static plait_semaphore bounded(size_t permits, size_t limit)
{
    plait_semaphore s;
    check_code(plait_semaphore_init_bounded(&s, permits, limit), 0);
    return s;
}

static void SM1_a_limit_that_cannot_be_is_refused(void **unused)
{
    (void)unused;
    plait_semaphore s = PLAIT_SEMAPHORE_INIT(3), same = PLAIT_SEMAPHORE_INIT_BOUNDED(1, 2);
    check_code(plait_semaphore_init_bounded(&s, 0, 0), PLAIT_EINVAL);
    check_code(plait_semaphore_init_bounded(&s, 2, 1), PLAIT_EINVAL);
    check_contains(plait_error()->message, "a semaphore of 2 permits and a limit of 1");
    check_code(plait_semaphore_init_bounded(&s, (size_t)-1, (size_t)-1), PLAIT_EINVAL);
    check_number(plait_semaphore_value(&s), 3); /* as it was */
    check_code(plait_semaphore_init_bounded(&s, 1, 2), 0);
    check(memcmp(&s, &same, sizeof s) == 0);
    check_code(plait_semaphore_init_bounded(&s, PLAIT_SEMAPHORE_MOST, PLAIT_SEMAPHORE_MOST), 0);
    check_code(plait_semaphore_release(&s, 1), PLAIT_EINVAL);
}

TEST_IN_EACH_KIND(it_may_be_released_up_to_its_limit)
{
    plait_semaphore s = bounded(1, 3);
    check_code(plait_semaphore_release(&s, 1), 0);
    check_code(plait_semaphore_release(&s, 1), 0);
    check_code(plait_semaphore_release(&s, 1), PLAIT_EINVAL);
    check_contains(plait_error()->message, "1 permits released to a semaphore that has 3 and may have 3");
    check_number(plait_semaphore_value(&s), 3);
    check_code(plait_semaphore_acquire(&s, PLAIT_NOW), 0);
    check_code(plait_semaphore_release(&s, 1), 0);
}

static int acquires(void *semaphore) { return plait_semaphore_acquire(semaphore, PLAIT_FOREVER); }

TEST_IN_EACH_KIND(SM12_a_release_that_would_pass_the_limit_changes_nothing)
{
    plait_semaphore s = bounded(2, 4);
    check_code(plait_semaphore_release(&s, 3), PLAIT_EINVAL);
    check_code(plait_semaphore_release(&s, 5), PLAIT_EINVAL);
    check_code(plait_semaphore_release(&s, SIZE_MAX), PLAIT_EINVAL);
    check_number(plait_semaphore_value(&s), 2);
    check_code(plait_semaphore_release(&s, 2), 0);
    check_number(plait_semaphore_value(&s), 4);
}

TEST_IN_EACH_KIND(SM12_nor_for_those_that_wait)
{
    plait_semaphore s = bounded(0, 2);
    struct runner *r[3];
    for (size_t i = 0; i < 3; i++) r[i] = runner_start(acquires, &s), until_listed(&s.waiters, i + 1);
    check_code(plait_semaphore_release(&s, 3), PLAIT_EINVAL);
    check_number(waiters_listed(&s.waiters), 3);
    check_code(plait_semaphore_release(&s, 2), 0);
    for (size_t i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
    check_number(waiters_listed(&s.waiters), 1);
    check_code(plait_semaphore_release(&s, 2), 0); /* one for the waiter, one is left */
    check_code(runner_join(r[2]), 0);
    check_number(plait_semaphore_value(&s), 1);
    check_number(s.word & 1, 0); /* nobody is said to wait */
    check_number(s.waiters, 0);
}

struct crowd {
    plait_semaphore semaphore;
    _Atomic size_t inside, most;
    size_t limit;
};

static int goes_in_and_out(void *crowd)
{
    struct crowd *c = crowd;
    for (int i = 0; i < 200; i++) {
        PLAIT_ACQUIRED(err, &c->semaphore, i % 3 ? PLAIT_FOREVER : plait_after(0));
        if (err) {
            check_code(err, PLAIT_ETIMEDOUT);
            continue;
        }
        size_t now = ++c->inside;
        check(now <= c->limit);
        if (now == c->limit) c->most = now;
        if (i % 8 == 0) let_others_run();
        c->inside--;
    }
    return 0;
}

TEST_IN_EACH_KIND(SM11_no_more_are_inside_than_the_limit_from_1_to_9)
{
    for (size_t limit = 1; limit < 10; limit++) {
        struct crowd c = { .semaphore = bounded(limit, limit), .limit = limit };
        struct runner *r[12];
        for (size_t i = 0; i < 12; i++) r[i] = runner_start(goes_in_and_out, &c);
        for (size_t i = 0; i < 12; i++) check_code(runner_join(r[i]), 0);
        check_number(plait_semaphore_value(&c.semaphore), limit);
        check_code(plait_semaphore_release(&c.semaphore, 1), PLAIT_EINVAL);
        check_number(plait_semaphore_value(&c.semaphore), limit);
    }
}

static int fails_inside(plait_semaphore *s)
{
    PLAIT_ACQUIRED(err, s, PLAIT_NOW);
    if (err) return err;
    check_number(plait_semaphore_value(s), 0);
    return PLAIT_EUSER;
}

TEST_IN_EACH_KIND(SM8_a_permit_for_the_braces_is_given_back_in_whatever_way)
{
    plait_semaphore s = bounded(1, 1);
    check_code(fails_inside(&s), PLAIT_EUSER);
    check_number(plait_semaphore_value(&s), 1);
    for (int i = 0; i < 2; i++) {
        PLAIT_ACQUIRED(err, &s, PLAIT_FOREVER);
        check_code(err, 0);
        check_code(fails_inside(&s), PLAIT_EAGAIN); /* who got none gives none back */
        check_number(plait_semaphore_value(&s), 0);
        if (i) break;
    }
    check_number(plait_semaphore_value(&s), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SM1_a_limit_that_cannot_be_is_refused),
        cmocka_unit_test(it_may_be_released_up_to_its_limit),
        cmocka_unit_test(SM12_a_release_that_would_pass_the_limit_changes_nothing),
        cmocka_unit_test(SM12_nor_for_those_that_wait),
        cmocka_unit_test(SM11_no_more_are_inside_than_the_limit_from_1_to_9),
        cmocka_unit_test(SM8_a_permit_for_the_braces_is_given_back_in_whatever_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
