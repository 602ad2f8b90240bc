/* test_crashes.c: what those look for who come from pools that break: many crashes among many tasks, kills from outside in the
   midst of a map, pools by the hundred, a worker that cannot be born.

   PLAIT_FAULTS=all makes them larger: ten thousand tasks, a thousand pools. */
#include "clock.h"
#include "held.h"
#include "plan.h"
#include "runners.h"
#include "sanitizers.h"
#include <plait/map.h>
#include <plait/process_executor.h>
#include <plait/report.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined ASAN || defined TSAN
enum { STARTS_ARE_SLOW = 10 };
#else
enum { STARTS_ARE_SLOW = 1 };
#endif

static bool all_of_it(void)
{
    const char *which = getenv("PLAIT_FAULTS");
    return which && strcmp(which, "all") == 0;
}

static plait_executor *pool_of(int workers)
{
    plait_executor *ex = plait_process_executor_new(&(plait_process_options){ .workers = workers });
    check(ex != NULL);
    return ex;
}

static int abort_every_tenth(const int *n, int *out)
{
    if (*n % 10 == 7) {
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    *out = 3 * *n;
    return 0;
}
PLAIT_TASK(abort_every_tenth, int, int);

static void M1_of_many_tasks_one_in_ten_aborts(void **unused)
{
    (void)unused;
    int many = all_of_it() ? 10000 : 1000 / STARTS_ARE_SLOW, results = 0, crashes = 0;
    plait_future **futures = calloc((size_t)many, sizeof *futures);
    plait_executor *ex = pool_of(2);
    int64_t began = plait_time();
    check(futures != NULL);
    for (int i = 0; i < many; i++) futures[i] = plait_submit(ex, abort_every_tenth, &i);
    for (int i = 0; i < many; i++) {
        int out = 0, code = plait_await(futures[i], &out);
        check_code(code, i % 10 == 7 ? PLAIT_EWORKER : 0);
        if (code) check_contains(plait_error()->message, "SIGABRT");
        else check_number(out, 3 * i);
        results += !code, crashes += code != 0;
    }
    print_message("    %d results, %d crashes in %lld ms\n", results, crashes,
                  (long long)((plait_time() - began) / PLAIT_MILLISECOND));
    check_number(crashes, many / 10);
    check_number(results, many - many / 10);
    plait_executor_free(ex);
    free(futures);
}

/* A map in which one worker is killed from outside, with kill -9, while it runs the task that says so. */

enum { ITEMS = 2000, HELD = 777 };

static int square_or_be_held(const int *n, int *out)
{
    *out = *n * *n;
    if (*n != HELD) return 0;
    plan->last = getpid();
    plan->hung = 1;
    for (;;) pause();
}
PLAIT_TASK(square_or_be_held, int, int);

static void *kill_the_held(void *unused)
{
    (void)unused;
    until(plan->hung);
    check_number(kill(plan->last, SIGKILL), 0);
    return NULL;
}

static int see_words(const plait_map_item *item, void *failures)
{
    if (!item->error) return 0;
    check_contains(plait_error()->message, "SIGKILL");
    check_number(plait_error()->pid, plan->last);
    ++*(int *)failures;
    return 0;
}

static void M1_M2_a_worker_is_killed_in_the_midst_of_a_map(void **unused)
{
    (void)unused;
    static int in[ITEMS], out[ITEMS], errors[ITEMS];
    int failures = 0;
    pthread_t killer;
    plan_deaths(BY_KILL, AT_RUNNING, 0, 0);
    plait_executor *ex = pool_of(2);
    for (int i = 0; i < ITEMS; i++) in[i] = i;
    check_number(pthread_create(&killer, NULL, kill_the_held, NULL), 0);
    check_code(plait_map(ex, square_or_be_held, in, ITEMS, out,
                         &(plait_map_options){ .errors = errors, .each = see_words, .context = &failures }),
               0);
    check_number(pthread_join(killer, NULL), 0);
    check_number(failures, 1);
    for (int i = 0; i < ITEMS; i++) {
        check_code(errors[i], i == HELD ? PLAIT_EWORKER : 0);
        if (i != HELD) check_number(out[i], i * i);
    }
    plait_executor_free(ex);
}

static int tell_pid(int *out) { return *out = getpid(), 0; }
PLAIT_TASK(tell_pid, void, int);

static void an_idle_worker_that_is_killed_is_replaced(void **unused)
{
    (void)unused;
    plait_executor *ex = pool_of(1);
    for (int i = 0, pid = 0; i < 5; i++) {
        int before = pid;
        check_code(plait_await(plait_submit(ex, tell_pid, NULL), &pid), 0);
        check(pid != before);
        int end = (int)syscall(SYS_pidfd_open, pid, 0);
        check_number(kill(pid, i % 2 ? SIGTERM : SIGKILL), 0);
        if (end >= 0) check_number(poll(&(struct pollfd){ end, POLLIN, 0 }, 1, -1), 1); /* it begins no more */
        if (end >= 0) close(end);
    }
    plait_executor_free(ex);
}

/* Pools by the hundred. */

static void a_pool_is_made_used_and_freed_a_thousand_times(void **unused)
{
    (void)unused;
    int pools = all_of_it() ? 1000 : 60 / STARTS_ARE_SLOW, n = 1, out;
    plait_executor_free(pool_of(1));
    check_code(plait_await(plait_submit(plait_inline_executor(), abort_every_tenth, &n), &out), 0);
    struct held before = held_now();
    int64_t began = plait_time();
    for (int i = 0; i < pools; i++) {
        plait_executor *ex = pool_of(1 + i % 2);
        plait_future *f[4];
        for (int k = 0; k < 4; k++) f[k] = plait_submit(ex, abort_every_tenth, &n);
        for (int k = 0; k < 4; k++) check_code(plait_await(f[k], &out), 0);
        plait_executor_free(ex);
    }
    print_message("    %d pools, %lld us each\n", pools, (long long)((plait_time() - began) / pools / 1000));
    check(held_no_more_than(before));
    check_number(plait_process_list(NULL, 0), 0);
}

/* Births. By a clock that stands but for what is moved here: each pause is twice as long as the one before, and the fifth
   death breaks the pool. */
static void M4_a_worker_that_dies_at_birth_is_replaced_after_a_pause_and_at_last_given_up(void **unused)
{
    (void)unused;
    int64_t pause = 10 * PLAIT_MILLISECOND;
    clock_by_hand();
    plan_deaths(BY_SEGV, AT_BIRTH, 0, ALWAYS);
    plait_executor *ex = pool_of(1);
    plait_future *f = plait_submit(ex, tell_pid, NULL);
    until(plan->died == 1);
    for (int deaths = 1; deaths < 5; deaths++, pause *= 2) {
        int64_t moved = 0;
        for (; plan->died == deaths; moved += PLAIT_MILLISECOND) {
            clock_move(PLAIT_MILLISECOND);
            nanosleep(&(struct timespec){ 0, 100000 }, NULL);
        }
        check(moved + PLAIT_MILLISECOND >= pause); /* it may have been moved once before the death was seen */
        check_number(plan->died, deaths + 1);
    }
    check_code(plait_await(f, NULL), PLAIT_EBROKEN);
    check_contains(plait_error()->message, "its workers die before their first task");
    check_code(plait_error()->cause->code, PLAIT_EWORKER);
    check_contains(plait_error()->cause->message, "SIGSEGV");
    check_number(plan->died, 5);
    check_code(plait_await(plait_submit(ex, tell_pid, NULL), NULL), PLAIT_EBROKEN);
    plait_executor_free(ex);
    clock_of_the_system();
}

enum { CREW = 8 };

/* Nothing but every other birth succeeds. */
static int die_every_other_time(void)
{
    if (plan->runs++ % 2 == 0) die_by(BY_KILL);
    return 0;
}
PLAIT_TASK(die_every_other_time, void, void);

static int wait_for_the_crew(void)
{
    plan->hung++;
    while (plan->hung < CREW) (void)!plait_sleep(PLAIT_MILLISECOND);
    return 0;
}
PLAIT_TASK(wait_for_the_crew, void, void);

static void M4_births_that_fail_between_others_break_no_pool(void **unused)
{
    (void)unused;
    plan_deaths(BY_KILL, AT_RUNNING, 0, 0);
    plait_executor *ex = plait_process_executor_new(
        &(plait_process_options){ .workers = CREW, .initializer = &die_every_other_time_plait_task });
    check(ex != NULL);
    plait_future *f[CREW];
    for (int i = 0; i < CREW; i++) { /* one after the other: else several may fail before the first success is seen */
        f[i] = plait_submit(ex, wait_for_the_crew, NULL);
        until(plan->hung == i + 1);
    }
    for (int i = 0; i < CREW; i++) check_code(plait_await(f[i], NULL), 0);
    check(plan->runs >= 2 * CREW - 1);
    plait_executor_free(ex);
}

static int keep_quiet(const plait_report_info *info, void *unused)
{
    (void)unused;
    return strstr(info->text, "is broken") ? 0 : -1;
}

int main(void)
{
    static const plait_report_hook quiet = { keep_quiet, NULL };
    plan_look();
    plait_init();
    plan_begin();
    plait_report_hook_set(&quiet);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M1_of_many_tasks_one_in_ten_aborts),
        cmocka_unit_test(M1_M2_a_worker_is_killed_in_the_midst_of_a_map),
        cmocka_unit_test(an_idle_worker_that_is_killed_is_replaced),
        cmocka_unit_test(a_pool_is_made_used_and_freed_a_thousand_times),
        cmocka_unit_test(M4_a_worker_that_dies_at_birth_is_replaced_after_a_pause_and_at_last_given_up),
        cmocka_unit_test(M4_births_that_fail_between_others_break_no_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
