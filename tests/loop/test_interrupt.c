/* The SIGINT that ends a run that has asked for that. */
#include "check.h"
#include "child.h"
#include "support/sanitizers.h"
#include <plait.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

static _Atomic int handled; /* by what was there before */
static void handle(int number)
{
    (void)number;
    handled++;
}
static struct sigaction before;
static int setup(void **unused)
{
    (void)unused;
    struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
    sigaction(SIGINT, &action, &before);
    handled = 0;
    return 0;
}
static int teardown(void **unused)
{
    (void)unused;
    sigaction(SIGINT, &before, NULL);
    return 0;
}

static const plait_run_options interruptible = { .interruptible = true };

static plait_event waits;
static int cleaned;
static int wait_for_ever(void)
{
    plait_event_set(&waits);
    int err = plait_sleep_until(PLAIT_FOREVER);
    PLAIT_SHIELD(clean_up, PLAIT_FOREVER);
    check_code(plait_yield(), 0);
    cleaned++;
    return err;
}
PLAIT_TASK(wait_for_ever, void, void);

static void *raise_elsewhere(void *unused)
{
    check_code(plait_event_wait(&waits, PLAIT_FOREVER), 0);
    raise(SIGINT);
    return unused;
}

static void AR9_the_first_sigint_cancels_the_task_and_the_run_says_that_it_was_interrupted(void **unused)
{
    (void)unused;
    pthread_t other;
    cleaned = 0;
    plait_event_clear(&waits);
    check_code(pthread_create(&other, NULL, raise_elsewhere, NULL), 0);
    check_code(plait_run_with(&interruptible, wait_for_ever, NULL, NULL), -EINTR);
    pthread_join(other, NULL);
    check_string(plait_error()->message, "interrupted by SIGINT");
    check_code(plait_error()->cause->code, PLAIT_ETASK);
    check_string(plait_error()->cause->task, "wait_for_ever");
    check_number(cleaned, 1);
    check_number(handled, 0);
    raise(SIGINT);
    check_number(handled, 1); /* as before */
}

static int interrupt_itself(void)
{
    raise(SIGINT);
    check_number(handled, 0);
    raise(SIGINT);
    check_number(handled, 1);
    raise(SIGINT);
    check_number(handled, 2);
    return wait_for_ever();
}
PLAIT_TASK(interrupt_itself, void, void);

#ifndef TSAN
static int compute_for_ever(void)
{
    while (raise(SIGINT) == 0) {} /* the loop is never looked at */
    return 0;
}
PLAIT_TASK(compute_for_ever, void, void);
static int be_killed(void *unused)
{
    (void)unused;
    signal(SIGINT, SIG_DFL);
    return plait_run_with(&interruptible, compute_for_ever, NULL, NULL);
}
#endif

static void AR9_a_second_sigint_does_what_it_always_did_though_the_task_computes(void **unused)
{
    (void)unused;
    check_code(plait_run_with(&interruptible, interrupt_itself, NULL, NULL), -EINTR);
#ifndef TSAN /* its handlers do not come as they should in a forked child */
    char text[200];
    int status = child_run(be_killed, NULL, text, sizeof text);
    check(WIFSIGNALED(status));
    check_number(WTERMSIG(status), SIGINT);
#endif
}

static void raise_in_a_call(void *unused)
{
    (void)unused;
    raise(SIGINT);
}
static int be_interrupted_by_a_call(void)
{
    check_code(plait_call_soon(raise_in_a_call, NULL), 0);
    return wait_for_ever();
}
PLAIT_TASK(be_interrupted_by_a_call, void, void);
static int nothing(void) { return 0; }
PLAIT_TASK(nothing, void, void);

static void AL30_a_call_that_asks_for_the_end_is_obeyed_and_a_loop_can_be_run_again(void **unused)
{
    (void)unused;
    for (int i = 0; i < 3; i++) {
        check_code(plait_run_with(&interruptible, be_interrupted_by_a_call, NULL, NULL), -EINTR);
        check_code(plait_run_with(&interruptible, nothing, NULL, NULL), 0);
    }
    check_number(handled, 0);
}

static int cut_scope(plait_scope *const *scope)
{
    raise(SIGINT);
    plait_scope_cancel(*scope);
    return wait_for_ever();
}
PLAIT_LOCAL_TASK(cut_scope, plait_scope *, void);

static void AR10_cancelled_by_its_scope_too_it_is_cancelled_and_not_interrupted(void **unused)
{
    (void)unused;
    PLAIT_CANCEL_SCOPE(scope);
    plait_scope *pointer = &scope;
    check_code(plait_run_with(&interruptible, cut_scope, &pointer, NULL), PLAIT_ECANCELED);
}

static int go_on_regardless(int *out)
{
    raise(SIGINT);
    check_code(plait_sleep_until(PLAIT_FOREVER), PLAIT_ECANCELED);
    *out = 5;
    return 0;
}
PLAIT_TASK(go_on_regardless, void, int);
static int fail_otherwise(void)
{
    raise(SIGINT);
    check_code(plait_sleep_until(PLAIT_FOREVER), PLAIT_ECANCELED);
    return plait_fail(-EIO, "it was in the middle of something");
}
PLAIT_TASK(fail_otherwise, void, void);

static int be_late(void)
{
    raise(SIGINT);
    check_code(plait_sleep_until(PLAIT_FOREVER), PLAIT_ECANCELED);
    return PLAIT_ETIMEDOUT;
}
PLAIT_TASK(be_late, void, void);

static void AR10_what_the_task_makes_of_an_interrupt_is_what_the_run_gives(void **unused)
{
    (void)unused;
    int out = 0;
    check_code(plait_run_with(&interruptible, go_on_regardless, NULL, &out), 0);
    check_number(out, 5);
    check_code(plait_run_with(&interruptible, fail_otherwise, NULL, NULL), -EIO);
    check_code(plait_run_with(&interruptible, be_late, NULL, NULL), PLAIT_ETASK);
}

static int raise_in_a_task(void)
{
    int so_far = handled;
    raise(SIGINT);
    check_number(handled, so_far + 1);
    return plait_yield();
}
PLAIT_TASK(raise_in_a_task, void, void);
static int raise_what_is_ignored(void)
{
    raise(SIGINT);
    return plait_yield();
}
PLAIT_TASK(raise_what_is_ignored, void, void);

static void nobody_who_has_not_asked_is_interrupted_nor_where_it_is_ignored(void **unused)
{
    (void)unused;
    check_code(plait_run(raise_in_a_task, NULL, NULL), 0);
    check_code(plait_run_with(NULL, raise_in_a_task, NULL, NULL), 0);
    check_code(plait_run_with((&(plait_run_options){ .stack_size = 1 << 20 }), raise_in_a_task, NULL, NULL), 0);
    signal(SIGINT, SIG_IGN);
    check_code(plait_run_with(&interruptible, raise_what_is_ignored, NULL, NULL), 0);
    check(signal(SIGINT, SIG_IGN) == SIG_IGN);
}

static void tell(int number, void *count)
{
    (void)number;
    ++*(int *)count;
}
static int watch_it_itself(void)
{
    int count = 0;
    check_code(plait_loop_watch_signal(SIGINT, tell, &count), 0); /* in the place of what the option asked for */
    for (int i = 1; i <= 3; i++) {
        raise(SIGINT);
        while (count < i) check_code(plait_yield(), 0);
    }
    check_number(handled, 0);
    return 0;
}
PLAIT_TASK(watch_it_itself, void, void);

static void a_task_that_watches_sigint_itself_is_told_in_place_of_being_cancelled(void **unused)
{
    (void)unused;
    check_code(plait_run_with(&interruptible, watch_it_itself, NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(AR9_the_first_sigint_cancels_the_task_and_the_run_says_that_it_was_interrupted,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(AR9_a_second_sigint_does_what_it_always_did_though_the_task_computes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(AL30_a_call_that_asks_for_the_end_is_obeyed_and_a_loop_can_be_run_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(AR10_cancelled_by_its_scope_too_it_is_cancelled_and_not_interrupted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(AR10_what_the_task_makes_of_an_interrupt_is_what_the_run_gives, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(nobody_who_has_not_asked_is_interrupted_nor_where_it_is_ignored, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_task_that_watches_sigint_itself_is_told_in_place_of_being_cancelled, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
