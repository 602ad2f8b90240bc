/* test_mutex_time.c: what may be said as a deadline, where a mutex is asked for, and what comes of it; and that a mutex
   needs no end. */
#include "child.h"
#include "clock.h"
#include "runners.h"
#include <plait/mutex.h>
#include <plait/recursive_mutex.h>
#include <plait/rwlock.h>
#include <plait/thread.h>

struct asking {
    plait_mutex *mutex;
    plait_deadline until;
};

static int asks(void *asking)
{
    struct asking *a = asking;
    int err = plait_mutex_lock_until(a->mutex, a->until);
    if (!err) plait_mutex_unlock(a->mutex);
    return err;
}

/* No duration is taken for PLAIT_NOW, nor for PLAIT_FOREVER, and nothing else says "do not wait". */
TEST_IN_EACH_KIND(L4_not_to_wait_and_a_time_are_one_argument)
{
    static const int64_t durations[] = { -1, 0, 1, -PLAIT_SECOND, INT64_MIN, INT64_MIN + 1, -3600 * PLAIT_SECOND };
    clock_by_hand();
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&m);
    struct asking a = { &m, PLAIT_NOW };
    check_code(runner_join(runner_start(asks, &a)), PLAIT_EAGAIN);
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        a.until = plait_after(durations[i]);
        struct runner *r = runner_start(asks, &a);
        if (durations[i] > 0) until_asleep(r), clock_move(durations[i]);
        check_code(runner_join(r), PLAIT_ETIMEDOUT);
    }
    plait_mutex_unlock(&m);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(L5_a_negative_time_has_passed)
{
    clock_by_hand();
    plait_mutex m = PLAIT_MUTEX_INIT;
    struct asking a = { &m, plait_after(-1) };
    check_code(runner_join(runner_start(asks, &a)), 0); /* it tries once */
    plait_mutex_lock(&m);
    check_code(runner_join(runner_start(asks, &a)), PLAIT_ETIMEDOUT);
    a.until = plait_after(INT64_MIN);
    check_code(runner_join(runner_start(asks, &a)), PLAIT_ETIMEDOUT);
    check_number(m.waiters, 0);
    plait_mutex_unlock(&m);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(L5_a_time_too_long_for_the_clock_lasts_as_long_as_that_goes)
{
    clock_by_hand();
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&m);
    struct asking a = { &m, plait_after(INT64_MAX) };
    struct runner *r = runner_start(asks, &a);
    until_asleep(r);
    clock_move(INT64_MAX / 2); /* 146 years */
    until_asleep(r);
    check(!runner_done(r));
    plait_mutex_unlock(&m);
    check_code(runner_join(r), 0);
    plait_mutex_lock(&m);
    a.until = plait_after(INT64_MAX - 1);
    r = runner_start(asks, &a);
    until_asleep(r);
    clock_move(INT64_MAX - plait_time());
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    plait_mutex_unlock(&m);
    clock_of_the_system();
}

/* The same by the system's clock, which takes its times in seconds and nanoseconds. */
TEST_IN_EACH_KIND(L5_the_system_takes_the_longest_time_too)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&m);
    struct asking a = { &m, plait_after(INT64_MAX) };
    struct runner *r = runner_start(asks, &a);
    until_asleep(r);
    plait_mutex_unlock(&m);
    check_code(runner_join(r), 0);
}

TEST_IN_EACH_KIND(L13_its_memory_may_go_and_come_back_as_another)
{
    union {
        plait_mutex mutex;
        plait_recursive_mutex recursive;
        plait_rwlock rwlock;
    } *place = calloc(1, sizeof *place);
    check(place);
    for (int i = 0; i < 3; i++) {
        plait_mutex_lock(&place->mutex);
        struct asking a = { &place->mutex, PLAIT_NOW };
        check_code(runner_join(runner_start(asks, &a)), PLAIT_EAGAIN);
        plait_mutex_unlock(&place->mutex); /* its last act on it: whoever knows that may free it */
        memset(place, 0, sizeof *place);
        plait_recursive_mutex_lock(&place->recursive);
        check_number(plait_recursive_mutex_depth(&place->recursive), 1);
        plait_recursive_mutex_unlock(&place->recursive);
        memset(place, 0, sizeof *place);
        plait_rwlock_lock_write(&place->rwlock);
        check(plait_rwlock_held(&place->rwlock));
        plait_rwlock_unlock_write(&place->rwlock);
        memset(place, 0, sizeof *place);
    }
    free(place);
}

static int frees_it_held(void *unused)
{
    (void)unused;
    plait_mutex *m = calloc(1, sizeof *m);
    check(m);
    plait_mutex_lock(m);
    free(m);
    return 0;
}

static int has_a_thread_that_frees_it_held(void *unused)
{
    plait_thread *t = plait_thread_start(frees_it_held, unused, NULL);
    plait_thread_free(t);
    return 0;
}

static int frees_it_held_and_goes_on(void *unused)
{
    check_code(frees_it_held(unused), 0);
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&m);
    check(plait_mutex_held(&m));
    plait_mutex_unlock(&m);
    return 0;
}

static void L13_to_free_a_held_one_is_reported_when_its_task_ends(void **unused)
{
    (void)unused;
    char said[1024];
    check_number(child_run(frees_it_held_and_goes_on, NULL, said, sizeof said), 0);
    check_string(said, "");
    child_stops(has_a_thread_that_frees_it_held, NULL, "a thread ended while it held 1 mutex(es)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(L4_not_to_wait_and_a_time_are_one_argument),
        cmocka_unit_test(L5_a_negative_time_has_passed),
        cmocka_unit_test(L5_a_time_too_long_for_the_clock_lasts_as_long_as_that_goes),
        cmocka_unit_test(L5_the_system_takes_the_longest_time_too),
        cmocka_unit_test(L13_its_memory_may_go_and_come_back_as_another),
        cmocka_unit_test(L13_to_free_a_held_one_is_reported_when_its_task_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
