/* test_alive.c: which threads there are: the list, daemons, and what is left of them in a forked child. */
#include "child.h"
#include "runners.h"
#include "sanitizers.h"
#include <plait/event.h>
#include <plait/executor.h>
#include <plait/thread.h>
#include <pthread.h>
#include <unistd.h>

#ifdef TSAN
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0"; }
#endif

enum { ROOM = 16 };

static int waits(void *event) { return plait_event_wait(event, PLAIT_FOREVER); }

static plait_thread *start(int (*run)(void *), void *argument, const char *name, plait_thread_life life)
{
    plait_thread *t = plait_thread_start(run, argument, &(plait_thread_start_options){ .name = name, .life = life });
    check(t);
    return t;
}

static void end(plait_thread *t)
{
    int result;
    check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
    check_code(result, 0);
    plait_thread_free(t);
}

static void T22_the_list_has_those_that_have_not_ended(void **unused)
{
    (void)unused;
    static const char longer[] = "a name that is a good deal longer than what anybody has room for in a list of names";
    static const char *const names[3] = { "one", "two", longer };
    plait_event go[3] = { PLAIT_EVENT_INIT, PLAIT_EVENT_INIT, PLAIT_EVENT_INIT };
    plait_thread *t[3];
    plait_thread_info list[ROOM];
    check_number(plait_thread_list(list, ROOM), 0);
    for (int i = 0; i < 3; i++) t[i] = start(waits, &go[i], names[i], i == 1 ? PLAIT_DAEMON : PLAIT_AS_STARTER);
    until(plait_thread_list(list, ROOM) == 3 && list[0].id && list[1].id && list[2].id);
    check_string(list[0].name, "one");
    check_string(list[1].name, "two");
    check_number(strlen(list[2].name), sizeof list[2].name - 1);
    check(strncmp(list[2].name, longer, sizeof list[2].name - 1) == 0);
    check(list[0].id != list[1].id && list[0].id != gettid());
    check(!list[0].daemon && list[1].daemon && !list[2].daemon && !list[0].detached);
    memset(&list[1], 0, sizeof list[1]);
    check_number(plait_thread_list(list, 1), 3); /* as many as there is room for */
    check_string(list[1].name, "");
    check_number(plait_thread_list(NULL, 0), 3);

    plait_event_set(&go[1]);
    check_code(plait_thread_join(t[1], NULL, PLAIT_FOREVER), 0);
    check_number(plait_thread_list(list, ROOM), 2); /* once joined, before it is freed */
    check_string(list[0].name, "one");
    check(strncmp(list[1].name, longer, 10) == 0);
    plait_thread_free(t[1]);
    plait_thread_detach(t[0]);
    check_number(plait_thread_list(list, ROOM), 2);
    check(list[0].detached && !list[1].detached);
    plait_event_set(&go[0]);
    plait_event_set(&go[2]);
    plait_thread_free(t[2]);
    until(plait_thread_list(list, ROOM) == 0);
}

static int answers(const int *number) { return *number; }
PLAIT_TASK(answers, int, void);

static void T22_a_pool_s_threads_are_on_the_list(void **unused)
{
    (void)unused;
    plait_thread_info list[ROOM];
    int zero = 0;
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .name = "crew" });
    check_code(plait_await(plait_submit(pool, answers, &zero), NULL), 0);
    check(plait_thread_list(list, ROOM) >= 1);
    check_string(list[0].name, "crew-1");
    plait_executor_free(pool);
    check_number(plait_thread_list(list, ROOM), 0);
}

static int tells_whether_it_is_a_daemon(void *unused)
{
    (void)unused;
    return plait_thread_is_daemon(NULL) ? -1 : -2;
}

static int of_each_life(void *unused)
{
    (void)unused;
    int said = 0, result;
    for (plait_thread_life life = PLAIT_AS_STARTER; life <= PLAIT_DAEMON; life++) {
        plait_thread *t = start(tells_whether_it_is_a_daemon, NULL, "heir", life);
        bool daemon = plait_thread_is_daemon(t);
        check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
        check_number(result, daemon ? -1 : -2);
        plait_thread_free(t);
        said = 10 * said + daemon;
    }
    return -said;
}

static void T6_a_thread_is_a_daemon_if_its_starter_is_unless_it_is_told(void **unused)
{
    (void)unused;
    int result;
    check(!plait_thread_is_daemon(NULL));
    check_number(of_each_life(NULL), -1); /* 0 0 1 */
    plait_thread *t = start(of_each_life, NULL, "daemon", PLAIT_DAEMON);
    check(plait_thread_is_daemon(t));
    check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
    check_number(result, -101);
    plait_thread_free(t);
    t = start(of_each_life, NULL, "no daemon", PLAIT_WAITED_FOR);
    check(!plait_thread_is_daemon(t));
    check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
    check_number(result, -1);
    plait_thread_free(t);
}

static int starts_one(const int *unused)
{
    (void)unused;
    return of_each_life(NULL);
}
PLAIT_TASK(starts_one, int, void);

static void what_a_pool_s_task_starts_is_no_daemon(void **unused)
{
    (void)unused;
    int zero = 0;
    plait_executor *pool = plait_thread_executor_new(NULL);
    check_code(plait_await(plait_submit(pool, starts_one, &zero), NULL), -1);
    plait_executor_free(pool);
}

static void an_unknown_life_is_refused(void **unused)
{
    (void)unused;
    check(!plait_thread_start(waits, NULL, &(plait_thread_start_options){ .life = (plait_thread_life)9 }));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check_contains(plait_error()->message, "unknown life 9");
}

/* In a child. */

struct family {
    plait_thread *other, *through; /* it runs in the parent; it had ended, and failed, before the fork */
    plait_thread *forking;         /* or NULL for main */
    plait_event known, go;         /* forking is set; other may end */
};

static int looks_around(void *family)
{
    struct family *f = family;
    plait_thread_info list[ROOM];
    int result = 1;
    check_number(plait_thread_list(list, ROOM), f->forking != NULL);
    check_code(plait_thread_join(f->other, NULL, PLAIT_FOREVER), PLAIT_EFORKED); /* at once */
    check_contains(plait_error()->message, "thread other");
    check_code(plait_thread_join(f->other, NULL, PLAIT_NOW), PLAIT_EFORKED);
    check_string(plait_thread_name(f->other), "other");
    check_code(plait_thread_join(f->through, &result, PLAIT_NOW), 0);
    check_code(result, -EIO);
    if (f->forking) {
        check_string(list[0].name, "forking");
        check_string(plait_thread_name(NULL), "forking");
        check_code(plait_thread_join(f->forking, NULL, PLAIT_FOREVER), PLAIT_EDEADLK);
    }
    plait_event done = PLAIT_EVENT_INIT;
    plait_thread *mine = start(waits, &done, "mine", PLAIT_AS_STARTER);
    check_number(plait_thread_list(list, ROOM), 1 + (f->forking != NULL));
    plait_event_set(&done);
    end(mine);
    plait_thread_free(f->other);
    plait_thread_detach(f->through);
    return 0;
}

static int forks(void *family)
{
    char said[2048];
    check_code(plait_event_wait(&((struct family *)family)->known, PLAIT_FOREVER), 0);
    int status = child_run(looks_around, family, said, sizeof said);
    if (status) fputs(said, stderr);
    return status ? -1 : 0;
}

static int fails(void *unused)
{
    (void)unused;
    return -EIO;
}

static void with_a_family(bool forks_in_a_thread)
{
    struct family f = { 0 };
    f.other = start(waits, &f.go, "other", PLAIT_AS_STARTER);
    f.through = start(fails, NULL, "through", PLAIT_AS_STARTER);
    check_code(plait_thread_join(f.through, NULL, PLAIT_FOREVER), 0);
    if (forks_in_a_thread) {
        int result;
        f.forking = start(forks, &f, "forking", PLAIT_AS_STARTER);
        plait_event_set(&f.known);
        check_code(plait_thread_join(f.forking, &result, PLAIT_FOREVER), 0);
        check_code(result, 0);
        plait_thread_free(f.forking);
    } else {
        plait_event_set(&f.known);
        check_code(forks(&f), 0);
    }
    plait_event_set(&f.go);
    end(f.other);
    plait_thread_free(f.through);
}

static void T9_in_a_forked_child_the_others_are_not_there(void **unused)
{
    (void)unused;
#ifdef TSAN_OF_GCC
    return;
#endif
    with_a_family(false);
}

static void T11_a_thread_that_forks_is_the_child_s_only_one(void **unused)
{
    (void)unused;
#ifdef TSAN_OF_GCC
    return;
#endif
    with_a_family(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T22_the_list_has_those_that_have_not_ended),
        cmocka_unit_test(T22_a_pool_s_threads_are_on_the_list),
        cmocka_unit_test(T6_a_thread_is_a_daemon_if_its_starter_is_unless_it_is_told),
        cmocka_unit_test(what_a_pool_s_task_starts_is_no_daemon),
        cmocka_unit_test(an_unknown_life_is_refused),
        cmocka_unit_test(T9_in_a_forked_child_the_others_are_not_there),
        cmocka_unit_test(T11_a_thread_that_forks_is_the_child_s_only_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
