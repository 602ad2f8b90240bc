/* test_children.c: processes among each other: children of children, daemons, many at once, what they have in common. */
#include "child.h"
#include "runners.h"
#include "sanitizers.h"
#include "ways.h"
#include <plait/semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined TSAN || defined ASAN
enum { MANY = 12 }; /* each of them is large there */
#else
enum { MANY = 100 };
#endif

struct deeper {
    int depth, way;
};
static int goes_deeper(const struct deeper *, int *);
PLAIT_TASK(goes_deeper, struct deeper, int);

static int goes_deeper(const struct deeper *d, int *count)
{
    struct deeper next = { d->depth - 1, d->way };
    *count = 1;
    if (!d->depth) return 0;
    int below = 0, code;
    plait_process *p = begin_by(d->way, goes_deeper, &next);
    int err = plait_process_join(p, &code, PLAIT_FOREVER);
    if (!err) err = code;
    if (!err) err = plait_process_result(p, &below);
    plait_process_free(p);
    *count += below;
    return err;
}

TEST_BY_EACH_WAY(PS11_children_may_have_children)
{
    int count = 0;
    plait_process *p = begin_by(way, goes_deeper, (&(struct deeper){ 3, (int)way }));
    check_code(plait_process_join(p, NULL, PLAIT_FOREVER), 0);
    check_code(plait_process_result(p, &count), 0);
    check_number(count, 4);
    plait_process_free(p);
}

static int is_a_daemon(bool *daemon)
{
    *daemon = plait_process_is_daemon(NULL);
    return 0;
}
PLAIT_TASK(is_a_daemon, void, bool);

static int starts_another(void)
{
    plait_process *p = plait_process_start(is_a_daemon, NULL);
    check(!p);
    return plait_error_code();
}
PLAIT_TASK(starts_another, void, void);

TEST_BY_EACH_WAY(PS12_a_daemon_may_not_have_children)
{
    int code;
    plait_process *p = begin_with(way, (&(plait_process_start_options){ .life = PLAIT_DAEMON, .name = "imp" }), NULL,
                                  starts_another, NULL);
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, PLAIT_ENOTSUP);
    check_contains(plait_error()->message, "process imp is a daemon, and may start no processes");
    plait_process_free(p);
}

TEST_BY_EACH_WAY(PS13_it_is_a_daemon_as_its_starter_is_if_nothing_is_said)
{
    static const struct {
        plait_thread_life life;
        bool daemon;
    } lives[] = { { PLAIT_AS_STARTER, false }, { PLAIT_WAITED_FOR, false }, { PLAIT_DAEMON, true } };
    check(!plait_process_is_daemon(NULL));
    for (int i = 0; i < 3; i++) {
        bool daemon = !lives[i].daemon;
        plait_process *p =
            begin_with(way, (&(plait_process_start_options){ .life = lives[i].life }), NULL, is_a_daemon, NULL);
        check(plait_process_is_daemon(p) == lives[i].daemon);
        check_code(plait_process_join(p, NULL, PLAIT_FOREVER), 0);
        check_code(plait_process_result(p, &daemon), 0);
        check(daemon == lives[i].daemon);
        plait_process_free(p);
    }
}

/* Lives until it is killed; its end is seen by the end of the pipe that it alone has open. */
struct grip {
    struct gate gate;
    int hold[2], how, way;
};
enum { SLEEPS, RUNS_ON, IS_STOPPED, HOWS };

static int lives_on(const struct grip *g)
{
    sigset_t all;
    close(g->hold[0]);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    gate_say(&g->gate, 'c');
    if (g->how == IS_STOPPED) raise(SIGSTOP);
    while (g->how == RUNS_ON) {}
    for (;;) pause();
    return 0;
}
PLAIT_TASK(lives_on, struct grip, void);

static plait_process *begin_to_live_on(const struct grip *g)
{
    const int all[] = { g->gate.come[0], g->gate.come[1], g->gate.go[0], g->gate.go[1], g->hold[0], g->hold[1] };
    plait_process_start_options o = {
        .descriptors = all, .descriptor_count = 6, .among_threads = true, .start_limit = WHILE_LOADED
    };
    if (g->way == BY_FORK) o.descriptors = NULL, o.descriptor_count = 0;
    plait_process *p =
        g->way == BY_FORK ? plait_process_fork_with(&o, lives_on, g) : plait_process_start_with(&o, lives_on, g);
    check(p != NULL);
    return p;
}

/* On a thread that has ended by the time that its process does. */
static int starts_one(void *grip)
{
    begin_to_live_on(grip); /* which its process frees no more */
    return 0;
}

static int has_children(const struct grip *given)
{
    struct grip g = *given;
    for (g.how = 0; g.how < HOWS; g.how++) {
        plait_thread *t = plait_thread_start(starts_one, &g, NULL);
        check_code(plait_thread_join(t, NULL, PLAIT_FOREVER), 0);
        plait_thread_free(t);
    }
    close(g.hold[1]);
    gate_say(&g.gate, 'p');
    for (;;) pause();
    return 0;
}
PLAIT_TASK(has_children, struct grip, void);

TEST_BY_EACH_WAY(PS14_M3_M22_those_of_one_that_is_killed_are_gone_with_it_whatever_they_do)
{
    char end;
    struct grip g = { .gate = gate_new(), .way = (int)way };
    check_number(pipe(g.hold), 0);
    const int all[] = { g.gate.come[0], g.gate.come[1], g.gate.go[0], g.gate.go[1], g.hold[0], g.hold[1] };
    plait_process *p = plait_process_start_with(
        (&(plait_process_start_options){ .descriptors = all, .descriptor_count = 6, .start_limit = WHILE_LOADED }),
        has_children, &g);
    check(p != NULL);
    close(g.hold[1]);
    for (int i = 0; i < HOWS + 1; i++) gate_hear(&g.gate);
    check_code(plait_process_kill(p), 0);
    check_code(join_and_free(p), PLAIT_EWORKER);
    check_number(plait_read(g.hold[0], &end, 1, PLAIT_FOREVER), 0);
    close(g.hold[0]);
    gate_free(&g.gate);
}

static int adds_one(const int *n, int *result)
{
    *result = *n + 1;
    return 0;
}
PLAIT_TASK(adds_one, int, int);

TEST_BY_EACH_WAY(PS15_many_are_started_and_joined)
{
    plait_process *p[MANY];
    for (int i = 0; i < MANY; i++) p[i] = begin_by(way, adds_one, &i);
    for (int i = 0; i < MANY; i++) {
        int code = 77, result = 0;
        check_code(plait_process_join(p[i], &code, PLAIT_FOREVER), 0);
        check_code(code, 0);
        check_code(plait_process_result(p[i], &result), 0);
        check_number(result, i + 1);
        plait_process_free(p[i]);
    }
}

TEST_BY_EACH_WAY(PS15_many_are_started_and_killed_at_once)
{
    struct gate g = gate_new();
    plait_process *p[MANY];
    for (int i = 0; i < MANY; i++) {
        p[i] = begin_with(way, NULL, &g, waits, &g);
        check_code(plait_process_kill(p[i]), 0);
    }
    for (int i = 0; i < MANY; i++) {
        int status;
        check_code(plait_process_join(p[i], NULL, PLAIT_FOREVER), 0);
        check(plait_process_exit_code(p[i], &status));
        check_number(status, -SIGKILL);
        plait_process_free(p[i]);
    }
    gate_free(&g);
}

TEST_BY_EACH_WAY(PS10_the_list_has_those_that_have_not_ended)
{
    plait_process_info list[4];
    struct gate g = gate_new();
    check_number(plait_process_list(NULL, 0), 0);
    plait_process *p = begin_with(way, (&(plait_process_start_options){ .name = "one" }), &g, waits, &g);
    plait_process *q =
        begin_with(way, (&(plait_process_start_options){ .name = "two", .life = PLAIT_DAEMON }), &g, waits, &g);
    check_number(plait_process_list(list, 1), 2);
    check_number(plait_process_list(list, 4), 2);
    check_string(list[0].name, "one");
    check_string(list[1].name, "two");
    check_number(list[0].id, plait_process_id(p));
    check(!list[0].daemon && list[1].daemon);
    check(list[0].forked == (way == BY_FORK));
    check_code(plait_process_kill(p), 0);
    check_code(plait_process_join(p, NULL, PLAIT_FOREVER), 0);
    check_number(plait_process_list(list, 4), 1);
    check_string(list[0].name, "two");
    check_code(plait_process_terminate(q, 0), 0);
    check_number(plait_process_list(NULL, 0), 0);
    check_code(join_and_free(p), PLAIT_EWORKER);
    check_code(join_and_free(q), PLAIT_EWORKER);
    gate_free(&g);
}

static int counts_descriptors(const struct gate *g, int *count)
{
    *count = open_descriptors();
    gate_come_and_wait(g);
    return 0;
}
PLAIT_TASK(counts_descriptors, struct gate, int);

TEST_BY_EACH_WAY(PS17_one_after_another_has_as_many_descriptors_as_the_first)
{
    enum { SIBLINGS = 4 };
    struct gate g = gate_new();
    plait_process *p[SIBLINGS];
    int before = open_descriptors(), counts[SIBLINGS];
    for (int i = 0; i < SIBLINGS; i++) {
        p[i] = begin_with(way, NULL, &g, counts_descriptors, &g);
        gate_hear(&g);
    }
    for (int i = 0; i < SIBLINGS; i++) gate_open(&g);
    for (int i = 0; i < SIBLINGS; i++) {
        check_code(plait_process_join(p[i], NULL, PLAIT_FOREVER), 0);
        check_code(plait_process_result(p[i], &counts[i]), 0);
        plait_process_free(p[i]);
        check_number(counts[i], counts[0]);
    }
    check_number(open_descriptors(), before);
    gate_free(&g);
}

static plait_process *joined;
static int joins(void *unused)
{
    (void)unused;
    int code = 77;
    check_code(plait_process_join(joined, &code, PLAIT_FOREVER), 0);
    return code;
}

TEST_IN_EACH_KIND(many_may_join_one)
{
    struct gate g = gate_new();
    joined = begin_with(BY_START, NULL, &g, waits, &g);
    struct runner *r[3];
    for (int i = 0; i < 3; i++) r[i] = runner_start(joins, NULL);
    for (int i = 0; i < 3; i++) until_asleep(r[i]);
    gate_open(&g);
    for (int i = 0; i < 3; i++) check_code(runner_join(r[i]), 0);
    check_code(join_and_free(joined), 0);
    gate_free(&g);
}

static int frees(void *unused)
{
    (void)unused;
    plait_process_free(joined);
    return 0;
}

TEST_IN_EACH_KIND(PS9_a_free_waits_for_the_end_and_releases_all)
{
    struct gate g = gate_new();
    joined = begin_with(BY_START, NULL, &g, waits, &g);
    struct runner *r = runner_start(frees, NULL);
    until_asleep(r);
    gate_open(&g);
    check_code(runner_join(r), 0);
    check_number(plait_process_list(NULL, 0), 0);
    plait_process_free(NULL);
    gate_free(&g);
}

static int ignores(void *pid)
{
    int code = 77, status = 77;
    struct gate g = gate_new();
    signal(SIGCHLD, SIG_IGN);
    (void)pid;
    plait_process *p = begin_with(BY_START, NULL, &g, waits, &g), *q = begin_with(BY_START, NULL, &g, waits, &g);
    check_number(waitpid(-1, NULL, WNOHANG), -1);
    check_number(errno, ECHILD);
    gate_open(&g);
    gate_open(&g);
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, 0);
    check(plait_process_exit_code(p, &status));
    check_number(status, 0);
    plait_process_free(p);
    return join_and_free(q);
}

static void one_that_is_started_is_no_child_for_wait(void **unused)
{
    (void)unused;
    char text[1024];
    int status = child_run(ignores, NULL, text, sizeof text);
    check_string(text, "");
    check_number(status, 0);
}

static int waits_for_all(void *unused)
{
    int code = 77, status = 77, result = 0;
    (void)unused;
    plait_process *p = begin_by(BY_FORK, adds_one, (&(int){ 41 }));
    check_number(waitpid(-1, NULL, 0), plait_process_id(p));
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, 0);
    check_code(plait_process_result(p, &result), 0);
    check_number(result, 42);
    check(!plait_process_exit_code(p, &status));
    plait_process_free(p);
    signal(SIGCHLD, SIG_IGN);
    p = begin_by(BY_FORK, adds_one, (&(int){ 42 }));
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(plait_process_result(p, &result), 0);
    check_number(result, 43);
    plait_process_free(p);
    return 0;
}

TEST_BY_EACH_WAY(what_the_program_waits_for_itself_is_not_lost)
{
    char text[1024];
    if (way != BY_FORK) return;
    int status = child_run(waits_for_all, NULL, text, sizeof text);
    check_string(text, "");
    check_number(status, 0);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PS11_children_may_have_children),
        cmocka_unit_test(PS12_a_daemon_may_not_have_children),
        cmocka_unit_test(PS13_it_is_a_daemon_as_its_starter_is_if_nothing_is_said),
        cmocka_unit_test(PS14_M3_M22_those_of_one_that_is_killed_are_gone_with_it_whatever_they_do),
        cmocka_unit_test(PS15_many_are_started_and_joined),
        cmocka_unit_test(PS15_many_are_started_and_killed_at_once),
        cmocka_unit_test(PS10_the_list_has_those_that_have_not_ended),
        cmocka_unit_test(PS17_one_after_another_has_as_many_descriptors_as_the_first),
        cmocka_unit_test(many_may_join_one),
        cmocka_unit_test(PS9_a_free_waits_for_the_end_and_releases_all),
        cmocka_unit_test(one_that_is_started_is_no_child_for_wait),
        cmocka_unit_test(what_the_program_waits_for_itself_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
