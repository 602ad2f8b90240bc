/* test_process_end.c: how a pool of worker processes ends: with what is inside run or cancelled, each future resolved, and no
   process left, whatever state it is in. */
#include "executor/conformance_world.h"
#include <plait/process_executor.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static plait_executor *pool_of_processes(int workers)
{
    plait_executor *pool = plait_process_executor_new(&(plait_process_options){ .workers = workers });
    check(pool);
    return pool;
}

static int die_behind(const struct gate_place *at)
{
    int err = enter(at);
    if (!err) raise(SIGKILL);
    return err;
}
PLAIT_TASK(die_behind, struct gate_place, void);

static int shut_down(void *pool) { return plait_executor_shutdown(pool, NULL); }

static void X12_a_worker_that_dies_while_it_is_waited_for_does_not_hold_up_the_end(void **unused)
{
    (void)unused;
    plait_executor *pool = pool_of_processes(2);
    struct gate_place gate = shared_gate_new();
    plait_future *f = plait_submit(pool, die_behind, &gate);
    until_come(gate, 1);
    struct runner *other = runner_start(shut_down, pool);
    until_asleep(other);
    open_shared_gate(gate);
    check_code(runner_join(other), 0);
    check_code(plait_await(f, NULL), PLAIT_EWORKER);
    plait_executor_free(pool);
    check_number(plait_process_list(NULL, 0), 0);
}

static int measure(const plait_bytes *in, size_t *size) { return *size = in->size, 0; }
PLAIT_TASK(measure, plait_bytes, size_t);

static void X13_what_cannot_be_sent_any_more_after_a_close_fails_and_the_pool_ends(void **unused)
{
    (void)unused;
    plait_executor *pool =
        plait_process_executor_new(&(plait_process_options){ .workers = 1, .shared_limit = 8 << 20 });
    check(pool);
    struct gate_place gate = shared_gate_new();
    plait_future *holder = plait_submit(pool, enter, &gate);
    until_come(gate, 1);
    plait_bytes large;
    check_code(plait_bytes_copy(&large, NULL, 64 << 20), 0);
    plait_future *f = plait_submit(pool, measure, plait_bytes_take(&large)), *last = plait_submit(pool, nothing, NULL);
    plait_executor_close(pool);
    open_shared_gate(gate);
    check_code(plait_await(holder, NULL), 0);
    check_code(plait_await(f, NULL), PLAIT_ENOMEM);
    check_code(plait_await(last, NULL), 0);
    plait_executor_free(pool);
}

static void O23_O24_ten_thousand_slow_ones_that_are_cancelled_are_soon_over_and_each_is_resolved(void **unused)
{
    (void)unused;
    enum { MANY = 10000 };
    static plait_future *fs[MANY];
    plait_executor *pool = pool_of_processes(2);
    struct gate_place never = shared_gate_new();
    for (int i = 0; i < MANY; i++) fs[i] = plait_submit(pool, enter, &never);
    until_come(never, 2);
    check_code(plait_executor_shutdown(pool, &(plait_shutdown_options){ .deadline = PLAIT_NOW, .cancel = true }),
               PLAIT_EAGAIN);
    size_t running = 0;
    for (int i = 0; i < MANY; i++) running += !plait_future_cancel(fs[i]);
    check(running <= 2);
    plait_executor_free(pool);
    for (int i = 0; i < MANY; i++) {
        check_code(plait_await_until(fs[i], NULL, PLAIT_NOW), PLAIT_ETASK);
        check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    }
    check_number(never.gate->arrived, 2);
}

static void O22_O26_a_shutdown_closes_and_nothing_goes_in_after_it(void **unused)
{
    (void)unused;
    plait_executor *pool = pool_of_processes(1);
    int n = 3, out;
    plait_future *f = plait_submit(pool, square, &n);
    check_code(plait_executor_shutdown(pool, NULL), 0); /* without a close before */
    check_code(plait_await(f, &out), 0);
    check_number(out, 9);
    check_code(plait_await(plait_submit(pool, square, &n), NULL), PLAIT_ECLOSED);
    check_code(plait_map(pool, square, &n, 1, &out, NULL), PLAIT_ECLOSED);
    check_code(plait_executor_shutdown(pool, NULL), 0);
    plait_executor_free(pool);
}

static void E22_O25_braces_wait_for_what_is_inside_and_leave_no_process(void **unused)
{
    (void)unused;
    enum { MANY = 50 };
    struct counter c = counter_new();
    for (int round = 0; round < 2; round++) {
        PLAIT_EXECUTOR(pool, pool_of_processes(2));
        for (int i = 0; i < MANY; i++) plait_future_detach(plait_submit(pool, count_there, &c));
        if (round) break; /* in whatever way they are left */
    }
    check_number(*c.count, 2 * MANY);
    check_number(plait_process_list(NULL, 0), 0);
}

static void E17_a_close_lets_what_is_queued_run(void **unused)
{
    (void)unused;
    plait_executor *pool = pool_of_processes(1);
    struct gate_place gate = shared_gate_new();
    struct counter c = counter_new();
    plait_future *holder = plait_submit(pool, enter, &gate), *queued = plait_submit(pool, count_there, &c);
    plait_executor_close(pool); /* returns while nothing has run */
    check_number(*c.count, 0);
    open_shared_gate(gate);
    check_code(plait_await(holder, NULL), 0);
    check_code(plait_await(queued, NULL), 0);
    check_number(*c.count, 1);
    plait_executor_free(pool);
}

static void E28_one_that_is_cancelled_at_once_and_a_free(void **unused)
{
    (void)unused;
    for (int i = 0; i < 10; i++) {
        struct counter c = counter_new();
        plait_executor *pool = pool_of_processes(2);
        plait_future *f = plait_submit(pool, count_there, &c);
        plait_future_cancel(f);
        plait_executor_free(pool);
        int code = plait_await_until(f, NULL, PLAIT_NOW);
        check(code == PLAIT_ETASK || (code == 0 && *c.count == 1));
    }
}

static void E29_a_free_right_after_a_map(void **unused)
{
    (void)unused;
    enum { MANY = 64 };
    int in[MANY] = { 0 }, out[MANY];
    for (int i = 0; i < 10; i++) {
        plait_executor *pool = pool_of_processes(2);
        check_code(plait_map(pool, square, in, MANY, out, NULL), 0);
        plait_executor_free(pool);
        check_number(plait_process_list(NULL, 0), 0);
    }
}

/* What programs do that end with a pool; each is a process of its own. */
static plait_executor *left;
static void submit_at_the_end(void) /* in time or too late, by whose functions the C library calls first */
{
    int code = plait_await(plait_submit(left, nothing, NULL), NULL);
    if (code != 0 && code != PLAIT_ECLOSED) _exit(70);
}

static int leave_with(const struct counter *c)
{
    left = pool_of_processes(1);
    check_number(atexit(submit_at_the_end), 0);
    for (int i = 0; i < 3; i++) plait_future_detach(plait_submit(left, count_there, c));
    return 0;
}
PLAIT_TASK(leave_with, struct counter, void);

static int leave_cancelled(const struct counter *c)
{
    struct gate_place never = shared_gate_new();
    left = pool_of_processes(1);
    plait_future *f = plait_submit(left, enter, &never);
    until_come(never, 1);
    for (int i = 0; i < 3; i++) plait_future_detach(plait_submit(left, count_there, c));
    if (plait_executor_shutdown(left, &(plait_shutdown_options){ .deadline = PLAIT_NOW, .cancel = true }) !=
        PLAIT_EAGAIN)
        return -EPROTO;
    plait_future_cancel(f);
    return plait_await(f, NULL) == PLAIT_ETASK ? 0 : -EPROTO;
}
PLAIT_TASK(leave_cancelled, struct counter, void);

static void check_leaves(plait_process *p)
{
    int code = 1, status = 1;
    check(p);
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, 0);
    check(plait_process_exit_code(p, &status));
    check_number(status, 0);
    plait_process_free(p);
}

static void E27_O37_O38_a_program_that_leaves_a_pool_runs_what_is_inside_and_ends(void **unused)
{
    (void)unused;
    struct counter c = counter_new();
    check_leaves(plait_process_start(leave_with, &c));
    check_number(*c.count, 3);
    check_leaves(plait_process_start(leave_cancelled, &c));
    check_number(*c.count, 3);
}

int main(void)
{
    plait_init();
    (void)shared_new(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(X12_a_worker_that_dies_while_it_is_waited_for_does_not_hold_up_the_end),
        cmocka_unit_test(X13_what_cannot_be_sent_any_more_after_a_close_fails_and_the_pool_ends),
        cmocka_unit_test(O23_O24_ten_thousand_slow_ones_that_are_cancelled_are_soon_over_and_each_is_resolved),
        cmocka_unit_test(O22_O26_a_shutdown_closes_and_nothing_goes_in_after_it),
        cmocka_unit_test(E22_O25_braces_wait_for_what_is_inside_and_leave_no_process),
        cmocka_unit_test(E17_a_close_lets_what_is_queued_run),
        cmocka_unit_test(E28_one_that_is_cancelled_at_once_and_a_free),
        cmocka_unit_test(E29_a_free_right_after_a_map),
        cmocka_unit_test(E27_O37_O38_a_program_that_leaves_a_pool_runs_what_is_inside_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
