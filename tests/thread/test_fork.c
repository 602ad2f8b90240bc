/* test_fork.c: a fork in the program's own code: the child can wait, lock and start threads as its parent could. */
#include "child.h"
#include "runners.h"
#include "sanitizers.h"
#include <fcntl.h>
#include <plait/condition.h>
#include <plait/event.h>
#include <plait/io.h>
#include <plait/queue.h>
#include <plait/semaphore.h>
#include <plait/thread.h>
#include <poll.h>
#include <unistd.h>

#ifdef TSAN
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0"; }
#endif

struct echo {
    plait_queue *to, *from;
    plait_semaphore permits;
    plait_event over;
};

static int echoes(void *echo)
{
    struct echo *e = echo;
    for (int item, err; (err = plait_queue_get(e->to, &item, PLAIT_FOREVER)) != PLAIT_ECLOSED;) {
        check_code(err, 0);
        check_code(plait_queue_put(e->from, &item, PLAIT_FOREVER), 0);
        check_code(plait_semaphore_release(&e->permits, 1), 0);
    }
    plait_event_set(&e->over);
    return -3;
}

/* Of everything a little, with a thread of its own. */
static int lives(void *unused)
{
    (void)unused;
    struct echo e = { .to = plait_queue_new(sizeof(int), 1), .from = plait_queue_new(sizeof(int), 0) };
    plait_thread *t = plait_thread_start(echoes, &e, NULL);
    check(t);
    for (int i = 0, item; i < 50; i++) {
        check_code(plait_queue_put(e.to, &i, PLAIT_FOREVER), 0);
        check_code(plait_queue_get(e.from, &item, plait_after(1000 * PLAIT_SECOND)), 0);
        check_number(item, i);
        check_code(plait_semaphore_acquire(&e.permits, PLAIT_FOREVER), 0);
    }
    plait_queue_close(e.to);
    check_code(plait_event_wait(&e.over, PLAIT_FOREVER), 0);
    int result, ends[2];
    check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
    check_number(result, -3);
    plait_thread_free(t);
    plait_queue_free(e.to);
    plait_queue_free(e.from);
    check_number(pipe2(ends, O_CLOEXEC), 0);
    check_code(plait_wait_fd(ends[0], POLLIN, plait_after(PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    check_number(plait_wait_fd(ends[1], POLLOUT, PLAIT_FOREVER), POLLOUT);
    check_code(plait_close(ends[0]), 0);
    check_code(plait_close(ends[1]), 0);
    check_code(plait_sleep(PLAIT_MICROSECOND), 0);
    return 0;
}

static void child_lives(int (*function)(void *), void *argument)
{
    char said[4096];
    int status = child_run(function, argument, said, sizeof said);
    if (status) fputs(said, stderr);
    check_number(status, 0);
}

static void T10_a_child_can_use_threads_locks_and_queues(void **unused)
{
    (void)unused;
    child_lives(lives, NULL); /* before this process has used any */
    lives(NULL);
    child_lives(lives, NULL);
}

static int lives_and_forks(void *unused)
{
    lives(unused);
    child_lives(lives, unused);
    return 0;
}

static void T10_so_can_a_child_s_child(void **unused)
{
    (void)unused;
    child_lives(lives_and_forks, NULL);
}

static int forks(void *unused)
{
    child_lives(lives_and_forks, unused);
    return 0;
}

static void T11_a_fork_from_a_thread_makes_it_the_child_s_main_thread(void **unused)
{
    (void)unused;
    plait_thread *t = plait_thread_start(forks, NULL, NULL);
    check_code(plait_thread_join(t, NULL, PLAIT_FOREVER), 0);
    plait_thread_free(t);
}

TEST_IN_EACH_KIND(every_kind_of_runner_may_fork)
{
#ifdef TSAN
    if (runner_kind != RUNNERS_ARE_THREADS) return; /* in a child it takes all fibers but the forking one for ended */
#endif
    check_code(runner_join(runner_start(forks, NULL)), 0);
}

static plait_mutex held;
static int holds_it_still(void *unused)
{
    (void)unused;
    check(plait_mutex_held(&held));
    plait_mutex_unlock(&held);
    plait_mutex_lock(&held);
    check_code(plait_mutex_lock_until(&held, PLAIT_FOREVER), PLAIT_EDEADLK);
    plait_mutex_unlock(&held);
    return 0;
}

static void a_mutex_that_the_forking_task_held_is_its_in_the_child(void **unused)
{
    (void)unused;
    plait_mutex_lock(&held);
    child_lives(holds_it_still, NULL);
    check(plait_mutex_held(&held));
    plait_mutex_unlock(&held);
}

struct waiting {
    int out, in;
};
static int waits(void *waiting) { return plait_wait_fd(((struct waiting *)waiting)->out, POLLIN, PLAIT_FOREVER); }

static int closes_what_its_parent_waits_for(void *waiting)
{
    struct waiting *w = waiting;
    check_code(plait_wait_fd(w->out, POLLIN, plait_after(PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    check_code(plait_close(w->out), 0); /* nobody waits for it here */
    return 0;
}

TEST_IN_EACH_KIND(a_child_does_not_meet_those_that_wait_in_its_parent)
{
#ifdef TSAN
    if (runner_kind != RUNNERS_ARE_THREADS) return; /* as above */
#endif
    int ends[2];
    check_number(pipe2(ends, O_CLOEXEC), 0);
    struct waiting w = { ends[0], ends[1] };
    struct runner *r = runner_start(waits, &w);
    until_asleep(r);
    child_lives(closes_what_its_parent_waits_for, &w);
    until_asleep(r);
    check(!runner_done(r));
    check_number(write(w.in, "x", 1), 1);
    check_number(runner_join(r), POLLIN);
    check_code(plait_close(w.out), 0);
    check_code(plait_close(w.in), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T10_a_child_can_use_threads_locks_and_queues),
        cmocka_unit_test(T10_so_can_a_child_s_child),
        cmocka_unit_test(T11_a_fork_from_a_thread_makes_it_the_child_s_main_thread),
        cmocka_unit_test(every_kind_of_runner_may_fork),
        cmocka_unit_test(a_mutex_that_the_forking_task_held_is_its_in_the_child),
        cmocka_unit_test(a_child_does_not_meet_those_that_wait_in_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
