/* How a timer's call may end, and how it must not. */
#include "check.h"
#include "child.h"
#include "sanitizers.h"
#include <plait/event.h>
#include <plait/local.h>
#include <plait/mutex.h>
#include <plait/timer.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef TSAN
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0:report_thread_leaks=0"; }
#endif

static const plait_timer_options named = { .name = "cuckoo" };

static int wait_for_call(int (*run)(void *))
{
    plait_event never = PLAIT_EVENT_INIT;
    plait_timer *t = plait_timer_start(PLAIT_NOW, run, NULL, &named);
    check(t);
    int err = plait_event_wait(&never, PLAIT_FOREVER);
    plait_timer_free(t);
    return err;
}

static int leaves(void *unused)
{
    (void)unused;
    pthread_exit(NULL);
}
static int waits_for_one_that_leaves(void *unused)
{
    (void)unused;
    return wait_for_call(leaves);
}

static int keeps_a_lock(void *unused)
{
    (void)unused;
    static plait_mutex kept;
    plait_mutex_lock(&kept);
    return 0;
}
static int waits_for_one_that_keeps_a_lock(void *unused)
{
    (void)unused;
    return wait_for_call(keeps_a_lock);
}

static void a_call_that_does_not_return_or_keeps_a_lock_stops_the_program(void **unused)
{
    (void)unused;
    child_stops(waits_for_one_that_leaves, NULL, "timer cuckoo left its thread by pthread_exit");
    child_stops(waits_for_one_that_keeps_a_lock, NULL, "timer cuckoo ended while it held 1 mutex(es)");
}

static pid_t home;
static void leave_child(void)
{
    if (getpid() != home) syscall(SYS_exit_group, 7); /* before the sanitizers ask for the parent's threads */
}

/* ThreadSanitizer takes no call to exit from a thread that has ended: there the child leaves a little earlier. */
static void end_of_thread(void *unused)
{
    (void)unused;
    leave_child();
}
static plait_local last = PLAIT_LOCAL_INIT(NULL, NULL, end_of_thread);

struct call {
    plait_timer *timer;
    plait_event may_begin, over;
    int status;
};

static int frees_and_fails(void *call)
{
    struct call *c = call;
    check_code(plait_event_wait(&c->may_begin, PLAIT_FOREVER), 0);
    fflush(NULL);
    pid_t child = fork();
    check(child >= 0);
    if (child == 0) {
        plait_timer_free(c->timer);
        check_code(plait_local_set(&last, &last), 0);
        return -EIO;
    }
    check_number(waitpid(child, &c->status, 0), child);
    plait_event_set(&c->over);
    return 0;
}

static void in_the_child_of_a_call_it_may_be_freed(void **unused)
{
    (void)unused;
    struct call c = { .status = -1 };
    c.timer = plait_timer_start(PLAIT_NOW, frees_and_fails, &c, &named);
    check(c.timer);
    plait_event_set(&c.may_begin);
    check_code(plait_event_wait(&c.over, PLAIT_FOREVER), 0);
    plait_timer_free(c.timer);
    check_number(c.status, 7 << 8); /* with its only thread, the child has ended */
}

int main(void)
{
    home = getpid();
    atexit(leave_child);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_does_not_return_or_keeps_a_lock_stops_the_program),
        cmocka_unit_test(in_the_child_of_a_call_it_may_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
