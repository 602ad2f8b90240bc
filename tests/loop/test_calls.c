/* Functions called on a loop's own stack: soon, at a time, from another thread, for a descriptor. */
#include "check.h"
#include "clock.h"
#include "fault.h"
#include <fcntl.h>
#include <plait.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static char said[64];
static plait_event enough;

static void say(void *letter)
{
    size_t n = strlen(said);
    said[n] = *(const char *)letter;
    said[n + 1] = 0;
}
static void say_enough(void *unused)
{
    (void)unused;
    plait_event_set(&enough);
}

/* In a coroutine: lets the loop go on until so. */
#define until_said(condition)                                                                                          \
    do check_code(plait_yield(), 0);                                                                                   \
    while (!(condition))

/* Runs a task on a loop, with nothing said yet. */
static void run(const plait_task *task)
{
    said[0] = 0;
    plait_event_clear(&enough);
    check_code(plait_run_task(task, NULL, NULL, __FILE__, __LINE__), 0);
}

static int call_in_order(void)
{
    check_code(plait_call_soon(say, "a"), 0);
    check_code(plait_loop_post(plait_loop_current(), say, "b"), 0); /* from the loop's own thread */
    check_code(plait_call_soon(say, "c"), 0);
    check_string(said, ""); /* never inside of the request */
    check_code(plait_call_soon(say_enough, NULL), 0);
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    check_string(said, "abc");
    return 0;
}
PLAIT_TASK(call_in_order, void, void);

static void AL1_AL13_calls_come_once_each_in_their_order(void **unused)
{
    (void)unused;
    run(&call_in_order_plait_task);
}

static void say_a_and_ask_for_b(void *unused)
{
    (void)unused;
    say("a");
    check_code(plait_call_soon(say, "b"), 0);
    check_string(said, "a");
}
static int call_inside_a_call(void)
{
    check_code(plait_call_soon(say_a_and_ask_for_b, NULL), 0);
    check_code(plait_call_soon(say, "c"), 0);
    until_said(strlen(said) == 3);
    check_string(said, "acb");
    return 0;
}
PLAIT_TASK(call_inside_a_call, void, void);

static void AL2_what_a_call_asks_for_comes_after_all_that_was_ready(void **unused)
{
    (void)unused;
    run(&call_inside_a_call_plait_task);
}

static int ends[2];
static void call_for_ever(void *unused)
{
    if (!plait_event_is_set(&enough)) check_code(plait_call_soon(call_for_ever, unused), 0);
}
static int wait_beside_calls(void)
{
    check_code(plait_call_soon(call_for_ever, NULL), 0);
    check_number(write(ends[1], "x", 1), 1);
    check_number(plait_wait_fd(ends[0], POLLIN, PLAIT_FOREVER), POLLIN);
    check_code(plait_sleep(PLAIT_MICROSECOND), 0);
    plait_event_set(&enough);
    return 0;
}
PLAIT_TASK(wait_beside_calls, void, void);

static void AL2_calls_without_end_keep_nobody_from_descriptors_and_times(void **unused)
{
    (void)unused;
    check_code(pipe(ends), 0);
    run(&wait_beside_calls_plait_task);
    close(ends[0]);
    close(ends[1]);
}

static int call_at_times(void)
{
    check(plait_call_later(20, say, "d"));
    check(plait_call_later(10, say, "b"));
    check(plait_call_later(20, say, "e")); /* as many, later asked for */
    check(plait_call_later(10, say, "c"));
    check(plait_call_at(plait_after(-1), say, "a"));
    check(plait_call_at(PLAIT_NOW, say, "0"));
    plait_call *never = plait_call_later(5, say, "x"), *not_ever = plait_call_at(PLAIT_FOREVER, say, "y");
    plait_call_cancel(never);
    until_said(said[0] && said[1]);
    check_string(said, "0a");
    clock_move(9);
    for (int i = 0; i < 3; i++) check_code(plait_yield(), 0);
    check_string(said, "0a");
    clock_move(1);
    until_said(strlen(said) == 4);
    check_string(said, "0abc");
    clock_move(1000);
    until_said(strlen(said) == 6);
    check_string(said, "0abcde");
    plait_call_cancel(not_ever);
    check(plait_call_later(10, say, "z")); /* left: dropped at the end */
    return 0;
}
PLAIT_TASK(call_at_times, void, void);

static void AL4_AL5_AL6_AL7_AL8_calls_come_at_their_time_of_equal_ones_the_first_first(void **unused)
{
    (void)unused;
    clock_by_hand();
    run(&call_at_times_plait_task);
    check_string(said, "0abcde");
    clock_of_the_system();
}

static plait_call *second;
static void cancel_the_second(void *unused)
{
    (void)unused;
    plait_call_cancel(second);
    plait_call_later(0, say_enough, NULL);
}
static int cancel_one_that_is_ready(void)
{
    check(plait_call_at(PLAIT_NOW, cancel_the_second, NULL));
    second = plait_call_at(PLAIT_NOW, say, "x");
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    check_string(said, "");
    return 0;
}
PLAIT_TASK(cancel_one_that_is_ready, void, void);

static void AL8_a_call_that_is_cancelled_when_its_time_has_come_is_not_made(void **unused)
{
    (void)unused;
    run(&cancel_one_that_is_ready_plait_task);
}

static void *post_from_outside(void *loop)
{
    for (int i = 0; i < 5; i++) check_code(plait_loop_post(loop, say, "p"), 0);
    check_code(plait_loop_post(loop, say_enough, NULL), 0);
    return NULL;
}
static plait_loop *kept;
static int be_posted_to(void)
{
    pthread_t other;
    kept = plait_loop_current();
    check_code(pthread_create(&other, NULL, post_from_outside, kept), 0);
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    check_string(said, "ppppp");
    pthread_join(other, NULL);
    return 0;
}
PLAIT_TASK(be_posted_to, void, void);

static void AL12_a_post_from_another_thread_wakes_a_loop_that_sleeps(void **unused)
{
    (void)unused;
    run(&be_posted_to_plait_task);
    check_code(plait_loop_post(kept, say, "x"), PLAIT_ECLOSED);
    check_contains(plait_error()->message, "has ended");
}

static void AL18_without_a_loop_nothing_can_be_asked_of_one(void **unused)
{
    (void)unused;
    check(!plait_loop_current());
    check(!plait_loop_executor());
    check_code(plait_call_soon(say, "x"), PLAIT_EINVAL);
    check(!plait_call_later(0, say, "x"));
    check(!plait_loop_watch(0, POLLIN, NULL, NULL));
    check_contains(plait_error()->message, "no loop runs");
    check_code(plait_await(plait_spawn(call_in_order, NULL), NULL), PLAIT_EINVAL);
}

static int calls_without_memory(void)
{
    fault_all("memory");
    check_code(plait_call_soon(say, "x"), PLAIT_ENOMEM);
    check(!plait_call_later(0, say, "x"));
    check(!plait_loop_watch(ends[0], POLLIN, NULL, NULL));
    fault_off();
    return 0;
}
PLAIT_TASK(calls_without_memory, void, void);

static void without_memory_a_call_is_refused(void **unused)
{
    (void)unused;
    run(&calls_without_memory_plait_task);
    check_string(said, "");
}

/* Descriptors. */

static plait_watcher *watcher;
static int seen;
static void read_one(int fd, short revents, void *context)
{
    char byte;
    check(context == &seen);
    check(revents & POLLIN);
    check_number(read(fd, &byte, 1), 1);
    if (++seen == 3) say_enough(NULL);
}
static int watch_a_reader(void)
{
    seen = 0;
    watcher = plait_loop_watch(ends[0], POLLIN, read_one, &seen);
    check(watcher);
    for (int i = 0; i < 3; i++) check_code(plait_yield(), 0);
    check_number(seen, 0);
    check_number(write(ends[1], "xyz", 3), 3); /* as long as it is ready: once for each byte */
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    plait_loop_unwatch(watcher);
    check_number(write(ends[1], "x", 1), 1);
    check_number(plait_wait_fd(ends[0], POLLIN, PLAIT_FOREVER), POLLIN); /* the loop has seen that */
    check_code(plait_yield(), 0);
    check_number(seen, 3);
    return 0;
}
PLAIT_TASK(watch_a_reader, void, void);

static void AL23_Y10_a_watcher_is_called_as_long_as_there_is_something_to_read(void **unused)
{
    (void)unused;
    check_code(pipe(ends), 0);
    run(&watch_a_reader_plait_task);
    close(ends[0]);
    close(ends[1]);
}

static void stop_watching(int fd, short revents, void *context)
{
    (void)fd, (void)context;
    check_number(revents, POLLOUT);
    seen++;
    plait_loop_unwatch(watcher); /* inside of its own function */
    say_enough(NULL);
}
static int watch_a_writer(void)
{
    seen = 0;
    watcher = plait_loop_watch(ends[1], POLLOUT, stop_watching, NULL);
    check(watcher);
    check_code(plait_event_wait(&enough, PLAIT_FOREVER), 0);
    for (int i = 0; i < 5; i++) check_code(plait_yield(), 0);
    check_number(seen, 1);
    check(plait_loop_watch(ends[0], POLLIN, read_one, NULL)); /* left: dropped at the end */
    return 0;
}
PLAIT_TASK(watch_a_writer, void, void);

static void AL24_a_watcher_is_called_when_writing_is_possible(void **unused)
{
    (void)unused;
    check_code(pipe(ends), 0);
    run(&watch_a_writer_plait_task);
    close(ends[0]);
    close(ends[1]);
}

static int watch_a_file(void)
{
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    check(!plait_loop_watch(file, POLLIN, read_one, NULL));
    check_code(plait_error()->code, -EPERM);
    close(file);
    check(!plait_loop_watch(file, POLLIN, read_one, NULL));
    check_code(plait_error()->code, -EBADF);
    check(!plait_loop_watch(-1, POLLIN, read_one, NULL));
    check_code(plait_error()->code, -EBADF);
    return 0;
}
PLAIT_TASK(watch_a_file, void, void);

static void files_and_closed_descriptors_cannot_be_watched(void **unused)
{
    (void)unused;
    run(&watch_a_file_plait_task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AL1_AL13_calls_come_once_each_in_their_order),
        cmocka_unit_test(AL2_what_a_call_asks_for_comes_after_all_that_was_ready),
        cmocka_unit_test(AL2_calls_without_end_keep_nobody_from_descriptors_and_times),
        cmocka_unit_test(AL4_AL5_AL6_AL7_AL8_calls_come_at_their_time_of_equal_ones_the_first_first),
        cmocka_unit_test(AL8_a_call_that_is_cancelled_when_its_time_has_come_is_not_made),
        cmocka_unit_test(AL12_a_post_from_another_thread_wakes_a_loop_that_sleeps),
        cmocka_unit_test(AL18_without_a_loop_nothing_can_be_asked_of_one),
        cmocka_unit_test(without_memory_a_call_is_refused),
        cmocka_unit_test(AL23_Y10_a_watcher_is_called_as_long_as_there_is_something_to_read),
        cmocka_unit_test(AL24_a_watcher_is_called_when_writing_is_possible),
        cmocka_unit_test(files_and_closed_descriptors_cannot_be_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
