/* test_process_workers.c: how many worker processes there are, when they start, and when another takes the place of one. */
#include "executor/conformance_world.h"
#include "fault.h"
#include "sanitizers.h"
#include <plait/process_executor.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

/* To start a process takes a hundred times as long with a sanitizer's memory to set up, and it needs as much more of it. */
#if defined TSAN || defined ASAN
enum { CROWD = 20, STARTS = 200 };
#else
enum { CROWD = 200, STARTS = 10000 };
#endif

static plait_executor *pool_with(plait_process_options options)
{
    plait_executor *pool = plait_process_executor_new(&options);
    check(pool);
    return pool;
}

static int number(int *out) { return *out = getpid(), 0; }
PLAIT_TASK(number, void, int);

struct seat {
    struct gate_place at;
    int number;
};
static int sit(const struct seat *s, int *pid) { return *pid = getpid(), enter(&s->at); }
PLAIT_TASK(sit, struct seat, int);

static void X19_X20_workers_start_when_there_is_work_and_an_idle_one_is_used_again(void **unused)
{
    (void)unused;
    plait_executor *pool = pool_with((plait_process_options){ .workers = 4 });
    check_number(statistics_of(pool).workers, 0);
    int pids[4], first, pid;
    check_code(plait_await(plait_submit(pool, number, NULL), &first), 0);
    for (int i = 0; i < 20; i++) {
        check_code(plait_await(plait_submit(pool, number, NULL), &pid), 0);
        check_number(pid, first);
    }
    check_number(statistics_of(pool).workers, 1);
    struct seat seat = { shared_gate_new(), 0 };
    plait_future *fs[4];
    for (int i = 0; i < 4; i++) {
        fs[i] = plait_submit(pool, sit, &seat);
        until_come(seat.at, (size_t)i + 1);
        check_number(statistics_of(pool).workers, i + 1);
    }
    plait_future *queued = plait_submit(pool, nothing, NULL);
    open_shared_gate(seat.at);
    check_code(plait_gather(fs, 4, pids, NULL), 0);
    check_code(plait_await(queued, NULL), 0);
    check_number(statistics_of(pool).workers, 4);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++) check(pids[i] != pids[j]);
    plait_executor_free(pool);
}

static void X30_they_are_all_gone_with_the_pool(void **unused)
{
    (void)unused;
    enum { WORKERS = 3 };
    plait_executor *pool = pool_with((plait_process_options){ .workers = WORKERS });
    struct seat seat = { shared_gate_new(), 0 };
    plait_future *fs[WORKERS];
    for (int i = 0; i < WORKERS; i++) fs[i] = plait_submit(pool, sit, &seat);
    until_come(seat.at, WORKERS);
    plait_process_info info[WORKERS];
    int ends[WORKERS];
    check_number(plait_process_list(info, WORKERS), WORKERS);
    for (int i = 0; i < WORKERS; i++) ends[i] = (int)syscall(SYS_pidfd_open, info[i].id, 0);
    open_shared_gate(seat.at);
    check_code(plait_gather(fs, WORKERS, NULL, NULL), 0);
    plait_executor_free(pool);
    check_number(plait_process_list(NULL, 0), 0);
    for (int i = 0; i < WORKERS; i++) {
        if (ends[i] < 0) continue; /* valgrind has none */
        check_number(poll(&(struct pollfd){ ends[i], POLLIN, 0 }, 1, 0), 1);
        close(ends[i]);
    }
}

static int own_square(const int *n, int *pid) { return *pid = getpid(), *n < 0 ? -EDOM : 0; }
PLAIT_TASK(own_square, int, int);

static void X21_X22_X23_O31_each_serves_its_tasks_and_is_replaced(void **unused)
{
    (void)unused;
    enum { MANY = 100, EACH = 7 };
    int in[MANY], pids[MANY], different = 0;
    plait_executor *pool = pool_with((plait_process_options){ .workers = 2, .tasks_per_worker = EACH });
    for (int i = 0; i < MANY; i++) in[i] = i;
    check_code(plait_map(pool, own_square, in, MANY, pids, NULL), 0);
    for (int i = 0; i < MANY; i++) {
        int same = 0, first = 1;
        for (int j = 0; j < MANY; j++) same += pids[j] == pids[i];
        for (int j = 0; j < i; j++) first &= pids[j] != pids[i];
        check(same <= EACH);
        different += first;
    }
    check(different >= MANY / EACH);
    check_code(plait_map(pool, square, in, MANY, pids, NULL), 0);
    for (int i = 0; i < MANY; i++) check_number(pids[i], i * i);
    plait_executor_free(pool);
}

static void O33_no_bound_of_tasks_keeps_the_worker(void **unused)
{
    (void)unused;
    for (int bound = 0; bound < 2; bound++) {
        plait_executor *pool =
            pool_with((plait_process_options){ .workers = 1, .tasks_per_worker = bound ? SIZE_MAX : 0 });
        int first, pid;
        check_code(plait_await(plait_submit(pool, number, NULL), &first), 0);
        for (int i = 0; i < 50; i++) {
            check_code(plait_await(plait_submit(pool, number, NULL), &pid), 0);
            check_number(pid, first);
        }
        plait_executor_free(pool);
    }
}

static void M5_with_a_worker_for_each_task_none_is_lost(void **unused)
{
    (void)unused;
    static int in[STARTS], out[STARTS];
    plait_executor *pool = pool_with((plait_process_options){ .workers = 2, .tasks_per_worker = 1 });
    for (int i = 0; i < STARTS; i++) in[i] = i;
    check_code(plait_map(pool, square, in, STARTS, out, NULL), 0);
    for (int i = 0; i < STARTS; i++) check_number(out[i], i * i);
    plait_executor_free(pool);
    check_number(plait_process_list(NULL, 0), 0);
}

static void X24_a_shutdown_with_a_worker_for_each_task_completes_what_is_queued(void **unused)
{
    (void)unused;
    enum { MANY = 24 };
    struct counter c = counter_new();
    plait_future *fs[MANY];
    plait_executor *pool = pool_with((plait_process_options){ .workers = 2, .tasks_per_worker = 1 });
    for (int i = 0; i < MANY; i++) fs[i] = plait_submit(pool, count_there, &c);
    check_code(plait_executor_shutdown(pool, NULL), 0);
    check_number(*c.count, MANY);
    check_code(plait_gather(fs, MANY, NULL, NULL), 0);
    plait_executor_free(pool);
}

static void X15_M6_however_many_are_submitted_no_submit_waits(void **unused)
{
    (void)unused;
    enum { MANY = 20000 };
    struct gate_place gate = shared_gate_new();
    struct counter c = counter_new();
    plait_executor *pool = pool_with((plait_process_options){ .workers = 1 });
    plait_future *holder = plait_submit(pool, enter, &gate);
    until_come(gate, 1);
    for (int i = 0; i < MANY; i++) plait_future_detach(plait_submit(pool, count_there, &c));
    check_number(*c.count, 0);
    open_shared_gate(gate);
    check_code(plait_await(holder, NULL), 0);
    plait_executor_free(pool);
    check_number(*c.count, MANY);
}

static void X29_where_nothing_can_be_started_a_submit_fails_or_waits_its_turn_and_nothing_hangs(void **unused)
{
    (void)unused;
    enum { BREAKS = 5 }; /* so many births in a row that fail break a pool */
    static const char *const points[] = { "thread", "memory", "descriptor" };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        plait_executor *pool = pool_with((plait_process_options){ .workers = 2 });
        int n = 6, out = 0;
        fault_all(points[i]);
        plait_future *f = plait_submit(pool, square, &n);
        fault_off();
        int code = plait_await(f, &out);
        check(code < 0 || out == 36);
        code = plait_await(plait_submit(pool, square, &n), &out);
        if (fault_requests() < BREAKS) check(code == 0 && out == 36);
        else check(code == 0 || code == PLAIT_EBROKEN); /* on a busy machine the fault may have lasted so long */
        plait_executor_free(pool);
        check_number(plait_process_list(NULL, 0), 0);
    }
}

static void O36_where_one_cannot_be_started_the_others_work_and_are_gone_with_the_pool(void **unused)
{
    (void)unused;
    static const char *const points[] = { "thread", "memory", "descriptor" };
    for (size_t i = 0; i < 12; i++) {
        struct seat seat = { shared_gate_new(), 0 };
        plait_executor *pool = pool_with((plait_process_options){ .workers = 3 });
        plait_future *first = plait_submit(pool, sit, &seat), *more[2];
        until_come(seat.at, 1); /* one is there */
        fault_nth(points[i % 3], 1 + i / 3 * 3);
        for (int j = 0; j < 2; j++) more[j] = plait_submit(pool, sit, &seat);
        open_shared_gate(seat.at);
        check_code(plait_await(first, NULL), 0);
        for (int j = 0; j < 2; j++) {
            int code = plait_await(more[j], NULL);
            check(code == 0 || code == PLAIT_ENOMEM || code == -EMFILE);
        }
        fault_off();
        plait_executor_free(pool);
        check_number(plait_process_list(NULL, 0), 0);
    }
}

static int prepared;
static int prepare(const int *value) { return prepared += *value, 0; }
PLAIT_TASK(prepare, int, void);
static int what_is_prepared(int *out) { return *out = prepared, 0; }
PLAIT_TASK(what_is_prepared, void, int);
static int local(int *const *where) { return **where = 1, 0; }
PLAIT_LOCAL_TASK(local, int *, void);

static void E30_O35_the_initializer_runs_once_in_each_worker(void **unused)
{
    (void)unused;
    int value = 11, *where = &value, in[40], out[40];
    plait_executor *pool = pool_with((plait_process_options){
        .workers = 2, .tasks_per_worker = 5, .initializer = &prepare_plait_task, .argument = &value });
    value = 0; /* it was copied */
    memset(in, 0, sizeof in);
    check_code(plait_map(pool, what_is_prepared, NULL, 40, out, NULL), 0);
    for (int i = 0; i < 40; i++) check_number(out[i], 11);
    plait_executor_free(pool);
    static const plait_task nothing_to_run = { .name = "idle" };
    plait_process_options bad[] = {
        { .initializer = &nothing_to_run },
        { .initializer = &prepare_plait_task },
        { .initializer = &local_plait_task, .argument = &where },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check(!plait_process_executor_new(&bad[i]));
        check_code(plait_error_code(), PLAIT_EINVAL);
        check_contains(plait_error()->message, "initializer");
    }
}

static void E4_O20_a_count_out_of_range_is_refused_and_0_is_that_of_the_CPUs(void **unused)
{
    (void)unused;
    static const int bad[] = { -1, 241 };
    for (int i = 0; i < 2; i++) {
        check(!plait_process_executor_new(&(plait_process_options){ .workers = bad[i] }));
        check_code(plait_error_code(), PLAIT_EINVAL);
        check_contains(plait_error()->message, i ? "241 processes" : "-1 processes");
    }
    plait_executor *pool = pool_with((plait_process_options){ .workers = 0 });
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
    plait_executor_free(pool);
}

/* All come together before one goes, so each is in a process of its own. */
struct meeting_place {
    plait_barrier *barrier;
};
static int meet_all(const struct meeting_place *m, int *pid)
{
    int err = plait_barrier_wait(m->barrier, NULL, PLAIT_FOREVER);
    return *pid = getpid(), err;
}
PLAIT_TASK(meet_all, struct meeting_place, int);
static int fill(const int *n, plait_bytes *out)
{
    int err = plait_bytes_copy(out, NULL, 3000);
    if (!err) memset(out->data, *n & 0x7f, out->size);
    return err;
}
PLAIT_TASK(fill, int, plait_bytes);

static void O40_two_hundred_workers_map_a_thousand_values(void **unused)
{
    (void)unused;
    enum { MANY = 1000 };
    static int in[MANY], out[MANY], pids[CROWD];
    static struct meeting_place places[CROWD];
    static plait_bytes blocks[MANY];
    plait_executor *pool = pool_with((plait_process_options){ .workers = CROWD });
    plait_shared_memory *memory = plait_shared_memory_new(NULL);
    plait_barrier *barrier = memory ? plait_shared_barrier_new(memory, CROWD, 0) : NULL;
    check(barrier);
    for (int i = 0; i < CROWD; i++) places[i].barrier = barrier;
    check_code(plait_map(pool, meet_all, places, CROWD, pids, NULL), 0);
    check_number(statistics_of(pool).workers, CROWD);
    for (int i = 0; i < CROWD; i++)
        for (int j = 0; j < i; j++) check(pids[i] != pids[j]);
    for (int i = 0; i < MANY; i++) in[i] = i;
    check_code(plait_map(pool, square, in, MANY, out, NULL), 0);
    for (int i = 0; i < MANY; i++) check_number(out[i], i * i);
    check_code(plait_map(pool, fill, in, MANY, blocks, NULL), 0);
    for (int i = 0; i < MANY; i++) {
        check_number(blocks[i].size, 3000);
        check_number(((char *)blocks[i].data)[2999], i & 0x7f);
        plait_bytes_clear(&blocks[i]);
    }
    plait_executor_free(pool);
    plait_shared_memory_free(memory);
    check_number(plait_process_list(NULL, 0), 0);
}

int main(void)
{
    fault_off(); /* the hook is there before any thread is, in the workers too */
    plait_init();
    (void)shared_new(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(X19_X20_workers_start_when_there_is_work_and_an_idle_one_is_used_again),
        cmocka_unit_test(X30_they_are_all_gone_with_the_pool),
        cmocka_unit_test(X21_X22_X23_O31_each_serves_its_tasks_and_is_replaced),
        cmocka_unit_test(O33_no_bound_of_tasks_keeps_the_worker),
        cmocka_unit_test(M5_with_a_worker_for_each_task_none_is_lost),
        cmocka_unit_test(X24_a_shutdown_with_a_worker_for_each_task_completes_what_is_queued),
        cmocka_unit_test(X15_M6_however_many_are_submitted_no_submit_waits),
        cmocka_unit_test(X29_where_nothing_can_be_started_a_submit_fails_or_waits_its_turn_and_nothing_hangs),
        cmocka_unit_test(O36_where_one_cannot_be_started_the_others_work_and_are_gone_with_the_pool),
        cmocka_unit_test(E30_O35_the_initializer_runs_once_in_each_worker),
        cmocka_unit_test(E4_O20_a_count_out_of_range_is_refused_and_0_is_that_of_the_CPUs),
        cmocka_unit_test(O40_two_hundred_workers_map_a_thousand_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
