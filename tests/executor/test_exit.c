/* test_exit.c: what becomes of tasks at the end of the program. Each scene is this program, run again with the scene's name;
   what it says, and its exit status, are the evidence. */
#include "clock.h"
#include "future/tasks.h"
#include <plait/report.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static plait_executor *pool;
static plait_event begun, ending;

static void say(const char *words)
{
    check(write(STDOUT_FILENO, words, strlen(words)) == (ssize_t)strlen(words)); /* in one piece, from any thread */
}

static void begins(void *unused)
{
    (void)unused;
    plait_event_set(&ending);
}

/* Has begun when main goes, and would not be through when that has gone, were it not waited for. */
static int lasts(void)
{
    plait_event_set(&begun);
    check_code(plait_event_wait(&ending, PLAIT_FOREVER), 0);
    for (int i = 0; i < 200; i++) sched_yield();
    (void)plait_sleep(5 * PLAIT_MILLISECOND);
    say("through ");
    return 0;
}
PLAIT_TASK(lasts, void, void);

static int queued(void)
{
    say("queued ");
    return 0;
}
PLAIT_TASK(queued, void, void);

static void begin_one(int workers)
{
    check_code(plait_at_exit(begins, NULL), 0);
    pool = plait_thread_executor_new(&(plait_thread_options){ .workers = workers, .name = "crew" });
    check(pool);
    plait_future_detach(plait_submit(pool, lasts, NULL));
    check_code(plait_event_wait(&begun, PLAIT_FOREVER), 0);
}

static int main_returns(void)
{
    begin_one(1);
    plait_future_detach(plait_submit(pool, queued, NULL));
    return 5;
}

static int shut_down_at_once(void)
{
    begin_one(1);
    plait_future_detach(plait_submit(pool, queued, NULL));
    plait_shutdown_options o = { .deadline = PLAIT_NOW, .cancel = true };
    check_code(plait_executor_shutdown(pool, &o), PLAIT_EAGAIN);
    exit(6);
}

/* Its own submits are taken until the end has come to the pool. */
static int submits_until_refused(void)
{
    int err;
    plait_event_set(&begun);
    while ((err = plait_await(plait_submit(pool, nothing, NULL), NULL)) == 0) sched_yield();
    check_code(err, PLAIT_ECLOSED);
    say("refused ");
    return 0;
}
PLAIT_TASK(submits_until_refused, void, void);

static void submits_too_late(void)
{
    check_code(plait_await(plait_submit(pool, queued, NULL), NULL), PLAIT_ECLOSED);
    say("too late ");
    plait_executor_free(pool);
}

static void submits_in_time(void *unused)
{
    (void)unused;
    check_code(plait_await(plait_submit(pool, queued, NULL), NULL), 0);
}

static int submits_at_the_end(void)
{
    check_number(atexit(submits_too_late), 0); /* called after plait's own */
    check_code(plait_at_exit(submits_in_time, NULL), 0);
    pool = pool_of(2);
    plait_future_detach(plait_submit(pool, submits_until_refused, NULL));
    check_code(plait_event_wait(&begun, PLAIT_FOREVER), 0);
    return 7;
}

static int exits(void) { exit(8); }
PLAIT_TASK(exits, void, void);

static int a_task_exits(void)
{
    begin_one(1);
    static plait_executor *own;
    own = pool_of(1);
    (void)!plait_await(plait_submit(own, exits, NULL), NULL);
    return 1;
}

static int uses_the_older_one(void)
{
    plait_event_set(&begun);
    check_code(plait_event_wait(&ending, PLAIT_FOREVER), 0);
    return plait_await(plait_submit(pool, queued, NULL), NULL);
}
PLAIT_TASK(uses_the_older_one, void, void);

static int a_newer_pool_uses_an_older_one(void)
{
    static plait_executor *newer;
    check_code(plait_at_exit(begins, NULL), 0);
    pool = pool_of(1);
    newer = pool_of(1);
    plait_future_detach(plait_submit(newer, uses_the_older_one, NULL));
    check_code(plait_event_wait(&begun, PLAIT_FOREVER), 0);
    return 9;
}

/* The clock is moved until it has been said what is waited for. */
static _Atomic bool told;
static int tells(const plait_report_info *info, void *unused)
{
    (void)unused;
    check_contains(info->text, "the program ends as soon as pool crew has: 1 task runs: waits_until_told (");
    told = true;
    return 0;
}
static int waits_until_told(void)
{
    plait_event_set(&begun);
    check_code(plait_event_wait(&ending, PLAIT_FOREVER), 0);
    while (!told) clock_move(PLAIT_SECOND), sched_yield();
    say("told ");
    return 0;
}
PLAIT_TASK(waits_until_told, void, void);
static int one_takes_long(void)
{
    static const plait_report_hook hook = { .report = tells };
    plait_report_hook_set(&hook);
    clock_by_hand();
    check_code(plait_at_exit(begins, NULL), 0);
    pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 1, .name = "crew" });
    plait_future_detach(plait_submit(pool, waits_until_told, NULL));
    check_code(plait_event_wait(&begun, PLAIT_FOREVER), 0);
    return 10;
}

static const struct scene {
    const char *name;
    int (*play)(void);
} scenes[] = { { "main_returns", main_returns },
               { "shut_down_at_once", shut_down_at_once },
               { "submits_at_the_end", submits_at_the_end },
               { "a_task_exits", a_task_exits },
               { "a_newer_pool_uses_an_older_one", a_newer_pool_uses_an_older_one },
               { "one_takes_long", one_takes_long } };

static void play(const char *scene, int expected, const char *words)
{
    char program[4096], command[4200], text[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    check(length > 0);
    program[length] = 0;
    snprintf(command, sizeof command, "exec '%s' %s 2>&1", program, scene);
    FILE *said = popen(command, "r");
    check(said);
    size_t got = fread(text, 1, sizeof text - 1, said);
    text[got] = 0;
    int status = pclose(said);
    if (strcmp(text, words) != 0) fprintf(stderr, "%s ended with status 0x%x\n", scene, (unsigned)status);
    check_string(text, words);
    check(WIFEXITED(status));
    check_number(WEXITSTATUS(status), expected);
}

static void what_is_inside_of_a_pool_is_run(void **unused)
{
    (void)unused;
    play("main_returns", 5, "through queued ");
    play("a_newer_pool_uses_an_older_one", 9, "queued ");
}

static void E46_what_has_begun_finishes_and_what_is_queued_may_vanish(void **unused)
{
    (void)unused;
    play("shut_down_at_once", 6, "through ");
}

static void E25_a_submit_at_the_end_of_the_program_is_refused(void **unused)
{
    (void)unused;
    play("submits_at_the_end", 7, "queued refused too late ");
}

static void E27_a_task_that_calls_exit_does_not_wait_for_itself(void **unused)
{
    (void)unused;
    play("a_task_exits", 8, "through ");
}

static void M15_it_is_said_what_the_end_waits_for(void **unused)
{
    (void)unused;
    play("one_takes_long", 10, "told ");
}

int main(int count, char **arguments)
{
    for (size_t i = 0; count == 2 && i < sizeof scenes / sizeof *scenes; i++)
        if (strcmp(arguments[1], scenes[i].name) == 0) return scenes[i].play();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_inside_of_a_pool_is_run),
        cmocka_unit_test(E46_what_has_begun_finishes_and_what_is_queued_may_vanish),
        cmocka_unit_test(E25_a_submit_at_the_end_of_the_program_is_refused),
        cmocka_unit_test(E27_a_task_that_calls_exit_does_not_wait_for_itself),
        cmocka_unit_test(M15_it_is_said_what_the_end_waits_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
