/* test_process_output.c: what the workers of a pool write, what is said of their deaths, and what they are started with. */
#include "capture.h"
#include "on_valgrind.h"
#include "runners.h"
#include <fcntl.h>
#include <plait/io.h>
#include <plait/map.h>
#include <plait/process_executor.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static plait_executor *pool(const plait_process_options *o)
{
    plait_executor *ex = plait_process_executor_new(o);
    check(ex);
    return ex;
}

static int writes_in_bits(const int *n, int *out)
{
    char line[64];
    int length = snprintf(line, sizeof line, "line %d of many\n", *n);
    for (int at = 0; at < length; at += 3) {
        int size = length - at < 3 ? length - at : 3;
        if (write(1 + *n % 2, line + at, (size_t)size) != size) return -errno;
    }
    return *out = *n, 0;
}
PLAIT_TASK(writes_in_bits, int, int);

static void M45_lines_of_workers_come_out_whole_and_before_the_pool_has_gone(void **unused)
{
    (void)unused;
    enum { MANY = 2000 };
    static int in[MANY], out[MANY];
    static bool seen[MANY];
    for (int i = 0; i < MANY; i++) in[i] = i;
    int file = new_file(), before[] = { put_in_place_of(1, file), put_in_place_of(2, file) };
    plait_executor *ex = pool(&(plait_process_options){ .workers = 3 });
    int code = plait_map(ex, writes_in_bits, in, MANY, out, NULL);
    plait_executor_free(ex);
    put_back(1, before[0]), put_back(2, before[1]);
    check_code(code, 0);
    char *text = text_of(file), *rest = text, *line, expected[64];
    for (int i = 0; i < MANY; i++) {
        check((line = strsep(&rest, "\n")) && rest);
        int n = atoi(line + strlen("line "));
        snprintf(expected, sizeof expected, "line %d of many", n);
        check_string(line, expected);
        check(n >= 0 && n < MANY && !seen[n]);
        seen[n] = true;
    }
    check_string(rest, "");
    free(text);
}

static int prints(const plait_bytes *text) { return fputs(text->data, stderr) < 0 ? -EIO : 0; }
PLAIT_TASK(prints, plait_bytes, void);

static int prints_and_is_killed(const plait_bytes *text)
{
    fputs(text->data, stderr);
    raise(SIGKILL);
    return 0;
}
PLAIT_TASK(prints_and_is_killed, plait_bytes, void);

/* What the death of a task that has said so says. */
static const char *words_after(plait_executor *ex, const char *text)
{
    check_code(
        plait_await(plait_submit(ex, prints_and_is_killed, (&(plait_bytes){ (void *)(uintptr_t)text, strlen(text) })),
                    NULL),
        PLAIT_EWORKER);
    check_number(plait_error()->signal, SIGKILL);
    check_string(plait_error()->task, "prints_and_is_killed");
    return plait_error()->message;
}

static void M1_a_death_is_told_with_the_last_line_that_the_task_wrote_to_stderr(void **unused)
{
    (void)unused;
    int file = new_file(), before = put_in_place_of(2, file);
    plait_executor *ex = pool(&(plait_process_options){ .workers = 1 });
    check_string(words_after(ex, "one\nthe reactor leaks\n\n"), "killed by SIGKILL, after it said: the reactor leaks");
    check_string(words_after(ex, "one\n  indented, unfinished"),
                 "killed by SIGKILL, after it said: indented, unfinished");
    check_string(words_after(ex, "\033[31mred\033[0m\t\302\233x \303\244\n"),
                 "killed by SIGKILL, after it said: ?[31mred?[0m??x \303\244");
    check_string(words_after(ex, ""), "killed by SIGKILL");
    check_string(words_after(ex, "\n \n"), "killed by SIGKILL");
    char length[1001];
    memset(length, 'l', sizeof length - 1), length[sizeof length - 1] = 0;
    check_contains(words_after(ex, length), "after it said: llllllllll");
    check(strlen(plait_error()->message) < 240);
    plait_executor_free(ex);
    put_back(2, before);
    close(file);
}

static void what_an_earlier_task_said_is_no_death_of_this_one(void **unused)
{
    (void)unused;
    int ends[2];
    check_number(pipe2(ends, O_CLOEXEC), 0);
    int before = put_in_place_of(2, ends[1]);
    plait_executor *ex = pool(&(plait_process_options){ .workers = 1 });
    check_code(plait_await(plait_submit(ex, prints, (&(plait_bytes){ "all is well\n", 12 })), NULL), 0);
    read_up_to(ends[0], "all is well\n"); /* so it was seen */
    check_string(words_after(ex, ""), "killed by SIGKILL");
    plait_executor_free(ex);
    put_back(2, before);
    close(ends[0]), close(ends[1]);
}

static int dies_at_birth(void)
{
    fputs("no such table: numbers\n", stderr);
    raise(SIGKILL);
    return 0;
}
PLAIT_TASK(dies_at_birth, void, void);

static void a_pool_whose_workers_die_at_birth_says_what_they_said(void **unused)
{
    (void)unused;
    int file = new_file(), before = put_in_place_of(2, file);
    plait_executor *ex =
        pool(&(plait_process_options){ .workers = 1, .initializer = &dies_at_birth_plait_task, .grace = -1 });
    int code = plait_await(plait_submit(ex, prints, (&(plait_bytes){ "", 0 })), NULL);
    check_code(code, PLAIT_EBROKEN);
    check_contains(plait_error()->message, "its workers die before their first task");
    check_string(plait_error()->cause->message, "killed by SIGKILL, after it said: no such table: numbers");
    check_number(plait_error()->cause->signal, SIGKILL);
    plait_executor_free(ex);
    put_back(2, before);
    free(text_of(file));
}

static int frees(void *ex)
{
    plait_executor_free(ex);
    return 0;
}

static void M45_results_flow_while_stdout_takes_nothing(void **unused)
{
    (void)unused;
    int ends[2];
    check_number(pipe2(ends, O_CLOEXEC), 0);
    fill_pipe(ends[1]);
    int before = put_in_place_of(1, ends[1]);
    plait_executor *ex = pool(&(plait_process_options){ .workers = 1 });
    for (int i = 0, out; i < 100; i += 2) {
        check_code(plait_await(plait_submit(ex, writes_in_bits, &i), &out), 0);
        check_number(out, i);
    }
    plait_shutdown_options late = { .deadline = plait_after(200 * PLAIT_MILLISECOND) };
    check_code(plait_executor_shutdown(ex, &late), PLAIT_ETIMEDOUT); /* it waits for the output, however long */
    char left[400];
    until((plait_executor_describe(ex, left, sizeof left),
           strstr(left, "; what its workers have written is not out yet")));
    plait_thread *t = plait_thread_start(frees, ex, NULL);
    read_up_to(ends[0], "line 98 of many\n");
    check_code(plait_thread_join(t, NULL, PLAIT_FOREVER), 0);
    plait_thread_free(t);
    put_back(1, before);
    close(ends[0]), close(ends[1]);
}

struct state {
    bool own_group, ignores_interrupts, ignores_quits;
    int niceness, threads;
};
static int tells_its_state(struct state *s)
{
    struct sigaction now;
    s->own_group = getpgrp() == getpid();
    s->ignores_interrupts = sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
    s->ignores_quits = sigaction(SIGQUIT, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
    s->niceness = getpriority(PRIO_PROCESS, 0);
    const char *threads = getenv("OMP_NUM_THREADS");
    s->threads = threads ? atoi(threads) : 0;
    return 0;
}
PLAIT_TASK(tells_its_state, void, struct state);

static void M10_M18_workers_are_deaf_to_ctrl_c_as_nice_as_asked_and_have_the_environment_given(void **unused)
{
    (void)unused;
    char threads[] = "OMP_NUM_THREADS=3";
    const char *environment[] = { threads, NULL };
    plait_executor *ex = pool(&(plait_process_options){ .workers = 1, .niceness = 2, .environment = environment });
    threads[sizeof threads - 2] = '4'; /* it was copied */
    environment[0] = NULL;
    struct state s;
    check_code(plait_await(plait_submit(ex, tells_its_state, NULL), &s), 0);
    int own = getpriority(PRIO_PROCESS, 0);
    check_number(s.niceness, own + 2 > 19 ? 19 : own + 2);
    check_number(s.threads, 3);
    check(s.own_group && s.ignores_interrupts && s.ignores_quits);
    plait_executor_free(ex);
    environment[0] = "=3";
    check(!plait_process_executor_new(&(plait_process_options){ .environment = environment }));
    check_code(plait_error_code(), PLAIT_EINVAL);
}

static int has_a_child_and_goes_on(void)
{
    pid_t child = fork();
    if (child < 0) return -errno;
    printf("%d\n", child ? (int)child : 0);
    fflush(stdout);
    for (;;) pause();
    return 0;
}
PLAIT_TASK(has_a_child_and_goes_on, void, void);

static void M22_what_a_killed_worker_has_started_is_killed_too(void **unused)
{
    (void)unused;
    if (RUNNING_ON_VALGRIND) return; /* where there are no keepers */
    int ends[2];
    check_number(pipe2(ends, O_CLOEXEC), 0);
    int before = put_in_place_of(1, ends[1]);
    plait_executor *ex =
        pool(&(plait_process_options){ .workers = 1, .grace = 10 * PLAIT_MILLISECOND, .shared_output = true });
    plait_future *f = plait_submit(ex, has_a_child_and_goes_on, NULL);
    read_up_to(ends[0], "\n");
    put_back(1, before);
    plait_future_cancel(f);
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    plait_executor_free(ex);
    close(ends[1]);
    char end[64];
    while (plait_read(ends[0], end, sizeof end, PLAIT_FOREVER) > 0) {} /* the child had it open, too */
    close(ends[0]);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M45_lines_of_workers_come_out_whole_and_before_the_pool_has_gone),
        cmocka_unit_test(M1_a_death_is_told_with_the_last_line_that_the_task_wrote_to_stderr),
        cmocka_unit_test(what_an_earlier_task_said_is_no_death_of_this_one),
        cmocka_unit_test(a_pool_whose_workers_die_at_birth_says_what_they_said),
        cmocka_unit_test(M45_results_flow_while_stdout_takes_nothing),
        cmocka_unit_test(M10_M18_workers_are_deaf_to_ctrl_c_as_nice_as_asked_and_have_the_environment_given),
        cmocka_unit_test(M22_what_a_killed_worker_has_started_is_killed_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
