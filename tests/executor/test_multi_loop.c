/* Coroutines on 1, 2 and 8 loops show what every executor must. */
#include "check.h"
#include "executor/conformance.h"
#include "fault.h"
#include "future/tasks.h"
#include <plait.h>
#include <sched.h>

static plait_executor *of(int loops)
{
    return plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = loops });
}
static plait_executor *of_1(void) { return of(1); }
static plait_executor *of_2(void) { return of(2); }
static plait_executor *of_8(void) { return of(8); }

static _Atomic bool has_begun, may_end;
static int keep_the_loop(void)
{
    atomic_store(&has_begun, true);
    while (!atomic_load(&may_end)) sched_yield(); /* not plait's: none of its loop runs meanwhile */
    return 0;
}
PLAIT_TASK(keep_the_loop, void, void);

static void E19_E20_a_shutdown_cancels_what_no_loop_has_begun(void **unused)
{
    (void)unused;
    plait_executor *ex = of_1();
    plait_future *first = plait_submit(ex, keep_the_loop, NULL), *fs[20];
    _Atomic int count = 0, *counter = &count;
    while (!atomic_load(&has_begun)) sched_yield();
    for (int i = 0; i < 20; i++) fs[i] = plait_submit(ex, count_up, &counter);
    check_code(plait_executor_shutdown(ex, &((plait_shutdown_options){ .deadline = PLAIT_NOW, .cancel = true })),
               PLAIT_EAGAIN);
    check_contains(plait_error()->message, "1 task runs: keep_the_loop");
    check_contains(plait_error()->message, "20 are queued");
    atomic_store(&may_end, true);
    for (int i = 0; i < 20; i++) check_code(plait_await(fs[i], NULL), PLAIT_ETASK);
    check_code(plait_await(first, NULL), 0);
    check_number(count, 0);
    check_code(plait_executor_shutdown(ex, NULL), 0);
    plait_executor_statistics s;
    plait_executor_get_statistics(ex, &s);
    check_number(s.workers, 0);
    check_number(s.submitted, 21);
    check_number(s.finished, 1);
    check_number(s.cancelled, 20);
    plait_executor_free(ex);
}

static plait_event open_for_all;
typedef void *address;
static int wait_there(address *loop)
{
    return *loop = plait_loop_current(), plait_event_wait(&open_for_all, PLAIT_FOREVER);
}
PLAIT_LOCAL_TASK(wait_there, void, address);

static void a_task_goes_to_the_loop_that_has_the_fewest(void **unused)
{
    (void)unused;
    enum { LOOPS = 4, EACH = 3 };
    plait_executor *ex = of(LOOPS);
    plait_future *fs[LOOPS * EACH];
    void *loops[LOOPS * EACH];
    for (int i = 0; i < LOOPS * EACH; i++) fs[i] = plait_submit(ex, wait_there, NULL);
    plait_event_set(&open_for_all);
    check_code(plait_gather(fs, LOOPS * EACH, loops, NULL), 0);
    for (int i = 0; i < LOOPS * EACH; i++) {
        int same = 0;
        for (int j = 0; j < LOOPS * EACH; j++) same += loops[i] == loops[j];
        check_number(same, EACH);
    }
    plait_executor_free(ex);
}

/* What the system refuses the first submit, the next one gets. */
static void a_loop_that_could_not_be_opened_is_opened_by_the_next_submit(void **unused)
{
    (void)unused;
    static const char *const points[] = { "memory", "thread", "descriptor" };
    int refused = 0;
    for (size_t p = 0; p < sizeof points / sizeof *points; p++)
        for (size_t n = 1, asked = n; asked >= n; n++) {
            plait_executor *ex = of(1);
            fault_nth(points[p], n);
            refused += plait_await(plait_submit(ex, nothing, NULL), NULL) != 0;
            asked = fault_requests();
            fault_off();
            check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), 0);
            plait_executor_free(ex);
        }
    check(refused > 0);
}

static void bad_options(void **unused)
{
    (void)unused;
    check(!of(-1));
    check_code(plait_error_code(), PLAIT_EINVAL);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E19_E20_a_shutdown_cancels_what_no_loop_has_begun),
        cmocka_unit_test(a_task_goes_to_the_loop_that_has_the_fewest),
        cmocka_unit_test(a_loop_that_could_not_be_opened_is_opened_by_the_next_submit),
        cmocka_unit_test(bad_options),
    };
    const struct conforming loops[] = {
        { .name = "multi-loop, 1 loop", .make = of_1, .end = plait_executor_free, .begins_all = true },
        { .name = "multi-loop, 2 loops", .make = of_2, .end = plait_executor_free, .begins_all = true },
        { .name = "multi-loop, 8 loops", .make = of_8, .end = plait_executor_free, .begins_all = true },
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + executor_conformance(&loops[0]) +
           executor_conformance(&loops[1]) + executor_conformance(&loops[2]);
}
