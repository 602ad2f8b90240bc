/* test_start.c: a thread is made and started in one step; what becomes of it when that fails. */
#include "child.h"
#include "fault.h"
#include "runners.h"
#include <plait/event.h>
#include <plait/semaphore.h>
#include <plait/thread.h>
#include <pthread.h>
#include <unistd.h>

static int returns_at_once(void *code) { return *(int *)code; }

struct crowd {
    plait_semaphore come;
    plait_event go;
    _Atomic int number, times[8];
    pid_t ids[8];
};

static int comes(void *crowd)
{
    struct crowd *c = crowd;
    int mine = c->number++;
    c->ids[mine] = gettid();
    c->times[mine]++;
    check_code(plait_semaphore_release(&c->come, 1), 0);
    check_code(plait_event_wait(&c->go, PLAIT_FOREVER), 0);
    return -1 - mine;
}

TEST_IN_EACH_KIND(T1_each_start_is_another_thread_which_runs_once)
{
    enum { STARTS = 8 };
    struct crowd c = { .number = 0 };
    plait_thread *t[STARTS];
    for (int i = 0; i < STARTS; i++) { /* the same function and argument each time */
        t[i] = plait_thread_start(comes, &c, NULL);
        check(t[i]);
        check_code(plait_semaphore_acquire(&c.come, PLAIT_FOREVER), 0);
        check_number(c.number, i + 1);
        for (int j = 0; j < i; j++) check(t[i] != t[j] && c.ids[i] != c.ids[j]);
    }
    plait_event_set(&c.go);
    for (int i = 0; i < STARTS; i++) {
        for (int again = 0; again < 2; again++) {
            int result = 0;
            check_code(plait_thread_join(t[i], &result, PLAIT_FOREVER), 0);
            check_number(result, -1 - i);
        }
        plait_thread_free(t[i]);
    }
    for (int i = 0; i < STARTS; i++) check_number(c.times[i], 1);
    check_number(c.number, STARTS);
}

static void T3_to_join_what_was_never_started_is_an_error_that_tells_why(void **unused)
{
    (void)unused;
    int result = 77;
    fault_nth("thread", 1);
    plait_thread *t = plait_thread_start(returns_at_once, &result, NULL);
    fault_off();
    check(!t);
    check_code(plait_thread_join(t, &result, PLAIT_FOREVER), PLAIT_EINVAL);
    check_contains(plait_error()->message, "did its start fail?");
    check_contains(plait_error()->cause->message, "could not be started");
    plait_fail(-EIO, "for want of luck");
    check_code(plait_thread_join(t, NULL, PLAIT_NOW), PLAIT_EINVAL);
    check_string(plait_error()->cause->message, "for want of luck");
    check_number(result, 77);
    plait_thread_free(t); /* nothing */
}

static void what_did_not_start_is_on_no_list(void **unused)
{
    (void)unused;
    int code = 0;
    size_t before = plait_thread_list(NULL, 0);
    fault_nth("thread", 1);
    check(!plait_thread_start(returns_at_once, &code, NULL));
    fault_off();
    check_number(plait_thread_list(NULL, 0), before);
    check(!plait_thread_start(NULL, &code, NULL));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check_contains(plait_error()->message, "a thread without a function");
    check_number(plait_thread_list(NULL, 0), before);
}

static int detaches_what_did_not_start(void *unused)
{
    (void)unused;
    plait_thread_detach(NULL);
    return 0;
}

static void T3_to_detach_it_stops_the_program(void **unused)
{
    (void)unused;
    child_stops(detaches_what_did_not_start, NULL, "a thread was detached that was never started: it is NULL");
}

/* Once there is a thread object, the thread has been started: a join in the same breath waits for its end. */
TEST_IN_EACH_KIND(T3_what_was_started_can_be_joined_at_once)
{
    static const int code = -7;
    for (int i = 0; i < 50; i++) {
        int result = 0;
        plait_thread *t = plait_thread_start(returns_at_once, (void *)(uintptr_t)&code, NULL);
        check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
        check_number(result, -7);
        plait_thread_free(t);
    }
}

static void a_thread_that_cannot_be_started_is_NULL_with_a_sentence(void **unused)
{
    (void)unused;
    int code = 0;
    fault_nth("thread", 1);
    check(!plait_thread_start(returns_at_once, &code, &(plait_thread_start_options){ .name = "unborn" }));
    fault_off();
    check_code(plait_error()->code, PLAIT_EAGAIN);
    check_contains(plait_error()->message, "thread unborn could not be started");
    fault_nth("memory", 1);
    check(!plait_thread_start(returns_at_once, &code, NULL));
    fault_off();
    check_code(plait_error()->code, PLAIT_ENOMEM);
    check(!plait_thread_start(returns_at_once, &code, &(plait_thread_start_options){ .stack_size = SIZE_MAX / 2 }));
    check_contains(plait_error()->message, "could not be started");
    check(!plait_thread_start(returns_at_once, &code, &(plait_thread_start_options){ .stack_size = SIZE_MAX }));
    check_contains(plait_error()->message, "could not be started");
}

static void options_of_another_version_are_read(void **unused)
{
    (void)unused;
    struct {
        plait_thread_start_options known;
        int unknown;
    } newer = { .known.name = "newer", .unknown = 1 };
    int code = 0;
    check(!plait_thread_start_sized(returns_at_once, &code, &newer.known, sizeof newer));
    check_code(plait_error()->code, PLAIT_EINVAL);
    newer.unknown = 0;
    plait_thread *t = plait_thread_start_sized(returns_at_once, &code, &newer.known, sizeof newer);
    check_string(plait_thread_name(t), "newer");
    plait_thread_free(t);
    t = plait_thread_start_sized(returns_at_once, &code, &newer.known, sizeof newer.known.name); /* an older one */
    check_string(plait_thread_name(t), "newer");
    plait_thread_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T1_each_start_is_another_thread_which_runs_once),
        cmocka_unit_test(T3_to_join_what_was_never_started_is_an_error_that_tells_why),
        cmocka_unit_test(what_did_not_start_is_on_no_list),
        cmocka_unit_test(T3_to_detach_it_stops_the_program),
        cmocka_unit_test(T3_what_was_started_can_be_joined_at_once),
        cmocka_unit_test(a_thread_that_cannot_be_started_is_NULL_with_a_sentence),
        cmocka_unit_test(options_of_another_version_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
