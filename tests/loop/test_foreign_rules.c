/* The rules around a loop that another one drives: what its thread must not wait for, how it ends, what is refused, and
   what stops the program. */
#include "child.h"
#include "fault.h"
#include "loop/foreign.h"
#include "support/sanitizers.h"
#include <pthread.h>

static plait_loop *second;

/* Waits for what only a turn can bring. */

static plait_future *awaited;
static void await_it_in_a_call(void *unused)
{
    (void)unused;
    check_code(plait_future_wait(awaited, PLAIT_FOREVER), PLAIT_EDEADLK);
    say("c");
}
static int await_in_a_call(void)
{
    awaited = plait_spawn(wait_to_go, NULL);
    check_code(plait_call_soon(await_it_in_a_call, NULL), 0);
    while (!said[0]) check_code(plait_yield(), 0);
    plait_event_set(&go);
    return plait_await(awaited, NULL);
}
PLAIT_TASK(await_in_a_call, void, void);
static int await_it(void) { return plait_future_wait(awaited, PLAIT_FOREVER); }
PLAIT_TASK(await_it, void, void);

static void AX13_the_loops_thread_does_not_wait_for_what_only_its_loop_can_do(void **unused)
{
    (void)unused;
    plait_event_clear(&go);
    awaited = plait_submit(ex, wait_to_go, NULL);
    check_code(plait_future_wait(awaited, PLAIT_FOREVER), PLAIT_EDEADLK);
    check_code(plait_future_wait(awaited, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_await(plait_submit(plait_inline_executor(), await_it, NULL), NULL), PLAIT_ETASK); /* nor so */
    check_code(plait_error()->cause->code, PLAIT_EDEADLK);
    check_code(plait_loop_post(loop, await_it_in_a_call, NULL), 0);
    drive_until(said[0]);
    plait_event_set(&go);
    drive_until(done(awaited));
    check_code(plait_future_wait(awaited, PLAIT_FOREVER), 0);
    check_code(plait_await(awaited, NULL), 0);
    said[0] = 0;
    plait_event_clear(&go);
    check_code(plait_run(await_in_a_call, NULL, NULL), 0); /* between two turns the thread may run another */
    check_string(said, "c");
}

static int leave_a_group(void *unused)
{
    (void)unused;
    loop = plait_loop_new(NULL);
    check(loop);
    plait_event_clear(&go);
    PLAIT_GROUP(g, plait_loop_get_executor(loop));
    plait_group_submit(&g, wait_to_go, NULL);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    return 0; /* out of the braces, where it would wait for ever */
}

static void AX13_nor_for_several_of_them(void **unused)
{
    (void)unused;
    plait_event_clear(&go);
    plait_completions *c = plait_completions_new();
    plait_future *f[2] = { plait_submit(ex, nothing, NULL), plait_submit(ex, wait_to_go, NULL) }, *one;
    check_code(plait_wait(f, 2, PLAIT_FIRST_COMPLETED, PLAIT_FOREVER, NULL), PLAIT_EDEADLK);
    check_code(plait_wait(f, 2, PLAIT_ALL_COMPLETED, PLAIT_FOREVER, NULL), PLAIT_EDEADLK);
    plait_completions_add(c, f[0]);
    plait_completions_add(c, f[1]);
    check_code(plait_completions_next(c, &one, PLAIT_FOREVER), PLAIT_EDEADLK);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_code(plait_completions_next(c, &one, PLAIT_FOREVER), 0); /* one has ended */
    check(one == f[0]);
    check_code(plait_await(one, NULL), 0);
    check_code(plait_completions_next(c, &one, PLAIT_FOREVER), PLAIT_EDEADLK);
    plait_completions_add(c, plait_submit(plait_thread_per_task_executor(), nothing, NULL));
    check_code(plait_completions_next(c, &one, PLAIT_FOREVER), 0); /* another can end without the loop */
    check_code(plait_await(one, NULL), 0);
    plait_event_set(&go);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    plait_completions_free(c);
    {
        PLAIT_GROUP(g, ex);
        plait_group_submit(&g, nothing, NULL);
        check_code(plait_group_wait(&g), PLAIT_EDEADLK); /* and was cancelled before it began */
    }
    child_stops(leave_a_group, NULL, "it never ends");
}

/* The end. */

static int cleaned;
static int wait_for_ever(void)
{
    int err = plait_sleep_until(PLAIT_FOREVER);
    PLAIT_SHIELD(clean_up, PLAIT_FOREVER);
    check_code(plait_sleep(PLAIT_MICROSECOND), 0);
    cleaned++;
    return err;
}
PLAIT_TASK(wait_for_ever, void, void);

static void AR3_AL18_a_free_cancels_what_is_left_and_then_nothing_goes_in(void **unused)
{
    (void)unused;
    cleaned = 0;
    plait_future *f = plait_submit(ex, wait_for_ever, NULL), *never = NULL;
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    never = plait_submit(ex, nothing, NULL);
    check_code(plait_loop_post(loop, say, "l"), 0); /* was asked for before the end */
    plait_loop_free(loop);
    check_number(cleaned, 1);
    check_string(said, "l");
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_await(never, NULL), PLAIT_ETASK);
    check_code(plait_loop_post(loop, say, "x"), PLAIT_ECLOSED);
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), PLAIT_ECLOSED);
    plait_loop_free(NULL);
    setup(NULL);
}

static void a_thread_may_have_several(void **unused)
{
    (void)unused;
    second = plait_loop_new(&(plait_loop_options){ .stack_size = 128 << 10 });
    check(second && second != loop);
    plait_future *f = plait_submit(plait_loop_get_executor(second), nothing, NULL);
    check(!readable(loop));
    check(readable(second));
    check_code(plait_loop_turn(second, PLAIT_NOW), 0);
    check_code(plait_await(f, NULL), 0);
    plait_loop *first = loop; /* in another order than they were made */
    plait_loop_free(first);
    check_code(plait_loop_turn(second, PLAIT_NOW), PLAIT_EAGAIN);
    plait_loop_free(second);
    setup(NULL);
}

static void without_memory_or_descriptors_there_is_none(void **unused)
{
    (void)unused;
    for (int nth = 1; nth <= 2; nth++) {
        fault_nth("descriptor", (size_t)nth);
        second = plait_loop_new(NULL);
        fault_off();
        check(!second);
        check_code(plait_error()->code, -EMFILE);
    }
    for (size_t nth = 1;; nth++) {
        fault_nth("memory", nth);
        second = plait_loop_new(NULL);
        bool refused = fault_requests() >= nth;
        fault_off();
        if (!second) check_code(plait_error()->code, PLAIT_ENOMEM);
        plait_loop_free(second);
        if (!refused) break;
    }
}

static int make_one(void)
{
    check(!plait_loop_new(NULL));
    return plait_error()->code;
}
PLAIT_TASK(make_one, void, void);

static void none_is_made_inside_of_another(void **unused)
{
    (void)unused;
    check_code(plait_run(make_one, NULL, NULL), PLAIT_EINVAL);
}

/* Rules that stop the program. */

static void turn_it(void *unused)
{
    (void)unused;
    (void)!plait_loop_turn(loop, PLAIT_NOW);
}
static void free_it(void *unused)
{
    (void)unused;
    plait_loop_free(loop);
}
static int turn_in_a_task(void) { return plait_loop_turn(loop, PLAIT_NOW); }
PLAIT_TASK(turn_in_a_task, void, void);
static void make_loop(void)
{
    check((loop = plait_loop_new(NULL)));
    ex = plait_loop_get_executor(loop);
}
static int turn_inside_a_turn(void *unused)
{
    make_loop();
    check_code(plait_loop_post(loop, turn_it, NULL), 0);
    turn_it(unused);
    return 0;
}
static int free_inside_a_turn(void *unused)
{
    make_loop();
    check_code(plait_loop_post(loop, free_it, NULL), 0);
    turn_it(unused);
    return 0;
}
static int turn_inside_a_run(void *unused)
{
    (void)unused;
    make_loop();
    return plait_run(turn_in_a_task, NULL, NULL);
}
#ifndef TSAN_OF_GCC
static void *turn_elsewhere(void *unused)
{
    turn_it(unused);
    return NULL;
}
static int turn_from_another_thread(void *unused)
{
    pthread_t other;
    make_loop();
    check_code(pthread_create(&other, NULL, turn_elsewhere, unused), 0);
    pthread_join(other, NULL);
    return 0;
}
#endif
static int close_its_executor(void *unused)
{
    (void)unused;
    make_loop();
    plait_executor_free(ex);
    return 0;
}

static void AL19_AL20_a_loop_is_neither_turned_nor_freed_inside_of_one_that_runs(void **unused)
{
    (void)unused;
    child_stops(free_inside_a_turn, NULL, "freed inside of its own turn");
    child_stops(turn_inside_a_turn, NULL, "turned inside of its own turn");
    child_stops(turn_inside_a_run, NULL, "turned inside of another that runs");
#ifndef TSAN_OF_GCC
    child_stops(turn_from_another_thread, NULL, "turned by another thread than its own");
#endif
    child_stops(close_its_executor, NULL, "it ends with the loop");
}

static plait_call *a_call;
static void ask_for_it(void *unused)
{
    (void)unused;
    a_call = plait_call_later(PLAIT_SECOND, say, "x");
    check(a_call);
}
#ifndef TSAN_OF_GCC
static void *cancel_elsewhere(void *unused)
{
    plait_call_cancel(a_call);
    return unused;
}
static void *unwatch_elsewhere(void *unused)
{
    plait_loop_unwatch(watcher);
    return unused;
}
static int take_back_from_another_thread(void *call)
{
    pthread_t other;
    make_loop();
    check_code(pipe(ends), 0);
    check_code(plait_loop_post(loop, call ? ask_for_it : watch, NULL), 0);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_code(pthread_create(&other, NULL, call ? cancel_elsewhere : unwatch_elsewhere, NULL), 0);
    pthread_join(other, NULL);
    return 0;
}
#endif
static void ask_in_vain(void)
{
    check_code(plait_call_soon(say, "x"), PLAIT_EINVAL);
    check(!plait_call_later(0, say, "x"));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check(!plait_call_at(PLAIT_NOW, say, "x"));
    check_contains(plait_error()->message, "no loop runs on this thread");
}
static void *ask_elsewhere(void *unused)
{
    ask_in_vain();
    return unused;
}

static void AL14_another_thread_asks_a_loop_for_nothing_but_a_post(void **unused)
{
    (void)unused;
    pthread_t other;
    check_code(pthread_create(&other, NULL, ask_elsewhere, NULL), 0);
    pthread_join(other, NULL);
    ask_in_vain(); /* between two turns */
#ifndef TSAN_OF_GCC
    child_stops(take_back_from_another_thread, loop, "a call of a loop was taken back by another thread");
    child_stops(take_back_from_another_thread, NULL, "a watcher of a loop was taken back by another thread");
#endif
    check_code(plait_loop_post(loop, ask_for_it, NULL), 0);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    plait_call_cancel(a_call); /* its own thread may, also between two turns */
}

static int use_it_in_a_child(void *unused)
{
    (void)unused;
    check_code(plait_loop_turn(loop, PLAIT_NOW), PLAIT_EFORKED);
    check_code(plait_loop_fd(loop), PLAIT_EFORKED);
    check_code(plait_loop_post(loop, say, "x"), PLAIT_EFORKED);
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), PLAIT_EFORKED);
    plait_loop_free(loop);
    make_loop();
    plait_future *f = plait_submit(ex, nothing, NULL);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_code(plait_await(f, NULL), 0);
    plait_loop_free(loop);
    return 7;
}

static void in_a_forked_child_it_is_the_parents(void **unused)
{
    (void)unused;
    char text[300];
    plait_event_clear(&go);
    plait_future *f = plait_submit(ex, wait_to_go, NULL);
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_number(child_run(use_it_in_a_child, NULL, text, sizeof text), 7 << 8);
    check_string(text, "");
    check(!readable(loop)); /* the parent's is untouched */
    plait_event_set(&go);
    check(readable(loop));
    check_code(plait_loop_turn(loop, PLAIT_NOW), 0);
    check_code(plait_await(f, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(AX13_the_loops_thread_does_not_wait_for_what_only_its_loop_can_do, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(AX13_nor_for_several_of_them, setup, teardown),
        cmocka_unit_test_setup_teardown(AR3_AL18_a_free_cancels_what_is_left_and_then_nothing_goes_in, setup, teardown),
        cmocka_unit_test_setup_teardown(a_thread_may_have_several, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_or_descriptors_there_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(none_is_made_inside_of_another, setup, teardown),
        cmocka_unit_test(AL19_AL20_a_loop_is_neither_turned_nor_freed_inside_of_one_that_runs),
        cmocka_unit_test_setup_teardown(AL14_another_thread_asks_a_loop_for_nothing_but_a_post, setup, teardown),
        cmocka_unit_test_setup_teardown(in_a_forked_child_it_is_the_parents, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
