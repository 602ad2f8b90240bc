/* test_program.c: processes where a whole program is the evidence: it is this one, run again with a scene's name. What a
   scene says on stderr, and its exit status, are looked at. */
#include "clock.h"
#include "ways.h"
#include <fcntl.h>
#include <plait/process_executor.h>
#include <plait/report.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static struct gate the_gate;

static int prints(void)
{
    printf("what nobody reads");
    fprintf(stderr, "nor this");
    return 0;
}
PLAIT_TASK(prints, void, void);

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

static int lets_it_go(const plait_report_info *info, void *unused)
{
    (void)unused;
    fprintf(stderr, "%s", info->text);
    gate_open(&the_gate);
    return 0;
}

static int moves_the_clock(void *unused)
{
    (void)unused;
    for (;;) {
        clock_move(PLAIT_SECOND);
        sched_yield();
    }
    return 0;
}

static int one_takes_long(void)
{
    static const plait_report_hook hook = { .report = lets_it_go };
    plait_init();
    plait_report_hook_set(&hook);
    the_gate = gate_new();
    const plait_process_start_options o = { .name = "slow" };
    check(begin_with(BY_START, &o, &the_gate, waits, &the_gate) != NULL);
    gate_hear(&the_gate);
    clock_by_hand();
    check(plait_thread_start(moves_the_clock, NULL, &(plait_thread_start_options){ .life = PLAIT_DAEMON }) != NULL);
    return 0;
}

static int prints_a_line(void)
{
    printf("%s\n", "what must not come to lie in memory");
    fflush(stdout);
    return 0;
}
PLAIT_TASK(prints_a_line, void, void);

/* Of it and of its workers nothing comes to be written to what has been opened since. */
static int prints_nowhere(void)
{
    int failed = 0;
    plait_executor *pool = plait_process_executor_new(&(plait_process_options){ .workers = 2 });
    if (!pool) return 1;
    for (int i = 0; i < 200; i++) failed += plait_await(plait_submit(pool, prints_a_line, NULL), NULL) != 0;
    plait_executor_free(pool);
    fprintf(stderr, "%d failed", failed);
    return 6;
}

static int closes_stdout(void)
{
    plait_init();
    close(STDOUT_FILENO);
    return prints_nowhere();
}

static int begins_without_stdout(void)
{
    char byte = 0;
    close(STDIN_FILENO), close(STDOUT_FILENO);
    plait_init();
    bool closed =
        write(STDOUT_FILENO, &byte, 1) < 0 && errno == EBADF && read(STDIN_FILENO, &byte, 1) < 0 && errno == EBADF;
    return closed ? prints_nowhere() : 1;
}

static const struct scene {
    const char *name;
    int (*play)(void);
} scenes[] = { { "without_plait_init", without_plait_init },
               { "it_hangs", it_hangs },
               { "it_exits", it_exits },
               { "leaves_some", leaves_some },
               { "one_takes_long", one_takes_long },
               { "begins_without_stdout", begins_without_stdout },
               { "closes_stdout", closes_stdout } };

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
    char program[4096] = "", name[64]; /* not the link itself: under valgrind that is valgrind */
    check(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
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

static void M15_it_is_said_what_the_end_waits_for(void **unused)
{
    (void)unused;
    play("one_takes_long", 0, "the program ends as soon as process slow (pid ");
}

static void what_workers_print_where_stdout_is_closed_goes_nowhere(void **unused)
{
    (void)unused;
    play("begins_without_stdout", 6, "0 failed");
    play("closes_stdout", 6, "0 failed");
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
        cmocka_unit_test(PS22_M11_without_plait_init_nothing_is_started),
        cmocka_unit_test(PS22_one_that_does_not_come_to_plait_init_is_ended_with_a_sentence),
        cmocka_unit_test(PS12_at_the_programs_end_daemons_are_terminated_and_others_waited_for),
        cmocka_unit_test(M15_it_is_said_what_the_end_waits_for),
        cmocka_unit_test(what_workers_print_where_stdout_is_closed_goes_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
