/* test_process.c: tasks in worker processes: values of each kind there and back, and a worker that dies fails its own task
   and no other. */
#include "base/album.h"
#include <dirent.h>
#include <fcntl.h>
#include <plait/completions.h>
#include <plait/map.h>
#include <plait/process_executor.h>
#include <plait/scope.h>
#include <signal.h>
#include <unistd.h>

static int square(const int *n, int *out) { return *out = *n * *n, 0; }
PLAIT_TASK(square, int, int);
static int nothing(void) { return 0; }
PLAIT_TASK(nothing, void, void);
static int number(int *out) { return *out = getpid(), 0; }
PLAIT_TASK(number, void, int);
struct large {
    unsigned char bytes[5000];
};
static int turn_round(const struct large *in, struct large *out)
{
    for (size_t i = 0; i < sizeof in->bytes; i++) out->bytes[i] = in->bytes[sizeof in->bytes - 1 - i];
    return 0;
}
PLAIT_TASK(turn_round, struct large, struct large);
static int twice(const plait_bytes *in, plait_bytes *out)
{
    int err = plait_bytes_copy(out, NULL, 2 * in->size);
    if (err || !in->size) return err;
    memcpy(out->data, in->data, in->size);
    memcpy((char *)out->data + in->size, in->data, in->size);
    return 0;
}
PLAIT_TASK(twice, plait_bytes, plait_bytes);
static int copy_album(const struct album *in, struct album *out) { return plait_type_copy(album_type, out, in); }
PLAIT_TASK_TYPED(copy_album, struct album, struct album, album_type);

enum { BY_SEGV, BY_ABORT, BY_KILL, BY_EXIT_0, BY_EXIT_1, DEATHS };
static int die(const int *how, int *out)
{
    *out = 1;
    switch (*how) {
    case BY_SEGV:
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
        break;
    case BY_ABORT: signal(SIGABRT, SIG_DFL); abort();
    case BY_KILL: raise(SIGKILL); break;
    case BY_EXIT_0: _exit(0);
    case BY_EXIT_1: _exit(1);
    }
    return 0;
}
PLAIT_TASK(die, int, int);
static int fail_in_words(const int *code) { return plait_fail(*code, "no luck with %d", *code); }
PLAIT_TASK(fail_in_words, int, void);
static int sleep_on(void) { return plait_sleep(100 * PLAIT_SECOND); }
PLAIT_TASK(sleep_on, void, void);
static int compute_for_ever(void)
{
    for (;;) {}
    return 0;
}
PLAIT_TASK(compute_for_ever, void, void);

static size_t descriptors(void)
{
    size_t count = 0;
    DIR *all = opendir("/proc/self/fd");
    check(all);
    while (readdir(all)) count++;
    closedir(all);
    return count;
}

static plait_executor *pool(int workers)
{
    plait_executor *ex = plait_process_executor_new(&(plait_process_options){ .workers = workers });
    check(ex);
    return ex;
}

static void values_of_each_kind_go_there_and_back(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(2);
    int n = 7, out = 0;
    check_code(plait_await(plait_submit(ex, square, &n), &out), 0);
    check_number(out, 49);
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), 0);
    check_code(plait_await(plait_submit(ex, number, NULL), &out), 0);
    check(out != getpid());
    static struct large in, back;
    for (size_t i = 0; i < sizeof in.bytes; i++) in.bytes[i] = (unsigned char)(i % 251);
    check_code(plait_await(plait_submit(ex, turn_round, &in), &back), 0);
    for (size_t i = 0; i < sizeof in.bytes; i++) check_number(back.bytes[i], in.bytes[sizeof in.bytes - 1 - i]);
    plait_bytes b, two;
    check_code(plait_bytes_copy(&b, NULL, 300000), 0);
    memset(b.data, 'x', b.size);
    check_code(plait_await(plait_submit(ex, twice, plait_bytes_take(&b)), &two), 0);
    check(two.size == 600000 && memchr(two.data, 0, two.size) == NULL);
    plait_bytes_clear(&two);
    check_code(plait_await(plait_submit(ex, twice, &(plait_bytes){ NULL, 0 }), &two), 0);
    check_number(two.size, 0);
    plait_bytes_clear(&two);
    struct album album, sent = full;
    sent.left_out = 0;
    check_code(plait_await(plait_submit(ex, copy_album, &full), &album), 0);
    check_copy(&album, &sent);
    plait_type_clear(album_type, &album);
    plait_executor_free(ex);
}

static void M6_many_tasks_and_a_map_keep_their_order(void **unused)
{
    (void)unused;
    enum { MANY = 3000 };
    static int in[MANY], out[MANY];
    plait_executor *ex = pool(2);
    for (int i = 0; i < MANY; i++) in[i] = i;
    check_code(plait_map(ex, square, in, MANY, out, &((plait_map_options){ .chunk = 1 })), 0);
    for (int i = 0; i < MANY; i++) check_number(out[i], i * i);
    plait_executor_statistics s;
    plait_executor_get_statistics(ex, &s);
    check_number(s.submitted, MANY);
    check(s.workers <= 2 && s.failed == 0); /* one may have been enough */
    plait_executor_free(ex);
}

static int sleep_until_told(const plait_bytes *path)
{
    while (access(path->data, F_OK) != 0) (void)!plait_sleep(PLAIT_MILLISECOND);
    return 0;
}
PLAIT_TASK(sleep_until_told, plait_bytes, void);

/* Short tasks are given ahead, several to a worker. When one of them turns out to be long, the others go elsewhere. */
static void what_waits_behind_a_long_task_is_taken_back(void **unused)
{
    (void)unused;
    enum { SHORT = 400 };
    char path[] = "/tmp/plait-test-XXXXXX";
    int fd = mkstemp(path), in[SHORT];
    check(fd >= 0 && close(fd) == 0 && unlink(path) == 0);
    plait_executor *ex = pool(2);
    plait_future *f[SHORT], *last[SHORT];
    for (int i = 0; i < SHORT; i++) in[i] = i, f[i] = plait_submit(ex, square, &in[i]);
    plait_future *slow = plait_submit(ex, sleep_until_told, &(plait_bytes){ path, sizeof path - 1 });
    for (int i = 0; i < SHORT; i++) last[i] = plait_submit(ex, square, &in[i]);
    for (int i = 0; i < 2 * SHORT; i++) {
        int out;
        check_code(plait_await(i < SHORT ? f[i] : last[i - SHORT], &out), 0);
        check_number(out, (i % SHORT) * (i % SHORT));
    }
    check(plait_future_get_state(slow) == PLAIT_FUTURE_RUNNING);
    fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    check(fd >= 0);
    check_code(plait_await(slow, NULL), 0);
    close(fd), unlink(path);
    plait_executor_free(ex);
}

static void a_failure_comes_back_with_its_words(void **unused)
{
    (void)unused;
    int code = PLAIT_EUSER - 3;
    plait_executor *ex = pool(1);
    check_code(plait_await(plait_submit(ex, fail_in_words, &code), NULL), code);
    int line = __LINE__ - 1;
    const plait_error_record *e = plait_error();
    check_string(e->message, "no luck with -10003");
    check_string(e->task, "fail_in_words");
    check_number(e->line, line);
    check(e->pid != getpid() && e->pid > 0);
    code = PLAIT_ETIMEDOUT;
    check_code(plait_await(plait_submit(ex, fail_in_words, &code), NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ETIMEDOUT);
    plait_executor_free(ex);
}

static void M1_a_worker_that_dies_fails_its_own_task_alone(void **unused)
{
    (void)unused;
    static const char *const words[DEATHS] = { "SIGSEGV", "SIGABRT", "SIGKILL", "exited", "exited" };
    plait_executor *ex = pool(2);
    for (int how = 0; how < DEATHS; how++) {
        plait_future *others[20];
        int n[20], out;
        for (int i = 0; i < 10; i++) n[i] = i, others[i] = plait_submit(ex, square, &n[i]);
        plait_future *f = plait_submit(ex, die, &how);
        for (int i = 10; i < 20; i++) n[i] = i, others[i] = plait_submit(ex, square, &n[i]);
        check_code(plait_await(f, &out), PLAIT_EWORKER);
        check_contains(plait_error()->message, words[how]);
        check_string(plait_error()->task, "die");
        check(plait_error()->pid > 0 && plait_error()->pid != getpid());
        for (int i = 0; i < 20; i++) {
            check_code(plait_await(others[i], &out), 0);
            check_number(out, i * i);
        }
    }
    plait_executor_free(ex);
}

static void M2_one_that_always_kills_its_worker_is_told_after_its_attempts(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(1);
    int how = BY_KILL, n = 3, out;
    plait_submit_options o = { .retries = 2 };
    check_code(plait_await(plait_submit_with(ex, &o, die, &how), NULL), PLAIT_EWORKER);
    check_code(plait_await(plait_submit(ex, square, &n), &out), 0);
    check_number(out, 9);
    plait_executor_free(ex);
}

static void M20_M21_a_running_task_is_cancelled_and_one_that_does_not_listen_loses_its_worker(void **unused)
{
    (void)unused;
    plait_executor *ex =
        plait_process_executor_new(&(plait_process_options){ .workers = 1, .grace = 20 * PLAIT_MILLISECOND });
    check(ex);
    int n = 5, out;
    for (int deaf = 0; deaf < 2; deaf++) {
        plait_future *f = deaf ? plait_submit(ex, compute_for_ever, NULL) : plait_submit(ex, sleep_on, NULL);
        while (plait_future_get_state(f) == PLAIT_FUTURE_PENDING) (void)!plait_sleep(PLAIT_MILLISECOND);
        plait_future_cancel(f);
        check_code(plait_await(f, NULL), PLAIT_ETASK);
        check_code(plait_error()->cause->code, PLAIT_ECANCELED);
        check_code(plait_await(plait_submit(ex, square, &n), &out), 0);
    }
    plait_submit_options o = { .limit = 20 * PLAIT_MILLISECOND };
    check_code(plait_await(plait_submit_with(ex, &o, compute_for_ever, NULL), NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ETIMEDOUT);
    check_code(plait_await(plait_submit_with(ex, &o, sleep_on, NULL), NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ETIMEDOUT);
    check_code(plait_await(plait_submit(ex, square, &n), &out), 0);
    plait_executor_free(ex);
}

static int prepared;
static int prepare(const int *value)
{
    return prepared = *value, *value < 0 ? plait_fail(-EIO, "not with %d", *value) : 0;
}
PLAIT_TASK(prepare, int, void);
static int what_is_prepared(int *out) { return *out = prepared, 0; }
PLAIT_TASK(what_is_prepared, void, int);

static void E31_E35_M4_an_initializer_comes_first_and_breaks_the_pool_if_it_fails(void **unused)
{
    (void)unused;
    int value = 12, out;
    plait_process_options o = { .workers = 2, .initializer = &prepare_plait_task, .argument = &value };
    plait_executor *ex = plait_process_executor_new(&o);
    check_code(plait_await(plait_submit(ex, what_is_prepared, NULL), &out), 0);
    check_number(out, 12);
    plait_executor_free(ex);
    value = -1;
    ex = plait_process_executor_new(&o);
    check_code(plait_await(plait_submit(ex, what_is_prepared, NULL), &out), PLAIT_EBROKEN);
    check_contains(plait_error()->message, "its initializer failed");
    check_code(plait_error()->cause->code, -EIO);
    check_contains(plait_error()->cause->message, "not with -1");
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), PLAIT_EBROKEN);
    plait_executor_free(ex);
}

static void M5_workers_are_replaced_after_their_tasks(void **unused)
{
    (void)unused;
    plait_executor *ex = plait_process_executor_new(&(plait_process_options){ .workers = 1, .tasks_per_worker = 2 });
    int pids[6];
    for (int i = 0; i < 6; i++) check_code(plait_await(plait_submit(ex, number, NULL), &pids[i]), 0);
    for (int i = 0; i < 6; i += 2) check(pids[i] == pids[i + 1] && (i == 0 || pids[i] != pids[i - 1]));
    plait_executor_free(ex);
}

static int local(int *const *where) { return **where = 1, 0; }
PLAIT_LOCAL_TASK(local, int *, void);

static void M7_what_cannot_go_there_says_so(void **unused)
{
    (void)unused;
    int n = 0, *where = &n;
    plait_executor *ex = pool(1);
    check_code(plait_await(plait_submit(ex, local, &where), NULL), PLAIT_ENOTSUP);
    check_contains(plait_error()->message, "task local takes pointers");
    plait_executor_free(ex);
    check(!plait_process_executor_new(&(plait_process_options){ .workers = -1 }));
    check_code(plait_error_code(), PLAIT_EINVAL);
}

static void E34_M19_a_pool_that_is_freed_leaves_nothing_behind(void **unused)
{
    (void)unused;
    int n = 2, out;
    plait_executor *ex = pool(1); /* what plait keeps is made */
    check_code(plait_await(plait_submit(ex, square, &n), &out), 0);
    plait_executor_free(ex);
    size_t before = descriptors();
    for (int i = 0; i < 8; i++) {
        ex = pool(2);
        if (i % 4) check_code(plait_await(plait_submit(ex, square, &n), &out), 0);
        plait_executor_free(ex);
    }
    check_number(descriptors(), before);
    check_number(plait_process_list(NULL, 0), 0);
}

static int make_file(const plait_bytes *path)
{
    int fd = open(path->data, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : close(fd);
}
PLAIT_TASK(make_file, plait_bytes, void);

static int begin_and_sleep(const plait_bytes *path)
{
    int err = make_file(path);
    return err ? err : plait_sleep(100 * PLAIT_SECOND);
}
PLAIT_TASK(begin_and_sleep, plait_bytes, void);

static void shutdown_cancels_what_is_queued_and_waits(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(1);
    char path[] = "/tmp/plait-test-XXXXXX";
    int fd = mkstemp(path);
    check(fd >= 0 && close(fd) == 0 && unlink(path) == 0);
    plait_future *running = plait_submit(ex, begin_and_sleep, &(plait_bytes){ path, sizeof path - 1 });
    plait_future *queued = plait_submit(ex, nothing, NULL);
    while (access(path, F_OK) != 0) (void)!plait_sleep(PLAIT_MILLISECOND);
    check_number(unlink(path), 0);
    check_code(plait_executor_shutdown(ex, &(plait_shutdown_options){ .cancel = true, .deadline = PLAIT_NOW }),
               PLAIT_EAGAIN);
    check_contains(plait_error()->message, "begin_and_sleep");
    check_code(plait_await(queued, NULL), PLAIT_ETASK);
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), PLAIT_ECLOSED);
    plait_future_cancel(running);
    check_code(plait_await(running, NULL), PLAIT_ETASK);
    check_code(plait_executor_shutdown(ex, NULL), 0);
    plait_executor_free(ex);
}

static int leave_a_pool(const plait_bytes *path)
{
    plait_future_detach(plait_submit(pool(1), make_file, path));
    return 0;
}
PLAIT_TASK(leave_a_pool, plait_bytes, void);

static void the_end_of_the_program_runs_what_is_left_in_a_pool(void **unused)
{
    (void)unused;
    char path[] = "/tmp/plait-test-XXXXXX";
    int fd = mkstemp(path), code;
    check(fd >= 0 && close(fd) == 0 && unlink(path) == 0);
    plait_process *p = plait_process_start(leave_a_pool, &(plait_bytes){ path, sizeof path - 1 });
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, 0);
    check_number(unlink(path), 0);
    plait_process_free(p);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_each_kind_go_there_and_back),
        cmocka_unit_test(M6_many_tasks_and_a_map_keep_their_order),
        cmocka_unit_test(what_waits_behind_a_long_task_is_taken_back),
        cmocka_unit_test(a_failure_comes_back_with_its_words),
        cmocka_unit_test(M1_a_worker_that_dies_fails_its_own_task_alone),
        cmocka_unit_test(M2_one_that_always_kills_its_worker_is_told_after_its_attempts),
        cmocka_unit_test(M20_M21_a_running_task_is_cancelled_and_one_that_does_not_listen_loses_its_worker),
        cmocka_unit_test(E31_E35_M4_an_initializer_comes_first_and_breaks_the_pool_if_it_fails),
        cmocka_unit_test(M5_workers_are_replaced_after_their_tasks),
        cmocka_unit_test(M7_what_cannot_go_there_says_so),
        cmocka_unit_test(E34_M19_a_pool_that_is_freed_leaves_nothing_behind),
        cmocka_unit_test(shutdown_cancels_what_is_queued_and_waits),
        cmocka_unit_test(the_end_of_the_program_runs_what_is_left_in_a_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
