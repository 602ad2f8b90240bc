/* test_process_outcomes.c: whatever goes wrong with one task in a worker process, on the way there, in it or on the way back,
   is that task's own outcome. */
#include "base/album.h"
#include "base/hooks.h"
#include "executor/conformance_world.h"
#include "fault.h"
#include <plait/process_executor.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static plait_executor *pool_with(plait_process_options options)
{
    plait_executor *pool = plait_process_executor_new(&options);
    check(pool);
    return pool;
}
static plait_executor *pool_of_processes(int workers)
{
    return pool_with((plait_process_options){ .workers = workers });
}

static int number(int *out) { return *out = getpid(), 0; }
PLAIT_TASK(number, void, int);
static int number_of_worker(plait_executor *pool)
{
    int pid;
    check_code(plait_await(plait_submit(pool, number, NULL), &pid), 0);
    check(pid != getpid());
    return pid;
}

/* Tells its process, then waits at the gate. */
struct seat {
    struct gate_place at;
    _Atomic int *pid;
};
static int sit(const struct seat *s) { return atomic_store(s->pid, getpid()), enter(&s->at); }
PLAIT_TASK(sit, struct seat, void);
static struct seat seat_new(void) { return (struct seat){ shared_gate_new(), shared_new(sizeof(_Atomic int)) }; }

static void check_right(plait_executor *pool, int n)
{
    int out;
    check_code(plait_await(plait_submit(pool, square, &n), &out), 0);
    check_number(out, n * n);
}

static void X1_X31_one_that_is_killed_fails_its_own_task_and_stops_no_other(void **unused)
{
    (void)unused;
    plait_executor *pool = pool_of_processes(2);
    struct seat stays = seat_new(), goes = seat_new();
    plait_future *kept = plait_submit(pool, sit, &stays);
    until_come(stays.at, 1);
    plait_future *lost = plait_submit(pool, sit, &goes), *queued[10];
    until_come(goes.at, 1);
    check(*stays.pid != *goes.pid);
    for (int i = 0; i < 10; i++) queued[i] = plait_submit(pool, square, &i);
    check_number(kill(*goes.pid, SIGKILL), 0);
    check_code(plait_await(lost, NULL), PLAIT_EWORKER);
    check_number(plait_error()->signal, SIGKILL);
    check_number(plait_error()->pid, *goes.pid);
    for (int i = 0; i < 10; i++) {
        int out;
        check_code(plait_await(queued[i], &out), 0);
        check_number(out, i * i);
    }
    check_number(plait_future_get_state(kept), PLAIT_FUTURE_RUNNING);
    open_shared_gate(stays.at);
    check_code(plait_await(kept, NULL), 0);
    plait_executor_free(pool);
}

static void O34_one_that_is_killed_while_it_rests_is_replaced_and_nothing_fails(void **unused)
{
    (void)unused;
    plait_executor *pool = pool_of_processes(1);
    for (int i = 0; i < 3; i++) {
        int pid = number_of_worker(pool);
        int end = (int)syscall(SYS_pidfd_open, pid, 0);
        check_number(kill(pid, SIGKILL), 0);
        if (end >= 0) check_number(poll(&(struct pollfd){ end, POLLIN, 0 }, 1, -1), 1); /* it has ended */
        if (end >= 0) close(end);
        check_right(pool, i);
        check(number_of_worker(pool) != pid);
    }
    check_number(statistics_of(pool).failed, 0);
    plait_executor_free(pool);
}

enum { BY_SEGV, BY_ABORT, BY_EXIT, BY_EXIT_1, BY_EXIT_AT_ONCE, DEATHS };
static int die(const int *how)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    signal(SIGSEGV, SIG_DFL), signal(SIGABRT, SIG_DFL);
    if (*how == BY_SEGV) raise(SIGSEGV);
    if (*how == BY_ABORT) abort();
    if (*how == BY_EXIT_AT_ONCE) _exit(7);
    exit(*how == BY_EXIT_1);
}
PLAIT_TASK(die, int, void);

static void X3_X5_a_task_that_crashes_or_exits_fails_and_the_pool_goes_on(void **unused)
{
    (void)unused;
    static const char *const words[DEATHS] = { "SIGSEGV", "SIGABRT", "status 0", "status 1", "status 7" };
    plait_executor *pool = pool_with((plait_process_options){ .workers = 2, .name = "crash" });
    for (int how = 0; how < DEATHS; how++) {
        int worker = 0;
        check_code(plait_await(plait_submit(pool, die, &how), NULL), PLAIT_EWORKER);
        check_contains(plait_error()->message, words[how]);
        check_string(plait_error()->task, "die");
        check_contains(plait_error()->file, "test_process_outcomes.c");
        check_number(sscanf(plait_error()->thread, "crash-%d", &worker), 1); /* not the thread that found it dead */
        check(plait_error()->pid > 0 && plait_error()->pid != getpid());
        check_right(pool, how);
    }
    plait_executor_free(pool);
}

static int measure(const plait_bytes *in, size_t *size) { return *size = in->size, 0; }
PLAIT_TASK(measure, plait_bytes, size_t);
static int inflate(const size_t *size, plait_bytes *out)
{
    int err = plait_bytes_copy(out, NULL, *size);
    if (!err) memset(out->data, 'x', *size);
    return err;
}
PLAIT_TASK(inflate, size_t, plait_bytes);

static void X6_X8_M7_what_there_is_no_room_for_fails_by_itself_and_loses_no_worker(void **unused)
{
    (void)unused;
    enum { LIMIT = 8 << 20, LARGE = 64 << 20 };
    plait_executor *pool = pool_with((plait_process_options){ .workers = 1, .shared_limit = LIMIT });
    int pid = number_of_worker(pool);
    plait_bytes large;
    check_code(plait_bytes_copy(&large, NULL, LARGE), 0);
    for (int i = 0; i < 3; i++) {
        check_code(plait_await(plait_submit(pool, measure, &large), NULL), PLAIT_ENOMEM);
        check_string(plait_error()->task, "measure");
        check_right(pool, i);
    }
    plait_bytes_clear(&large);
    check_number(number_of_worker(pool), pid);
    plait_executor_free(pool);
}

static void O30_twenty_results_that_cannot_be_brought_back_lose_no_worker(void **unused)
{
    (void)unused;
    enum { LIMIT = 8 << 20, LARGE = 32 << 20 };
    plait_executor *pool = pool_with((plait_process_options){ .workers = 1, .shared_limit = LIMIT });
    int pid = number_of_worker(pool);
    size_t size = LARGE;
    for (int i = 0; i < 20; i++) {
        check_code(plait_await(plait_submit(pool, inflate, &size), NULL), PLAIT_ENOMEM);
        check_string(plait_error()->task, "inflate");
        check(plait_error()->message[0]);
    }
    size = 1000;
    plait_bytes out;
    check_code(plait_await(plait_submit(pool, inflate, &size), &out), 0);
    check_number(out.size, 1000);
    plait_bytes_clear(&out);
    check_number(number_of_worker(pool), pid);
    plait_executor_free(pool);
}

static int copy_album(const struct album *in, struct album *out) { return plait_type_copy(album_type, out, in); }
PLAIT_TASK_TYPED(copy_album, struct album, struct album, album_type);
static int refuse_memory(const int *nth) { return *nth ? fault_nth("memory", (size_t)*nth) : fault_off(), 0; }
PLAIT_TASK(refuse_memory, int, void);

/* Whichever request for memory is refused, in the worker or here, the task that it was made for fails, and that alone. */
static void refuse_each(bool here)
{
    plait_executor *pool = pool_of_processes(1);
    int failed = 0, pid = number_of_worker(pool), off = 0;
    struct album out, sent = full;
    sent.left_out = 0;
    for (int nth = 1; nth < 60; nth++) {
        if (here) fault_nth("memory", (size_t)nth);
        else check_code(plait_await(plait_submit(pool, refuse_memory, &nth), NULL), 0);
        int code = plait_await(plait_submit(pool, copy_album, &full), &out);
        fault_off();
        if (code) check_code(code, PLAIT_ENOMEM);
        else check_copy(&out, &sent), plait_type_clear(album_type, &out);
        failed += code != 0;
        for (int i = 0; i < 3 && !here; i++) /* the refused one may be this very task's */
            if (plait_await(plait_submit(pool, refuse_memory, &off), NULL) == 0) break;
        check_number(number_of_worker(pool), pid);
    }
    check(failed >= 2);
    plait_executor_free(pool);
}
static void X7_X9_what_cannot_be_read_or_written_in_the_worker_is_the_tasks_own_failure(void **unused)
{
    (void)unused;
    refuse_each(false);
}
static void X11_what_cannot_be_read_here_is_the_tasks_own_failure(void **unused)
{
    (void)unused;
    refuse_each(true);
}

/* Steps of the worker at which one that runs such a task ends, by the hook that main sets. */
static int dies_reading(const plait_bytes *in, plait_bytes *out) { return plait_bytes_copy(out, in->data, in->size); }
PLAIT_TASK(dies_reading, plait_bytes, plait_bytes);
static int dies_writing(const plait_bytes *in, plait_bytes *out) { return plait_bytes_copy(out, in->data, in->size); }
PLAIT_TASK(dies_writing, plait_bytes, plait_bytes);
static void die_at_step(const char *step, const char *task)
{
    if (task && strncmp(task, "dies_", 5) == 0 && strcmp(task + 5, step) == 0) raise(SIGKILL);
}

static void X7_X10_X14_a_death_over_a_large_argument_or_result_holds_nobody_up(void **unused)
{
    (void)unused;
    plait_executor *pool = pool_of_processes(2);
    for (int writing = 0; writing < 2; writing++) {
        plait_bytes large;
        check_code(plait_bytes_copy(&large, NULL, 32 << 20), 0);
        plait_future *f = writing ? plait_submit(pool, dies_writing, plait_bytes_take(&large))
                                  : plait_submit(pool, dies_reading, plait_bytes_take(&large));
        plait_future *other = plait_submit(pool, square, &writing);
        check_code(plait_await(f, NULL), PLAIT_EWORKER);
        check_contains(plait_error()->message, "SIGKILL");
        check_code(plait_await(other, NULL), 0);
        check_right(pool, 5);
    }
    plait_executor_free(pool);
}

static int odd_ones(const int *n, int *out)
{
    if (*n % 10 == 3) return plait_fail(PLAIT_EUSER - *n, "not %d", *n);
    if (*n % 10 == 7) raise(SIGKILL);
    return *out = -*n, 0;
}
PLAIT_TASK(odd_ones, int, int);

static void X27_M9_each_of_a_chunk_has_its_own_outcome(void **unused)
{
    (void)unused;
    enum { MANY = 40 };
    int in[MANY], out[MANY], errors[MANY];
    plait_executor *pool = pool_of_processes(2);
    for (int i = 0; i < MANY; i++) in[i] = i;
    check_code(plait_map(pool, odd_ones, in, MANY, out, &((plait_map_options){ .chunk = 8, .errors = errors })), 0);
    for (int i = 0; i < MANY; i++) {
        check_code(errors[i], i % 10 == 3 ? PLAIT_EUSER - i : i % 10 == 7 ? PLAIT_EWORKER : 0);
        if (!errors[i]) check_number(out[i], -i);
    }
    plait_executor_free(pool);
}

/* Short tasks are given to a worker ahead of their time. One that turns out to stand behind a long one is still to be had. */
static void X28_what_no_worker_has_begun_can_be_cancelled_and_never_runs(void **unused)
{
    (void)unused;
    enum { BEHIND = 12 };
    plait_executor *pool = pool_of_processes(2);
    for (int i = 0; i < 300; i++) check_right(pool, i); /* now it takes them for short */
    struct gate_place gate = shared_gate_new();
    struct counter c = counter_new();
    plait_future *holders[2], *behind[BEHIND];
    for (int i = 0; i < 2; i++) holders[i] = plait_submit(pool, enter_stubbornly, &gate);
    for (int i = 0; i < BEHIND; i++) behind[i] = plait_submit(pool, count_there, &c);
    until_come(gate, 2);
    for (int i = 0; i < BEHIND; i++) plait_future_cancel(behind[i]);
    for (int i = 0; i < BEHIND; i++) { /* while no worker gets on */
        check_code(plait_await(behind[i], NULL), PLAIT_ETASK);
        check_code(plait_error()->cause->code, PLAIT_ECANCELED);
    }
    open_shared_gate(gate);
    for (int i = 0; i < 2; i++) check_code(plait_await(holders[i], NULL), 0);
    plait_executor_free(pool);
    check_number(*c.count, 0);
}

int main(void)
{
    plait_hooks.reached = die_at_step; /* in the workers too */
    fault_off();                       /* the hook is there before any thread is, in the workers too */
    plait_init();
    (void)shared_new(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(X1_X31_one_that_is_killed_fails_its_own_task_and_stops_no_other),
        cmocka_unit_test(O34_one_that_is_killed_while_it_rests_is_replaced_and_nothing_fails),
        cmocka_unit_test(X3_X5_a_task_that_crashes_or_exits_fails_and_the_pool_goes_on),
        cmocka_unit_test(X6_X8_M7_what_there_is_no_room_for_fails_by_itself_and_loses_no_worker),
        cmocka_unit_test(O30_twenty_results_that_cannot_be_brought_back_lose_no_worker),
        cmocka_unit_test(X7_X9_what_cannot_be_read_or_written_in_the_worker_is_the_tasks_own_failure),
        cmocka_unit_test(X11_what_cannot_be_read_here_is_the_tasks_own_failure),
        cmocka_unit_test(X7_X10_X14_a_death_over_a_large_argument_or_result_holds_nobody_up),
        cmocka_unit_test(X27_M9_each_of_a_chunk_has_its_own_outcome),
        cmocka_unit_test(X28_what_no_worker_has_begun_can_be_cancelled_and_never_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
