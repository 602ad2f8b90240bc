/* test_end.c: how a process begins and ends: what is called, flushed and waited for, what it has of its starter, and what is
   refused. */
#include "child.h"
#include "on_valgrind.h"
#include "ways.h"
#include <plait/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static struct gate the_gate;

static int goes_through(void *gate)
{
    gate_come_and_wait(gate);
    gate_say(gate, 't');
    return 0;
}

static int never_ends(void *unused)
{
    plait_event never = { 0 };
    (void)unused;
    return plait_event_wait(&never, PLAIT_FOREVER);
}

static int leaves_threads(const struct gate *g)
{
    the_gate = *g;
    check(plait_thread_start(never_ends, NULL, &(plait_thread_start_options){ .life = PLAIT_DAEMON }) != NULL);
    check(plait_thread_start(goes_through, &the_gate, NULL) != NULL);
    return 0;
}
PLAIT_TASK(leaves_threads, struct gate, void);

TEST_BY_EACH_WAY(PS16_its_end_waits_for_its_threads_but_not_for_daemons)
{
    struct gate g = gate_new();
    plait_process *p = begin_with(way, NULL, &g, leaves_threads, &g);
    check_number(gate_hear(&g), 'c');
    check_code(plait_process_join(p, NULL, plait_after(PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    gate_open(&g);
    check_code(join_and_free(p), 0);
    check_number(gate_hear(&g), 't');
    gate_free(&g);
}

static int prints(void)
{
    printf("what nobody reads");
    fprintf(stderr, "nor this");
    return 0;
}
PLAIT_TASK(prints, void, void);

static int has_nobody_to_read(void *way)
{
    int ends[2], status = 77, code = 77;
    check_number(pipe(ends), 0);
    close(ends[0]);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    plait_process *p = begin_by(*(enum way *)way, prints, NULL);
    int err = plait_process_join(p, &code, PLAIT_FOREVER);
    plait_process_exit_code(p, &status);
    plait_process_free(p);
    return err || code || status;
}

TEST_BY_EACH_WAY(PS19_output_that_nobody_reads_does_not_change_how_it_ends)
{
    char text[256];
    check_number(child_run(has_nobody_to_read, &way, text, sizeof text), 0);
    check_string(text, "nor this");
}

static plait_process *of_the_parent;
static int uses_its_parents(void *unused)
{
    (void)unused;
    int code;
    check_code(plait_process_join(of_the_parent, &code, PLAIT_FOREVER), PLAIT_EFORKED);
    check_code(plait_process_kill(of_the_parent), PLAIT_EFORKED);
    check_code(plait_process_terminate(of_the_parent, 0), PLAIT_EFORKED);
    check_code(plait_process_result(of_the_parent, NULL), PLAIT_EFORKED);
    check_number(plait_process_descriptor(of_the_parent), -EBADF);
    check(!plait_process_alive(of_the_parent) && !plait_process_exit_code(of_the_parent, &code));
    check_number(plait_process_list(NULL, 0), 0);
    plait_process_free(of_the_parent);
    return 0;
}

TEST_BY_EACH_WAY(PS20_one_of_another_process_is_not_ones_own)
{
    char text[256];
    struct gate g = gate_new();
    of_the_parent = begin_with(way, NULL, &g, waits, &g);
    gate_hear(&g);
    check_number(child_run(uses_its_parents, NULL, text, sizeof text), 0);
    check_string(text, "");
    gate_open(&g);
    check_code(join_and_free(of_the_parent), 0);
    gate_free(&g);
}

static void PS20_what_did_not_start_is_an_error_that_tells_why(void **unused)
{
    (void)unused;
    int code = 77;
    plait_process *p = plait_process_start_with((&(plait_process_start_options){ .start_limit = -1 }), prints, NULL);
    check(!p);
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), PLAIT_EINVAL);
    check_contains(plait_error()->message, "did its start fail?");
    check_contains(plait_error()->cause->message, "a start limit of -1 ns");
    check_number(code, 77);
    check_code(plait_process_result(p, NULL), PLAIT_EINVAL);
    check_code(plait_process_terminate(p, 0), PLAIT_EINVAL);
    check(!plait_process_alive(p));
    plait_process_free(p);
    check(!plait_process_start(waits, (const struct gate *)NULL));
    check_code(plait_error_code(), PLAIT_EINVAL);
    const int closed[] = { 999 };
    check(!plait_process_start_with((&(plait_process_start_options){ .descriptors = closed, .descriptor_count = 1 }),
                                    prints, NULL));
    check_contains(plait_error()->message, "is to have descriptor 999, which is not open");
    check(!plait_process_fork_with((&(plait_process_start_options){ .descriptors = closed, .descriptor_count = 1 }),
                                   prints, NULL));
    check_code(plait_error_code(), PLAIT_EINVAL);
    check(!plait_process_start_with((&(plait_process_start_options){ .life = (plait_thread_life)9 }), prints, NULL));
    check_contains(plait_error()->message, "of the unknown life 9");
}

static int points(char *const *text)
{
    (void)text;
    return 0;
}
PLAIT_LOCAL_TASK(points, char *, void);

static void a_local_task_is_refused(void **unused)
{
    (void)unused;
    char *text = NULL;
    check(!plait_process_start(points, &text));
    check_code(plait_error_code(), PLAIT_ENOTSUP);
    check_contains(plait_error()->message, "task points is a local one");
}

static _Atomic int interrupts;
static void interrupted(int number)
{
    (void)number;
    interrupts++;
}

static void PS21_M18_an_interrupt_is_the_starters_business(void **unused)
{
    (void)unused;
    struct gate g = gate_new();
    struct sigaction before, action = { .sa_handler = interrupted };
    sigaction(SIGINT, &action, &before);
    plait_process *p = begin_with(BY_START, NULL, &g, waits, &g);
    gate_hear(&g);
    raise(SIGINT);
    check_code(plait_process_signal(p, SIGINT), 0);
    check_code(plait_process_signal(p, SIGQUIT), 0);
    plait_process *q = begin_with(BY_START, NULL, &g, waits, &g);
    gate_open(&g);
    gate_open(&g);
    check_code(join_and_free(p), 0);
    check_code(join_and_free(q), 0);
    check_number(interrupts, 1);
    sigaction(SIGINT, &before, NULL);
    gate_free(&g);
}

static int tells_signals(sigset_t *blocked)
{
    struct sigaction action;
    sigprocmask(SIG_BLOCK, NULL, blocked);
    sigaction(SIGUSR1, NULL, &action);
    return action.sa_handler == SIG_DFL ? 0 : PLAIT_EUSER;
}
PLAIT_TASK(tells_signals, void, sigset_t);

static void one_that_is_started_has_signals_as_by_default(void **unused)
{
    (void)unused;
    sigset_t some, before, blocked;
    signal(SIGUSR1, SIG_IGN);
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigaddset(&some, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &some, &before);
    plait_process *p = plait_process_start(tells_signals, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    signal(SIGUSR1, SIG_DFL);
    check_code(plait_process_join(p, NULL, PLAIT_FOREVER), 0);
    check_code(plait_process_result(p, &blocked), 0);
    for (int number = 1; number < 32; number++) check(!sigismember(&blocked, number));
    plait_process_free(p);
}

static int reads_stdin(int *first)
{
    *first = getchar();
    return 0;
}
PLAIT_TASK(reads_stdin, void, int);

static void one_that_is_started_has_no_stdin_unless_it_is_given(void **unused)
{
    (void)unused;
    int before = dup(STDIN_FILENO), ends[2], first = 0;
    check_number(pipe(ends), 0);
    dup2(ends[0], STDIN_FILENO);
    check_number(write(ends[1], "xy", 2), 2);
    for (int given = 0; given < 2; given++) {
        plait_process *p = plait_process_start_with(
            (&(plait_process_start_options){ .descriptors = &(const int){ 0 }, .descriptor_count = (size_t)given }),
            reads_stdin, NULL);
        check_code(plait_process_join(p, NULL, PLAIT_FOREVER), 0);
        check_code(plait_process_result(p, &first), 0);
        check_number(first, given ? 'x' : EOF);
        plait_process_free(p);
    }
    dup2(before, STDIN_FILENO);
    close(before);
    close(ends[0]);
    close(ends[1]);
}

static int counts_its_descriptors(int *count)
{
    *count = open_descriptors();
    return 0;
}
PLAIT_TASK(counts_its_descriptors, void, int);

static void one_that_is_started_has_no_descriptors_that_it_was_not_given(void **unused)
{
    (void)unused;
    int counts[2];
    struct gate g = gate_new(); /* which an exec would leave open */
    for (int given = 0; given < 2; given++) {
        plait_process *p = begin_with(BY_START, NULL, given ? &g : NULL, counts_its_descriptors, NULL);
        check_code(plait_process_join(p, NULL, PLAIT_FOREVER), 0);
        check_code(plait_process_result(p, &counts[given]), 0);
        plait_process_free(p);
    }
    check_number(counts[0], 4); /* stdin, stdout, stderr, and what it tells its outcome by */
    check_number(counts[1], 8);
    gate_free(&g);
}

static void says_hook(void *what) { gate_say(&the_gate, *(char *)what); }
static void says_parents_hook(void *unused)
{
    (void)unused;
    if (plait_process_id(NULL) != getpid() || strcmp(plait_process_name(NULL), "main") != 0) gate_say(&the_gate, 'P');
}

static int gives_hooks(const struct gate *g)
{
    static char first = '1', second = '2';
    the_gate = *g;
    check_code(plait_at_exit(says_hook, &second), 0);
    return plait_at_exit(says_hook, &first);
}
PLAIT_TASK(gives_hooks, struct gate, void);

TEST_BY_EACH_WAY(PS23_hooks_that_it_was_given_are_called_at_its_end_and_its_parents_are_not)
{
    struct gate g = the_gate = gate_new();
    check_code(plait_at_exit(says_parents_hook, NULL), 0);
    check_code(join_and_free(begin_with(way, NULL, &g, gives_hooks, &g)), 0);
    check_number(gate_hear(&g), '1');
    check_number(gate_hear(&g), '2');
    gate_say(&g, 'e');
    check_number(gate_hear(&g), 'e');
    gate_free(&g);
}

struct generation {
    int left, descriptors;
};
static int forks_on(const struct generation *, int *);
PLAIT_TASK(forks_on, struct generation, int);
static int forks_on(const struct generation *g, int *generations)
{
    struct generation next = { g->left - 1, open_descriptors() };
    check(!g->descriptors || next.descriptors == g->descriptors);
    check_number(plait_process_list(NULL, 0), 0);
    *generations = 1;
    if (!g->left) return 0;
    int code, below = 0;
    plait_process *p = begin_by(BY_FORK, forks_on, &next);
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    int err = code ? code : plait_process_result(p, &below);
    plait_process_free(p);
    *generations += below;
    return err;
}

TEST_BY_EACH_WAY(PS24_nothing_grows_over_generations_of_forks)
{
    int code, generations = 0;
    if (way != BY_FORK) return;
    plait_process *p = begin_by(way, forks_on, (&(struct generation){ 5, 0 }));
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, 0);
    check_code(plait_process_result(p, &generations), 0);
    check_number(generations, 6);
    plait_process_free(p);
}

static void M12_a_fork_beside_threads_is_refused_unless_it_is_asked_for(void **unused)
{
    (void)unused;
    struct gate g = gate_new();
    if (RUNNING_ON_VALGRIND) return;
    plait_thread *t = plait_thread_start(goes_through, &g, NULL);
    gate_hear(&g);
    check(!plait_process_fork(prints, NULL));
    check_code(plait_error_code(), PLAIT_ENOTSUP);
    check_contains(plait_error()->message, "is not forked beside 1 other thread: what they hold would stay locked");
    check_code(join_and_free(begin_with(BY_FORK, NULL, NULL, gives_hooks, &g)), 0);
    gate_open(&g);
    check_code(plait_thread_join(t, NULL, PLAIT_FOREVER), 0);
    plait_thread_free(t);
    gate_free(&g);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PS16_its_end_waits_for_its_threads_but_not_for_daemons),
        cmocka_unit_test(PS19_output_that_nobody_reads_does_not_change_how_it_ends),
        cmocka_unit_test(PS20_one_of_another_process_is_not_ones_own),
        cmocka_unit_test(PS20_what_did_not_start_is_an_error_that_tells_why),
        cmocka_unit_test(a_local_task_is_refused),
        cmocka_unit_test(PS21_M18_an_interrupt_is_the_starters_business),
        cmocka_unit_test(one_that_is_started_has_signals_as_by_default),
        cmocka_unit_test(one_that_is_started_has_no_stdin_unless_it_is_given),
        cmocka_unit_test(one_that_is_started_has_no_descriptors_that_it_was_not_given),
        cmocka_unit_test(PS23_hooks_that_it_was_given_are_called_at_its_end_and_its_parents_are_not),
        cmocka_unit_test(PS24_nothing_grows_over_generations_of_forks),
        cmocka_unit_test(M12_a_fork_beside_threads_is_refused_unless_it_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
