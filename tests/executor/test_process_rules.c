/* test_process_rules.c: the rules that a pool of worker processes has in common with one of threads, where the suite of all
   executors does not ask for them: bounds of its queue, names, deadlines of maps, and workers that end by themselves. */
#include "clock.h"
#include "executor/conformance_world.h"
#include <plait/process_executor.h>
#include <unistd.h>

static plait_executor *pool_with(plait_process_options options)
{
    plait_executor *pool = plait_process_executor_new(&options);
    check(pool);
    return pool;
}

static void E48_a_full_queue_refuses_and_takes_again_when_there_is_room(void **unused)
{
    (void)unused;
    plait_executor *pool = pool_with((plait_process_options){ .workers = 1, .capacity = 2, .refuse = true });
    struct gate_place gate = shared_gate_new();
    plait_future *holder = plait_submit(pool, enter, &gate), *queued[2];
    until_come(gate, 1);
    for (int i = 0; i < 2; i++) queued[i] = plait_submit(pool, nothing, NULL);
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_EAGAIN);
    check_contains(plait_error()->cause->message, "is full, with 2 tasks");
    open_shared_gate(gate);
    check_code(plait_await(holder, NULL), 0);
    for (int i = 0; i < 2; i++) check_code(plait_await(queued[i], NULL), 0);
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
    plait_executor_free(pool);
}

static plait_executor *bounded;
static int submit_one(void *unused)
{
    (void)unused;
    return plait_await(plait_submit(bounded, nothing, NULL), NULL);
}
static int submit_in_vain(void *unused)
{
    PLAIT_TIMEOUT(scope, plait_after(PLAIT_MILLISECOND));
    return submit_one(unused);
}

TEST_IN_EACH_KIND(E48_a_submit_waits_for_room_and_ends_with_its_scope)
{
    bounded = pool_with((plait_process_options){ .workers = 1, .capacity = 1 });
    struct gate_place gate = shared_gate_new();
    plait_future *holder = plait_submit(bounded, enter, &gate);
    until_come(gate, 1);
    plait_future *queued = plait_submit(bounded, nothing, NULL);
    int code = runner_join(runner_start(submit_in_vain, NULL));
    check(code == PLAIT_ETASK || code == PLAIT_ECANCELED); /* told by the future, or by the wait for it */
    struct runner *other = runner_start(submit_one, NULL);
    until_asleep(other);
    open_shared_gate(gate);
    check_code(runner_join(other), 0);
    check_code(plait_await(holder, NULL), 0);
    check_code(plait_await(queued, NULL), 0);
    plait_executor_free(bounded);
}

static int name_of_worker(plait_bytes *out)
{
    const char *name = plait_process_name(NULL);
    return plait_bytes_copy(out, name, strlen(name));
}
PLAIT_TASK(name_of_worker, void, plait_bytes);

static void E44_E45_workers_are_named_after_their_pool(void **unused)
{
    (void)unused;
    plait_bytes said[3];
    plait_executor *pools[3] = { pool_with((plait_process_options){ .workers = 1, .name = "crew" }),
                                 pool_with((plait_process_options){ .workers = 1 }),
                                 pool_with((plait_process_options){ .workers = 1 }) };
    for (int i = 0; i < 3; i++) check_code(plait_await(plait_submit(pools[i], name_of_worker, NULL), &said[i]), 0);
    check_string(said[0].data, "crew-1");
    check(strncmp(said[1].data, "processes-", 10) == 0);
    check(strcmp(said[1].data, said[2].data) != 0);
    for (int i = 0; i < 3; i++) plait_bytes_clear(&said[i]), plait_executor_free(pools[i]);
}

static void E9_E10_M21_a_maps_deadline_is_for_the_whole_and_stops_what_runs(void **unused)
{
    (void)unused;
    plait_executor *pool = pool_with((plait_process_options){ .workers = 2 });
    struct gate_place opened = shared_gate_new(), never = shared_gate_new(), in[4] = { opened, opened, never, opened };
    int errors[4];
    open_shared_gate(opened);
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
    plait_map_options o = { .deadline = plait_after(PLAIT_MILLISECOND), .errors = errors };
    check_code(plait_map(pool, enter, in, 4, NULL, &o), PLAIT_ETIMEDOUT);
    check_code(errors[2], PLAIT_ECANCELED);
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0); /* no worker is still held */
    check_code(plait_executor_shutdown(pool, NULL), 0);
    plait_executor_free(pool);
}

struct fallible {
    struct counter c;
    int code;
};
static int count_or_fail(const struct fallible *f) { return f->code ? f->code : count_there(&f->c); }
PLAIT_TASK(count_or_fail, struct fallible, void);

static void E7_E8_after_a_failure_what_has_not_begun_never_runs(void **unused)
{
    (void)unused;
    enum { MANY = 2000, WINDOW = 64, FAILS = 3 };
    static struct fallible in[MANY];
    plait_executor *pool = pool_with((plait_process_options){ .workers = 2 });
    struct counter c = counter_new();
    for (int i = 0; i < MANY; i++) in[i] = (struct fallible){ c, i == FAILS ? -EDOM : 0 };
    check_code(plait_map(pool, count_or_fail, in, MANY, NULL, &((plait_map_options){ .window = WINDOW })), -EDOM);
    int ran = *c.count;
    check(ran >= FAILS && ran <= FAILS + WINDOW);
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
    plait_executor_free(pool);
    check_number(*c.count, ran); /* none was left behind */
}

static int number(int *out) { return *out = getpid(), 0; }
PLAIT_TASK(number, void, int);

static void E52_M37_an_idle_worker_ends_after_its_time_and_another_starts_when_there_is_work(void **unused)
{
    (void)unused;
    int first, second;
    clock_by_hand();
    plait_executor *pool = pool_with((plait_process_options){ .workers = 1, .idle_timeout = 30 * PLAIT_SECOND });
    check_code(plait_await(plait_submit(pool, number, NULL), &first), 0);
    check_number(statistics_of(pool).workers, 1);
    while (statistics_of(pool).workers) { /* the pool looks at the clock when it has seen that the worker rests */
        clock_move(31 * PLAIT_SECOND);
        let_others_run();
    }
    until(plait_process_list(NULL, 0) == 0);
    check_code(plait_await(plait_submit(pool, number, NULL), &second), 0);
    check(first != second);
    plait_executor_free(pool);
    clock_of_the_system();
}

/* Also one whose last answer was found by who looked out for it, while the manager slept. */
static void E52_a_worker_ends_after_its_time_whoever_has_found_its_last_answer(void **unused)
{
    enum { TURNS = 4, EACH = 3000 };
    (void)unused;
    plait_executor *pool = pool_with((plait_process_options){ .workers = 1, .idle_timeout = 5 * PLAIT_MILLISECOND });
    for (int turn = 0; turn < TURNS; turn++) {
        for (int i = 0; i < EACH; i++) check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
        until(statistics_of(pool).workers == 0);
    }
    plait_executor_free(pool);
}

static void times_without_end_are_none(void **unused)
{
    (void)unused;
    int first, second;
    plait_executor *pool = pool_with((plait_process_options){
        .workers = 1, .idle_timeout = INT64_MAX, .grace = INT64_MAX, .start_limit = INT64_MAX });
    check_code(plait_await(plait_submit(pool, number, NULL), &first), 0);
    for (int i = 0; i < 20; i++) let_others_run();
    check_code(plait_await(plait_submit(pool, number, NULL), &second), 0);
    check_number(first, second);
    plait_executor_free(pool);
}

int main(void)
{
    plait_init();
    (void)shared_new(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E48_a_full_queue_refuses_and_takes_again_when_there_is_room),
        cmocka_unit_test(E48_a_submit_waits_for_room_and_ends_with_its_scope),
        cmocka_unit_test(E44_E45_workers_are_named_after_their_pool),
        cmocka_unit_test(E9_E10_M21_a_maps_deadline_is_for_the_whole_and_stops_what_runs),
        cmocka_unit_test(E7_E8_after_a_failure_what_has_not_begun_never_runs),
        cmocka_unit_test(E52_M37_an_idle_worker_ends_after_its_time_and_another_starts_when_there_is_work),
        cmocka_unit_test(E52_a_worker_ends_after_its_time_whoever_has_found_its_last_answer),
        cmocka_unit_test(times_without_end_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
