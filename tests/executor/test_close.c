/* test_close.c: a pool that takes no more in, and what a pool keeps of tasks that have ended: nothing. */
#include "future/tasks.h"
#include <plait/report.h>

#define TEST(name) static void name(void **unused __attribute__((unused)))

/* One whose threads do not end by themselves. */
static plait_executor *patient_pool(int workers)
{
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = workers, .idle_timeout = -1 });
    check(pool);
    return pool;
}

TEST_IN_EACH_KIND(E17_close_returns_at_once_what_is_queued_runs_and_the_workers_end)
{
    enum { HELD = 2, ALL = 50 };
    struct gate gate = { 0 }, *at = &gate;
    _Atomic int count = 0, *counter = &count;
    plait_executor *pool = patient_pool(HELD);
    plait_future *fs[ALL];
    for (int i = 0; i < ALL; i++)
        fs[i] = i < HELD ? plait_submit(pool, pass_stubbornly, &at) : plait_submit(pool, count_up, &counter);
    until_arrived(&gate, HELD);
    plait_executor_close(pool);
    check_number(count, 0); /* all is still to come */
    check_number(statistics_of(pool).workers, HELD);
    check_code(plait_await(plait_submit(pool, count_up, &counter), NULL), PLAIT_ECLOSED);
    plait_event_set(&gate.open);
    until(statistics_of(pool).workers == 0);
    check_number(count, ALL - HELD);
    for (int i = 0; i < ALL; i++) check_code(plait_await_until(fs[i], NULL, PLAIT_NOW), 0);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(E17_the_workers_of_an_idle_pool_end_too)
{
    plait_executor *pool = patient_pool(3);
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
    until(statistics_of(pool).idle == 1);
    plait_executor_close(pool);
    until(statistics_of(pool).workers == 0);
    plait_executor_free(pool);
    pool = patient_pool(3); /* one that never had any */
    plait_executor_close(pool);
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), PLAIT_ECLOSED);
    check_number(statistics_of(pool).workers, 0);
    plait_executor_free(pool);
}

/* A failure that nobody looked at is reported as the last share of its future goes: so this is seen. */
static _Atomic int reports;
static int counts_reports(const plait_report_info *info, void *unused)
{
    check(!unused);
    check_contains(info->text, "fail_with failed and nobody looked at it");
    atomic_fetch_add(&reports, 1);
    return 0;
}

TEST_IN_EACH_KIND(an_idle_pool_has_no_share_of_what_it_ran)
{
    static const plait_report_hook hook = { .report = counts_reports };
    int code = -EIO;
    reports = 0;
    plait_report_hook_set(&hook);
    plait_executor *pool = patient_pool(2);
    for (int i = 1; i <= 20; i++) {
        plait_future *f = plait_submit(pool, fail_with, &code);
        check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
        plait_future_unref(f);
        until(reports == i); /* and nothing more is submitted meanwhile */
    }
    plait_executor_free(pool);
    plait_report_hook_set(NULL);
}

struct name {
    char text[64];
};
static int tells_its_name(struct gate *const *gate, struct name *name)
{
    snprintf(name->text, sizeof name->text, "%s", plait_thread_name(NULL));
    return pass(gate);
}
PLAIT_LOCAL_TASK(tells_its_name, struct gate *, struct name);

TEST(E44_each_thread_has_a_number_of_its_own)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 3, .name = "crew" });
    plait_future *fs[3];
    for (size_t i = 0; i < 3; i++) {
        fs[i] = plait_submit(pool, tells_its_name, &at);
        until_arrived(&gate, i + 1);
    }
    plait_event_set(&gate.open);
    for (int i = 0; i < 3; i++) {
        struct name name;
        char expected[16];
        snprintf(expected, sizeof expected, "crew-%d", i + 1);
        check_code(plait_await(fs[i], &name), 0);
        check_string(name.text, expected);
    }
    plait_executor_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E17_close_returns_at_once_what_is_queued_runs_and_the_workers_end),
        cmocka_unit_test(E17_the_workers_of_an_idle_pool_end_too),
        cmocka_unit_test(an_idle_pool_has_no_share_of_what_it_ran),
        cmocka_unit_test(E44_each_thread_has_a_number_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
