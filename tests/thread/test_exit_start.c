/* The end of the program meets a thread that is just being started, and whose start fails. */
#include "base/hooks.h"
#include "child.h"
#include "check.h"
#include "sanitizers.h"
#include <plait/thread.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#ifdef TSAN
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0:report_thread_leaks=0"; }
#endif

static pthread_t main_thread;
static _Atomic bool starting, waits;

/* The end asks for the time once it is on the list of those that wait for the thread. */
static int64_t time_of_main(void *unused)
{
    (void)unused;
    if (starting && pthread_equal(pthread_self(), main_thread)) waits = true;
    return PLAIT_SECOND;
}

static bool refuse_late(const char *point)
{
    if (strcmp(point, "thread") != 0) return false;
    starting = true;
    while (!waits) sched_yield();
    return true;
}

static int never_run(void *unused)
{
    (void)unused;
    return 0;
}

static void *start_in_vain(void *unused)
{
    check(!plait_thread_start(never_run, NULL, NULL));
    check_code(plait_error_code(), -EAGAIN);
    return unused;
}

static int end_while_one_starts(void *unused)
{
    (void)unused;
    static const plait_clock clock = { .now = time_of_main };
    pthread_t starter;
    main_thread = pthread_self();
    plait_clock_set(&clock);
    plait_hooks.refuse = refuse_late;
    check_number(pthread_create(&starter, NULL, start_in_vain, NULL), 0);
    check_number(pthread_detach(starter), 0);
    while (!starting) sched_yield();
    exit(3);
}

static void the_end_does_not_wait_for_a_start_that_failed(void **unused)
{
    (void)unused;
    char text[1024];
    int status = child_run(end_while_one_starts, NULL, text, sizeof text);
    if (status != 3 << 8) fputs(text, stderr);
    check_number(status, 3 << 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_does_not_wait_for_a_start_that_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
