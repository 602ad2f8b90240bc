/* test_process_forks.c: a task, or an initializer, that calls fork(2) in a worker and returns in the child, too: that one comes
   to its end, with what it has written, and answers nothing. */
#include "executor/conformance_world.h"
#include <plait/map.h>
#include <plait/process_executor.h>
#include <unistd.h>

static int fork_here(const int *n, int *out)
{
    pid_t child = fork();
    if (child) *out = *n;
    return child < 0 ? -errno : 0;
}
PLAIT_TASK(fork_here, int, int);
static int fork_first(void) { return fork() < 0 ? -errno : 0; }
PLAIT_TASK(fork_first, void, void);

enum { MANY = 30 };

static plait_executor *pool_with(const plait_task *initializer)
{
    plait_executor *pool =
        plait_process_executor_new(&(plait_process_options){ .workers = 1, .initializer = initializer });
    check(pool);
    return pool;
}

static void check_squares(plait_executor *pool, int n)
{
    int out = 0;
    check_code(plait_await(plait_submit(pool, square, &n), &out), 0);
    check_number(out, n * n);
}

static void the_child_of_a_task_answers_nothing(void **unused)
{
    (void)unused;
    plait_executor *pool = pool_with(NULL);
    for (int n = 1; n <= MANY; n++) {
        int out = 0;
        check_code(plait_await(plait_submit(pool, fork_here, &n), &out), 0);
        check_number(out, n);
        check_squares(pool, n);
    }
    plait_executor_free(pool);
}

static void the_children_of_a_maps_tasks_answer_nothing(void **unused)
{
    (void)unused;
    int in[MANY], out[MANY];
    plait_executor *pool = pool_with(NULL);
    for (int i = 0; i < MANY; i++) in[i] = i + 1;
    check_code(plait_map(pool, fork_here, in, MANY, out, &((plait_map_options){ .chunk = 10 })), 0);
    for (int i = 0; i < MANY; i++) check_number(out[i], in[i]);
    check_squares(pool, 3);
    plait_executor_free(pool);
}

static void the_child_of_an_initializer_serves_nobody(void **unused)
{
    (void)unused;
    plait_executor *pool = pool_with(&fork_first_plait_task);
    for (int n = 1; n <= MANY; n++) check_squares(pool, n);
    plait_executor_free(pool);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_child_of_a_task_answers_nothing),
        cmocka_unit_test(the_children_of_a_maps_tasks_answer_nothing),
        cmocka_unit_test(the_child_of_an_initializer_serves_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
