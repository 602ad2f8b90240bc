/* Pools of worker processes, of 1, 2 and 4 workers, show what every executor must. */
#include "executor/conformance.h"
#include "future/tasks.h"
#include <plait/process_executor.h>

static plait_executor *of(int workers)
{
    return plait_process_executor_new(&(plait_process_options){ .workers = workers });
}
static plait_executor *of_1(void) { return of(1); }
static plait_executor *of_2(void) { return of(2); }
static plait_executor *of_4(void) { return of(4); }

static void P17_one_program_has_its_pool_of_threads_or_of_processes_by_a_flag(void **unused)
{
    (void)unused;
    enum { MANY = 100 };
    int in[MANY], out[MANY], last;
    for (int i = 0; i < MANY; i++) in[i] = i;
    for (int use_threads = 0; use_threads < 2; use_threads++) {
        plait_executor *pool =
            use_threads ? plait_thread_executor_new(&(plait_thread_options){ .workers = 4 }) : of_4();
        memset(out, -1, sizeof out);
        check_code(plait_map(pool, square, in, MANY, out, NULL), 0);
        for (int i = 0; i < MANY; i++) check_number(out[i], i * i);
        check_code(plait_await(plait_submit(pool, square, &in[MANY - 1]), &last), 0);
        check_number(last, out[MANY - 1]);
        plait_executor_free(pool);
    }
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(P17_one_program_has_its_pool_of_threads_or_of_processes_by_a_flag),
    };
    const struct conforming pools[] = {
        { .name = "process, 1 worker", .make = of_1, .end = plait_executor_free, .apart = true },
        { .name = "process, 2 workers", .make = of_2, .end = plait_executor_free, .apart = true },
        { .name = "process, 4 workers", .make = of_4, .end = plait_executor_free, .apart = true },
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + executor_conformance(&pools[0]) +
           executor_conformance(&pools[1]) + executor_conformance(&pools[2]);
}
