/* test_event_fork.c: an event in a forked child, where those that waited for it are not there, nor who was just changing
   it: it is made anew. */
#include "child.h"
#include "runners.h"
#include "sanitizers.h"
#include <plait/event.h>
#include <plait/thread.h>

#ifdef TSAN
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0"; }
#endif

static int waits(void *event) { return plait_event_wait(event, PLAIT_FOREVER); }

static int makes_it_anew(void *event)
{
    plait_event *e = event;
    *e = (plait_event)PLAIT_EVENT_INIT;
    check(!plait_event_is_set(e));
    plait_thread *t = plait_thread_start(waits, e, NULL);
    check(t);
    until_listed(&e->waiters, 1);
    plait_event_set(e);
    check_code(plait_thread_join(t, NULL, PLAIT_FOREVER), 0);
    plait_thread_free(t);
    check_code(plait_event_wait(e, PLAIT_FOREVER), 0);
    plait_event_clear(e);
    check_code(plait_event_wait(e, PLAIT_NOW), PLAIT_EAGAIN);
    return 0;
}

static void child_lives(int (*function)(void *), void *argument)
{
    char said[2048];
    int status = child_run(function, argument, said, sizeof said);
    if (status) fputs(said, stderr);
    check_number(status, 0);
}

TEST_IN_EACH_KIND(V5_in_a_forked_child_it_can_be_made_anew)
{
#ifdef TSAN_OF_GCC
    return;
#elif defined TSAN
    if (runner_kind != RUNNERS_ARE_THREADS) return; /* in a child it takes all fibers but the forking one for ended */
#endif
    plait_event e = PLAIT_EVENT_INIT;
    struct runner *r[2];
    for (size_t i = 0; i < 2; i++) r[i] = runner_start(waits, &e), until_listed(&e.waiters, i + 1);
    for (int i = 0; i < 2; i++) until_asleep(r[i]);
    child_lives(makes_it_anew, &e);
    plait_waiter *last = plait_waitlist_hold(&e.waiters); /* as if another thread were just setting it */
    child_lives(makes_it_anew, &e);
    plait_waitlist_release(&e.waiters, last);
    for (int i = 0; i < 2; i++) check(runner_asleep(r[i])); /* nothing of that is seen here */
    check(!plait_event_is_set(&e));
    plait_event_set(&e);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
    child_lives(makes_it_anew, &e);
    check(plait_event_is_set(&e));
}

static int finds_it_set(void *event)
{
    check_code(plait_event_wait(event, PLAIT_FOREVER), 0);
    plait_event_clear(event);
    check(!plait_event_is_set(event));
    plait_event_set(event);
    return plait_event_wait(event, PLAIT_NOW);
}

TEST_IN_EACH_KIND(V5_one_that_nobody_waits_for_is_in_a_forked_child_as_it_was)
{
    plait_event e = PLAIT_EVENT_INIT;
    plait_event_set(&e);
    child_lives(finds_it_set, &e);
    plait_event_clear(&e);
    check(!plait_event_is_set(&e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(V5_in_a_forked_child_it_can_be_made_anew),
        cmocka_unit_test(V5_one_that_nobody_waits_for_is_in_a_forked_child_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
