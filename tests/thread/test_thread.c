/* test_thread.c: threads of one's own: start, join, names, what nobody asked about. */
#include "child.h"
#include "clock.h"
#include "runners.h"
#include <plait/event.h>
#include <plait/scope.h>
#include <plait/thread.h>
#include <pthread.h>

struct work {
    plait_event go;
    int result;
    plait_thread *thread;
};

static int works(void *work)
{
    struct work *w = work;
    check_code(plait_event_wait(&w->go, PLAIT_FOREVER), 0);
    return w->result;
}

static plait_thread *start(int (*run)(void *), void *argument)
{
    plait_thread *t = plait_thread_start(run, argument, NULL);
    check(t);
    return t;
}

struct joining {
    plait_thread *thread;
    int result;
    plait_deadline until;
    _Atomic(plait_scope *) scope;
};

static int joins(void *joining)
{
    struct joining *j = joining;
    PLAIT_CANCEL_SCOPE(scope);
    j->scope = &scope;
    return plait_thread_join(j->thread, &j->result, j->until);
}

TEST_IN_EACH_KIND(T4_many_may_join_one_thread_and_join_again)
{
    struct work w = { .result = -42 };
    plait_thread *t = start(works, &w);
    struct joining j[4];
    struct runner *r[4];
    for (int i = 0; i < 4; i++) {
        j[i] = (struct joining){ .thread = t };
        r[i] = runner_start(joins, &j[i]);
        until_asleep(r[i]);
    }
    plait_event_set(&w.go);
    for (int i = 0; i < 4; i++) {
        check_code(runner_join(r[i]), 0);
        check_number(j[i].result, -42);
    }
    int result = 0;
    for (int i = 0; i < 3; i++) check_code(plait_thread_join(t, &result, PLAIT_NOW), 0), check_number(result, -42);
    check_code(plait_thread_join(t, NULL, PLAIT_FOREVER), 0);
    plait_thread_free(t);
}

TEST_IN_EACH_KIND(T5_a_join_with_a_deadline_leaves_the_thread_alive)
{
    clock_by_hand();
    struct work w = { .result = 0 };
    plait_thread *t = start(works, &w);
    int result = 77;
    check_code(plait_thread_join(t, &result, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_thread_join(t, &result, plait_after(0)), PLAIT_ETIMEDOUT);
    struct joining j = { .thread = t, .result = 77, .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(joins, &j);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    check_number(result, 77);
    check_number(j.result, 77);
    plait_event_set(&w.go);
    check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
    check_number(result, 0);
    plait_thread_free(t);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(a_join_is_cancelled_and_the_thread_goes_on)
{
    struct work w = { .result = 0 };
    plait_thread *t = start(works, &w);
    struct joining j = { .thread = t };
    struct runner *r = runner_start(joins, &j);
    until_asleep(r);
    plait_scope_cancel(j.scope);
    check_code(runner_join(r), PLAIT_ECANCELED);
    plait_event_set(&w.go);
    {
        PLAIT_CANCEL_SCOPE(dead);
        plait_scope_cancel(&dead);
        plait_thread_free(t); /* waits all the same */
    }
}

static int joins_itself(void *work)
{
    struct work *w = work;
    check_code(plait_event_wait(&w->go, PLAIT_FOREVER), 0);
    int err = plait_thread_join(w->thread, NULL, PLAIT_FOREVER);
    check_contains(plait_error()->message, "joins itself");
    return err;
}

static void a_thread_that_joins_itself_gets_EDEADLK(void **unused)
{
    (void)unused;
    struct work w = { .result = 0 };
    w.thread = start(joins_itself, &w);
    plait_event_set(&w.go);
    int result;
    check_code(plait_thread_join(w.thread, &result, PLAIT_FOREVER), 0);
    check_code(result, PLAIT_EDEADLK);
    plait_thread_free(w.thread);
}

static int frees_itself(void *work)
{
    struct work *w = work;
    check_code(plait_event_wait(&w->go, PLAIT_FOREVER), 0);
    plait_thread_free(w->thread);
    return 0;
}
static int starts_one_that_frees_itself(void *unused)
{
    (void)unused;
    struct work w = { .result = 0 };
    w.thread = plait_thread_start(frees_itself, &w, &(plait_thread_start_options){ .name = "hasty" });
    plait_event_set(&w.go);
    return plait_thread_join(w.thread, NULL, PLAIT_FOREVER);
}

static void a_thread_that_frees_itself_stops_the_program(void **unused)
{
    (void)unused;
    child_stops(starts_one_that_frees_itself, NULL, "thread hasty frees itself");
}

static int returns_at_once(void *code) { return *(int *)code; }

enum how { FREED, JOINED_AND_FREED, DETACHED };
struct failing {
    int code;
    enum how how;
};
static _Atomic bool ended;
static pthread_key_t at_the_end;
static void tell_the_end(void *unused)
{
    (void)unused;
    ended = true;
}
static int fails(void *code)
{
    pthread_setspecific(at_the_end, code);
    return *(int *)code;
}

static int has_one_that_fails(void *failing)
{
    struct failing *f = failing;
    pthread_key_create(&at_the_end, tell_the_end);
    plait_thread *t = plait_thread_start(fails, &f->code, &(plait_thread_start_options){ .name = "worried" });
    int result = 0;
    if (f->how == JOINED_AND_FREED) check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
    if (f->how == DETACHED) plait_thread_detach(t);
    else plait_thread_free(t);
    until(ended); /* and what it had to report is written */
    return 0;
}

static void T13_a_failure_that_nobody_saw_is_reported_and_the_program_goes_on(void **unused)
{
    (void)unused;
    static const char report[] = "plait: thread worried failed and nobody joined it: Input/output error (-5)\n";
    char said[1024];
    struct failing f = { .code = -EIO };
    for (f.how = FREED; f.how <= DETACHED; f.how++) {
        check_number(child_run(has_one_that_fails, &f, said, sizeof said), 0);
        if (f.how == JOINED_AND_FREED) check_string(said, "");
        else check_string(said, report);
    }
    f.code = 0;
    for (f.how = FREED; f.how <= DETACHED; f.how++) {
        check_number(child_run(has_one_that_fails, &f, said, sizeof said), 0);
        check_string(said, "");
    }
}

static int exits(void *unused)
{
    (void)unused;
    pthread_exit(NULL);
}

TEST_IN_EACH_KIND(T16_a_thread_that_exits_by_itself_has_ended)
{
    int result = 77;
    plait_thread *t = start(exits, NULL);
    check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
    check_number(result, 0);
    plait_thread_free(t);
}

struct naming {
    char own[64], of_the_system[16];
};
static int tells_its_name(void *naming)
{
    struct naming *n = naming;
    snprintf(n->own, sizeof n->own, "%s", plait_thread_name(NULL));
    pthread_getname_np(pthread_self(), n->of_the_system, sizeof n->of_the_system);
    return 0;
}

static void T19_a_thread_has_the_name_that_it_was_given(void **unused)
{
    (void)unused;
    static const char longer[] = "a name that the system cannot keep";
    struct naming n;
    plait_thread *t = plait_thread_start(tells_its_name, &n, &(plait_thread_start_options){ .name = longer });
    check_string(plait_thread_name(t), longer);
    check_code(plait_thread_join(t, NULL, PLAIT_FOREVER), 0);
    check_string(n.own, longer);
    check_string(n.of_the_system, "a name that the");
    check_string(plait_thread_name(t), longer);
    plait_thread_free(t);
}

static void T19_without_a_name_it_gets_one_of_its_own(void **unused)
{
    (void)unused;
    struct naming n[2];
    plait_thread *t[2];
    for (int i = 0; i < 2; i++) t[i] = start(tells_its_name, &n[i]);
    for (int i = 0; i < 2; i++) {
        check_code(plait_thread_join(t[i], NULL, PLAIT_FOREVER), 0);
        check_contains(n[i].own, "plait-");
        check_string(n[i].of_the_system, n[i].own);
        check_string(plait_thread_name(t[i]), n[i].own);
    }
    check(strcmp(n[0].own, n[1].own) != 0);
    for (int i = 0; i < 2; i++) plait_thread_free(t[i]);
}

static void a_thread_that_plait_did_not_start_has_the_system_s_name(void **unused)
{
    (void)unused;
    pthread_setname_np(pthread_self(), "foreign");
    check_string(plait_thread_name(NULL), "foreign");
}

static int measures_its_stack(void *size)
{
    pthread_attr_t attributes;
    check_number(pthread_getattr_np(pthread_self(), &attributes), 0);
    check_number(pthread_attr_getstacksize(&attributes, size), 0);
    pthread_attr_destroy(&attributes);
    return 0;
}

static void T20_the_stack_is_as_large_as_was_asked(void **unused)
{
    (void)unused;
    static const size_t asked[] = { 1, 100001, (size_t)1 << 20, (size_t)64 << 20, 0 };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        size_t size = 0;
        plait_thread *t =
            plait_thread_start(measures_its_stack, &size, &(plait_thread_start_options){ .stack_size = asked[i] });
        check(t);
        plait_thread_free(t);
        check(size >= asked[i] && size >= 16384);
    }
}

static void T23_any_thread_may_join(void **unused)
{
    (void)unused;
    struct work w = { .result = -1 };
    struct joining j = { .thread = start(works, &w) };
    struct runner *r = runner_start(joins, &j);
    until_asleep(r);
    plait_event_set(&w.go);
    check_code(runner_join(r), 0);
    check_number(j.result, -1);
    plait_thread_free(j.thread);
}

static void many_come_and_go_joined_freed_or_detached(void **unused)
{
    (void)unused;
    static const int code = 0;
    for (int i = 0; i < 200; i++) {
        plait_thread *t = start(returns_at_once, (void *)(uintptr_t)&code);
        if (i % 4 == 1) check_code(plait_thread_join(t, NULL, PLAIT_FOREVER), 0);
        if (i % 2) plait_thread_free(t);
        else plait_thread_detach(t);
    }
    plait_thread_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T4_many_may_join_one_thread_and_join_again),
        cmocka_unit_test(T5_a_join_with_a_deadline_leaves_the_thread_alive),
        cmocka_unit_test(a_join_is_cancelled_and_the_thread_goes_on),
        cmocka_unit_test(a_thread_that_joins_itself_gets_EDEADLK),
        cmocka_unit_test(a_thread_that_frees_itself_stops_the_program),
        cmocka_unit_test(T13_a_failure_that_nobody_saw_is_reported_and_the_program_goes_on),
        cmocka_unit_test(T16_a_thread_that_exits_by_itself_has_ended),
        cmocka_unit_test(T19_a_thread_has_the_name_that_it_was_given),
        cmocka_unit_test(T19_without_a_name_it_gets_one_of_its_own),
        cmocka_unit_test(a_thread_that_plait_did_not_start_has_the_system_s_name),
        cmocka_unit_test(T20_the_stack_is_as_large_as_was_asked),
        cmocka_unit_test(T23_any_thread_may_join),
        cmocka_unit_test(many_come_and_go_joined_freed_or_detached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
