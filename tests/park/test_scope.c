/* test_scope.c: scopes: what cuts a wait short, and what does not. */
#include "child.h"
#include "clock.h"
#include "runners.h"
#include "park/scope.h"
#include <fcntl.h>
#include <plait/condition.h>
#include <plait/event.h>
#include <plait/io.h>
#include <plait/queue.h>
#include <plait/semaphore.h>
#include <plait/thread.h>
#include <poll.h>
#include <unistd.h>

static int ends_at_once(void *unused)
{
    (void)unused;
    return 0;
}

/* Every wait, each of which would succeed at once. */
static void check_that_each_wait_gives(int code)
{
    plait_event event = PLAIT_EVENT_INIT;
    plait_semaphore permits = PLAIT_SEMAPHORE_INIT(1);
    plait_mutex mutex = PLAIT_MUTEX_INIT;
    plait_condition condition = PLAIT_CONDITION_INIT;
    plait_queue *q = plait_queue_new(sizeof(int), 2);
    int ends[2], item = 1;
    check_number(pipe2(ends, O_CLOEXEC), 0);
    plait_event_set(&event);

    check_code(plait_sleep(0), code);
    check_code(plait_sleep_until(plait_deadline_at_(1)), code);
    check_code(plait_event_wait(&event, PLAIT_FOREVER), code);
    check_code(plait_event_wait(&event, plait_deadline_at_(1)), code); /* both are over: the scope wins */
    check_code(plait_semaphore_acquire(&permits, PLAIT_FOREVER), code);
    check_number(plait_semaphore_value(&permits), code ? 1 : 0);
    check_code(plait_mutex_lock_until(&mutex, PLAIT_FOREVER), code);
    check_number(plait_mutex_held(&mutex), code == 0);
    if (!code) plait_mutex_unlock(&mutex);
    check_code(plait_queue_put(q, &item, PLAIT_FOREVER), code);
    check_number(plait_queue_count(q), code ? 0 : 1);
    if (code) check_code(plait_queue_put(q, &item, PLAIT_NOW), 0);
    check_code(plait_queue_get(q, &item, PLAIT_FOREVER), code);
    if (!code) check_code(plait_queue_task_done(q), 0);
    check_code(plait_queue_join(q, PLAIT_FOREVER), code);
    if (code) {
        plait_mutex_lock(&mutex);
        check_code(plait_condition_wait(&condition, &mutex, PLAIT_FOREVER), code);
        check(plait_mutex_held(&mutex));
        plait_mutex_unlock(&mutex);
        check_code(plait_wait_fd(ends[1], POLLOUT, PLAIT_FOREVER), code);
    } else {
        check_number(plait_wait_fd(ends[1], POLLOUT, PLAIT_FOREVER), POLLOUT);
    }
    plait_thread *t = plait_thread_start(ends_at_once, NULL, NULL);
    check_code(plait_thread_join(t, NULL, PLAIT_FOREVER), code);
    plait_thread_free(t); /* no cancellation point */
    close(ends[0]);
    close(ends[1]);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(in_a_living_scope_waits_go_on)
{
    PLAIT_TIMEOUT(later, plait_after(1000 * PLAIT_SECOND));
    check_that_each_wait_gives(0);
    check(!plait_cancelled());
    check(!plait_scope_expired(&later) && !plait_scope_cancelled(&later));
}

TEST_IN_EACH_KIND(M26_in_a_cancelled_scope_every_wait_says_so_again_and_again)
{
    PLAIT_CANCEL_SCOPE(scope);
    check(!plait_cancelled());
    plait_scope_cancel(&scope);
    plait_scope_cancel(&scope);
    check(plait_cancelled());
    for (int i = 0; i < 3; i++) check_that_each_wait_gives(PLAIT_ECANCELED);
    check(plait_scope_cancelled(&scope) && !plait_scope_expired(&scope));
}

TEST_IN_EACH_KIND(in_an_expired_scope_every_wait_says_so_again_and_again)
{
    PLAIT_TIMEOUT(scope, plait_deadline_at_(1));
    for (int i = 0; i < 3; i++) check_that_each_wait_gives(PLAIT_ECANCELED);
    check(plait_cancelled());
    check(plait_scope_expired(&scope) && !plait_scope_cancelled(&scope));
}

TEST_IN_EACH_KIND(a_scope_until_now_is_expired)
{
    PLAIT_TIMEOUT(scope, PLAIT_NOW);
    check(plait_cancelled());
    check(plait_scope_expired(&scope));
}

TEST_IN_EACH_KIND(after_a_dead_scope_waits_go_on)
{
    {
        PLAIT_CANCEL_SCOPE(scope);
        plait_scope_cancel(&scope);
        check_code(plait_sleep(0), PLAIT_ECANCELED);
    }
    check(!plait_cancelled());
    check_that_each_wait_gives(0);
}

TEST_IN_EACH_KIND(what_does_not_wait_is_let_through_in_a_dead_scope)
{
    plait_event event = PLAIT_EVENT_INIT;
    plait_semaphore permits = PLAIT_SEMAPHORE_INIT(1);
    plait_mutex mutex = PLAIT_MUTEX_INIT;
    plait_queue *q = plait_queue_new(sizeof(int), 1);
    int ends[2], item = 1;
    check_number(pipe2(ends, O_CLOEXEC), 0);
    {
        PLAIT_CANCEL_SCOPE(scope);
        plait_scope_cancel(&scope);
        check_code(plait_event_wait(&event, PLAIT_NOW), PLAIT_EAGAIN);
        plait_event_set(&event);
        check_code(plait_event_wait(&event, PLAIT_NOW), 0);
        check_code(plait_semaphore_acquire(&permits, PLAIT_NOW), 0);
        check_code(plait_semaphore_acquire(&permits, PLAIT_NOW), PLAIT_EAGAIN);
        check_code(plait_queue_put(q, &item, PLAIT_NOW), 0);
        check_code(plait_queue_put(q, &item, PLAIT_NOW), PLAIT_EAGAIN);
        check_code(plait_queue_join(q, PLAIT_NOW), PLAIT_EAGAIN);
        check_code(plait_queue_get(q, &item, PLAIT_NOW), 0);
        check_code(plait_mutex_lock_until(&mutex, PLAIT_NOW), 0);
        plait_mutex_unlock(&mutex);
        plait_mutex_lock(&mutex); /* cannot fail: no cancellation point */
        plait_mutex_unlock(&mutex);
        check_number(plait_wait_fd(ends[1], POLLOUT, PLAIT_NOW), POLLOUT);
        check_code(plait_wait_fd(ends[0], POLLIN, PLAIT_NOW), PLAIT_EAGAIN);
        check_code(plait_sleep_until(PLAIT_NOW), 0);
    }
    close(ends[0]);
    close(ends[1]);
    plait_queue_free(q);
}

struct waiting {
    plait_event event;
    plait_deadline scope_until, until;
    _Atomic(plait_scope *) scope;
    bool expired, cancelled, still_dead;
};

static int waits_in_a_scope(void *waiting)
{
    struct waiting *w = waiting;
    PLAIT_TIMEOUT(scope, w->scope_until);
    w->scope = &scope;
    int err = plait_event_wait(&w->event, w->until);
    w->expired = plait_scope_expired(&scope);
    w->cancelled = plait_scope_cancelled(&scope);
    w->still_dead = plait_cancelled();
    return err;
}

TEST_IN_EACH_KIND(a_sleeper_is_cancelled_by_another)
{
    struct waiting w = { .event = PLAIT_EVENT_INIT };
    struct runner *r = runner_start(waits_in_a_scope, &w);
    until_asleep(r);
    plait_scope_cancel(w.scope);
    check_code(runner_join(r), PLAIT_ECANCELED);
    check(w.cancelled && !w.expired && w.still_dead);
    check(plait_waitlist_empty(&w.event.waiters));
}

TEST_IN_EACH_KIND(a_sleeper_s_scope_expires)
{
    clock_by_hand();
    struct waiting w = { .event = PLAIT_EVENT_INIT, .scope_until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(waits_in_a_scope, &w);
    until_asleep(r);
    clock_move(PLAIT_SECOND - 1);
    until_asleep(r);
    check(!runner_done(r));
    clock_move(1);
    check_code(runner_join(r), PLAIT_ECANCELED);
    check(w.expired && !w.cancelled && w.still_dead);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(a_call_s_own_deadline_is_not_its_scope_s)
{
    clock_by_hand();
    struct waiting w = { .event = PLAIT_EVENT_INIT,
                         .scope_until = plait_after(2 * PLAIT_SECOND),
                         .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(waits_in_a_scope, &w);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    check(!w.expired && !w.cancelled && !w.still_dead);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(when_both_are_over_the_scope_wins)
{
    clock_by_hand();
    struct waiting w = { .event = PLAIT_EVENT_INIT,
                         .scope_until = plait_after(PLAIT_SECOND),
                         .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(waits_in_a_scope, &w);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ECANCELED);
    check(w.expired);
    clock_of_the_system();
}

/* In coroutines of one scheduler the waiter surely runs after both; on a thread it may see the one or the other first,
   and still the effect is there. */
TEST_IN_EACH_KIND(what_has_had_its_effect_succeeds_and_the_next_wait_tells)
{
    struct waiting w = { .event = PLAIT_EVENT_INIT };
    struct runner *r = runner_start(waits_in_a_scope, &w);
    until_asleep(r);
    plait_waiter *claimed = plait_waitlist_claim_all(&w.event.waiters, true);
    plait_scope_cancel(w.scope);
    plait_wake(claimed);
    check_code(runner_join(r), 0);
    check(w.still_dead);
}

TEST_IN_EACH_KIND(time_that_passed_unseen_does_not_count)
{
    clock_by_hand();
    PLAIT_TIMEOUT(scope, plait_after(PLAIT_SECOND));
    clock_move(2 * PLAIT_SECOND);
    check(!plait_scope_expired(&scope));
    check_code(plait_sleep(0), PLAIT_ECANCELED);
    check(plait_scope_expired(&scope));
    clock_of_the_system();
}

TEST_IN_EACH_KIND(cancelled_wins_over_expired)
{
    PLAIT_TIMEOUT(scope, plait_deadline_at_(1));
    plait_scope_cancel(&scope);
    check(plait_cancelled());
    check(plait_scope_cancelled(&scope) && !plait_scope_expired(&scope));
}

TEST_IN_EACH_KIND(an_outer_scope_s_end_is_seen_inside)
{
    PLAIT_CANCEL_SCOPE(outer);
    {
        PLAIT_CANCEL_SCOPE(inner);
        plait_scope_cancel(&outer);
        check_code(plait_sleep(0), PLAIT_ECANCELED);
        check(!plait_scope_cancelled(&inner));
        check(plait_scope_cancelled(&outer));
    }
    check_code(plait_sleep(0), PLAIT_ECANCELED);
}

TEST_IN_EACH_KIND(an_inner_scope_s_end_is_its_own)
{
    PLAIT_TIMEOUT(outer, plait_after(1000 * PLAIT_SECOND));
    {
        PLAIT_CANCEL_SCOPE(inner);
        plait_scope_cancel(&inner);
        check_code(plait_sleep(0), PLAIT_ECANCELED);
        check(plait_scope_cancelled(&inner) && !plait_scope_cancelled(&outer));
    }
    check_code(plait_sleep(0), 0);
}

TEST_IN_EACH_KIND(a_sleeper_wakes_for_the_nearest_of_its_scopes)
{
    clock_by_hand();
    PLAIT_TIMEOUT(outer, plait_after(PLAIT_SECOND));
    {
        PLAIT_TIMEOUT(inner, plait_after(2 * PLAIT_SECOND));
        check_number(plait_nearest(PLAIT_FOREVER).at, plait_after(PLAIT_SECOND).at);
        check_number(plait_nearest(plait_after(1)).at, plait_after(1).at);
        PLAIT_SHIELD(shield, PLAIT_FOREVER);
        check_number(plait_nearest(PLAIT_FOREVER).at, 0);
    }
    clock_of_the_system();
}

TEST_IN_EACH_KIND(a_shield_hides_what_lies_outside)
{
    PLAIT_CANCEL_SCOPE(outer);
    PLAIT_TIMEOUT(middle, plait_deadline_at_(1));
    plait_scope_cancel(&outer);
    {
        PLAIT_SHIELD(shield, plait_after(1000 * PLAIT_SECOND));
        check(!plait_cancelled());
        check_that_each_wait_gives(0);
        {
            PLAIT_CANCEL_SCOPE(inner);
            check(!plait_cancelled());
            plait_scope_cancel(&inner);
            check(plait_cancelled());
        }
        check(!plait_scope_expired(&middle) && !plait_scope_cancelled(&outer)); /* nobody has looked */
    }
    check_code(plait_sleep(0), PLAIT_ECANCELED);
    check(plait_scope_expired(&middle) && plait_scope_cancelled(&outer));
}

TEST_IN_EACH_KIND(a_shield_has_an_end_of_its_own)
{
    {
        PLAIT_SHIELD(shield, plait_deadline_at_(1));
        check_code(plait_sleep(0), PLAIT_ECANCELED);
        check(plait_scope_expired(&shield));
    }
    {
        PLAIT_SHIELD(shield, PLAIT_FOREVER);
        plait_scope_cancel(&shield);
        check_code(plait_sleep(0), PLAIT_ECANCELED);
    }
    check_code(plait_sleep(0), 0);
}

static int leaves_by_return(void)
{
    PLAIT_CANCEL_SCOPE(scope);
    plait_scope_cancel(&scope);
    return plait_cancelled();
}

TEST_IN_EACH_KIND(a_scope_is_left_in_whatever_way)
{
    check(leaves_by_return());
    check(!plait_cancelled());
    for (int i = 0; i < 3; i++) {
        PLAIT_CANCEL_SCOPE(scope);
        plait_scope_cancel(&scope);
        if (i == 0) continue;
        if (i == 1) break;
    }
    check(!plait_cancelled());
    {
        PLAIT_CANCEL_SCOPE(scope);
        plait_scope_cancel(&scope);
        goto out;
    }
out:
    check(!plait_cancelled());
}

static int sleeps_for(void *duration) { return plait_sleep(*(int64_t *)duration); }

TEST_IN_EACH_KIND(AT32_a_sleep_ends_by_the_clock)
{
    clock_by_hand();
    int64_t durations[3] = { PLAIT_SECOND, 2 * PLAIT_SECOND, INT64_MAX };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(sleeps_for, &durations[i]);
    for (int i = 0; i < 2; i++) until_asleep(r[i]);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r[0]), 0);
    until_asleep(r[1]);
    check(!runner_done(r[1]));
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r[1]), 0);
    check_code(plait_sleep(0), 0);
    check_code(plait_sleep(-5), 0);
    check_code(plait_sleep(INT64_MIN), 0);
    clock_of_the_system();
}

static int sleeps_for_ever(void *scope)
{
    PLAIT_CANCEL_SCOPE(mine);
    *(_Atomic(plait_scope *) *)scope = &mine;
    return plait_sleep_until(PLAIT_FOREVER);
}

TEST_IN_EACH_KIND(AT36_a_sleep_for_ever_ends_when_cancelled)
{
    _Atomic(plait_scope *) scope = NULL;
    struct runner *r = runner_start(sleeps_for_ever, (void *)&scope);
    until_asleep(r);
    plait_scope_cancel(scope);
    check_code(runner_join(r), PLAIT_ECANCELED);
}

static int leaves_the_outer_first(void *unused)
{
    (void)unused;
    plait_scope outer, inner;
    plait_scope_enter(&outer, PLAIT_FOREVER, 0);
    plait_scope_enter(&inner, PLAIT_FOREVER, 0);
    plait_scope_leave(&outer);
    return 0;
}

static void scopes_left_in_the_wrong_order_stop_the_program(void **unused)
{
    (void)unused;
    child_stops(leaves_the_outer_first, NULL, "not the innermost one");
}

/* A task that is run inside another: a context of its own, the other's parker. */
TEST_IN_EACH_KIND(a_task_inside_another_has_scopes_and_words_of_its_own)
{
    PLAIT_CANCEL_SCOPE(outer);
    plait_scope_cancel(&outer);
    plait_fail(-EIO, "outside");
    plait_context *before = plait_current(), *inside = plait_context_enter(NULL);
    check(inside && plait_current() == inside && inside->outer == before);
    check(inside->parker == before->parker);
    check_number(inside->depth, before->depth + 1);
    check(!plait_cancelled());
    check(!plait_error());
    check_code(plait_sleep(0), 0);
    plait_fail(-EINVAL, "inside");
    plait_record *words = plait_context_leave(inside, "test");
    check_string(words->public.message, "inside");
    plait_record_unref(words);
    check(plait_current() == before);
    check(plait_cancelled());
    check_string(plait_error()->message, "outside");
    check(plait_context_enter(NULL) == inside); /* kept for the next one: a lock word may name it */
    plait_record_unref(plait_context_leave(inside, "test"));
}

static int ends_with_a_lock(void *unused)
{
    (void)unused;
    static plait_mutex mutex;
    plait_context *inside = plait_context_enter(NULL);
    plait_mutex_lock(&mutex);
    check(plait_holds_locks());
    plait_context_leave(inside, "greedy");
    return 0;
}

static int thread_ends_with_a_lock(void *unused)
{
    (void)unused;
    static plait_mutex mutex;
    plait_mutex_lock(&mutex);
    return 0;
}
static int starts_one_that_ends_with_a_lock(void *unused)
{
    plait_thread_free(plait_thread_start(thread_ends_with_a_lock, unused, NULL));
    return 0;
}

static void who_ends_with_a_lock_stops_the_program(void **unused)
{
    (void)unused;
    child_stops(ends_with_a_lock, NULL, "task greedy ended while it held 1 mutex(es)");
    child_stops(starts_one_that_ends_with_a_lock, NULL, "a thread ended while it held 1 mutex(es)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_living_scope_waits_go_on),
        cmocka_unit_test(M26_in_a_cancelled_scope_every_wait_says_so_again_and_again),
        cmocka_unit_test(in_an_expired_scope_every_wait_says_so_again_and_again),
        cmocka_unit_test(a_scope_until_now_is_expired),
        cmocka_unit_test(after_a_dead_scope_waits_go_on),
        cmocka_unit_test(what_does_not_wait_is_let_through_in_a_dead_scope),
        cmocka_unit_test(a_sleeper_is_cancelled_by_another),
        cmocka_unit_test(a_sleeper_s_scope_expires),
        cmocka_unit_test(a_call_s_own_deadline_is_not_its_scope_s),
        cmocka_unit_test(when_both_are_over_the_scope_wins),
        cmocka_unit_test(what_has_had_its_effect_succeeds_and_the_next_wait_tells),
        cmocka_unit_test(time_that_passed_unseen_does_not_count),
        cmocka_unit_test(cancelled_wins_over_expired),
        cmocka_unit_test(an_outer_scope_s_end_is_seen_inside),
        cmocka_unit_test(an_inner_scope_s_end_is_its_own),
        cmocka_unit_test(a_sleeper_wakes_for_the_nearest_of_its_scopes),
        cmocka_unit_test(a_shield_hides_what_lies_outside),
        cmocka_unit_test(a_shield_has_an_end_of_its_own),
        cmocka_unit_test(a_scope_is_left_in_whatever_way),
        cmocka_unit_test(AT32_a_sleep_ends_by_the_clock),
        cmocka_unit_test(AT36_a_sleep_for_ever_ends_when_cancelled),
        cmocka_unit_test(scopes_left_in_the_wrong_order_stop_the_program),
        cmocka_unit_test(a_task_inside_another_has_scopes_and_words_of_its_own),
        cmocka_unit_test(who_ends_with_a_lock_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
