/* A task that calls fork(2): in the child its thread is the only one. It comes to its own end there and runs nothing of what
   was submitted in the parent; what it asks about the parent's work says PLAIT_EFORKED. */
#include "future/tasks.h"
#include "on_valgrind.h"
#include "sanitizers.h"
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEST(name) static void name(void **unused __attribute__((unused)))

#ifdef TSAN
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0"; }
#endif

static pid_t home;
static int told[2]; /* a pipe */

static void tell(char what) { check_number(write(told[1], &what, 1), 1); }

static char hear(void)
{
    char what;
    check_number(read(told[0], &what, 1), 1);
    return what;
}

/* Nothing was told but what has been heard, in the parent and in the child, which has ended. */
static void check_silence(void)
{
    tell('.');
    check_number(hear(), '.');
}

enum { AT_EXIT = 7 };
static void leave_child(void)
{
    if (getpid() != home) syscall(SYS_exit_group, AT_EXIT); /* before the sanitizers ask for the parent's threads */
}

/* ThreadSanitizer takes no call to exit from a thread that has ended: there the child leaves a little earlier. */
static void end_of_thread(void *unused)
{
    (void)unused;
    leave_child();
}
static plait_local last = PLAIT_LOCAL_INIT(NULL, NULL, end_of_thread);
#ifdef TSAN
enum { leaves_early = true };
#else
enum { leaves_early = false };
#endif

static void check_child(pid_t child, int expected)
{
    int status;
    check(child > 0);
    check_number(waitpid(child, &status, 0), child);
    check_number(status, expected << 8);
}

static int fork_child(pid_t *child)
{
    fflush(NULL);
    *child = fork();
    if (*child == 0) no_leaks_are_looked_for();
    if (*child == 0 && leaves_early) check_code(plait_local_set(&last, &last), 0);
    return *child < 0 ? -errno : 0;
}

static int forks(struct gate *const *gate, int *child)
{
    int err = pass(gate);
    return err ? err : fork_child(child);
}
PLAIT_LOCAL_TASK(forks, struct gate *, int);

static int tells(void)
{
    tell('t');
    return 0;
}
PLAIT_TASK(tells, void, void);

static void tell_of_end(plait_future *f, void *unused)
{
    (void)f, (void)unused;
    tell('e');
}

/* The child ends as a process does whose last thread ends. */
static void a_task_forks_on(plait_executor *ex)
{
    struct gate gate = { 0 }, *at = &gate;
    int child = 0;
    plait_future *f = plait_submit(ex, forks, &at);
    check_code(plait_future_add_callback(f, tell_of_end, NULL), 0);
    until_arrived(&gate, 1);
    plait_future *others[3];
    for (int i = 0; i < 3; i++) others[i] = plait_submit(ex, tells, NULL);
    plait_event_set(&gate.open);
    check_code(plait_await(f, &child), 0);
    for (int i = 0; i < 3; i++) check_code(plait_await(others[i], NULL), 0);
    check_child(child, AT_EXIT);
    int ends = 0;
    for (int i = 0; i < 4; i++) ends += hear() == 'e';
    check_number(ends, 1);
    check_silence();
}

TEST(on_a_pool_the_child_runs_nothing_of_what_is_queued)
{
    plait_executor *pool = pool_of(1);
    a_task_forks_on(pool);
    plait_executor_free(pool);
}

TEST(on_a_thread_of_its_own_the_child_ends_with_the_task) { a_task_forks_on(plait_thread_per_task_executor()); }

static _Atomic pid_t initializers_child;
static int fork_and_fail(void *unused)
{
    (void)unused;
    pid_t child;
    check_code(fork_child(&child), 0);
    if (child) initializers_child = child;
    return child ? 0 : -EIO;
}

TEST(in_an_initializer_s_child_the_pool_is_left_alone)
{
    plait_executor *pool =
        plait_thread_executor_new(&(plait_thread_options){ .workers = 1, .initializer = fork_and_fail });
    check_code(plait_await(plait_submit(pool, tells, NULL), NULL), 0);
    check_child(initializers_child, AT_EXIT);
    check_number(hear(), 't');
    check_silence();
    plait_executor_free(pool);
}

static plait_executor *own;
static int join_in_child(int *child)
{
    struct gate gate = { 0 }, *at = &gate;
    PLAIT_FORK(fork, own, pass, &at);
    until_arrived(&gate, 1); /* another worker has it */
    int err = fork_child(child);
    if (err) return err;
    if (*child == 0) {
        err = plait_join(&fork, NULL);
        syscall(SYS_exit_group, err == PLAIT_EFORKED ? 1 : 2);
    }
    plait_event_set(&gate.open);
    return plait_join(&fork, NULL);
}
PLAIT_TASK(join_in_child, void, int);

static int leave_in_child(int *child)
{
    struct gate gate = { 0 }, *at = &gate;
    {
        PLAIT_FORK(fork, own, pass, &at);
        until_arrived(&gate, 1);
        int err = fork_child(child);
        if (err) return err;
        if (*child) plait_event_set(&gate.open);
    }
    if (*child == 0) syscall(SYS_exit_group, 1);
    return 0;
}
PLAIT_TASK(leave_in_child, void, int);

TEST(a_fork_that_the_parent_runs_is_not_waited_for_in_the_child)
{
    own = pool_of(2);
    int child;
    check_code(plait_await(plait_submit(own, join_in_child, NULL), &child), 0);
    check_child(child, 1);
    check_code(plait_await(plait_submit(own, leave_in_child, NULL), &child), 0);
    check_child(child, 1);
    plait_executor_free(own);
}

struct mapped {
    struct gate *gate;
    int asked;
    pid_t child;
};

static int next_or_fork(void *value, void *mapped)
{
    struct mapped *m = mapped;
    *(struct gate **)value = m->gate;
    if (m->asked++ < 2) return 0;
    until_arrived(m->gate, 2);
    int err = fork_child(&m->child);
    if (err) return err;
    if (m->child) plait_event_set(&m->gate->open);
    return PLAIT_EDONE;
}

TEST(a_map_ends_in_the_child_of_its_own_function)
{
    struct gate gate = { 0 };
    struct mapped m = { .gate = &gate };
    plait_executor *pool = pool_of(2);
    int err = plait_map(pool, pass, NULL, 0, NULL, &(plait_map_options){ .next = next_or_fork, .context = &m });
    if (getpid() != home) syscall(SYS_exit_group, err == PLAIT_EFORKED ? 1 : 2);
    check_code(err, 0);
    check_child(m.child, 1);
    plait_executor_free(pool);
}

int main(void)
{
#ifdef ASAN
    printf("not with AddressSanitizer: another thread may be inside of its allocator at the fork\n");
    return 0;
#endif
    home = getpid();
    atexit(leave_child);
    check_number(pipe(told), 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_a_pool_the_child_runs_nothing_of_what_is_queued),
        cmocka_unit_test(on_a_thread_of_its_own_the_child_ends_with_the_task),
        cmocka_unit_test(in_an_initializer_s_child_the_pool_is_left_alone),
        cmocka_unit_test(a_fork_that_the_parent_runs_is_not_waited_for_in_the_child),
        cmocka_unit_test(a_map_ends_in_the_child_of_its_own_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
