/* test_end.c: how a process begins and ends: what is called, flushed and waited for, and what becomes of one that goes
   another way. Where a whole program is the evidence, it is this one, run again with the scene's name. */
#include "child.h"
#include "on_valgrind.h"
#include "ways.h"
#include <plait/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

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

/* Scenes. */

static int does_nothing(void) { return 0; }
PLAIT_TASK(does_nothing, void, void);

static int without_plait_init(void)
{
    plait_process *p = plait_process_start(does_nothing, NULL);
    plait_error_print(stderr, plait_error_code());
    return p ? 1 : 3;
}

static int after_a_detour(const char *what)
{
    setenv("PLAIT_TEST_DETOUR", what, 1);
    plait_init();
    plait_process *p = plait_process_start_with(
        (&(plait_process_start_options){ .name = "lost", .start_limit = *what == 'h' ? PLAIT_MILLISECOND : 0 }),
        does_nothing, NULL);
    int code, err = plait_process_join(p, &code, PLAIT_FOREVER);
    fprintf(stderr, "%d %s", err, plait_error()->message);
    plait_process_free(p);
    return code == PLAIT_EWORKER ? 4 : 1;
}
static int it_hangs(void) { return after_a_detour("hangs"); }
static int it_exits(void) { return after_a_detour("exits"); }

static int leaves_some(void)
{
    plait_init();
    the_gate = gate_new();
    const int all[] = { the_gate.come[0], the_gate.come[1], the_gate.go[0], the_gate.go[1] };
    plait_process_start_options o = { .name = "left", .descriptors = all, .descriptor_count = 4 };
    check(plait_process_start_with(&o, prints, NULL) != NULL);
    o.life = PLAIT_DAEMON;
    check(plait_process_start_with(&o, waits, &the_gate) != NULL);
    gate_hear(&the_gate);
    fprintf(stderr, "main, ");
    return 5;
}

static const struct scene {
    const char *name;
    int (*play)(void);
} scenes[] = { { "without_plait_init", without_plait_init },
               { "it_hangs", it_hangs },
               { "it_exits", it_exits },
               { "leaves_some", leaves_some } };

static void play(const char *scene, int expected, const char *words)
{
    int status, ends[2];
    check_number(pipe(ends), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    char program[] = "/proc/self/exe", name[64];
    snprintf(name, sizeof name, "%s", scene);
    pid_t child;
    check_number(posix_spawn(&child, program, &actions, NULL, (char *[]){ program, name, NULL }, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char text[4096];
    size_t length = 0;
    for (ssize_t got; (got = read(ends[0], text + length, sizeof text - 1 - length)) > 0;) length += (size_t)got;
    text[length] = 0;
    close(ends[0]);
    check_number(waitpid(child, &status, 0), child);
    check_contains(text, words);
    check(WIFEXITED(status));
    check_number(WEXITSTATUS(status), expected);
}

static void PS22_M11_without_plait_init_nothing_is_started(void **unused)
{
    (void)unused;
    play("without_plait_init", 3, "process-1 is not started: the program does not call plait_init() first in main");
}

static void PS22_one_that_does_not_come_to_plait_init_is_ended_with_a_sentence(void **unused)
{
    (void)unused;
    play("it_hangs", 4, "0 it did not come to plait_init() in time, which is to be called first in main");
    play("it_exits", 4,
         "0 it exited with status 9 before it came to plait_init(), which is to be called first in main");
}

static void PS12_at_the_programs_end_daemons_are_terminated_and_others_waited_for(void **unused)
{
    (void)unused;
    play("leaves_some", 5, "nor this");
}

int main(int count, char **arguments)
{
    const char *detour = getenv("PLAIT_TEST_DETOUR");
    if (detour && getenv("PLAIT_WORKER")) {
        if (*detour == 'e') exit(9);
        for (;;) pause();
    }
    for (size_t i = 0; count == 2 && i < sizeof scenes / sizeof *scenes; i++)
        if (strcmp(arguments[1], scenes[i].name) == 0 && !getenv("PLAIT_WORKER")) return scenes[i].play();
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
        cmocka_unit_test(PS23_hooks_that_it_was_given_are_called_at_its_end_and_its_parents_are_not),
        cmocka_unit_test(PS24_nothing_grows_over_generations_of_forks),
        cmocka_unit_test(M12_a_fork_beside_threads_is_refused_unless_it_is_asked_for),
        cmocka_unit_test(PS22_M11_without_plait_init_nothing_is_started),
        cmocka_unit_test(PS22_one_that_does_not_come_to_plait_init_is_ended_with_a_sentence),
        cmocka_unit_test(PS12_at_the_programs_end_daemons_are_terminated_and_others_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
