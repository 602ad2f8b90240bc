/* A pool whose queue has a bound: who waits for room, who is refused, and what a worker does; and a pool that is .fifo. */
#include "clock.h"
#include "executor/pool.h"
#include "future/tasks.h"

#define TEST(name) static void name(void **unused __attribute__((unused)))

static struct gate gate;
static struct gate *at = &gate;
static plait_executor *own;
static plait_future *holder;

/* A pool of one worker, which is held at the gate. */
static plait_executor *full_pool(size_t capacity, bool refuse)
{
    gate = (struct gate){ 0 };
    plait_executor *pool = plait_thread_executor_new(
        &(plait_thread_options){ .workers = 1, .name = "narrow", .capacity = capacity, .refuse = refuse });
    check(pool);
    holder = plait_submit(pool, pass_stubbornly, &at);
    until_arrived(&gate, 1);
    for (size_t i = 0; i < capacity; i++) plait_future_detach(plait_submit(pool, nothing, NULL));
    check_number(statistics_of(pool).queued, capacity);
    return pool;
}

static void end(plait_executor *pool)
{
    plait_event_set(&gate.open);
    check_code(plait_await(holder, NULL), 0);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(E48_a_full_queue_may_refuse)
{
    plait_executor *pool = full_pool(3, true);
    plait_future *f = plait_submit(pool, nothing, NULL);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_FINISHED);
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_string(plait_error()->message, "the task could not be started");
    check_code(plait_error()->cause->code, PLAIT_EAGAIN);
    check_string(plait_error()->cause->message, "the queue of pool narrow is full, with 3 tasks");
    plait_event_set(&gate.open);
    until(statistics_of(pool).idle == 1);
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
    end(pool);
}

static int submit_one(void *pool) { return plait_await(plait_submit(pool, nothing, NULL), NULL); }

TEST_IN_EACH_KIND(E48_a_submit_waits_for_room)
{
    plait_executor *pool = full_pool(2, false);
    struct runner *others[5];
    for (size_t i = 0; i < 5; i++) {
        others[i] = runner_start(submit_one, pool);
        until_listed(&((struct plait_pool *)pool)->bound.waiters, i + 1);
    }
    check_number(statistics_of(pool).queued, 2);
    plait_event_set(&gate.open);
    for (int i = 0; i < 5; i++) check_code(runner_join(others[i]), 0);
    until(statistics_of(pool).idle == 1);
    check_number(((struct plait_pool *)pool)->bound.queued, 0);
    check_number(statistics_of(pool).finished, 8);
    end(pool);
}

TEST_IN_EACH_KIND(a_close_ends_the_wait_for_room)
{
    plait_executor *pool = full_pool(1, false);
    struct runner *others[3];
    for (size_t i = 0; i < 3; i++) {
        others[i] = runner_start(submit_one, pool);
        until_listed(&((struct plait_pool *)pool)->bound.waiters, i + 1);
    }
    plait_executor_close(pool);
    for (int i = 0; i < 3; i++) check_code(runner_join(others[i]), PLAIT_ECLOSED);
    check(!plait_event_is_set(&gate.open)); /* there is no room yet */
    end(pool);
}

static int submit_for_a_second(void *pool)
{
    plait_future *f;
    {
        PLAIT_TIMEOUT(scope, plait_after(PLAIT_SECOND));
        f = plait_submit(pool, nothing, NULL);
    }
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    check_string(plait_error()->cause->message, "the wait for room in the queue of pool narrow was cut short");
    return 0;
}

TEST_IN_EACH_KIND(E48_a_submit_that_waits_ends_with_its_scope_or_with_the_pool)
{
    clock_by_hand();
    plait_executor *pool = full_pool(1, false);
    struct runner *other = runner_start(submit_for_a_second, pool);
    until_listed(&((struct plait_pool *)pool)->bound.waiters, 1);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(other), 0);
    other = runner_start(submit_one, pool);
    until_listed(&((struct plait_pool *)pool)->bound.waiters, 1);
    plait_executor_close(pool);
    plait_event_set(&gate.open);
    check_code(runner_join(other), PLAIT_ECLOSED);
    end(pool);
    clock_of_the_system();
}

static int overfill(plait_future_state *states)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_future *fs[4];
    for (int i = 0; i < 3; i++) {
        fs[i] = plait_submit(own, nothing, NULL);
        states[i] = plait_future_get_state(fs[i]);
    }
    plait_mutex_lock(&m);
    fs[3] = plait_submit(own, nothing, NULL);
    states[3] = plait_future_get_state(fs[3]);
    plait_mutex_unlock(&m);
    for (int i = 0; i < 4; i++) check_code(plait_await(fs[i], NULL), 0);
    return 0;
}
struct states {
    plait_future_state of[4];
};
static int overfill_own(struct states *s) { return overfill(s->of); }
PLAIT_TASK(overfill_own, void, struct states);

TEST(E48_a_workers_submit_to_its_own_full_pool_runs_inside)
{
    struct states s;
    own = plait_thread_executor_new(&(plait_thread_options){ .workers = 1, .capacity = 1 });
    for (int i = 0; i < 3; i++) {
        check_code(plait_await(plait_submit(own, overfill_own, NULL), &s), 0);
        check_number(s.of[0], PLAIT_FUTURE_PENDING);
        check_number(s.of[1], PLAIT_FUTURE_FINISHED);
        check_number(s.of[2], PLAIT_FUTURE_FINISHED);
        check_number(s.of[3], PLAIT_FUTURE_PENDING); /* with a lock held */
        until(statistics_of(own).idle == 1);
        check_number(((struct plait_pool *)own)->bound.queued, 0);
        check_number(statistics_of(own).finished, 5 * (i + 1));
    }
    plait_executor_free(own);
}

static _Atomic int order;
static int take_place(int *place) { return *place = order++, 0; }
PLAIT_TASK(take_place, void, int);

static plait_future *inside[2];
static int submit_two(struct gate *const *g)
{
    int err = pass(g);
    for (int i = 0; i < 2; i++) inside[i] = plait_submit(own, take_place, NULL);
    return err;
}
PLAIT_LOCAL_TASK(submit_two, struct gate *, void);

TEST(E49_a_fifo_pool_queues_its_tasks_own_submits_behind_all_else)
{
    for (int fifo = 0; fifo < 2; fifo++) {
        int expected[2][3] = { { 2, 1, 0 }, { 0, 1, 2 } }, place = -1; /* outside, first and second from inside */
        gate = (struct gate){ 0 };
        order = 0;
        own = plait_thread_executor_new(&(plait_thread_options){ .workers = 1, .fifo = fifo });
        plait_future *f = plait_submit(own, submit_two, &at), *outside = plait_submit(own, take_place, NULL);
        plait_event_set(&gate.open);
        check_code(plait_await(f, NULL), 0);
        plait_future *fs[3] = { outside, inside[0], inside[1] };
        for (int i = 0; i < 3; i++) {
            check_code(plait_await(fs[i], &place), 0);
            check_number(place, expected[fifo][i]);
        }
        plait_executor_free(own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E48_a_full_queue_may_refuse),
        cmocka_unit_test(E48_a_submit_waits_for_room),
        cmocka_unit_test(a_close_ends_the_wait_for_room),
        cmocka_unit_test(E48_a_submit_that_waits_ends_with_its_scope_or_with_the_pool),
        cmocka_unit_test(E48_a_workers_submit_to_its_own_full_pool_runs_inside),
        cmocka_unit_test(E49_a_fifo_pool_queues_its_tasks_own_submits_behind_all_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
