/* What a pool says of itself: its figures, and the tasks that run. */
#include "clock.h"
#include "fault.h"
#include "future/tasks.h"
#include <plait/fork.h>

#define TEST(name) static void name(void **unused __attribute__((unused)))

TEST_IN_EACH_KIND(M38_each_task_is_counted_once_by_what_became_of_it)
{
    struct held_pool p;
    int bad = -EDOM, good = 0;
    clock_by_hand();
    hold_pool(&p, 2);
    plait_future *fs[10];
    for (int i = 0; i < 10; i++) fs[i] = plait_submit(p.executor, fail_with, i < 3 ? &bad : &good);
    check(plait_future_cancel(fs[0]));
    check(plait_future_cancel(fs[9]));
    plait_submit_options late = { .deadline = plait_after(-1) };
    plait_future *too_late = plait_submit_with(p.executor, &late, nothing, NULL);
    plait_executor_statistics s = statistics_of(p.executor);
    check_number(s.submitted, 13);
    check_number(s.running, 2);
    check_number(s.queued, 11);
    check_number(s.finished + s.failed + s.cancelled + s.refused + s.idle + s.stolen, 0);
    release_pool(&p);
    for (int i = 0; i < 10; i++) (void)!plait_await(fs[i], NULL);
    check_code(plait_await(too_late, NULL), PLAIT_ETASK);
    until(statistics_of(p.executor).idle == 2);
    s = statistics_of(p.executor);
    check_number(s.submitted, 13);
    check_number(s.finished, 10);
    check_number(s.failed, 2);
    check_number(s.cancelled, 3);
    check_number(s.refused + s.running + s.queued, 0);
    check_number(s.workers, 2);
    end_pool(&p);
    clock_of_the_system();
}

static plait_executor *own;
static int submit_more(void)
{
    plait_future *fs[20];
    int code = -EIO;
    for (int i = 0; i < 20; i++) fs[i] = plait_submit(own, fail_with, &code);
    for (int i = 0; i < 20; i++) check_code(plait_await(fs[i], NULL), -EIO);
    return 0;
}
PLAIT_TASK(submit_more, void, void);

TEST(what_a_task_submits_to_its_own_pool_and_runs_in_place_is_counted_too)
{
    for (int bounded = 0; bounded < 2; bounded++) {
        own = plait_thread_executor_new(&(plait_thread_options){ .workers = 1, .capacity = bounded ? 3 : 0 });
        for (unsigned i = 1; i < 4; i++) {
            check_code(plait_await(plait_submit(own, submit_more, NULL), NULL), 0);
            until(statistics_of(own).idle == 1);
            plait_executor_statistics s = statistics_of(own);
            check_number(s.submitted, 21 * i);
            check_number(s.finished, 21 * i);
            check_number(s.failed, 20 * i);
            check_number(s.cancelled + s.refused + s.queued + s.running, 0);
        }
        plait_executor_free(own);
    }
}

static int map_in_chunks(void)
{
    int in[20], out[20];
    for (int i = 0; i < 20; i++) in[i] = i;
    check_code(plait_map(own, square, in, 20, out, &((plait_map_options){ .chunk = 4 })), 0);
    return 0;
}
PLAIT_TASK(map_in_chunks, void, void);

TEST(a_chunk_of_a_map_is_one_task_in_a_task_of_the_same_pool_too)
{
    for (int workers = 1; workers < 3; workers++) {
        own = pool_of(workers);
        check_code(plait_await(plait_submit(own, map_in_chunks, NULL), NULL), 0);
        check_code(plait_executor_shutdown(own, NULL), 0);
        plait_executor_statistics s = statistics_of(own);
        check_number(s.submitted, 6);
        check_number(s.finished + s.cancelled, 6);
        check_number(s.failed + s.refused, 0);
        plait_executor_free(own);
    }
}

static int leave_behind(struct gate *const *gate)
{
    plait_future_detach(plait_submit(own, nothing, NULL));
    return pass(gate);
}
PLAIT_LOCAL_TASK(leave_behind, struct gate *, void);

TEST(what_is_stolen_is_counted)
{
    struct gate gate = { 0 }, *at = &gate;
    own = pool_of(2);
    plait_future *f = plait_submit(own, leave_behind, &at);
    until(statistics_of(own).finished == 1); /* by the other worker */
    check_number(statistics_of(own).stolen, 1);
    plait_event_set(&gate.open);
    check_code(plait_await(f, NULL), 0);
    plait_executor_free(own);
}

TEST(what_no_thread_could_be_started_for_is_refused)
{
    own = pool_of(2);
    fault_all("thread");
    check_code(plait_await(plait_submit(own, nothing, NULL), NULL), PLAIT_ETASK);
    fault_off();
    check_number(statistics_of(own).submitted, 1);
    check_number(statistics_of(own).refused, 1);
    plait_executor_free(own);
}

TEST_IN_EACH_KIND(M15_what_runs_is_told_by_name_site_thread_and_time)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_running_task list[3];
    clock_by_hand();
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 3, .name = "crew" });
    check_number(plait_executor_list(pool, list, 3), 0);
    plait_future *fs[2] = { plait_submit(pool, pass, &at) };
    until_arrived(&gate, 1);
    clock_move(3 * PLAIT_SECOND);
    char name[] = "a name of its own, and far longer than those that one would give to a task, so that it is cut";
    fs[1] = plait_submit_with(pool, (&(plait_submit_options){ .name = name }), pass, &at);
    int line = __LINE__ - 1;
    until_arrived(&gate, 2);
    clock_move(PLAIT_SECOND);
    check_number(plait_executor_list(pool, NULL, 0), 2);
    check_number(plait_executor_list(pool, list, 1), 2);
    check_number(plait_executor_list(pool, list, 3), 2);
    int first = strcmp(list[0].name, "pass") != 0;
    check_string(list[first].name, "pass");
    check_string(list[first].thread, "crew-1");
    check_contains(list[first].file, "test_statistics.c");
    check_number(list[first].duration, 4 * PLAIT_SECOND);
    check_number(list[!first].duration, PLAIT_SECOND);
    check_number(list[!first].line, line);
    check_string(list[!first].thread, "crew-2");
    name[sizeof list->name - 1] = 0;
    check_string(list[!first].name, name);
    plait_event_set(&gate.open);
    for (int i = 0; i < 2; i++) check_code(plait_await(fs[i], NULL), 0);
    until(statistics_of(pool).running == 0);
    check_number(plait_executor_list(pool, list, 3), 0);
    plait_executor_free(pool);
    clock_of_the_system();
}

static _Atomic bool through;
static int look_again_and_again(void *pool)
{
    plait_running_task list[4];
    while (!through) {
        size_t count = plait_executor_list(pool, list, 4);
        check(count <= 2);
        for (size_t i = 0; i < count; i++)
            check(strcmp(list[i].name, "nothing") == 0 ? list[i].line == 1 : list[i].line == 2);
        let_others_run();
    }
    return 0;
}

TEST_IN_EACH_KIND(what_is_told_of_a_task_belongs_together)
{
    plait_executor *pool = pool_of(2);
    through = false;
    struct runner *other = runner_start(look_again_and_again, pool);
    for (int i = 0; i < 20000; i++) {
        char *name = malloc(8); /* goes with the future */
        strcpy(name, "mine");
        plait_submit_options o = { .name = name };
        plait_future *f =
            plait_submit_task(pool, &nothing_plait_task, NULL, i % 2 ? &o : NULL, sizeof o, __FILE__, i % 2 ? 2 : 1);
        check_code(plait_await(f, NULL), 0);
        free(name);
        if (i % 100 == 0) let_others_run();
    }
    through = true;
    check_code(runner_join(other), 0);
    plait_executor_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M38_each_task_is_counted_once_by_what_became_of_it),
        cmocka_unit_test(what_a_task_submits_to_its_own_pool_and_runs_in_place_is_counted_too),
        cmocka_unit_test(a_chunk_of_a_map_is_one_task_in_a_task_of_the_same_pool_too),
        cmocka_unit_test(what_is_stolen_is_counted),
        cmocka_unit_test(what_no_thread_could_be_started_for_is_refused),
        cmocka_unit_test(M15_what_runs_is_told_by_name_site_thread_and_time),
        cmocka_unit_test(what_is_told_of_a_task_belongs_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
