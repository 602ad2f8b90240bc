/* test_process_limits.c: what the workers of a pool may use: CPUs, niceness, memory; and what one that gets none says. */
#include "on_valgrind.h"
#include "runners.h"
#include "sanitizers.h"
#include <fcntl.h>
#include <plait/process_executor.h>
#include <plait/queue.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

static plait_executor *pool(const plait_process_options *o)
{
    plait_executor *ex = plait_process_executor_new(o);
    check(ex);
    return ex;
}

/* Two that meet are in two workers. */
struct meeting {
    char path[64];
    int who;
};
static void path_of(const struct meeting *m, int who, char *path, size_t size)
{
    snprintf(path, size, "%s.%d", m->path, who);
}

static int meet(const struct meeting *m, cpu_set_t *cpus)
{
    char path[80];
    path_of(m, m->who, path, sizeof path);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) return -errno;
    close(fd);
    path_of(m, 1 - m->who, path, sizeof path);
    while (access(path, F_OK) != 0) (void)!plait_sleep(PLAIT_MILLISECOND);
    return sched_getaffinity(0, sizeof *cpus, cpus) == 0 ? 0 : -errno;
}
PLAIT_TASK(meet, struct meeting, cpu_set_t);

static void cpus_of_two(const plait_process_options *o, cpu_set_t cpus[2])
{
    struct meeting m = { .path = "/tmp/plait-test-XXXXXX" };
    plait_future *f[2];
    int fd = mkstemp(m.path);
    check(fd >= 0 && close(fd) == 0);
    plait_executor *ex = pool(o);
    for (m.who = 0; m.who < 2; m.who++) f[m.who] = plait_submit(ex, meet, &m);
    for (int i = 0; i < 2; i++) check_code(plait_await(f[i], &cpus[i]), 0);
    plait_executor_free(ex);
    for (int i = 0; i < 2; i++) {
        char path[80];
        path_of(&m, i, path, sizeof path);
        unlink(path);
    }
    unlink(m.path);
}

static void workers_run_on_the_cpus_given_each_on_its_own_if_asked(void **unused)
{
    (void)unused;
    cpu_set_t allowed, cpus[2], both;
    check_number(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    cpus_of_two(&(plait_process_options){ .workers = 2 }, cpus);
    check(CPU_EQUAL(&cpus[0], &allowed) && CPU_EQUAL(&cpus[1], &allowed));
    cpus_of_two(&(plait_process_options){ .workers = 2, .own_cpu = true }, cpus);
    CPU_OR(&both, &cpus[0], &cpus[1]);
    check(CPU_COUNT(&cpus[0]) == 1 && CPU_COUNT(&cpus[1]) == 1);
    check_number(CPU_COUNT(&both), CPU_COUNT(&allowed) > 1 ? 2 : 1);
    int last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &allowed)) last--;
    cpus_of_two(&(plait_process_options){ .workers = 2, .cpus = &last, .cpu_count = 1 }, cpus);
    for (int i = 0; i < 2; i++) check(CPU_COUNT(&cpus[i]) == 1 && CPU_ISSET(last, &cpus[i]));
}

static void a_cpu_that_may_not_be_used_is_refused(void **unused)
{
    (void)unused;
    const int none[] = { -1, CPU_SETSIZE + 7 };
    for (int i = 0; i < 2; i++) {
        check(!plait_process_executor_new(&(plait_process_options){ .cpus = &none[i], .cpu_count = 1 }));
        check_code(plait_error_code(), PLAIT_EINVAL);
        check_contains(plait_error()->message, i ? "workers may not run on CPU 1031: this process may use "
                                                 : "workers may not run on CPU -1: this process may use ");
    }
    check(!plait_process_executor_new(&(plait_process_options){ .cpu_count = 1 }));
    check_code(plait_error_code(), PLAIT_EINVAL);
}

static int nothing(void) { return 0; }
PLAIT_TASK(nothing, void, void);

static void a_limit_that_is_too_low_to_begin_breaks_the_pool_and_says_so(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(&(plait_process_options){ .workers = 1, .memory_limit = 65536 });
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), PLAIT_EBROKEN);
    check_contains(plait_error()->message, "its workers cannot begin");
    check_code(plait_error()->cause->code, PLAIT_ENOMEM);
    check_contains(plait_error()->cause->message, "a memory limit of 64 KiB is too low: a worker has ");
    plait_executor_free(ex);
}

#if !defined TSAN && !defined ASAN /* whose own memory is beyond any limit */
enum { MIB = 1 << 20 };
enum end { FAILS, FAILS_IN_PLAIT, FAULTS, ABORTS, ABORTS_WITH_LITTLE };

static int takes_too_much(const int *end)
{
    static char *volatile all[64];
    size_t most = *end == ABORTS_WITH_LITTLE ? 1 : *end == ABORTS ? 36 : 64;
    if (*end == FAILS_IN_PLAIT) return plait_queue_new(MIB, 128) ? 0 : plait_error_code();
    for (size_t i = 0; i < most; i++) {
        all[i] = malloc(MIB);
        if (*end == FAULTS) all[i][0] = 'x';
        else if (!all[i]) return plait_fail(PLAIT_ENOMEM, "no room for picture %zu", i);
    }
    errno = 0;
    abort();
}
PLAIT_TASK(takes_too_much, int, void);

static void a_task_that_gets_no_memory_fails_with_words_that_name_the_limit(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(&(plait_process_options){ .workers = 1, .memory_limit = 64 * MIB });
    check_code(plait_await(plait_submit(ex, takes_too_much, &(int){ FAILS }), NULL), PLAIT_ENOMEM);
    check_contains(plait_error()->message, "no room for picture ");
    check_contains(plait_error()->message, " (its worker's limit is 64 MiB, and ");
    plait_executor_free(ex);
    ex = pool(&(plait_process_options){ .workers = 1, .memory_limit = 64 * MIB });
    check_code(plait_await(plait_submit(ex, takes_too_much, &(int){ FAILS_IN_PLAIT }), NULL), PLAIT_ENOMEM);
    check_contains(plait_error()->message, " (its worker's limit is 64 MiB, and ");
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), 0);
    plait_executor_free(ex);
}

static void a_crash_for_want_of_memory_names_the_limit_and_another_does_not(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(&(plait_process_options){ .workers = 1, .memory_limit = 64 * MIB });
    check_code(plait_await(plait_submit(ex, takes_too_much, &(int){ FAULTS }), NULL), PLAIT_EWORKER);
    check_contains(plait_error()->message, "killed by SIGSEGV when it got no memory, with ");
    check_contains(plait_error()->message, " MiB in use of its limit of 64 MiB");
    check_code(plait_await(plait_submit(ex, takes_too_much, &(int){ ABORTS }), NULL), PLAIT_EWORKER);
    check_contains(plait_error()->message, "killed by SIGABRT with ");
    check_contains(plait_error()->message, " MiB in use of its limit of 64 MiB");
    check_code(plait_await(plait_submit(ex, takes_too_much, &(int){ ABORTS_WITH_LITTLE }), NULL), PLAIT_EWORKER);
    check_string(plait_error()->message, "killed by SIGABRT");
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), 0);
    plait_executor_free(ex);
}

static int work_with_few_addresses(void)
{
    struct rlimit few = { (rlim_t)2 << 30, (rlim_t)2 << 30 };
    if (setrlimit(RLIMIT_AS, &few) != 0) return -errno;
    plait_executor *ex = plait_process_executor_new(&(plait_process_options){ .workers = 2 });
    if (!ex) return plait_error_code();
    int err = plait_await(plait_submit(ex, nothing, NULL), NULL);
    plait_executor_free(ex);
    return err;
}
PLAIT_TASK(work_with_few_addresses, void, void);

static void a_pool_takes_its_part_of_few_addresses(void **unused)
{
    (void)unused;
    int code = 1;
    if (RUNNING_ON_VALGRIND) skip(); /* which takes more itself */
    plait_process *p = plait_process_start(work_with_few_addresses, NULL);
    check(p);
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, 0);
    plait_process_free(p);
}
#endif

/* All shared memories together have 512 GiB of them. */
static void a_pool_takes_what_others_have_left_of_the_addresses(void **unused)
{
    (void)unused;
    plait_executor *large =
        plait_process_executor_new(&(plait_process_options){ .workers = 1, .shared_limit = (size_t)500 << 30 });
    if (!large) skip(); /* not so many here */
    check_code(plait_fail(-EDOM, "mine"), -EDOM);
    plait_executor *ex = plait_process_executor_new(&(plait_process_options){ .workers = 1 });
    check(ex);
    check_string(plait_error()->message, "mine");
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), 0);
    plait_executor_free(ex);
    plait_executor_free(large);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_run_on_the_cpus_given_each_on_its_own_if_asked),
        cmocka_unit_test(a_cpu_that_may_not_be_used_is_refused),
        cmocka_unit_test(a_limit_that_is_too_low_to_begin_breaks_the_pool_and_says_so),
        cmocka_unit_test(a_pool_takes_what_others_have_left_of_the_addresses),
#if !defined TSAN && !defined ASAN
        cmocka_unit_test(a_task_that_gets_no_memory_fails_with_words_that_name_the_limit),
        cmocka_unit_test(a_crash_for_want_of_memory_names_the_limit_and_another_does_not),
        cmocka_unit_test(a_pool_takes_its_part_of_few_addresses),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
