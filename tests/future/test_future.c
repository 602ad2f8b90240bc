/* The life of a future, as its owners see it: states, cancel, who is woken, who may drop it, what is reported. */
#include "base/hooks.h"
#include "child.h"
#include "future/tasks.h"
#include "future/future.h"
#include <signal.h>
#include <sys/wait.h>

static void check_cancelled(plait_future *f)
{
    check_number(plait_future_get_state(f), PLAIT_FUTURE_CANCELLED);
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check(plait_error() && plait_error()->cause);
    check_code(plait_error()->code, PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
}

static int weigh(const int *n, float *weight)
{
    *weight = (float)*n / 2;
    return 0;
}
PLAIT_TASK(weigh, int, float);

TEST_IN_EACH_KIND(F1_F22_AF1_a_pending_future_that_is_cancelled_never_runs)
{
    struct held_pool p;
    _Atomic int ran = 0, *counter = &ran;
    hold_pool(&p, 2);
    plait_future *f = plait_submit(p.executor, count_up, &counter);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_PENDING);
    check(plait_future_cancel(f));
    check_cancelled(f);
    end_pool(&p);
    check_number(ran, 0);
}

TEST_IN_EACH_KIND(F2_M20_cancel_of_a_running_future_is_false_and_its_waits_are_told)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1);
    plait_future *f = plait_submit(pool, pass, &at);
    until_arrived(&gate, 1);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_RUNNING);
    check(!plait_future_cancel(f));
    check(!plait_future_cancel(f));
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check_number(gate.cut, 1);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(F2_AF4_AT17_cancel_of_a_finished_future_is_false_and_changes_nothing)
{
    plait_executor *pool = pool_of(1);
    int n = 12, out = 0;
    plait_future *f = plait_submit(pool, square, &n);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    check(!plait_future_cancel(f));
    check_number(plait_future_get_state(f), PLAIT_FUTURE_FINISHED);
    check_code(plait_await(f, &out), 0);
    check_number(out, 144);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(F4_AF1_cancel_of_a_cancelled_future_is_true_again)
{
    struct held_pool p;
    hold_pool(&p, 1);
    plait_future *f = plait_submit(p.executor, nothing, NULL);
    check(plait_future_cancel(f));
    check(plait_future_cancel(f));
    release_pool(&p);
    check(plait_future_cancel(f));
    check_cancelled(f);
    end_pool(&p);
}

TEST_IN_EACH_KIND(F5_F7_each_state_is_told)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1);
    int code = -EIO;
    plait_future *running = plait_submit(pool, pass, &at);
    until_arrived(&gate, 1);
    plait_future *pending = plait_submit(pool, fail_with, &code), *dropped = plait_submit(pool, nothing, NULL);
    check(plait_future_cancel(dropped));
    check_number(plait_future_get_state(running), PLAIT_FUTURE_RUNNING);
    check_number(plait_future_get_state(pending), PLAIT_FUTURE_PENDING);
    check_number(plait_future_get_state(dropped), PLAIT_FUTURE_CANCELLED);
    plait_event_set(&gate.open);
    check_code(plait_future_wait(pending, PLAIT_FOREVER), 0);
    check_number(plait_future_get_state(running), PLAIT_FUTURE_FINISHED);
    check_number(plait_future_get_state(pending), PLAIT_FUTURE_FINISHED); /* a failure is an end too */
    check_code(plait_await(running, NULL), 0);
    check_code(plait_await(pending, NULL), -EIO);
    check_cancelled(dropped);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(F8_F14_F39_without_time_a_future_that_is_not_done_is_left_as_it_is)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1);
    plait_future *running = plait_submit(pool, pass, &at);
    until_arrived(&gate, 1);
    plait_future *pending = plait_submit(pool, nothing, NULL), *both[2] = { running, pending };
    for (int i = 0; i < 2; i++) {
        check_code(plait_await_until(both[i], NULL, PLAIT_NOW), PLAIT_EAGAIN);
        check_code(plait_future_wait(both[i], PLAIT_NOW), PLAIT_EAGAIN);
        check_code(plait_future_result(both[i], NULL), PLAIT_EAGAIN);
        check_code(plait_await_until(both[i], NULL, plait_after(-PLAIT_SECOND)), PLAIT_ETIMEDOUT);
        check_code(plait_future_wait(both[i], plait_after(0)), PLAIT_ETIMEDOUT);
        check_code(plait_await_until(both[i], NULL, plait_after(INT64_MIN)), PLAIT_ETIMEDOUT);
    }
    check_number(plait_future_get_state(running), PLAIT_FUTURE_RUNNING);
    check_number(plait_future_get_state(pending), PLAIT_FUTURE_PENDING);
    plait_event_set(&gate.open);
    for (int i = 0; i < 2; i++) check_code(plait_await(both[i], NULL), 0);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(F15_the_outcome_can_be_read_again_and_again)
{
    plait_executor *pool = pool_of(1);
    int n = 3, out = 0, code = -ENOSPC;
    plait_future *good = plait_submit(pool, square, &n), *bad = plait_submit(pool, fail_in_words, &code);
    check_code(plait_future_wait(good, PLAIT_FOREVER), 0);
    check_code(plait_future_wait(bad, PLAIT_FOREVER), 0); /* about the wait alone */
    for (int i = 0; i < 2; i++) {
        out = 0;
        check_code(plait_future_result(good, &out), 0);
        check_number(out, 9);
        check_code(plait_future_result(bad, NULL), -ENOSPC);
        check_contains(plait_error()->message, "no luck with");
    }
    check_code(plait_future_result(good, NULL), 0);
    plait_future_unref(good);
    plait_future_unref(bad);
    plait_executor_free(pool);
}

/* A cancel while the runner prepares the task: when it asks for a context, deeper down than ever before. */

static plait_executor *descended;
static plait_future *starting;
static struct gate never_opened;

static bool cancel_in_between(const char *point)
{
    if (strcmp(point, "memory") != 0 || !starting) return false;
    plait_future *f = starting;
    starting = NULL;
    check_number(f->state, PLAIT_STARTING);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_RUNNING);
    check(!plait_future_cancel(f));
    check(!plait_future_cancel(f));
    return false;
}

static int descend(const int *levels);
PLAIT_TASK(descend, int, void);
static int descend(const int *levels)
{
    int below = *levels - 1;
    if (*levels) return plait_await(plait_submit(plait_inline_executor(), descend, &below), NULL);
    struct gate *at = &never_opened;
    plait_future *f = plait_future_ref(plait_submit(descended, pass, &at));
    starting = f;
    check_code(plait_await(f, NULL), PLAIT_ETASK); /* in place */
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check(f->state & PLAIT_ASKED); /* it is known as cancelled for good */
    plait_future_unref(f);
    return 0;
}

static void M20_a_cancel_while_the_task_is_being_started_reaches_it(void **unused)
{
    (void)unused;
    int levels = 30;
    plait_hooks.refuse = cancel_in_between;
    descended = pool_of(1);
    check_code(plait_await(plait_submit(descended, descend, &levels), NULL), 0);
    check_number(never_opened.cut, 1);
    check(!starting);
    plait_executor_free(descended);
    plait_hooks.refuse = NULL;
}

/* Sleepers of each kind are woken by each kind of end. */

struct ending {
    struct gate *gate;
    int code;
};
static int end_with(const struct ending *e, int *number)
{
    *number = 77;
    int err = pass(&e->gate);
    return err ? err : e->code;
}
PLAIT_LOCAL_TASK(end_with, struct ending, int);

struct sleeper {
    plait_future *future;
    int code, number;
};
static int sleep_for_it(void *sleeper)
{
    struct sleeper *s = sleeper;
    check_code(plait_future_wait(s->future, PLAIT_FOREVER), 0);
    s->code = plait_future_result(s->future, &s->number);
    if (s->code == PLAIT_ETASK) check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    return 0;
}

enum { SLEEPERS = 4 };
static void sleepers_wake(int code, bool cancelled)
{
    struct gate gate = { 0 };
    struct held_pool p;
    struct sleeper sleepers[SLEEPERS];
    struct runner *runners[SLEEPERS];
    hold_pool(&p, 1);
    plait_future *f = plait_submit(p.executor, end_with, &((struct ending){ &gate, code }));
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i] = (struct sleeper){ .future = f };
        runners[i] = runner_start(sleep_for_it, &sleepers[i]);
    }
    until_listed(&f->waiters, SLEEPERS);
    if (cancelled) check(plait_future_cancel(f));
    release_pool(&p);
    plait_event_set(&gate.open);
    for (int i = 0; i < SLEEPERS; i++) {
        runner_join(runners[i]);
        check_code(sleepers[i].code, cancelled ? PLAIT_ETASK : code);
        check_number(sleepers[i].number, cancelled || code ? 0 : 77);
    }
    check_number(gate.passed, !cancelled);
    plait_future_unref(f);
    end_pool(&p);
}

TEST_IN_EACH_KIND(F12_all_who_wait_are_woken_by_a_result) { sleepers_wake(0, false); }
TEST_IN_EACH_KIND(F14_F16_all_who_wait_are_woken_by_a_failure) { sleepers_wake(-EPROTO, false); }
TEST_IN_EACH_KIND(F13_F14_F24_M23_all_who_wait_are_woken_by_a_cancel_at_once) { sleepers_wake(0, true); }

static int cancel_it(void *future)
{
    check(plait_future_cancel(future));
    return 0;
}

TEST_IN_EACH_KIND(F13_an_await_is_woken_when_another_cancels)
{
    struct held_pool p;
    hold_pool(&p, 1);
    plait_future *f = plait_submit(p.executor, nothing, NULL);
    struct runner *other = runner_start(cancel_it, plait_future_ref(f));
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check_code(runner_join(other), 0);
    plait_future_unref(f);
    end_pool(&p);
}

/* Owners. */

TEST_IN_EACH_KIND(the_argument_the_name_and_the_options_are_kept)
{
    plait_executor *pool = pool_of(1);
    int n = 5;
    plait_future *f = plait_submit(pool, square, &n);
    n = 6;
    check_number(*(const int *)plait_future_argument(f), 5); /* a copy */
    check_string(plait_future_name(f), "square");
    plait_future *named = plait_submit_with(pool, (&(plait_submit_options){ .name = "big" }), square, &n);
    check_string(plait_future_name(named), "big");
    plait_future *without = plait_submit(pool, nothing, NULL);
    check(plait_future_argument(without) == NULL);
    int out = 0;
    check_code(plait_await(f, &out), 0);
    check_number(out, 25);
    check_code(plait_await(named, &out), 0);
    check_number(out, 36);
    check_code(plait_await(without, NULL), 0);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(several_owners_each_await_once)
{
    struct gate gate = { 0 };
    plait_executor *pool = pool_of(1);
    plait_future *f = plait_submit(pool, pass_numbered, &((struct numbered_gate){ &gate, 8 }));
    check(plait_future_ref(f) == f);
    plait_future_ref(f);
    plait_future_unref(f); /* not the last: nothing happens */
    plait_event_set(&gate.open);
    int out = 0;
    check_code(plait_await(f, &out), 0);
    check_number(out, 8);
    out = 0;
    check_code(plait_await(f, &out), 0);
    check_number(out, 8);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(M36_AS7_a_detached_future_runs_on)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1);
    plait_future_detach(plait_submit(pool, pass, &at));
    plait_event_set(&gate.open);
    plait_executor_free(pool);
    check_number(gate.passed, 1);
}

/* What stops the program, and what is reported. Each in a child of its own. */

static int drop_pending(void *unused)
{
    (void)unused;
    struct held_pool p;
    hold_pool(&p, 1);
    plait_future_unref(plait_submit(p.executor, nothing, NULL));
    return 0;
}
static int drop_running(void *unused)
{
    (void)unused;
    struct gate gate = { 0 }, *at = &gate;
    plait_future *f = plait_submit(pool_of(1), pass, &at);
    until_arrived(&gate, 1);
    plait_future_unref(f);
    return 0;
}
static int await_into_less(void *unused)
{
    (void)unused;
    int n = 3;
    short room = 0;
    return plait_await(plait_submit(plait_inline_executor(), square, &n), &room);
}
static int await_nothing_into_something(void *unused)
{
    (void)unused;
    int room = 0;
    return plait_await(plait_submit(plait_inline_executor(), nothing, NULL), &room);
}
static int read_into_more(void *unused)
{
    (void)unused;
    int n = 3;
    double room = 0;
    return plait_future_result(plait_submit(plait_inline_executor(), square, &n), &room);
}
static plait_mutex kept;
static int keep_lock(void)
{
    plait_mutex_lock(&kept);
    return 0;
}
PLAIT_TASK(keep_lock, void, void);
static int end_with_lock(void *pool)
{
    return plait_await(plait_submit(pool ? pool_of(1) : plait_inline_executor(), keep_lock, NULL), NULL);
}
static plait_scope scope_kept;
static int keep_scope(void)
{
    plait_scope_enter(&scope_kept, PLAIT_FOREVER, 0);
    return 0;
}
PLAIT_TASK(keep_scope, void, void);
static int end_in_scope(void *pool)
{
    return plait_await(plait_submit(pool ? pool_of(1) : plait_inline_executor(), keep_scope, NULL), NULL);
}

static void F_misuse_stops_with_a_sentence(void **unused)
{
    (void)unused;
    child_stops(drop_pending, NULL, "task nothing (");
    child_stops(drop_pending, NULL, "was dropped before it was done");
    child_stops(drop_running, NULL, "was dropped before it was done");
    child_stops(await_into_less, NULL, "the result of task square (");
    child_stops(await_into_less, NULL, "is 4 bytes (int), and room for 2 was given");
    child_stops(await_nothing_into_something, NULL, "is 0 bytes (void), and room for 4 was given");
    child_stops(read_into_more, NULL, "and room for 8 was given");
    for (int i = 0; i < 2; i++) {
        child_stops(end_with_lock, i ? "a pool" : NULL, "task keep_lock ended while it held 1 mutex(es)");
        child_stops(end_in_scope, i ? "a pool" : NULL, "ended inside a scope that it had entered");
    }
}

/* Ends the pool, so that all is freed and reported. */
static int report_unseen(void *unused)
{
    (void)unused;
    int code = -EIO;
    plait_executor *pool = pool_of(1);
    plait_future *f = plait_submit(pool, fail_in_words, &code);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0); /* waits, and does not look */
    plait_future_unref(f);
    plait_executor_free(pool);
    return 0;
}
static int report_detached(void *unused)
{
    (void)unused;
    int code = -EIO;
    plait_executor *pool = pool_of(1);
    plait_future_detach(plait_submit(pool, fail_in_words, &code));
    plait_executor_free(pool);
    return 0;
}
static int report_unseen_submit(void *unused)
{
    (void)unused;
    plait_executor *pool = pool_of(1);
    plait_executor_close(pool);
    plait_future_detach(plait_submit(pool, nothing, NULL));
    plait_executor_free(pool);
    return 0;
}
static int no_report_of_what_was_cancelled(void *unused)
{
    (void)unused;
    struct held_pool p;
    struct gate gate = { 0 }, *at = &gate;
    hold_pool(&p, 1);
    plait_future *f = plait_submit(p.executor, nothing, NULL);
    plait_future_cancel(f);
    plait_future_detach(f); /* cancelled while pending */
    plait_executor *pool = pool_of(1);
    f = plait_submit(pool, pass, &at);
    until_arrived(&gate, 1);
    plait_future_cancel(f);
    plait_future_detach(f); /* cancelled while running */
    f = plait_submit(pool, nothing, NULL);
    plait_future_detach(f); /* and one that succeeds */
    int code = -EIO;
    f = plait_submit(pool, fail_with, &code);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    check_code(plait_future_result(f, NULL), -EIO);
    plait_future_unref(f); /* and one that somebody looked at */
    plait_executor_free(pool);
    end_pool(&p);
    return 0;
}
static int report_a_failure_although_cancelled(void *unused)
{
    (void)unused;
    struct gate gate = { 0 };
    plait_executor *pool = pool_of(1);
    plait_future *f = plait_submit(pool, end_with, &((struct ending){ &gate, 0 }));
    until_arrived(&gate, 1);
    plait_future_detach(f);
    int code = PLAIT_ETIMEDOUT;
    plait_future_detach(plait_submit(pool, fail_with, &code)); /* timed out, but nobody cancelled it */
    plait_event_set(&gate.open);
    plait_executor_free(pool);
    return 0;
}

static void M35_AD5_a_failure_that_nobody_looked_at_is_reported(void **unused)
{
    (void)unused;
    char text[2048];
    check_number(child_run(report_unseen, NULL, text, sizeof text), 0);
    check_contains(text, "plait: task fail_in_words failed and nobody looked at it: fail_in_words (");
    check_contains(text, "test_future.c:");
    check_contains(text, "no luck with -5");
    check_number(child_run(report_detached, NULL, text, sizeof text), 0);
    check_contains(text, "task fail_in_words failed and nobody looked at it");
    check_number(child_run(report_unseen_submit, NULL, text, sizeof text), 0);
    check_contains(text, "task nothing failed and nobody looked at it");
    check_contains(text, "is closed");
    check_number(child_run(report_a_failure_although_cancelled, NULL, text, sizeof text), 0);
    check_contains(text, "task fail_with failed and nobody looked at it");
    check_contains(text, "timed out");
    check_number(child_run(no_report_of_what_was_cancelled, NULL, text, sizeof text), 0);
    check_string(text, "");
}

/* A forked child has neither the threads nor the tasks; what it makes itself works. */

#if defined __has_feature
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define THREAD_SANITIZER
#endif

static plait_executor *parents_pool;
static plait_future *parents_future;
static int use_the_parents(void *unused)
{
    (void)unused;
    plait_future *f = plait_submit(parents_pool, nothing, NULL);
    check_code(plait_await(f, NULL), PLAIT_EFORKED);
    check_contains(plait_error()->message, "forked");
    int n = 1, out;
    check_code(plait_map(parents_pool, square, &n, 1, &out, NULL), PLAIT_EFORKED);
    check_number(plait_future_get_state(parents_future), PLAIT_FUTURE_RUNNING);
    check_number(statistics_of(parents_pool).workers, 0);
    check_code(plait_future_wait(parents_future, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_future_wait(parents_future, PLAIT_FOREVER), PLAIT_EFORKED);
    check_code(plait_await_until(parents_future, NULL, plait_after(3600 * PLAIT_SECOND)), PLAIT_EFORKED);
    check_code(plait_wait(&parents_future, 1, PLAIT_FIRST_COMPLETED, PLAIT_FOREVER, NULL), PLAIT_EFORKED);
    check_code(plait_wait(&parents_future, 1, PLAIT_ALL_COMPLETED, PLAIT_FOREVER, NULL), PLAIT_EFORKED);
    plait_completions *c = plait_completions_new();
    plait_completions_add(c, plait_future_ref(parents_future));
    plait_future *got;
    check_code(plait_completions_next(c, &got, PLAIT_FOREVER), PLAIT_EFORKED);
    check_code(plait_await(parents_future, NULL), PLAIT_EFORKED);
    plait_executor_close(parents_pool);
    plait_executor_free(parents_pool);
#ifndef THREAD_SANITIZER /* which lets no thread be started here */
    plait_executor *own = pool_of(2);
    check_code(plait_await(plait_submit(own, square, &n), &out), 0);
    plait_executor_free(own);
    check_code(plait_await(plait_submit(plait_thread_per_task_executor(), square, &n), &out), 0);
#endif
    check_code(plait_await(plait_submit(plait_inline_executor(), square, &n), &out), 0);
    return 0;
}

static void F_in_a_forked_child_nothing_hangs(void **unused)
{
    (void)unused;
    struct gate gate = { 0 }, *at = &gate;
    char text[2048];
    parents_pool = pool_of(1);
    parents_future = plait_submit(parents_pool, pass, &at);
    until_arrived(&gate, 1);
    int status = child_run(use_the_parents, NULL, text, sizeof text);
    if (status) fprintf(stderr, "%s", text);
    check_number(status, 0);
    plait_event_set(&gate.open);
    check_code(plait_await(parents_future, NULL), 0); /* the parent's are untouched */
    plait_executor_free(parents_pool);
}

static void describes(plait_future *f, const char *expected)
{
    char whole[256], cut[12], text[256];
    snprintf(text, sizeof text, "%s (%s:%d) %s", f->name, __FILE__, f->line, expected);
    check_number(plait_future_describe(f, whole, sizeof whole), strlen(text));
    check_string(whole, text);
    check_number(plait_future_describe(f, cut, sizeof cut), strlen(text));
    text[sizeof cut - 1] = 0;
    check_string(cut, text);
    check_number(plait_future_describe(f, NULL, 0), strlen(whole));
}

TEST_IN_EACH_KIND(F38_the_printed_form_names_the_state_and_the_outcome)
{
    struct held_pool p;
    hold_pool(&p, 1);
    plait_future *pending = plait_submit(p.executor, square, &((int){ 3 }));
    plait_future *cancelled = plait_submit_with(p.executor, (&(plait_submit_options){ .name = "late" }), nothing, NULL);
    describes(pending, "pending");
    plait_future_cancel(cancelled);
    describes(cancelled, "cancelled");
    check_string(plait_future_name(cancelled), "late");
    plait_future *failed[3];
    const int codes[3] = { -ENOENT, PLAIT_EPROTOCOL, PLAIT_EUSER - 7 };
    const char *expected[3] = { "finished failed ENOENT", "finished failed PLAIT_EPROTOCOL", "finished failed -10007" };
    for (int i = 0; i < 3; i++) {
        failed[i] = plait_submit(plait_inline_executor(), fail_with, &codes[i]);
        describes(failed[i], expected[i]);
        check(!failed[i]->seen);
        check_code(plait_await(failed[i], NULL), codes[i]);
    }
    release_pool(&p);
    check_code(plait_future_wait(pending, PLAIT_FOREVER), 0);
    describes(pending, "finished returned int");
    plait_future *without = plait_submit(p.executor, nothing, NULL);
    check_code(plait_future_wait(without, PLAIT_FOREVER), 0);
    describes(without, "finished returned void");
    plait_future_unref(without);
    plait_future_unref(pending);
    plait_future_unref(cancelled);
    end_pool(&p);
}

static int take_another(void *unused)
{
    float number = 0;
    (void)unused;
    return plait_take(weigh, plait_submit(plait_inline_executor(), square, &((int){ 2 })), &number);
}

TEST_IN_EACH_KIND(plait_take_is_an_await_with_the_types_of_the_task)
{
    int number = 0;
    float weight = 0;
    plait_executor *pool = pool_of(1);
    check_code(plait_take(square, plait_submit(pool, square, &((int){ 5 })), &number), 0);
    check_number(number, 25);
    check_code(plait_take(square, plait_submit(pool, square, &((int){ 5 })), NULL), 0);
    check_code(plait_take(weigh, plait_submit(pool, weigh, &((int){ 4 })), &weight), 0);
    check(weight > 1.99f && weight < 2.01f);
    check_code(plait_take(fail_with, plait_submit(pool, fail_with, &((int){ -EIO })), NULL), -EIO);
    plait_executor_free(pool);
    child_stops(take_another, NULL, "is a int, and was taken as that of weigh, a float");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F1_F22_AF1_a_pending_future_that_is_cancelled_never_runs),
        cmocka_unit_test(F2_M20_cancel_of_a_running_future_is_false_and_its_waits_are_told),
        cmocka_unit_test(F2_AF4_AT17_cancel_of_a_finished_future_is_false_and_changes_nothing),
        cmocka_unit_test(F4_AF1_cancel_of_a_cancelled_future_is_true_again),
        cmocka_unit_test(F5_F7_each_state_is_told),
        cmocka_unit_test(F8_F14_F39_without_time_a_future_that_is_not_done_is_left_as_it_is),
        cmocka_unit_test(M20_a_cancel_while_the_task_is_being_started_reaches_it),
        cmocka_unit_test(F12_all_who_wait_are_woken_by_a_result),
        cmocka_unit_test(F14_F16_all_who_wait_are_woken_by_a_failure),
        cmocka_unit_test(F13_F14_F24_M23_all_who_wait_are_woken_by_a_cancel_at_once),
        cmocka_unit_test(F13_an_await_is_woken_when_another_cancels),
        cmocka_unit_test(F15_the_outcome_can_be_read_again_and_again),
        cmocka_unit_test(the_argument_the_name_and_the_options_are_kept),
        cmocka_unit_test(several_owners_each_await_once),
        cmocka_unit_test(M36_AS7_a_detached_future_runs_on),
        cmocka_unit_test(F_misuse_stops_with_a_sentence),
        cmocka_unit_test(M35_AD5_a_failure_that_nobody_looked_at_is_reported),
        cmocka_unit_test(F38_the_printed_form_names_the_state_and_the_outcome),
        cmocka_unit_test(plait_take_is_an_await_with_the_types_of_the_task),
        cmocka_unit_test(F_in_a_forked_child_nothing_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
