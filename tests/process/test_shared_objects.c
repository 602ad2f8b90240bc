/* test_shared_objects.c: semaphore, condition, event, barrier and throttle between processes. */
#include "clock.h"
#include "others.h"
#include <unistd.h>

struct shared {
    plait_mutex *mutex;
    plait_semaphore *semaphore;
    plait_condition *condition;
    plait_event *event;
    plait_barrier *barrier;
    plait_throttle *throttle;
    plait_deadline deadline;
    _Atomic int step, arrived;
    int ready;
};
static plait_shared_memory *memory;

static struct shared *begin(void)
{
    memory = shared_begin(1 << 20);
    struct shared *s = plait_shared_alloc(memory, sizeof *s);
    check(s != NULL);
    s->mutex = plait_shared_mutex_new(memory);
    s->condition = plait_shared_condition_new(memory);
    s->event = plait_shared_event_new(memory);
    check(s->mutex && s->condition && s->event);
    return s;
}

static void end(struct shared *s)
{
    void *const objects[] = { s->mutex, s->semaphore, s->condition, s->event, s->barrier, s->throttle, s };
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) plait_shared_free(memory, objects[i]);
    plait_shared_memory_usage usage;
    plait_shared_memory_get_usage(memory, &usage);
    check_number(usage.blocks, 0);
    shared_end(memory);
}

/* Semaphore. */

static int acquires(void *shared)
{
    struct shared *s = shared;
    s->step++;
    int err = plait_semaphore_acquire(s->semaphore, s->deadline);
    if (!err) s->arrived++;
    return err;
}

TEST_IN_EACH_KIND(permits_go_to_those_that_wait_in_whatever_process)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    check((s->semaphore = plait_shared_semaphore_new(memory, 1, 0)) != NULL);
    check_number(plait_semaphore_value(s->semaphore), 1);
    check_code(plait_semaphore_acquire(s->semaphore, PLAIT_NOW), 0);
    check_code(plait_semaphore_acquire(s->semaphore, PLAIT_NOW), PLAIT_EAGAIN);
    pid_t others[2];
    struct runner *r[2];
    for (int i = 0; i < 2; i++) others[i] = other_start(acquires, s);
    for (int i = 0; i < 2; i++) r[i] = runner_start(acquires, s), until_asleep(r[i]);
    until(s->step == 4);
    check_number(s->arrived, 0);
    check_code(plait_semaphore_release(s->semaphore, 3), 0);
    until(s->arrived == 3);
    check_code(plait_semaphore_release(s->semaphore, 1), 0);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
    for (int i = 0; i < 2; i++) check_number(other_join(others[i]), 0);
    check_number(plait_semaphore_value(s->semaphore), 0);
    end(s);
}

TEST_IN_EACH_KIND(a_bounded_semaphore_refuses_what_passes_its_limit)
{
    struct shared *s = begin();
    check(!plait_shared_semaphore_new(memory, 3, 2));
    check_code(plait_error_code(), PLAIT_EINVAL);
    check((s->semaphore = plait_shared_semaphore_new(memory, 1, 2)) != NULL);
    check_code(plait_semaphore_release(s->semaphore, 2), PLAIT_EINVAL);
    check_code(plait_semaphore_release(s->semaphore, 0), PLAIT_EINVAL);
    check_code(plait_semaphore_release(s->semaphore, 1), 0);
    check_number(plait_semaphore_value(s->semaphore), 2);
    end(s);
}

TEST_IN_EACH_KIND(a_permit_is_not_lost_with_a_waiter_that_died)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    check((s->semaphore = plait_shared_semaphore_new(memory, 0, 0)) != NULL);
    pid_t other = other_start(acquires, s);
    until(s->step == 1);
    struct runner *r = runner_start(acquires, s);
    until_asleep(r);
    other_kill(other);
    check_code(plait_semaphore_release(s->semaphore, 1), 0);
    check_code(runner_join(r), 0);
    end(s);
}

TEST_IN_EACH_KIND(who_is_late_for_a_permit_takes_none)
{
    clock_by_hand();
    struct shared *s = begin();
    check((s->semaphore = plait_shared_semaphore_new(memory, 0, 0)) != NULL);
    s->deadline = plait_after(PLAIT_SECOND);
    struct runner *r = runner_start(acquires, s);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    check_code(plait_semaphore_release(s->semaphore, 1), 0);
    check_number(plait_semaphore_value(s->semaphore), 1);
    clock_of_the_system();
    end(s);
}

/* Condition. */

static int waits_until_ready(void *shared)
{
    struct shared *s = shared;
    PLAIT_LOCKED(s->mutex);
    s->step++;
    while (!s->ready) {
        int err = plait_condition_wait(s->condition, s->mutex, s->deadline);
        if (err) return err;
        if (!plait_mutex_held(s->mutex)) return 1;
    }
    s->ready--;
    s->arrived++;
    return 0;
}

TEST_IN_EACH_KIND(a_condition_wakes_waiters_in_all_processes)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    pid_t others[2];
    struct runner *r[2];
    for (int i = 0; i < 2; i++) others[i] = other_start(waits_until_ready, s);
    for (int i = 0; i < 2; i++) r[i] = runner_start(waits_until_ready, s), until_asleep(r[i]);
    until(s->step == 4);
    for (int n = 1; n <= 2; n++) {
        plait_mutex_lock(s->mutex);
        s->ready = 1;
        plait_condition_signal(s->condition);
        plait_mutex_unlock(s->mutex);
        until(s->arrived == n);
    }
    plait_mutex_lock(s->mutex);
    s->ready = 2;
    plait_mutex_unlock(s->mutex);
    plait_condition_broadcast(s->condition);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
    for (int i = 0; i < 2; i++) check_number(other_join(others[i]), 0);
    end(s);
}

TEST_IN_EACH_KIND(a_signal_is_not_lost_with_a_waiter_that_died)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    pid_t other = other_start(waits_until_ready, s);
    until(s->step == 1);
    struct runner *r = runner_start(waits_until_ready, s);
    until_asleep(r);
    other_kill(other);
    plait_mutex_lock(s->mutex);
    s->ready = 1;
    plait_condition_signal(s->condition);
    plait_mutex_unlock(s->mutex);
    check_code(runner_join(r), 0);
    end(s);
}

TEST_IN_EACH_KIND(who_is_late_for_a_condition_has_the_mutex)
{
    clock_by_hand();
    struct shared *s = begin();
    s->deadline = plait_after(PLAIT_SECOND);
    struct runner *r = runner_start(waits_until_ready, s);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    plait_mutex_lock(s->mutex);
    check_code(plait_condition_wait(s->condition, s->mutex, PLAIT_NOW), PLAIT_EAGAIN);
    check(plait_mutex_held(s->mutex));
    plait_mutex_unlock(s->mutex);
    clock_of_the_system();
    end(s);
}

/* Event. */

static int waits_for_event(void *shared)
{
    struct shared *s = shared;
    s->step++;
    int err = plait_event_wait(s->event, s->deadline);
    if (!err) s->arrived++;
    return err;
}

TEST_IN_EACH_KIND(an_event_lets_all_go_in_all_processes)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    check(!plait_event_is_set(s->event));
    check_code(plait_event_wait(s->event, PLAIT_NOW), PLAIT_EAGAIN);
    pid_t others[2];
    struct runner *r[2];
    for (int i = 0; i < 2; i++) others[i] = other_start(waits_for_event, s);
    for (int i = 0; i < 2; i++) r[i] = runner_start(waits_for_event, s), until_asleep(r[i]);
    until(s->step == 4);
    plait_event_set(s->event);
    check(plait_event_is_set(s->event));
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
    for (int i = 0; i < 2; i++) check_number(other_join(others[i]), 0);
    check_code(plait_event_wait(s->event, PLAIT_FOREVER), 0);
    plait_event_clear(s->event);
    check_code(plait_event_wait(s->event, PLAIT_NOW), PLAIT_EAGAIN);
    end(s);
}

TEST_IN_EACH_KIND(those_that_waited_go_on_though_it_was_cleared_at_once)
{
    struct shared *s = begin();
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(waits_for_event, s), until_asleep(r[i]);
    plait_event_set(s->event);
    plait_event_clear(s->event);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
    end(s);
}

/* Barrier. */

static int meets(void *shared)
{
    struct shared *s = shared;
    size_t index = 9;
    s->step++;
    int err = plait_barrier_wait(s->barrier, &index, s->deadline);
    if (!err) s->arrived += 1 << index * 4;
    return err;
}

TEST_IN_EACH_KIND(a_barrier_lets_all_go_when_the_last_has_come_and_gives_each_a_number)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    check(!plait_shared_barrier_new(memory, 0, 0));
    check_code(plait_error_code(), PLAIT_EINVAL);
    check((s->barrier = plait_shared_barrier_new(memory, 4, 0)) != NULL);
    for (int round = 1; round <= 3; round++) {
        check_code(plait_barrier_wait(s->barrier, NULL, PLAIT_NOW), PLAIT_EAGAIN);
        pid_t others[2];
        for (int i = 0; i < 2; i++) others[i] = other_start(meets, s);
        struct runner *r = runner_start(meets, s);
        until(plait_barrier_waiting(s->barrier) == 3);
        check_code(meets(s), 0);
        check_code(runner_join(r), 0);
        for (int i = 0; i < 2; i++) check_number(other_join(others[i]), 0);
        check_number(s->arrived, round * 0x1111);
        check_number(plait_barrier_waiting(s->barrier), 0);
    }
    end(s);
}

TEST_IN_EACH_KIND(a_barrier_breaks_when_a_process_dies_in_it)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    check((s->barrier = plait_shared_barrier_new(memory, 3, 0)) != NULL);
    pid_t other = other_start(meets, s);
    struct runner *r = runner_start(meets, s);
    until(plait_barrier_waiting(s->barrier) == 2);
    other_kill(other);
    check(runner_join(r) == PLAIT_EBROKEN);
    check(plait_barrier_is_broken(s->barrier));
    check_code(meets(s), PLAIT_EBROKEN);
    plait_barrier_reset(s->barrier);
    check(!plait_barrier_is_broken(s->barrier));
    check_code(plait_barrier_wait(s->barrier, NULL, PLAIT_NOW), PLAIT_EAGAIN);
    end(s);
}

TEST_IN_EACH_KIND(a_barrier_breaks_for_one_that_does_not_come_and_by_abort)
{
    clock_by_hand();
    struct shared *s = begin();
    check((s->barrier = plait_shared_barrier_new(memory, 3, PLAIT_SECOND)) != NULL);
    struct runner *r[2];
    for (int i = 0; i < 2; i++) {
        r[i] = runner_start(meets, s);
        until(plait_barrier_waiting(s->barrier) == (size_t)i + 1);
        until_asleep(r[i]);
        clock_move(1);
    }
    clock_move(PLAIT_SECOND - 2);
    check_code(runner_join(r[0]), PLAIT_ETIMEDOUT);
    check_code(runner_join(r[1]), PLAIT_EBROKEN);
    plait_barrier_reset(s->barrier);
    r[0] = runner_start(meets, s);
    until(plait_barrier_waiting(s->barrier) == 1);
    plait_barrier_abort(s->barrier);
    check_code(runner_join(r[0]), PLAIT_EBROKEN);
    check(plait_barrier_is_broken(s->barrier));
    clock_of_the_system();
    end(s);
}

/* Throttle. */

static int throttled(void *shared)
{
    struct shared *s = shared;
    s->step++;
    int err = plait_throttle_acquire(s->throttle, 1, s->deadline);
    if (!err) s->arrived++;
    return err;
}

TEST_IN_EACH_KIND(a_throttle_gives_its_tokens_when_they_come)
{
    clock_by_hand();
    struct shared *s = begin();
    check((s->throttle = plait_shared_throttle_new(memory, 10, PLAIT_SECOND, 2)) != NULL);
    check_code(plait_throttle_acquire(s->throttle, 1, PLAIT_NOW), PLAIT_EAGAIN);
    check_code((int)plait_throttle_acquire(s->throttle, 3, PLAIT_NOW), PLAIT_EINVAL);
    check_number(plait_throttle_delay(s->throttle, 2), PLAIT_SECOND / 5);
    struct runner *r[2];
    plait_throttle_statistics statistics;
    for (int i = 0; i < 2; i++) {
        r[i] = runner_start(throttled, s);
        until((plait_throttle_get_statistics(s->throttle, &statistics), statistics.waiting == (size_t)i + 1));
    }
    check_number(statistics.promised, 2);
    clock_move(PLAIT_SECOND / 10);
    until(s->arrived == 1);
    clock_move(PLAIT_SECOND / 10);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
    plait_throttle_get_statistics(s->throttle, &statistics);
    check_number(statistics.granted, 2);
    check_number(statistics.waiting, 0);
    clock_of_the_system();
    end(s);
}

TEST_IN_EACH_KIND(a_new_rate_and_a_push_back_make_all_reckon_again)
{
    clock_by_hand();
    struct shared *s = begin();
    check((s->throttle = plait_shared_throttle_new(memory, 1, PLAIT_SECOND, 1)) != NULL);
    struct runner *r = runner_start(throttled, s);
    until_asleep(r);
    check_code(plait_throttle_set_rate(s->throttle, 10, PLAIT_SECOND, 1), 0);
    clock_move(PLAIT_SECOND / 10);
    check_code(runner_join(r), 0);
    r = runner_start(throttled, s);
    until_asleep(r);
    plait_throttle_push_back(s->throttle, PLAIT_SECOND);
    clock_move(PLAIT_SECOND / 10);
    until_asleep(r);
    check_number(s->arrived, 1);
    clock_move(PLAIT_SECOND - PLAIT_SECOND / 10);
    check_code(runner_join(r), 0);
    s->deadline = plait_after(1);
    r = runner_start(throttled, s);
    until_asleep(r);
    clock_move(1);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    clock_of_the_system();
    end(s);
}

static int takes_ten(void *shared)
{
    struct shared *s = shared;
    for (int i = 0; i < 10; i++)
        if (plait_throttle_acquire(s->throttle, 1, PLAIT_FOREVER)) return 1;
    return 0;
}

static void processes_share_the_rate_of_a_throttle(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    int64_t began = plait_time();
    check((s->throttle = plait_shared_throttle_new(memory, 1000, PLAIT_SECOND, 1)) != NULL);
    pid_t others[3];
    for (int i = 0; i < 3; i++) others[i] = other_start(takes_ten, s);
    for (int i = 0; i < 3; i++) check_number(other_join(others[i]), 0);
    check(plait_time() - began >= 30 * PLAIT_MILLISECOND); /* never sooner, however slow the machine */
    plait_throttle_statistics statistics;
    plait_throttle_get_statistics(s->throttle, &statistics);
    check_number(statistics.granted, 30);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permits_go_to_those_that_wait_in_whatever_process),
        cmocka_unit_test(a_bounded_semaphore_refuses_what_passes_its_limit),
        cmocka_unit_test(a_permit_is_not_lost_with_a_waiter_that_died),
        cmocka_unit_test(who_is_late_for_a_permit_takes_none),
        cmocka_unit_test(a_condition_wakes_waiters_in_all_processes),
        cmocka_unit_test(a_signal_is_not_lost_with_a_waiter_that_died),
        cmocka_unit_test(who_is_late_for_a_condition_has_the_mutex),
        cmocka_unit_test(an_event_lets_all_go_in_all_processes),
        cmocka_unit_test(those_that_waited_go_on_though_it_was_cleared_at_once),
        cmocka_unit_test(a_barrier_lets_all_go_when_the_last_has_come_and_gives_each_a_number),
        cmocka_unit_test(a_barrier_breaks_when_a_process_dies_in_it),
        cmocka_unit_test(a_barrier_breaks_for_one_that_does_not_come_and_by_abort),
        cmocka_unit_test(a_throttle_gives_its_tokens_when_they_come),
        cmocka_unit_test(a_new_rate_and_a_push_back_make_all_reckon_again),
        cmocka_unit_test(processes_share_the_rate_of_a_throttle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
