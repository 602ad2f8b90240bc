/* test_exit.c: the end of the program. Each scene is this program, run again with the scene's name, so that main truly
   returns; what a scene says on stderr, and its exit status, are the evidence. */
#include "check.h"
#include "clock.h"
#include "sanitizers.h"
#include <plait/condition.h>
#include <plait/event.h>
#include <plait/executor.h>
#include <plait/io.h>
#include <plait/queue.h>
#include <plait/report.h>
#include <plait/semaphore.h>
#include <plait/thread.h>
#include <plait/timer.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A daemon that is cut off leaves behind what it was at. ThreadSanitizer waits a second for it, by default, at each end. */
#ifdef TSAN
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "report_thread_leaks=0:die_after_fork=0:atexit_sleep_ms=100"; }
#endif
static int is_cut_off;
#ifdef ASAN
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) { return is_cut_off; }
#endif

static void say(const char *words)
{
    check(write(STDERR_FILENO, words, strlen(words)) == (ssize_t)strlen(words)); /* in one piece, from any thread */
}

/* Set by the first hook: the end has begun. */
static plait_event ending, going;
static void begins(void *unused)
{
    (void)unused;
    plait_event_set(&ending);
}

static plait_thread *start(int (*run)(void *), plait_thread_life life)
{
    plait_thread *t = plait_thread_start(run, NULL, &(plait_thread_start_options){ .name = "late", .life = life });
    check(t);
    return t;
}
static plait_thread *kept[8]; /* so that no thread object is lost */

static int works_on(void *unused)
{
    (void)unused;
    check_code(plait_event_wait(&ending, PLAIT_FOREVER), 0);
    for (int i = 0; i < 200; i++) sched_yield();
    (void)plait_sleep(5 * PLAIT_MILLISECOND); /* main would long be gone */
    say("through\n");
    return 0;
}

static int main_returns(void)
{
    check_code(plait_at_exit(begins, NULL), 0);
    kept[0] = start(works_on, PLAIT_AS_STARTER);
    return 5;
}

static int main_exits(void)
{
    check_code(plait_at_exit(begins, NULL), 0);
    kept[0] = start(works_on, PLAIT_AS_STARTER);
    exit(3);
}

static int exits(void *unused)
{
    (void)unused;
    exit(4);
}

/* Main waits for the one that exits; that one waits for the other, and not for itself. */
static int a_thread_exits(void)
{
    check_code(plait_at_exit(begins, NULL), 0);
    kept[0] = start(works_on, PLAIT_AS_STARTER);
    (void)!plait_thread_join(start(exits, PLAIT_AS_STARTER), NULL, PLAIT_FOREVER);
    return 1;
}

static int starts_another(void *unused)
{
    check_code(plait_event_wait(&ending, PLAIT_FOREVER), 0);
    kept[0] = start(works_on, PLAIT_AS_STARTER);
    return unused != NULL;
}

static int one_is_started_at_the_end(void)
{
    check_code(plait_at_exit(begins, NULL), 0);
    kept[1] = start(starts_another, PLAIT_AS_STARTER);
    return 0;
}

static int goes_on_for_ever(void *unused)
{
    (void)unused;
    plait_event_set(&going);
    (void)!plait_event_wait(&(plait_event)PLAIT_EVENT_INIT, PLAIT_FOREVER);
    say("never said");
    return 0;
}

static int a_daemon_goes_on(void)
{
    kept[0] = start(goes_on_for_ever, PLAIT_DAEMON);
    check_code(plait_event_wait(&going, PLAIT_FOREVER), 0);
    return 0;
}

static int a_detached_one_goes_on(void)
{
    plait_thread_detach(start(goes_on_for_ever, PLAIT_AS_STARTER));
    check_code(plait_event_wait(&going, PLAIT_FOREVER), 0);
    return 0;
}

/* Daemons that are at it in all rooms while the program ends. */
static _Atomic bool over; /* never */
static plait_mutex mutex;
static plait_semaphore semaphore = PLAIT_SEMAPHORE_INIT(1);
static plait_condition condition;
static plait_queue *queue;
static int ends[2];

static int locks(void *unused)
{
    (void)unused;
    while (!over) {
        plait_mutex_lock(&mutex);
        (void)!plait_condition_wait(&condition, &mutex, plait_after(20 * PLAIT_MICROSECOND));
        plait_mutex_unlock(&mutex);
        check_code(plait_semaphore_acquire(&semaphore, PLAIT_FOREVER), 0);
        check_code(plait_semaphore_release(&semaphore, 1), 0);
    }
    return 0;
}
static int passes_on(void *unused)
{
    (void)unused;
    for (int item = 0; !over;) {
        check_code(plait_queue_put(queue, &item, PLAIT_FOREVER), 0);
        check_code(plait_queue_get(queue, &item, PLAIT_FOREVER), 0);
    }
    return 0;
}
static int polls(void *unused)
{
    (void)unused;
    while (!over) check(plait_wait_fd(ends[0], POLLIN, plait_after(50 * PLAIT_MICROSECOND)) < 0);
    return 0;
}
static int returns_at_once(void *unused) { return unused != NULL; }
static int starts_others(void *unused)
{
    (void)unused;
    while (!over) plait_thread_free(start(returns_at_once, PLAIT_AS_STARTER));
    return 0;
}
static int fails(void *unused)
{
    (void)unused;
    return -EIO;
}
static int reports_quietly(const plait_report_info *info, void *unused)
{
    (void)unused;
    return info->text[0] == 0;
}
static int reports(void *unused)
{
    (void)unused;
    while (!over) plait_thread_free(start(fails, PLAIT_AS_STARTER));
    return 0;
}

static int daemons_are_at_it(void)
{
    static int (*const at_it[])(void *) = { locks, locks, passes_on, passes_on, polls, starts_others, reports };
    static const plait_report_hook hook = { .report = reports_quietly };
    is_cut_off = true;
    plait_report_hook_set(&hook);
    queue = plait_queue_new(sizeof(int), 1);
    check_number(pipe(ends), 0);
    for (size_t i = 0; i < sizeof at_it / sizeof *at_it; i++) kept[i] = start(at_it[i], PLAIT_DAEMON);
    (void)plait_sleep(PLAIT_MILLISECOND);
    return 6;
}

static void hook_says(void *words) { say(words); }

static void asks_too_late(void *unused)
{
    (void)unused;
    check_code(plait_at_exit(hook_says, NULL), PLAIT_ECLOSED);
    check_contains(plait_error()->message, "when that had begun");
    say("too late, ");
}

static int hooks_are_called(void)
{
    static char third[] = "third\n", second[] = "second, ";
    check_code(plait_at_exit(hook_says, third), 0);
    check_code(plait_at_exit(hook_says, second), 0);
    check_code(plait_at_exit(asks_too_late, NULL), 0);
    return 0;
}

static int hooks_come_before_threads(void)
{
    static char words[] = "hook, ";
    check_code(plait_at_exit(hook_says, words), 0);
    check_code(plait_at_exit(begins, NULL), 0);
    kept[0] = start(works_on, PLAIT_AS_STARTER);
    return 0;
}

static int agrees(const int *number) { return *number == 7 ? 0 : -EDOM; }
PLAIT_TASK(agrees, int, void);

static int one_pool_is_left(void)
{
    static plait_executor *pool;
    static const int number = 7;
    pool = plait_thread_executor_new(NULL);
    check_code(plait_await(plait_submit(pool, agrees, &number), NULL), 0);
    say("through\n");
    return 0; /* its workers rest: the end ends them */
}
/* The clock is moved until it has been said what is waited for; then that ends. */
static _Atomic bool told;
static int tells(const plait_report_info *info, void *unused)
{
    (void)unused;
    check_string(info->text, "the program ends as soon as thread late has: it is neither detached nor a daemon");
    told = true;
    return 0;
}
static int waits_until_told(void *unused)
{
    (void)unused;
    check_code(plait_event_wait(&ending, PLAIT_FOREVER), 0);
    while (!told) clock_move(PLAIT_SECOND);
    say("through\n");
    return 0;
}
static int one_takes_long(void)
{
    static const plait_report_hook hook = { .report = tells };
    plait_report_hook_set(&hook);
    clock_by_hand();
    check_code(plait_at_exit(begins, NULL), 0);
    kept[0] = start(waits_until_told, PLAIT_AS_STARTER);
    return 0;
}

static int a_child_exits(void)
{
    kept[0] = start(goes_on_for_ever, PLAIT_WAITED_FOR);
    check_code(plait_event_wait(&going, PLAIT_FOREVER), 0);
    check_code(plait_at_exit(begins, NULL), 0);
    pid_t child = fork();
    check(child >= 0);
    if (child == 0) {
        is_cut_off = true;                           /* the parent's other thread is */
        kept[0] = start(works_on, PLAIT_AS_STARTER); /* its own is waited for, its parent's is not there */
        exit(0);
    }
    int status;
    check_number(waitpid(child, &status, 0), child);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

/* The child is left with the thread that serves timers, out of a call: it ends when that returns. */
static plait_event child_seen;
static int forks_and_returns(void *unused)
{
    (void)unused;
    pid_t child = fork();
    check(child >= 0);
    is_cut_off = child == 0;
    if (child == 0) return 0;
    int status;
    check_number(waitpid(child, &status, 0), child);
    check_number(status, 0);
    plait_event_set(&child_seen);
    return 0;
}
static int a_timer_forks(void)
{
    plait_timer *t = plait_timer_start(PLAIT_NOW, forks_and_returns, NULL, NULL);
    check_code(plait_event_wait(&child_seen, PLAIT_FOREVER), 0);
    plait_timer_free(t);
    return 0;
}

/* And a timer that is never freed, or is in the midst of its call, does not hold up the end. */
static int rings(void *unused)
{
    (void)unused;
    plait_event_set(&going);
    (void)!plait_event_wait(&(plait_event)PLAIT_EVENT_INIT, PLAIT_FOREVER);
    return 0;
}
static int timers_are_left(void)
{
    static plait_timer *left[2]; /* so that none is lost */
    left[0] = plait_timer_start(plait_after(3600 * PLAIT_SECOND), rings, NULL, NULL);
    left[1] = plait_timer_start(PLAIT_NOW, rings, NULL, NULL);
    check_code(plait_event_wait(&going, PLAIT_FOREVER), 0);
    return left[0] && left[1] ? 0 : 1;
}

static const struct scene {
    const char *name;
    int (*play)(void);
} scenes[] = {
#define SCENE(name)                                                                                                    \
    {                                                                                                                  \
#name, name                                                                                                    \
    }
    SCENE(main_returns),
    SCENE(main_exits),
    SCENE(a_thread_exits),
    SCENE(one_is_started_at_the_end),
    SCENE(a_daemon_goes_on),
    SCENE(a_detached_one_goes_on),
    SCENE(daemons_are_at_it),
    SCENE(hooks_are_called),
    SCENE(hooks_come_before_threads),
    SCENE(one_pool_is_left),
    SCENE(one_takes_long),
    SCENE(a_child_exits),
    SCENE(a_timer_forks),
    SCENE(timers_are_left),
};

static void play(const char *scene, int expected, const char *words)
{
    int status, pipe_ends[2];
    check_number(pipe(pipe_ends), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
    posix_spawn_file_actions_addclose(&actions, pipe_ends[1]);
    char program[4096] = "", name[64]; /* not the link itself: under valgrind that is valgrind */
    check(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    snprintf(name, sizeof name, "%s", scene);
    pid_t child;
    check_number(posix_spawn(&child, program, &actions, NULL, (char *[]){ program, name, NULL }, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    char text[4096];
    size_t length = 0;
    for (ssize_t got; (got = read(pipe_ends[0], text + length, sizeof text - 1 - length)) > 0;) length += (size_t)got;
    text[length] = 0;
    close(pipe_ends[0]);
    check_number(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != expected || strcmp(text, words) != 0)
        fprintf(stderr, "%s ended with status 0x%x and said: %s\n", scene, (unsigned)status, text);
    check(WIFEXITED(status));
    check_number(WEXITSTATUS(status), expected);
    check_string(text, words);
}

static void T7_at_the_end_all_threads_but_daemons_are_waited_for(void **unused)
{
    (void)unused;
    play("main_returns", 5, "through\n");
    play("one_is_started_at_the_end", 0, "through\n");
}

static void T8_so_it_is_after_exit(void **unused)
{
    (void)unused;
    play("main_exits", 3, "through\n");
    play("a_thread_exits", 4, "through\n");
}

static void T10_a_forked_child_waits_for_its_own(void **unused)
{
    (void)unused;
#ifdef TSAN_OF_GCC
    return;
#endif
    play("a_child_exits", 0, "through\n");
}

static void T11_a_forked_child_ends_with_its_only_thread(void **unused)
{
    (void)unused;
#ifndef TSAN /* it does not survive the end of such a child's only thread */
    play("a_timer_forks", 0, "");
#endif
}

static void T12_timers_are_cut_off(void **unused)
{
    (void)unused;
    play("timers_are_left", 0, "");
}

static void T12_daemons_are_cut_off(void **unused)
{
    (void)unused;
    play("a_daemon_goes_on", 0, "");
    play("a_detached_one_goes_on", 0, "");
}

static void T12_daemons_that_are_at_it_do_no_harm(void **unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) play("daemons_are_at_it", 6, "");
}

static void T21_hooks_are_called_once_the_last_one_first(void **unused)
{
    (void)unused;
    play("hooks_are_called", 0, "too late, second, third\n");
}

static void T21_hooks_are_called_before_threads_are_waited_for(void **unused)
{
    (void)unused;
    play("hooks_come_before_threads", 0, "hook, through\n");
}

static void O38_a_pool_that_was_not_freed_does_not_hold_up_the_end(void **unused)
{
    (void)unused;
    play("one_pool_is_left", 0, "through\n");
}

static void M15_it_is_said_what_the_end_waits_for(void **unused)
{
    (void)unused;
    play("one_takes_long", 0, "through\n");
}

int main(int count, char **arguments)
{
    for (size_t i = 0; count == 2 && i < sizeof scenes / sizeof *scenes; i++)
        if (strcmp(arguments[1], scenes[i].name) == 0) return scenes[i].play();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T7_at_the_end_all_threads_but_daemons_are_waited_for),
        cmocka_unit_test(T8_so_it_is_after_exit),
        cmocka_unit_test(T10_a_forked_child_waits_for_its_own),
        cmocka_unit_test(T11_a_forked_child_ends_with_its_only_thread),
        cmocka_unit_test(T12_timers_are_cut_off),
        cmocka_unit_test(T12_daemons_are_cut_off),
        cmocka_unit_test(T12_daemons_that_are_at_it_do_no_harm),
        cmocka_unit_test(T21_hooks_are_called_once_the_last_one_first),
        cmocka_unit_test(T21_hooks_are_called_before_threads_are_waited_for),
        cmocka_unit_test(O38_a_pool_that_was_not_freed_does_not_hold_up_the_end),
        cmocka_unit_test(M15_it_is_said_what_the_end_waits_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
