/* What a pool's initializer does for its threads, and to the pool when it fails. */
#include "child.h"
#include "executor/pool.h"
#include "future/tasks.h"
#include <dirent.h>
#include <malloc.h>

#define TEST(name) static void name(void **unused __attribute__((unused)))

static plait_executor *pool_with(int workers, int (*initializer)(void *), void *context)
{
    plait_executor *pool = plait_thread_executor_new(
        &(plait_thread_options){ .workers = workers, .name = "crew", .initializer = initializer, .context = context });
    check(pool);
    return pool;
}

static _Thread_local int initialized;
static int initialize(void *count)
{
    initialized++;
    atomic_fetch_add((_Atomic int *)count, 1);
    return 0;
}

static int pass_initialized(struct gate *const *gate, int *times)
{
    *times = initialized;
    return pass(gate);
}
PLAIT_LOCAL_TASK(pass_initialized, struct gate *, int);

TEST_IN_EACH_KIND(E30_the_initializer_runs_once_in_each_worker_before_its_first_task)
{
    _Atomic int count = 0;
    plait_executor *pool = pool_with(3, initialize, &count);
    check_number(count, 0);
    for (int round = 0; round < 3; round++) {
        struct gate gate = { 0 }, *at = &gate;
        plait_future *fs[10];
        for (int i = 0; i < 10; i++) fs[i] = plait_submit(pool, pass_initialized, &at);
        until_arrived(&gate, 3);
        check_number(count, 3);
        plait_event_set(&gate.open);
        for (int i = 0, times = 0; i < 10; i++) {
            check_code(plait_await(fs[i], &times), 0);
            check_number(times, 1);
        }
    }
    check_number(count, 3);
    plait_executor_free(pool);
}

/* All workers come to the gate, and fail behind it. */
static int fail_behind_gate(void *gate)
{
    struct gate *g = gate;
    int err = pass(&g);
    return err ? err : plait_fail(-ENODEV, "no engine");
}

static void check_broken(plait_future *f)
{
    check_code(plait_await(f, NULL), PLAIT_EBROKEN);
    const plait_error_record *e = plait_error();
    check_string(e->task, "nothing");
    check_contains(e->file, "test_initializer.c");
    check_string(e->message, "pool crew is broken: its initializer failed");
    check(e->cause);
    check_code(e->cause->code, -ENODEV);
    check_string(e->cause->message, "no engine");
}

static int break_a_pool(void *unused)
{
    (void)unused;
    struct gate gate = { 0 };
    plait_executor *pool = pool_with(2, fail_behind_gate, &gate);
    plait_future *fs[20], *cancelled;
    for (int i = 0; i < 20; i++) fs[i] = plait_submit(pool, nothing, NULL);
    cancelled = plait_submit(pool, nothing, NULL);
    until_arrived(&gate, 2);
    check(plait_future_cancel(cancelled));
    check_number(plait_future_get_state(fs[0]), PLAIT_FUTURE_PENDING);
    plait_event_set(&gate.open);
    for (int i = 0; i < 20; i++) check_broken(fs[i]);
    check_code(plait_await(cancelled, NULL), PLAIT_ETASK);
    for (int i = 0; i < 20; i++) {
        plait_future *late = plait_submit(pool, nothing, NULL);
        check_number(plait_future_get_state(late), PLAIT_FUTURE_FINISHED);
        check_broken(late);
    }
    until(statistics_of(pool).idle == 2);
    check_number(statistics_of(pool).finished, 0);
    check_number(statistics_of(pool).queued, 0);
    plait_executor_free(pool);
    check_number(gate.arrived, 2);
    return 0;
}

TEST(E31_E33_E35_an_initializer_that_fails_breaks_the_pool_and_is_reported_once)
{
    char text[1024];
    check_number(child_run(break_a_pool, NULL, text, sizeof text), 0);
    const char *told = strstr(text, "pool crew is broken, its initializer failed: no engine");
    check(told);
    check(!strstr(told + 1, "pool crew"));
}

static _Atomic int starts;
static int fail_as_second(void *unused)
{
    (void)unused;
    return atomic_fetch_add(&starts, 1) == 1 ? 3 : 0; /* without words, and no code either */
}

static plait_executor *own;

static int fork_into_a_breaking_pool(int *code)
{
    PLAIT_FORK(fork, own, nothing, NULL);
    until(plait_waitlist_closed(&fork.fork.waiters)); /* taken by the second, which cannot run it */
    *code = plait_join(&fork, NULL);
    check_string(plait_error()->task, "nothing");
    check_code(plait_error()->cause->code, PLAIT_EINVAL);
    check_contains(plait_error()->cause->message, "returned 3");
    check_code(plait_await(plait_submit(own, nothing, NULL), NULL), PLAIT_EBROKEN);
    return 0;
}
PLAIT_TASK(fork_into_a_breaking_pool, void, int);

static int break_under_a_task(void *unused)
{
    (void)unused;
    int code = 0;
    own = pool_with(2, fail_as_second, NULL);
    check_code(plait_await(plait_submit(own, fork_into_a_breaking_pool, NULL), &code), 0);
    check_code(code, PLAIT_EBROKEN);
    plait_executor_free(own);
    return 0;
}

TEST(E31_what_runs_when_the_pool_breaks_goes_on)
{
    char text[1024];
    check_number(child_run(break_under_a_task, NULL, text, sizeof text), 0);
    check_contains(text, "pool crew is broken, its initializer failed: it returned 3");
}

struct held {
    size_t descriptors, bytes;
};

static size_t entries(const char *folder)
{
    size_t count = 0;
    DIR *d = opendir(folder);
    check(d);
    while (readdir(d)) count++;
    closedir(d);
    return count;
}

static struct held what_is_held(void) { return (struct held){ entries("/proc/self/fd"), mallinfo2().uordblks }; }

static int fail_at_once(void *unused)
{
    (void)unused;
    return plait_fail(-ENODEV, "no engine");
}

/* After the first rounds, in which what is kept for later is made, each must leave as much as it found. */
static int break_many(void *unused)
{
    (void)unused;
    struct held first = { 0 }, last;
    size_t threads = entries("/proc/self/task");
    for (int round = 0; round < 60; round++) {
        plait_executor *pool = pool_with(4, fail_at_once, NULL);
        plait_future *fs[16];
        for (int i = 0; i < 16; i++) fs[i] = plait_submit(pool, nothing, NULL);
        for (int i = 0; i < 16; i++) check_code(plait_await(fs[i], NULL), PLAIT_EBROKEN);
        plait_executor_free(pool);
        check_code(plait_fail(-EIO, "words of another failure"), -EIO);
        if (round == 20) first = what_is_held();
    }
    last = what_is_held();
    until(entries("/proc/self/task") == threads); /* a thread that has been joined may be listed a moment longer */
    check_number(last.descriptors, first.descriptors);
    check(last.bytes < first.bytes + 16384);
    return 0;
}

TEST(E34_an_initializer_that_fails_leaves_no_thread_descriptor_or_memory_behind)
{
    static char text[65536];
    int status = child_run(break_many, NULL, text, sizeof text);
    if (status) fprintf(stderr, "%s\n", text);
    check_number(status, 0);
    check_contains(text, "its initializer failed: no engine");
}

int main(void)
{
    mallopt(M_ARENA_MAX, 1); /* so that all memory is counted */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E30_the_initializer_runs_once_in_each_worker_before_its_first_task),
        cmocka_unit_test(E31_E33_E35_an_initializer_that_fails_breaks_the_pool_and_is_reported_once),
        cmocka_unit_test(E31_what_runs_when_the_pool_breaks_goes_on),
        cmocka_unit_test(E34_an_initializer_that_fails_leaves_no_thread_descriptor_or_memory_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
