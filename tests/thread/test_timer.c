/* test_timer.c: calls that are made later, by a clock that is moved by hand. */
#include "child.h"
#include "clock.h"
#include "fault.h"
#include "runners.h"
#include "sanitizers.h"
#include <plait/event.h>
#include <plait/report.h>
#include <plait/semaphore.h>
#include <plait/thread.h>
#include <plait/timer.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#ifdef TSAN
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0"; }
#endif

/* What a call notes: when, and as the how many of all. */
static _Atomic int turn;
struct call {
    _Atomic int64_t at;
    _Atomic int times;
    int turn;
    int result;
    char thread[32];
    bool signals_blocked;
    plait_event begun;
    plait_event *held; /* waits for it; or NULL */
    plait_timer *timer;
    int (*act)(struct call *);
};

static int is_called(void *call)
{
    struct call *c = call;
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    c->signals_blocked = sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGCHLD);
    snprintf(c->thread, sizeof c->thread, "%s", plait_thread_name(NULL));
    c->turn = ++turn;
    c->at = plait_time();
    plait_event_set(&c->begun);
    if (c->held) check_code(plait_event_wait(c->held, PLAIT_FOREVER), 0);
    int result = c->act ? c->act(c) : c->result;
    c->times++;
    return result;
}

static plait_timer *start(struct call *c, plait_deadline at, int64_t period)
{
    plait_timer *t = plait_timer_start(at, is_called, c, &(plait_timer_options){ .period = period });
    check(t);
    return t;
}

/* All calls that were due have been made when this one has: it is due now, and was given last. */
static void until_served(void)
{
    struct call c = { 0 };
    plait_timer *t = start(&c, plait_after(0), 0);
    check_code(plait_event_wait(&c.begun, PLAIT_FOREVER), 0);
    plait_timer_free(t);
    check_number(c.times, 1);
}

TEST_IN_EACH_KIND(V10_a_call_is_made_once_at_its_time_with_its_argument)
{
    clock_by_hand();
    struct call c = { 0 }, other = { 0 };
    int64_t begun = plait_time();
    plait_timer *t = start(&c, plait_after(PLAIT_SECOND), 0), *u = start(&other, plait_after(3 * PLAIT_SECOND), 0);
    until_served();
    clock_move(PLAIT_SECOND - 1);
    until_served();
    check_number(c.times, 0);
    clock_move(1);
    until_served();
    check_number(c.times, 1);
    check_number(c.at, begun + PLAIT_SECOND);
    check_string(c.thread, "plait-timer");
    check(c.signals_blocked);
    clock_move(PLAIT_SECOND);
    until_served();
    check_number(c.times, 1);
    check_number(other.times, 0);
    plait_timer_free(t);
    plait_timer_free(u);
    clock_of_the_system();
}

static void V10_it_is_made_by_the_system_s_clock_too(void **unused)
{
    (void)unused;
    struct call c = { 0 };
    int64_t begun = plait_time();
    plait_timer *t = start(&c, plait_after(3 * PLAIT_MILLISECOND), 0);
    check_code(plait_event_wait(&c.begun, PLAIT_FOREVER), 0);
    check(c.at >= begun + 3 * PLAIT_MILLISECOND);
    plait_timer_free(t);
}

TEST_IN_EACH_KIND(calls_are_made_in_the_order_of_their_times)
{
    enum { CALLS = 60 };
    static struct call c[CALLS];
    static plait_timer *t[CALLS];
    memset(c, 0, sizeof c);
    clock_by_hand();
    int before = turn;
    for (int i = 0; i < CALLS; i++) t[i] = start(&c[i], plait_after((i * 37 % CALLS) / 2 * PLAIT_SECOND + 1), 0);
    clock_move(CALLS * PLAIT_SECOND);
    until_served();
    for (int i = 0; i < CALLS; i++)
        for (int j = 0; j < CALLS; j++) {
            int first = i * 37 % CALLS / 2, second = j * 37 % CALLS / 2;
            if (first < second || (first == second && i < j)) check(c[i].turn < c[j].turn);
        }
    for (int i = 0; i < CALLS; i++) check(c[i].turn > before && c[i].times == 1), plait_timer_free(t[i]);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(one_that_comes_first_is_not_kept_waiting_by_a_later_one)
{
    clock_by_hand();
    struct call late = { 0 }, soon = { 0 };
    plait_timer *l = start(&late, plait_after(3600 * PLAIT_SECOND), 0);
    until_served();
    plait_timer *s = start(&soon, plait_after(PLAIT_SECOND), 0);
    clock_move(PLAIT_SECOND);
    check_code(plait_event_wait(&soon.begun, PLAIT_FOREVER), 0);
    check_number(late.times, 0);
    plait_timer_free(l);
    plait_timer_free(s);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(V11_a_cancel_before_its_time_prevents_the_call_and_later_has_no_effect)
{
    clock_by_hand();
    struct call c = { 0 }, d = { 0 };
    plait_timer *t = start(&c, plait_after(PLAIT_SECOND), 0), *u = start(&d, plait_after(PLAIT_SECOND), 0);
    check(plait_timer_cancel(t));
    check(!plait_timer_cancel(t)); /* already */
    clock_move(PLAIT_SECOND);
    until_served();
    check_number(c.times, 0);
    check_number(d.times, 1);
    check(!plait_timer_cancel(u));
    plait_timer_free(t);
    plait_timer_free(u);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(a_time_that_has_passed_is_at_once_and_for_ever_is_never)
{
    clock_by_hand();
    struct call c[3] = { { .times = 0 } }, never = { 0 };
    plait_timer *t[3] = { start(&c[0], PLAIT_NOW, 0), start(&c[1], plait_after(-5), 0),
                          start(&c[2], plait_deadline_at_(1), 0) };
    plait_timer *n = start(&never, PLAIT_FOREVER, 0), *m = start(&never, PLAIT_FOREVER, 0);
    until_served();
    for (int i = 0; i < 3; i++) check_number(c[i].times, 1), plait_timer_free(t[i]);
    clock_move(INT64_MAX / 2);
    until_served();
    check_number(never.times, 0);
    check(!plait_timer_cancel(n));
    plait_timer_free(n);
    plait_timer_detach(m);
    plait_timer_free(NULL);
    clock_of_the_system();
}

struct freeing {
    plait_timer *timer;
    struct call *call;
};
static int frees(void *freeing)
{
    struct freeing *f = freeing;
    plait_timer_free(f->timer);
    return f->call->times;
}

TEST_IN_EACH_KIND(V11_to_cancel_does_not_wait_for_a_call_and_to_free_does)
{
    clock_by_hand();
    plait_event hold = PLAIT_EVENT_INIT;
    struct call c = { .held = &hold };
    plait_timer *t = start(&c, plait_after(0), 0);
    check_code(plait_event_wait(&c.begun, PLAIT_FOREVER), 0);
    check(!plait_timer_cancel(t)); /* it is being made */
    struct runner *r = runner_start(frees, &(struct freeing){ t, &c });
    until_asleep(r);
    check(!runner_done(r));
    plait_event_set(&hold);
    check_number(runner_join(r), 1); /* the call was over when it was freed */
    clock_of_the_system();
}

TEST_IN_EACH_KIND(one_with_a_period_neither_drifts_nor_makes_up_for_what_it_missed)
{
    clock_by_hand();
    struct call c = { 0 };
    int64_t begun = plait_time();
    plait_timer *t = start(&c, plait_after(PLAIT_SECOND), 2 * PLAIT_SECOND);
    for (int i = 0; i < 5; i++) { /* at 1, 3, 5, 7, 9, each time looked at half a second late */
        clock_move(i == 0 ? 3 * PLAIT_SECOND / 2 : 2 * PLAIT_SECOND);
        until_served();
        check_number(c.times, i + 1);
        check_number(c.at, begun + (2 * i + 1) * PLAIT_SECOND + PLAIT_SECOND / 2);
    }
    clock_move(8 * PLAIT_SECOND); /* 11, 13, 15 and 17 have passed: one call */
    until_served();
    check_number(c.times, 6);
    clock_move(3 * PLAIT_SECOND / 2 - 1);
    until_served();
    check_number(c.times, 6);
    clock_move(1);
    until_served();
    check_number(c.times, 7);
    check_number(c.at, begun + 19 * PLAIT_SECOND);
    check(plait_timer_cancel(t));
    clock_move(10 * PLAIT_SECOND);
    until_served();
    check_number(c.times, 7);
    plait_timer_free(t);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(one_with_a_period_is_cancelled_while_it_is_called)
{
    clock_by_hand();
    plait_event hold = PLAIT_EVENT_INIT;
    struct call c = { .held = &hold };
    plait_timer *t = start(&c, plait_after(0), PLAIT_SECOND);
    check_code(plait_event_wait(&c.begun, PLAIT_FOREVER), 0);
    check(plait_timer_cancel(t)); /* the next one */
    check(!plait_timer_cancel(t));
    plait_event_set(&hold);
    clock_move(5 * PLAIT_SECOND);
    until_served();
    check_number(c.times, 1);
    plait_timer_free(t);
    clock_of_the_system();
}

static int ends_itself(struct call *c)
{
    if (c->times == 2) plait_timer_free(c->timer);
    return 0;
}
static int detaches_itself(struct call *c)
{
    plait_timer_detach(c->timer);
    return 0;
}
static int starts_another(struct call *c)
{
    plait_timer *t = plait_timer_start(plait_after(0), is_called, c->timer, NULL); /* the other's argument */
    check(t);
    plait_timer_detach(t);
    return 0;
}

TEST_IN_EACH_KIND(a_call_may_end_its_own_timer_and_start_others)
{
    clock_by_hand();
    struct call c = { .act = ends_itself }, d = { .act = detaches_itself }, another = { 0 }, starter = { 0 };
    starter.act = starts_another;
    starter.timer = (plait_timer *)&another;
    c.timer = start(&c, plait_after(PLAIT_SECOND), PLAIT_SECOND);
    d.timer = start(&d, plait_after(PLAIT_SECOND), 0);
    plait_timer *s = start(&starter, plait_after(PLAIT_SECOND), 0);
    for (int i = 0; i < 6; i++) {
        clock_move(PLAIT_SECOND);
        until_served();
    }
    check_number(c.times, 3);
    check_number(d.times, 1);
    check_code(plait_event_wait(&another.begun, PLAIT_FOREVER), 0);
    plait_timer_free(s);
    until_served();
    clock_of_the_system();
}

TEST_IN_EACH_KIND(a_detached_one_frees_itself)
{
    clock_by_hand();
    struct call c = { 0 }, d = { 0 };
    plait_timer_detach(start(&c, plait_after(PLAIT_SECOND), 0));
    plait_timer *t = start(&d, plait_after(0), 0);
    until_served();
    plait_timer_detach(t); /* after its call */
    clock_move(PLAIT_SECOND);
    until_served();
    check_number(c.times, 1);
    check_number(d.times, 1);
    clock_of_the_system();
}

static int fails_with_words(struct call *c)
{
    (void)c;
    return plait_fail(-EIO, "the bell is broken");
}
static int has_some_that_fail(void *unused)
{
    (void)unused;
    struct call c = { .act = fails_with_words }, d = { .result = -EPERM };
    plait_timer *t = plait_timer_start(PLAIT_NOW, is_called, &c, &(plait_timer_options){ .name = "bell" });
    plait_timer *u = plait_timer_start(PLAIT_NOW, is_called, &d, NULL);
    until_served();
    plait_timer_free(t);
    plait_timer_free(u);
    return 0;
}

static void T13_a_call_that_fails_is_reported(void **unused)
{
    (void)unused;
    char said[1024];
    check_number(child_run(has_some_that_fail, NULL, said, sizeof said), 0);
    check_string(said, "plait: timer bell failed: the bell is broken\n"
                       "plait: timer unnamed failed: Operation not permitted (-1)\n");
}

static int has_no_thread(void *unused)
{
    struct call c = { 0 };
    (void)unused;
    fault_nth("thread", 1);
    check(!plait_timer_start(PLAIT_NOW, is_called, &c, NULL));
    fault_off();
    check_code(plait_error()->code, PLAIT_EAGAIN);
    check_contains(plait_error()->message, "no thread to serve timers");
    check_contains(plait_error()->cause->message, "thread plait-timer could not be started");
    until_served(); /* the next one has */
    check_number(c.times, 0);
    return 0;
}

static void child_lives(int (*function)(void *), void *argument)
{
    char said[4096];
    int status = child_run(function, argument, said, sizeof said);
    if (status) fputs(said, stderr);
    check_number(status, 0);
}

static void without_a_thread_or_memory_there_is_no_timer(void **unused)
{
    (void)unused;
    struct call c = { 0 };
    child_lives(has_no_thread, NULL);
    until_served();
    fault_nth("memory", 1);
    check(!plait_timer_start(PLAIT_NOW, is_called, &c, NULL));
    fault_off();
    check_code(plait_error()->code, PLAIT_ENOMEM);
    check(!plait_timer_start(PLAIT_NOW, is_called, &c, &(plait_timer_options){ .period = -1 }));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check_contains(plait_error()->message, "-1 ns");
    check(!plait_timer_start(PLAIT_NOW, NULL, &c, NULL));
    check_code(plait_error()->code, PLAIT_EINVAL);
    until_served();
    check_number(c.times, 0);
}

struct inherited {
    plait_timer *timer, *detached;
    struct call *call;
};
static int looks_at_its_parents_timers(void *inherited)
{
    struct inherited *i = inherited;
    clock_move(PLAIT_SECOND); /* the parent's would be due */
    until_served();
    check_number(i->call->times, 0);
    check(!plait_timer_cancel(i->timer));
    plait_timer_free(i->timer);
    plait_timer_detach(i->detached);
    return 0;
}

static void a_forked_child_has_none_of_its_parent_s_timers(void **unused)
{
    (void)unused;
    clock_by_hand();
    struct call c = { 0 };
    struct inherited i = { start(&c, plait_after(PLAIT_SECOND), 0), start(&c, plait_after(PLAIT_SECOND), 0), &c };
    until_served();
    child_lives(looks_at_its_parents_timers, &i);
    clock_move(PLAIT_SECOND);
    until_served();
    check_number(c.times, 2);
    plait_timer_free(i.timer);
    plait_timer_free(i.detached);
    clock_of_the_system();
}

static int serves_itself(void *unused)
{
    (void)unused;
    until_served();
    return 0;
}
static int forks(struct call *c)
{
    child_lives(serves_itself, NULL);
    return c->result;
}

static void a_call_may_fork(void **unused)
{
    (void)unused;
    struct call c = { .act = forks };
    plait_timer *t = start(&c, PLAIT_NOW, 0);
    until_served();
    check_number(c.times, 1);
    plait_timer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(V10_a_call_is_made_once_at_its_time_with_its_argument),
        cmocka_unit_test(V10_it_is_made_by_the_system_s_clock_too),
        cmocka_unit_test(calls_are_made_in_the_order_of_their_times),
        cmocka_unit_test(one_that_comes_first_is_not_kept_waiting_by_a_later_one),
        cmocka_unit_test(V11_a_cancel_before_its_time_prevents_the_call_and_later_has_no_effect),
        cmocka_unit_test(a_time_that_has_passed_is_at_once_and_for_ever_is_never),
        cmocka_unit_test(V11_to_cancel_does_not_wait_for_a_call_and_to_free_does),
        cmocka_unit_test(one_with_a_period_neither_drifts_nor_makes_up_for_what_it_missed),
        cmocka_unit_test(one_with_a_period_is_cancelled_while_it_is_called),
        cmocka_unit_test(a_call_may_end_its_own_timer_and_start_others),
        cmocka_unit_test(a_detached_one_frees_itself),
        cmocka_unit_test(T13_a_call_that_fails_is_reported),
        cmocka_unit_test(without_a_thread_or_memory_there_is_no_timer),
        cmocka_unit_test(a_forked_child_has_none_of_its_parent_s_timers),
        cmocka_unit_test(a_call_may_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
