/* test_process_callbacks.c: what the program's own code may do where a pool of worker processes calls it: callbacks of futures,
   and the hook for reports. */
#include "executor/conformance_world.h"
#include <plait/map.h>
#include <plait/process_executor.h>
#include <plait/report.h>

static plait_executor *pool;
static plait_event over;
static int codes[3];

static void begin(plait_process_options options, plait_callback callback)
{
    struct gate_place gate = shared_gate_new();
    plait_event_clear(&over);
    pool = plait_process_executor_new(&options);
    check(pool);
    plait_future *f = plait_submit(pool, enter, &gate);
    check_code(plait_future_add_callback(f, callback, NULL), 0);
    open_shared_gate(gate);
    check_code(plait_await(f, NULL), 0);
    check_code(plait_event_wait(&over, PLAIT_FOREVER), 0);
}

enum { MORE = 5 };
static plait_future *more[MORE];
static struct gate_place second;
static void submit_more(plait_future *f, void *unused)
{
    (void)f, (void)unused;
    for (int i = 0; i < MORE; i++) more[i] = plait_submit(pool, enter, &second);
    plait_event_set(&over);
}

static void E48_a_callback_waits_for_no_room(void **unused)
{
    (void)unused;
    second = shared_gate_new();
    begin((plait_process_options){ .workers = 1, .capacity = 1 }, submit_more);
    open_shared_gate(second);
    for (int i = 0; i < MORE; i++) check_code(plait_await(more[i], NULL), 0);
    plait_executor_free(pool);
}

static void wait_for_more(plait_future *f, void *unused)
{
    (void)f, (void)unused;
    int in[100], out[100];
    plait_future *next = plait_submit(pool, nothing, NULL);
    codes[0] = plait_future_wait(next, PLAIT_FOREVER);
    plait_future_detach(next);
    for (int i = 0; i < 100; i++) in[i] = i;
    codes[1] = plait_map(pool, square, in, 100, out, NULL);
    codes[2] = plait_executor_shutdown(pool, NULL);
    plait_event_set(&over);
}

static void a_callback_that_would_wait_for_its_pool_is_told_so(void **unused)
{
    (void)unused;
    begin((plait_process_options){ .workers = 1 }, wait_for_more);
    for (int i = 0; i < 3; i++) check_code(codes[i], PLAIT_EDEADLK);
    plait_executor_free(pool);
}

static plait_mutex held;
static _Atomic int reported;
static int report(const plait_report_info *info, void *unused)
{
    (void)unused;
    plait_mutex_lock(&held);
    reported += info->kind == PLAIT_REPORT_TASK;
    plait_mutex_unlock(&held);
    return 0;
}

static int go_wrong(void) { return -EDOM; }
PLAIT_TASK(go_wrong, void, void);

/* What a submit does for others is not the hook's call, which may want what the submitter holds. */
static void a_report_is_not_made_inside_of_a_submit(void **unused)
{
    enum { TURNS = 300, EACH = 10 };
    static const plait_report_hook hook = { .report = report };
    (void)unused;
    plait_report_hook_set(&hook);
    pool = plait_process_executor_new(&(plait_process_options){ .workers = 1 });
    check(pool);
    for (int i = 0; i < TURNS; i++) {
        plait_future_detach(plait_submit(pool, go_wrong, NULL));
        plait_mutex_lock(&held);
        for (int j = 0; j < EACH; j++) plait_future_detach(plait_submit(pool, nothing, NULL));
        plait_mutex_unlock(&held);
    }
    plait_executor_free(pool);
    plait_report_hook_set(NULL);
    check_number(reported, TURNS);
}

int main(void)
{
    plait_init();
    (void)shared_new(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E48_a_callback_waits_for_no_room),
        cmocka_unit_test(a_callback_that_would_wait_for_its_pool_is_told_so),
        cmocka_unit_test(a_report_is_not_made_inside_of_a_submit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
