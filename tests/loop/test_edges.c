/* What a loop must get right where it meets others: pools, clocks that stand still, forked children, numbers of
   descriptors that are used again, callbacks, and those who come while it ends. */
#include "check.h"
#include "child.h"
#include "clock.h"
#include <plait.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static plait_event go, enough;
static int nothing(void) { return 0; }
PLAIT_TASK(nothing, void, void);
static void set(void *event) { plait_event_set(event); }

static void run(const plait_task *task)
{
    plait_event_clear(&go);
    plait_event_clear(&enough);
    check_code(plait_run_task(task, NULL, NULL, __FILE__, __LINE__), 0);
}

/* Pools. */

static plait_executor *pool;
static int await_the_pool(void) { return plait_await(plait_submit(pool, nothing, NULL), NULL); }
PLAIT_TASK(await_the_pool, void, void);
static int run_a_loop(void) { return plait_run(await_the_pool, NULL, NULL); }
PLAIT_TASK(run_a_loop, void, void);

static void a_pool_of_one_runs_what_the_coroutines_of_its_task_await(void **unused)
{
    (void)unused;
    pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 1 });
    check_code(plait_await(plait_submit(pool, run_a_loop, NULL), NULL), 0);
    plait_executor_free(pool);
}

/* Times that have passed, when nobody moves the clock any more. */

static int ends[2];
static int wait_until_past_times(void)
{
    check(plait_call_at(PLAIT_NOW, set, &enough));
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    check_code(plait_wait_fd(ends[0], POLLIN, plait_after(-1)), PLAIT_ETIMEDOUT);
    return 0;
}
PLAIT_TASK(wait_until_past_times, void, void);

static void what_is_late_comes_though_the_clock_stands_still(void **unused)
{
    (void)unused;
    check_code(pipe(ends), 0);
    clock_by_hand();
    run(&wait_until_past_times_plait_task);
    check_code(plait_wait_fd(ends[0], POLLIN, plait_after(-1)), PLAIT_ETIMEDOUT); /* the thread itself */
    clock_of_the_system();
    close(ends[0]);
    close(ends[1]);
}

/* Cancelled sleeps. */

static int let_go(void) { return plait_event_set(&go), 0; }
PLAIT_TASK(let_go, void, void);
static int sleep_in_vain(void)
{
    PLAIT_CANCEL_SCOPE(dead);
    plait_scope_cancel(&dead);
    plait_future_detach(plait_spawn(let_go, NULL));
    while (!plait_event_is_set(&go)) check_code(plait_sleep(PLAIT_SECOND), PLAIT_ECANCELED);
    return 0;
}
PLAIT_TASK(sleep_in_vain, void, void);

static void one_who_goes_on_sleeping_in_a_dead_scope_lets_others_run(void **unused)
{
    (void)unused;
    run(&sleep_in_vain_plait_task);
}

/* Numbers of descriptors. */

static int wait_for_another_by_that_number(void)
{
    int other[2];
    check_code(pipe(other), 0);
    check_code(plait_wait_fd(ends[0], POLLIN, plait_after(1)), PLAIT_ETIMEDOUT); /* armed, and left so */
    int kept = dup(ends[0]);
    check(kept >= 0);
    check(dup2(other[0], ends[0]) == ends[0]); /* what was armed lives on, and what it says has the old number */
    check_number(write(ends[1], "x", 1), 1);
    check_code(plait_wait_fd(ends[0], POLLIN, plait_after(5 * PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    check_number(write(other[1], "x", 1), 1);
    check_number(plait_wait_fd(ends[0], POLLIN, PLAIT_FOREVER), POLLIN);
    close(kept);
    close(other[0]);
    close(other[1]);
    return 0;
}
PLAIT_TASK(wait_for_another_by_that_number, void, void);

static void a_number_that_is_used_again_is_not_taken_for_what_it_was(void **unused)
{
    (void)unused;
    check_code(pipe(ends), 0);
    run(&wait_for_another_by_that_number_plait_task);
    close(ends[0]);
    close(ends[1]);
}

/* On the thread's stack nobody is left for another. */

static void yield_there(void *unused)
{
    (void)unused;
    for (int i = 0; i < 3; i++) check_code(plait_yield(), 0);
    check(!plait_event_is_set(&go));
}
static int yield_on_the_thread_s_stack(void)
{
    plait_future_detach(plait_spawn(let_go, NULL));
    plait_call_on_thread_stack(yield_there, NULL);
    check_code(plait_event_wait(&go, PLAIT_FOREVER), 0);
    return 0;
}
PLAIT_TASK(yield_on_the_thread_s_stack, void, void);

static void a_yield_on_the_thread_s_stack_does_nothing(void **unused)
{
    (void)unused;
    run(&yield_on_the_thread_s_stack_plait_task);
}

/* Forked children. */

static pid_t parent;
static int be_ready(void)
{
    int err;
    do
        if (getpid() != parent) fprintf(stderr, "one of the parent's goes on in the child");
    while (!(err = plait_yield()));
    return err;
}
PLAIT_TASK(be_ready, void, void);
static int fork_among_others(void)
{
    for (int i = 0; i < 3; i++) plait_future_detach(plait_spawn(be_ready, NULL));
    check_code(plait_yield(), 0);
    pid_t child = fork();
    check(child >= 0);
    if (child == 0) return 0;
    int status;
    check(waitpid(child, &status, 0) == child);
    check(WIFSIGNALED(status));
    return 0;
}
PLAIT_TASK(fork_among_others, void, void);
static int run_and_fork(void *unused)
{
    (void)unused;
    parent = getpid();
    return plait_run(fork_among_others, NULL, NULL);
}

static void M14_the_parent_s_coroutines_do_not_go_on_in_a_child(void **unused)
{
    (void)unused;
    char text[300];
    check_number(child_run(run_and_fork, NULL, text, sizeof text), 0);
    check_contains(text, "its loop is the parent's");
    check(!strstr(text, "goes on in the child"));
}

static int ask_in_a_child(void)
{
    pid_t child = fork();
    check(child >= 0);
    if (child == 0) {
        bool refused = plait_call_soon(set, &go) == PLAIT_EFORKED && !plait_call_later(0, set, &go) &&
                       plait_error()->code == PLAIT_EFORKED &&
                       plait_loop_post(plait_loop_current(), set, &go) == PLAIT_EFORKED &&
                       !plait_loop_watch(ends[0], POLLIN, NULL, NULL) && plait_error()->code == PLAIT_EFORKED &&
                       plait_wait_fd(ends[0], POLLIN, plait_after(1)) == PLAIT_ETIMEDOUT;
        _exit(refused ? 6 : 7);
    }
    int status;
    check(waitpid(child, &status, 0) == child);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 6);
    return 0;
}
PLAIT_TASK(ask_in_a_child, void, void);

static void in_a_child_nothing_can_be_asked_of_the_parent_s_loop(void **unused)
{
    (void)unused;
    check_code(pipe(ends), 0);
    run(&ask_in_a_child_plait_task);
    close(ends[0]);
    close(ends[1]);
}

/* Callbacks of what was cancelled: they may wait. */

static _Atomic bool holds, may_go_on, asks;
static int hold_the_loop_then_wait(void)
{
    atomic_store(&holds, true);
    while (!atomic_load(&may_go_on)) sched_yield(); /* not plait's */
    return plait_event_wait(&go, PLAIT_FOREVER);
}
PLAIT_TASK(hold_the_loop_then_wait, void, void);
static void wait_in_a_callback(plait_future *f, void *unused)
{
    (void)f, (void)unused;
    atomic_store(&asks, true);
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
}

static void a_callback_that_waits_takes_nobody_s_wake_up(void **unused)
{
    (void)unused;
    plait_event_clear(&go);
    plait_event_clear(&enough);
    plait_executor *ex = plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = 1 });
    plait_future *first = plait_submit(ex, hold_the_loop_then_wait, NULL);
    while (!atomic_load(&holds)) sched_yield();
    plait_future *second = plait_submit(ex, nothing, NULL);
    check_code(plait_future_add_callback(second, wait_in_a_callback, NULL), 0);
    check_code(plait_executor_shutdown(ex, &((plait_shutdown_options){ .deadline = PLAIT_NOW, .cancel = true })),
               PLAIT_EAGAIN);
    atomic_store(&may_go_on, true);
    while (!atomic_load(&asks)) sched_yield();
    plait_event_set(&go);
    check_code(plait_await(first, NULL), 0);
    plait_event_set(&enough);
    check_code(plait_await(second, NULL), PLAIT_ETASK);
    plait_executor_free(ex);
}

/* Those who come while it ends. */

static int wait_for_ever(void) { return plait_sleep_until(PLAIT_FOREVER); }
PLAIT_TASK(wait_for_ever, void, void);
static int start_another_at_the_end(void)
{
    int err = plait_sleep_until(PLAIT_FOREVER);
    PLAIT_SHIELD(clean_up, PLAIT_FOREVER);
    check_code(plait_await(plait_spawn(nothing, NULL), NULL), 0); /* clean-up may spawn and await */
    plait_future_detach(plait_spawn(wait_for_ever, NULL));
    return err;
}
PLAIT_TASK(start_another_at_the_end, void, void);
static int end_beside_it(void)
{
    plait_future_detach(plait_spawn(start_another_at_the_end, NULL));
    return plait_yield();
}
PLAIT_TASK(end_beside_it, void, void);

static void AR3_what_is_spawned_while_the_others_end_is_cancelled_too(void **unused)
{
    (void)unused;
    run(&end_beside_it_plait_task);
}

static plait_executor *its_loop;
static void *submit_from_outside(void *unused)
{
    plait_future_detach(plait_submit(its_loop, wait_for_ever, NULL));
    return unused;
}
static int end_with_one_in_the_inbox(void)
{
    pthread_t other;
    its_loop = plait_loop_executor();
    check_code(pthread_create(&other, NULL, submit_from_outside, NULL), 0);
    pthread_join(other, NULL);
    return 0;
}
PLAIT_TASK(end_with_one_in_the_inbox, void, void);

static void AR3_what_others_brought_before_the_end_is_cancelled_too(void **unused)
{
    (void)unused;
    run(&end_with_one_in_the_inbox_plait_task);
}

/* The end of the program, which no loop that is left keeps from coming. */

static int leave_by_5(void) { exit(5); }
PLAIT_TASK(leave_by_5, void, void);
static int end_on_one_of_several(void *unused)
{
    (void)unused;
    plait_executor *ex = plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = 2 });
    return plait_await(plait_submit(ex, leave_by_5, NULL), NULL);
}
static int end_beside_loops(void *unused)
{
    (void)unused;
    plait_executor *ex = plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = 2 });
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), 0);
    exit(5);
}

static void AD6_the_program_ends_though_loops_are_left(void **unused)
{
    (void)unused;
    char text[300];
    int status = child_run(end_on_one_of_several, NULL, text, sizeof text);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    status = child_run(end_beside_loops, NULL, text, sizeof text);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_of_one_runs_what_the_coroutines_of_its_task_await),
        cmocka_unit_test(what_is_late_comes_though_the_clock_stands_still),
        cmocka_unit_test(one_who_goes_on_sleeping_in_a_dead_scope_lets_others_run),
        cmocka_unit_test(a_number_that_is_used_again_is_not_taken_for_what_it_was),
        cmocka_unit_test(a_yield_on_the_thread_s_stack_does_nothing),
        cmocka_unit_test(M14_the_parent_s_coroutines_do_not_go_on_in_a_child),
        cmocka_unit_test(in_a_child_nothing_can_be_asked_of_the_parent_s_loop),
        cmocka_unit_test(a_callback_that_waits_takes_nobody_s_wake_up),
        cmocka_unit_test(AR3_what_is_spawned_while_the_others_end_is_cancelled_too),
        cmocka_unit_test(AR3_what_others_brought_before_the_end_is_cancelled_too),
        cmocka_unit_test(AD6_the_program_ends_though_loops_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
