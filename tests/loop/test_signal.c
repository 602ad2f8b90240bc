/* Signals as calls of a loop, and the SIGINT that ends a run. A handler is called inside of raise(3) by whichever thread
   raises: so nothing here depends on when a signal is delivered, and ThreadSanitizer, which may keep one back that comes
   from elsewhere, lets it through. */
#include "check.h"
#include "child.h"
#include "fault.h"
#include "support/sanitizers.h"
#include <plait.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static _Atomic int handled; /* by what was there before */
static void handle(int number)
{
    (void)number;
    handled++;
}
static struct sigaction before[2];
static int setup(void **unused)
{
    (void)unused;
    struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
    sigaction(SIGUSR1, &action, &before[0]);
    sigaction(SIGINT, &action, &before[1]);
    handled = 0;
    return 0;
}
static int teardown(void **unused)
{
    (void)unused;
    sigaction(SIGUSR1, &before[0], NULL);
    sigaction(SIGINT, &before[1], NULL);
    return 0;
}

static bool is_as_before(int number)
{
    struct sigaction now;
    sigaction(number, NULL, &now);
    return !(now.sa_flags & SA_SIGINFO) && now.sa_handler == handle;
}

static plait_event enough;
static void run(const plait_task *task)
{
    plait_event_clear(&enough);
    check_code(plait_run_task(task, NULL, NULL, __FILE__, __LINE__), 0);
}

struct told {
    int count, number;
};
static struct told told;
static void tell(int number, void *context)
{
    struct told *t = context;
    t->count++;
    t->number = number;
    plait_event_set(&enough);
}
static void tell_other(int number, void *context) { tell(-number, context); }

static int be_told(void)
{
    told = (struct told){ 0 };
    check_code(plait_loop_watch_signal(SIGUSR1, tell, &told), 0);
    for (int i = 0; i < 3; i++) raise(SIGUSR1);
    check_number(told.count, 0); /* not in the handler */
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    check_number(told.count, 1);
    check_number(told.number, SIGUSR1);
    plait_event_clear(&enough);
    raise(SIGUSR1);
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    check_number(told.count, 2);
    check_code(plait_loop_watch_signal(SIGUSR1, tell_other, &told), 0); /* in its place */
    raise(SIGUSR1);
    plait_event_clear(&enough);
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    check_number(told.number, -SIGUSR1);
    raise(SIGUSR1);
    check(plait_loop_unwatch_signal(SIGUSR1)); /* what came and was not told will not be */
    check(!plait_loop_unwatch_signal(SIGUSR1));
    check(is_as_before(SIGUSR1));
    for (int i = 0; i < 3; i++) check_code(plait_yield(), 0);
    check_number(told.count, 3);
    check_number(handled, 0);
    raise(SIGUSR1);
    check_number(handled, 1);
    return 0;
}
PLAIT_TASK(be_told, void, void);

static void AL26_a_signal_is_a_call_and_removal_restores_what_was_and_tells(void **unused)
{
    (void)unused;
    run(&be_told_plait_task);
    check(!plait_loop_unwatch_signal(SIGUSR1)); /* outside of a loop */
    check_code(plait_loop_watch_signal(SIGUSR1, tell, &told), PLAIT_EINVAL);
    check_contains(plait_error()->message, "no loop runs");
}

static int be_refused(void)
{
    static const int numbers[] = { SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, 0, -1, 65, 1000, 32 };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        check_code(plait_loop_watch_signal(numbers[i], tell, NULL), PLAIT_EINVAL);
        check_contains(plait_error()->message, "cannot be watched");
        check(!plait_loop_unwatch_signal(numbers[i]));
    }
    check_code(plait_loop_watch_signal(SIGUSR1, NULL, NULL), PLAIT_EINVAL);
    fault_all("memory");
    check_code(plait_loop_watch_signal(SIGUSR1, tell, NULL), PLAIT_ENOMEM);
    fault_off();
    check(is_as_before(SIGUSR1));
    return 0;
}
PLAIT_TASK(be_refused, void, void);

static void AL26_signals_that_cannot_be_handled_or_cannot_wait_are_refused(void **unused)
{
    (void)unused;
    run(&be_refused_plait_task);
}

/* While the loop sleeps. */

static pthread_t loop_thread;
static void *raise_elsewhere(void *unused)
{
    raise(SIGUSR1);
    return unused;
}
static void *kill_the_loops(void *unused)
{
    pthread_kill(loop_thread, SIGUSR1);
    return unused;
}
static int sleep_until_told(void)
{
    loop_thread = pthread_self();
    told = (struct told){ 0 };
    check_code(plait_loop_watch_signal(SIGUSR1, tell, &told), 0);
    for (int i = 0; i < 20; i++) {
        pthread_t other;
#ifdef TSAN
        bool to_us = false; /* it keeps a handler back while the thread sleeps in a system call of plait's own */
#else
        bool to_us = i % 2;
#endif
        check_code(pthread_create(&other, NULL, to_us ? kill_the_loops : raise_elsewhere, NULL), 0);
        check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
        check_number(told.count, i + 1);
        plait_event_clear(&enough);
        pthread_join(other, NULL);
    }
    return 0; /* and leaves the watch */
}
PLAIT_TASK(sleep_until_told, void, void);

static void AL27_a_signal_wakes_a_loop_that_sleeps_whichever_thread_it_comes_to(void **unused)
{
    (void)unused;
    run(&sleep_until_told_plait_task);
    check(is_as_before(SIGUSR1)); /* at the loop's end */
}

/* Several loops. */

static struct told tolds[3];
static plait_event watched[3], ended[3];
static int watch_on_its_own(const int *n)
{
    check_code(plait_loop_watch_signal(SIGUSR1, tell, &tolds[*n]), 0);
    plait_event_set(&watched[*n]);
    return plait_event_wait(&ended[*n], PLAIT_FOREVER);
}
PLAIT_TASK(watch_on_its_own, int, void);
static void *run_one(void *number)
{
    check_code(plait_run(watch_on_its_own, (int *)number, NULL), 0);
    return NULL;
}

static void each_of_several_loops_is_told(void **unused)
{
    (void)unused;
    pthread_t threads[3];
    int numbers[3] = { 0, 1, 2 };
    memset(tolds, 0, sizeof tolds);
    for (int i = 0; i < 3; i++) {
        plait_event_clear(&watched[i]);
        plait_event_clear(&ended[i]);
        check_code(pthread_create(&threads[i], NULL, run_one, &numbers[i]), 0);
        check_code(plait_event_wait(&watched[i], PLAIT_FOREVER), 0);
    }
    for (int left = 3; left; left--) {
        raise(SIGUSR1);
        check_number(handled, 0);
        check(!is_as_before(SIGUSR1));
        plait_event_set(
            &ended[left - 1]); /* it looks once more before it ends, since it was woken for the signal before */
        pthread_join(threads[left - 1], NULL);
    }
    check_number(tolds[2].count, 1);
    check(tolds[1].count >= 1 && tolds[1].count <= 2);
    check(tolds[0].count >= 1 && tolds[0].count <= 3);
    check(is_as_before(SIGUSR1));
    raise(SIGUSR1);
    check_number(handled, 1);
}

static void watch_here(void *unused)
{
    (void)unused;
    check_code(plait_loop_watch_signal(SIGUSR1, tell, &told), 0);
}

static void a_signal_makes_a_foreign_loops_descriptor_readable(void **unused)
{
    (void)unused;
    plait_loop *loop = plait_loop_new(NULL);
    check(loop);
    told = (struct told){ 0 };
    check_code(plait_loop_post(loop, watch_here, NULL), 0);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    struct pollfd on = { .fd = plait_loop_fd(loop), .events = POLLIN };
    check_number(poll(&on, 1, 0), 0);
    raise(SIGUSR1);
    check_number(poll(&on, 1, 0), 1);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_number(told.count, 1);
    check_number(poll(&on, 1, 0), 0);
    plait_loop_free(loop);
    check(is_as_before(SIGUSR1));
}

static void stop_watching(int number, void *context)
{
    tell(number, context);
    check(plait_loop_unwatch_signal(number)); /* inside of its own function */
}
static int watch_one(void)
{
    told = (struct told){ 0 };
    check_code(plait_loop_watch_signal(SIGUSR1, stop_watching, &told), 0);
    raise(SIGUSR1);
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    check_number(told.count, 1);
    check(is_as_before(SIGUSR1));
    check_code(plait_loop_watch_signal(SIGUSR1, tell, &told), 0);
    signal(SIGUSR1, SIG_IGN); /* another changes it meanwhile: that stays */
    check(plait_loop_unwatch_signal(SIGUSR1));
    check(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
    check_code(plait_loop_watch_signal(SIGUSR1, tell, &told), 0);
    signal(SIGUSR1, handle); /* or is what was before, when it is watched once more */
    check_code(plait_loop_watch_signal(SIGUSR1, tell, &told), 0);
    check(plait_loop_unwatch_signal(SIGUSR1));
    check(is_as_before(SIGUSR1));
    return 0;
}
PLAIT_TASK(watch_one, void, void);

static void a_watch_may_end_in_its_own_function_and_what_others_set_stays(void **unused)
{
    (void)unused;
    run(&watch_one_plait_task);
}

enum { SEVERAL_PASSES = 600 };
static void raise_in_a_call(void *unused)
{
    (void)unused;
    raise(SIGUSR1);
}
static int raise_while_it_is_queued(void)
{
    told = (struct told){ 0 };
    check_code(plait_loop_watch_signal(SIGUSR1, tell, &told), 0);
    for (int i = 0; i < SEVERAL_PASSES; i++) check_code(plait_call_soon(raise_in_a_call, NULL), 0);
    raise(SIGUSR1);
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0); /* its call stands behind those, and they raise more */
    for (int i = 0; i < SEVERAL_PASSES; i++) check_code(plait_yield(), 0);
    check_number(told.count, 2); /* what came while it stood there was one with it, but for the last pass's */
    return 0;
}
PLAIT_TASK(raise_while_it_is_queued, void, void);

static void what_comes_while_its_call_is_queued_is_one_with_it(void **unused)
{
    (void)unused;
    run(&raise_while_it_is_queued_plait_task);
}

static int look_in_child(void *unused)
{
    (void)unused;
    check(is_as_before(SIGUSR1));
    raise(SIGUSR1);
    check_number(handled, 1);
    return 3;
}
static int fork_while_watching(void)
{
    char text[200];
    told = (struct told){ 0 };
    check_code(plait_loop_watch_signal(SIGUSR1, tell, &told), 0);
    check_number(child_run(look_in_child, NULL, text, sizeof text), 3 << 8);
    check_string(text, "");
    check(!is_as_before(SIGUSR1));
    raise(SIGUSR1);
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    check_number(told.count, 1);
    return 0;
}
PLAIT_TASK(fork_while_watching, void, void);

static void a_forked_child_has_what_was_there_before(void **unused)
{
    (void)unused;
    run(&fork_while_watching_plait_task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(AL26_a_signal_is_a_call_and_removal_restores_what_was_and_tells, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(AL26_signals_that_cannot_be_handled_or_cannot_wait_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(AL27_a_signal_wakes_a_loop_that_sleeps_whichever_thread_it_comes_to, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(each_of_several_loops_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_signal_makes_a_foreign_loops_descriptor_readable, setup, teardown),
        cmocka_unit_test_setup_teardown(a_watch_may_end_in_its_own_function_and_what_others_set_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(what_comes_while_its_call_is_queued_is_one_with_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_forked_child_has_what_was_there_before, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
