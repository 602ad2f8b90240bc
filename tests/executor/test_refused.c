/* A pool to which threads are refused: it does with those that it has, and asks again after a pause. */
#include "clock.h"
#include "executor/pool.h"
#include "fault.h"
#include "future/tasks.h"

#define TEST(name) static void name(void **unused __attribute__((unused)))

static void submit_some(plait_executor *pool, int count)
{
    for (int i = 0; i < count; i++) plait_future_detach(plait_submit(pool, nothing, NULL));
}

TEST(after_a_refusal_a_thread_is_asked_for_again_when_a_pause_is_over)
{
    struct gate gate = { 0 }, *at = &gate;
    clock_by_hand();
    plait_executor *pool = pool_of(2);
    plait_future *holder = plait_submit(pool, pass_stubbornly, &at);
    until_arrived(&gate, 1);
    fault_all("thread");
    for (int64_t pause = 10 * PLAIT_MILLISECOND, times = 1; times <= 10; times++) {
        submit_some(pool, 100);
        check_number(fault_requests(), times);
        clock_move(pause - 1);
        submit_some(pool, 100);
        check_number(fault_requests(), times);
        clock_move(1);
        pause = pause < PLAIT_SECOND / 2 ? 2 * pause : PLAIT_SECOND;
    }
    check_number(statistics_of(pool).workers, 1);
    fault_off();
    submit_some(pool, 1); /* the second thread comes, and does all */
    until(statistics_of(pool).finished == 2001);
    check_number(statistics_of(pool).workers, 2);
    plait_event_set(&gate.open);
    check_code(plait_await(holder, NULL), 0);
    plait_executor_free(pool);
    clock_of_the_system();
}

TEST(a_worker_that_takes_many_tasks_does_not_ask_at_each)
{
    struct gate gate = { 0 }, *at = &gate;
    clock_by_hand();
    plait_executor *pool = pool_of(4);
    plait_future *holder = plait_submit(pool, pass_stubbornly, &at);
    until_arrived(&gate, 1);
    fault_all("thread");
    submit_some(pool, 1000);
    plait_event_set(&gate.open);
    check_code(plait_await(holder, NULL), 0);
    until(statistics_of(pool).idle == 1);
    check_number(fault_requests(), 1);
    fault_off();
    plait_executor_free(pool);
    clock_of_the_system();
}

TEST(a_pool_that_has_nobody_asks_at_once)
{
    clock_by_hand();
    plait_executor *pool = pool_of(2);
    fault_all("thread");
    for (int i = 0; i < 3; i++) check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), PLAIT_ETASK);
    check_number(fault_requests(), 3);
    fault_off();
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
    plait_executor_free(pool);
    clock_of_the_system();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_refusal_a_thread_is_asked_for_again_when_a_pause_is_over),
        cmocka_unit_test(a_worker_that_takes_many_tasks_does_not_ask_at_each),
        cmocka_unit_test(a_pool_that_has_nobody_asks_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
