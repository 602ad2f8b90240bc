/* Callbacks: in order, once for each addition, on the finisher's thread, with no lock held; and removal, which says
   whether it came in time. */
#include "child.h"
#include "fault.h"
#include "future/future.h"
#include "future/tasks.h"
#include <pthread.h>

/* What the callbacks leave behind. */
struct diary {
    plait_mutex guard;
    char text[64];
    plait_future *future; /* that the last one was called with */
    bool done;            /* and whether it was, then */
    pthread_t thread;
    _Atomic int calls;
};
static struct diary diary;

static void note(char letter, plait_future *f)
{
    PLAIT_LOCKED(&diary.guard);
    size_t length = strlen(diary.text);
    check(length + 1 < sizeof diary.text);
    diary.text[length] = letter;
    diary.future = f;
    diary.done = plait_future_done(f);
    diary.thread = pthread_self();
    atomic_fetch_add(&diary.calls, 1);
}

static void forget_all(void) { memset(&diary, 0, sizeof diary); }
static void write_down(plait_future *f, void *letter) { note(*(const char *)letter, f); }
static void add(plait_future *f, const char *letter)
{
    check_code(plait_future_add_callback(f, write_down, (void *)(uintptr_t)letter), 0);
}
static bool take_back(plait_future *f, const char *letter)
{
    return plait_future_remove_callback(f, write_down, (void *)(uintptr_t)letter);
}
static const char A[] = "a", B[] = "b", C[] = "c", D[] = "d";

TEST_IN_EACH_KIND(F25_F33_F37_callbacks_run_in_order_with_the_done_future)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1);
    forget_all();
    plait_future *f = plait_submit(pool, pass, &at);
    add(f, B);
    add(f, A);
    add(f, B);
    add(f, C);
    check_string(diary.text, "");
    plait_event_set(&gate.open);
    until(diary.calls == 4);
    check_string(diary.text, "babc");
    check(diary.future == f && diary.done);
    check(!pthread_equal(diary.thread, pthread_self()));
    check_code(plait_await(f, NULL), 0);
    plait_executor_free(pool);
    check_number(diary.calls, 4);
}

static void hold(plait_future *f, void *gate)
{
    (void)f;
    check_code(pass((struct gate *const *)&gate), 0);
}

TEST_IN_EACH_KIND(F37_who_waits_goes_on_before_the_callbacks_are_through)
{
    struct gate gate = { 0 }, in_callback = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1);
    plait_future *f = plait_submit(pool, pass, &at);
    check_code(plait_future_add_callback(f, hold, &in_callback), 0);
    plait_event_set(&gate.open);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    check_number(in_callback.passed, 0);
    plait_event_set(&in_callback.open);
    plait_future_unref(f);
    plait_executor_free(pool);
    check_number(in_callback.passed, 1);
}

TEST_IN_EACH_KIND(F26_a_callback_runs_on_failure)
{
    struct held_pool p;
    hold_pool(&p, 1);
    forget_all();
    plait_future *f = plait_submit(p.executor, fail_in_words, &((int){ -EIO }));
    add(f, A);
    end_pool(&p);
    check_string(diary.text, "a");
    check_code(plait_await(f, NULL), -EIO);
}

/* Fails in a way of its own, and waits. */
static void spoil(plait_future *f, void *unused)
{
    (void)unused;
    plait_event set = { 0 };
    plait_event_set(&set);
    check_code(plait_fail(-EPIPE, "the callback's own"), -EPIPE);
    check_code(plait_event_wait(&set, PLAIT_FOREVER), 0);
    check_code(plait_sleep(1), 0); /* not cut short by the dead scope outside */
    note('s', f);
}

TEST_IN_EACH_KIND(F27_AF5_a_callback_runs_inside_of_the_cancel)
{
    struct held_pool p;
    hold_pool(&p, 1);
    forget_all();
    plait_future *f = plait_submit(p.executor, nothing, NULL);
    add(f, A);
    check_code(plait_future_add_callback(f, spoil, NULL), 0);
    {
        PLAIT_CANCEL_SCOPE(dead);
        plait_scope_cancel(&dead);
        check_code(plait_fail(-EDOM, "mine"), -EDOM);
        check(plait_future_cancel(f));
        check_string(plait_error()->message, "mine");
    }
    check_string(diary.text, "as");
    check(diary.done && pthread_equal(diary.thread, pthread_self()));
    end_pool(&p);
    plait_future_unref(f);
}

TEST_IN_EACH_KIND(F28_F30_on_a_done_future_it_is_called_at_once_here)
{
    struct held_pool p;
    hold_pool(&p, 1);
    plait_future *cancelled = plait_submit(p.executor, nothing, NULL);
    plait_future_cancel(cancelled);
    plait_future *fs[3] = { plait_submit(plait_inline_executor(), nothing, NULL),
                            plait_submit(plait_inline_executor(), fail_with, &((int){ -EIO })), cancelled };
    for (int i = 0; i < 3; i++) {
        forget_all();
        fault_all("memory"); /* which it does not need */
        add(fs[i], A);
        fault_off();
        check_string(diary.text, "a");
        check(diary.future == fs[i] && diary.done && pthread_equal(diary.thread, pthread_self()));
        check(!take_back(fs[i], A));
        (void)!plait_future_result(fs[i], NULL);
        plait_future_unref(fs[i]);
    }
    end_pool(&p);
}

static void add_another(plait_future *f, void *unused)
{
    (void)unused;
    note('1', f);
    add(f, B);
    note('2', f);
}

TEST_IN_EACH_KIND(F35_F36_one_added_by_a_callback_runs_at_once_before_the_later_ones)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1);
    forget_all();
    plait_future *f = plait_submit(pool, pass, &at);
    check_code(plait_future_add_callback(f, add_another, NULL), 0);
    add(f, C);
    plait_event_set(&gate.open);
    until(diary.calls == 4);
    check_string(diary.text, "1b2c");
    check_code(plait_await(f, NULL), 0);
    plait_executor_free(pool);
}

static void end_it(plait_future *f, void *sum)
{
    int n = 0;
    check_code(plait_await(f, &n), 0);
    atomic_fetch_add((_Atomic int *)sum, n);
}

TEST_IN_EACH_KIND(F36_a_callback_may_end_the_future)
{
    enum { MANY = 200 };
    _Atomic int sum = 0;
    plait_executor *executors[] = { pool_of(2), pool_of(1), plait_inline_executor() };
    for (int e = 0; e < 3; e++) {
        for (int i = 0; i < MANY; i++) {
            plait_future *f = plait_submit(executors[e], square, &((int){ 2 }));
            if (i % 2) check_code(plait_future_add_callback(f, end_it, &sum), 0);
            else check_code(plait_future_add_callback_on(f, executors[0], end_it, &sum), 0);
        }
        until(sum == 4 * MANY * (e + 1));
    }
    plait_executor_free(executors[0]);
    plait_executor_free(executors[1]);
}

TEST_IN_EACH_KIND(F40_AF8_a_callback_that_was_removed_is_not_called)
{
    struct held_pool p;
    hold_pool(&p, 1);
    forget_all();
    plait_future *f = plait_submit(p.executor, nothing, NULL);
    check(!take_back(f, A)); /* there is none */
    add(f, A);
    add(f, B);
    add(f, C);
    add(f, B);
    add(f, D);
    check(take_back(f, B));
    check(take_back(f, D));
    check(!take_back(f, D));
    add(f, A);
    end_pool(&p);
    check_string(diary.text, "acba");
    check(!take_back(f, A));
    check(plait_waitlist_closed(&f->waiters));
    plait_future_unref(f);
}

/* Removal beside a call that is under way. */
struct removal {
    plait_future *future;
    struct gate *gate;
    bool prevented;
};
static int remove_it(void *removal)
{
    struct removal *r = removal;
    r->prevented = plait_future_remove_callback(r->future, hold, r->gate);
    return r->gate->passed == 1 ? 0 : -EIO;
}

static void removal_waits(bool on)
{
    struct gate gate = { 0 }, in_callback = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1), *other = pool_of(1);
    plait_future *f = plait_submit(pool, pass, &at);
    check_code(on ? plait_future_add_callback_on(f, other, hold, &in_callback)
                  : plait_future_add_callback(f, hold, &in_callback),
               0);
    plait_event_set(&gate.open);
    until_arrived(&in_callback, 1);
    struct removal r = { .future = f, .gate = &in_callback, .prevented = true };
    struct runner *remover = runner_start(remove_it, &r);
    until_asleep(remover);
    plait_event_set(&in_callback.open);
    check_code(runner_join(remover), 0);
    check(!r.prevented);
    check_code(plait_await(f, NULL), 0);
    plait_executor_free(pool);
    plait_executor_free(other);
}
TEST_IN_EACH_KIND(F40_removal_waits_for_a_call_that_is_under_way)
{
    removal_waits(false);
    removal_waits(true);
}

static void remove_me(plait_future *f, void *context)
{
    check(!plait_future_remove_callback(f, remove_me, context));
    check(take_back(f, C)); /* and one of those to come */
    note('m', f);
}

TEST_IN_EACH_KIND(F40_a_callback_may_remove_itself_and_others)
{
    struct held_pool p;
    hold_pool(&p, 1);
    forget_all();
    plait_future *f = plait_submit(p.executor, nothing, NULL);
    check_code(plait_future_add_callback(f, remove_me, NULL), 0);
    add(f, C);
    add(f, A);
    plait_future *g = plait_submit(p.executor, nothing, NULL);
    add(g, C);
    end_pool(&p);
    check_string(diary.text, "mac");
    plait_future_unref(f);
    plait_future_unref(g);
}

static void remove_me_on(plait_future *f, void *context)
{
    check(!plait_future_remove_callback(f, remove_me_on, context));
    note('o', f);
}

TEST_IN_EACH_KIND(a_callback_on_an_executor_is_a_task_of_it)
{
    struct held_pool p;
    plait_executor *pool = pool_of(1);
    hold_pool(&p, 1);
    forget_all();
    struct gate gate = { 0 }, *at = &gate;
    plait_future *f = plait_submit(pool, pass, &at);
    void *letter = (void *)(uintptr_t)A;
    check_code(plait_future_add_callback_on(f, p.executor, write_down, letter), 0);
    check_code(plait_future_add_callback_on(f, p.executor, remove_me_on, NULL), 0);
    check_code(plait_future_add_callback_on(f, p.executor, write_down, (void *)(uintptr_t)B), 0);
    check_code(plait_future_add_callback_on(f, p.executor, write_down, (void *)(uintptr_t)D), 0);
    check(take_back(f, D)); /* before it is sent */
    add(f, C);
    plait_event_set(&gate.open);
    until(diary.calls == 1);
    until(statistics_of(p.executor).queued == 3);
    check_string(diary.text, "c");
    check(take_back(f, B)); /* sent, but it has not begun */
    check(!take_back(f, B));
    plait_future_unref(f); /* the tasks keep it alive */
    end_pool(&p);
    check_string(diary.text, "cao");
    plait_executor_free(pool);
    f = plait_submit(plait_inline_executor(), nothing, NULL);
    pool = pool_of(1);
    check_code(plait_future_add_callback_on(f, pool, write_down, letter), 0); /* done already: sent at once */
    plait_future_unref(f);
    plait_executor_free(pool);
    check_string(diary.text, "caoa");
    f = plait_submit(plait_inline_executor(), nothing, NULL);
    check_code(plait_future_add_callback_on(f, NULL, write_down, letter), PLAIT_EINVAL);
    plait_future_unref(f);
}

static int on_a_closed_executor(void *unused)
{
    (void)unused;
    plait_executor *pool = pool_of(1);
    plait_executor_close(pool);
    plait_future *f = plait_submit(plait_inline_executor(), nothing, NULL);
    check_code(plait_future_add_callback_on(f, pool, spoil, NULL), 0);
    check(!plait_future_remove_callback(f, spoil, NULL));
    plait_future_unref(f);
    plait_executor_free(pool);
    return 0;
}

TEST_IN_EACH_KIND(M35_a_callback_that_its_executor_does_not_take_is_reported)
{
    char text[4096];
    int status = child_run(on_a_closed_executor, NULL, text, sizeof text);
    if (status) fprintf(stderr, "%s", text);
    check_number(status, 0);
    check_contains(text, "callback");
    check_contains(text, "closed");
}

TEST_IN_EACH_KIND(without_memory_a_callback_is_not_added)
{
    struct held_pool p;
    hold_pool(&p, 1);
    forget_all();
    plait_executor *pool = pool_of(1);
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
    plait_future *f = plait_submit(p.executor, nothing, NULL);
    int added = 0;
    for (size_t nth = 1;; nth++) {
        fault_nth("memory", nth);
        int here = plait_future_add_callback(f, write_down, (void *)(uintptr_t)A);
        int there = plait_future_add_callback_on(f, pool, write_down, (void *)(uintptr_t)B);
        bool refused = fault_requests() >= nth;
        fault_off();
        check(here == 0 || here == PLAIT_ENOMEM);
        check(there == 0 || there == PLAIT_ENOMEM);
        check(!refused || here || there);
        added += !here + !there;
        if (!refused) break;
        check(nth < 20);
    }
    end_pool(&p);
    plait_executor_free(pool);
    check_number(diary.calls, added);
    plait_future_unref(f);
    fault_all("memory");
    f = plait_submit(plait_inline_executor(), nothing, NULL);
    fault_off();
    check_code(plait_future_add_callback_on(f, plait_inline_executor(), write_down, NULL), PLAIT_ENOMEM);
    add(f, D);
    check_code(plait_await(f, NULL), PLAIT_ENOMEM);
}

/* Adds, removes and ends at once, many times: each addition is either called or taken back. */
struct race {
    plait_future *future;
    _Atomic int called;
    int taken_back;
};
static void count_race(plait_future *f, void *race)
{
    (void)f;
    atomic_fetch_add(&((struct race *)race)->called, 1);
}
enum { ADDITIONS = 6 };
static int add_and_remove(void *race)
{
    struct race *r = race;
    for (int i = 0; i < ADDITIONS; i++) {
        check_code(i % 2 ? plait_future_add_callback(r->future, count_race, r)
                         : plait_future_add_callback_on(r->future, plait_inline_executor(), count_race, r),
                   0);
        if (i % 3 == 2) r->taken_back += plait_future_remove_callback(r->future, count_race, r);
    }
    return 0;
}

TEST_IN_EACH_KIND(F40_each_addition_is_called_or_taken_back_whoever_is_faster)
{
    plait_executor *pool = pool_of(2);
    for (int turn = 0; turn < 300; turn++) {
        struct race races[2];
        struct runner *adders[2];
        plait_future *f = plait_submit(pool, nothing, NULL);
        for (int i = 0; i < 2; i++) {
            races[i] = (struct race){ .future = f };
            adders[i] = runner_start(add_and_remove, &races[i]);
        }
        if (turn % 2) plait_future_cancel(f);
        for (int i = 0; i < 2; i++) check_code(runner_join(adders[i]), 0);
        plait_future_unref(plait_future_ref(f));
        check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
        for (int i = 0; i < 2; i++) until(races[i].called == ADDITIONS - races[i].taken_back);
        while (plait_future_remove_callback(f, count_race, &races[0])) check(false);
        plait_future_unref(f);
    }
    plait_executor_free(pool);
}

static plait_future *parents;
static int add_in_child(void *unused)
{
    (void)unused;
    check_code(plait_future_add_callback(parents, write_down, (void *)(uintptr_t)B), PLAIT_EFORKED);
    check(!take_back(parents, A));
    check_string(diary.text, "");
    return 0;
}

TEST_IN_EACH_KIND(in_a_forked_child_the_parents_callbacks_are_left_alone)
{
    struct held_pool p;
    char text[1024];
    hold_pool(&p, 1);
    forget_all();
    parents = plait_submit(p.executor, nothing, NULL);
    add(parents, A);
    int status = child_run(add_in_child, NULL, text, sizeof text);
    if (status) fprintf(stderr, "%s", text);
    check_number(status, 0);
    end_pool(&p);
    check_string(diary.text, "a");
    plait_future_unref(parents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F25_F33_F37_callbacks_run_in_order_with_the_done_future),
        cmocka_unit_test(F37_who_waits_goes_on_before_the_callbacks_are_through),
        cmocka_unit_test(F26_a_callback_runs_on_failure),
        cmocka_unit_test(F27_AF5_a_callback_runs_inside_of_the_cancel),
        cmocka_unit_test(F28_F30_on_a_done_future_it_is_called_at_once_here),
        cmocka_unit_test(F35_F36_one_added_by_a_callback_runs_at_once_before_the_later_ones),
        cmocka_unit_test(F36_a_callback_may_end_the_future),
        cmocka_unit_test(F40_AF8_a_callback_that_was_removed_is_not_called),
        cmocka_unit_test(F40_removal_waits_for_a_call_that_is_under_way),
        cmocka_unit_test(F40_a_callback_may_remove_itself_and_others),
        cmocka_unit_test(a_callback_on_an_executor_is_a_task_of_it),
        cmocka_unit_test(M35_a_callback_that_its_executor_does_not_take_is_reported),
        cmocka_unit_test(without_memory_a_callback_is_not_added),
        cmocka_unit_test(F40_each_addition_is_called_or_taken_back_whoever_is_faster),
        cmocka_unit_test(in_a_forked_child_the_parents_callbacks_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
