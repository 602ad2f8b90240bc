/* test_deadlock.c: rings of tasks of which each holds the lock that the one before it waits for: who is told, who is not,
   and that a long wait alone is no ring. */
#include "child.h"
#include "clock.h"
#include "runners.h"
#include "park/context.h"
#include <plait/condition.h>
#include <plait/event.h>
#include <plait/mutex.h>
#include <plait/scope.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#define LONG (10 * PLAIT_MILLISECOND) /* from then on a wait looks for a ring */

/* One who locks `first`, says so, and asks for `second` when it is told to. */
struct locker {
    plait_mutex *first, *second;
    plait_deadline until; /* for `second` */
    bool cannot_fail;
    _Atomic bool has_first, go;
};

static int locks_both(void *locker)
{
    struct locker *l = locker;
    int err = 0;
    plait_mutex_lock(l->first);
    atomic_store_explicit(&l->has_first, true, memory_order_release);
    until(atomic_load_explicit(&l->go, memory_order_acquire));
    if (l->cannot_fail) plait_mutex_lock(l->second);
    else err = plait_mutex_lock_until(l->second, l->until);
    if (!err) plait_mutex_unlock(l->second);
    if (err == PLAIT_EDEADLK) check_contains(plait_error()->message, "each wait for a lock that the next one holds");
    plait_mutex_unlock(l->first);
    return err;
}

static struct runner *start(struct locker *l)
{
    struct runner *r = runner_start(locks_both, l);
    until(atomic_load_explicit(&l->has_first, memory_order_acquire));
    return r;
}

static void go(struct locker *l)
{
    atomic_store_explicit(&l->go, true, memory_order_release);
    until_listed(&l->second->waiters, 1);
}

TEST_IN_EACH_KIND(of_two_that_lock_in_opposite_order_one_gets_EDEADLK)
{
    plait_mutex a = PLAIT_MUTEX_INIT, b = PLAIT_MUTEX_INIT;
    struct locker l[2] = { { .first = &a, .second = &b }, { .first = &b, .second = &a } };
    struct runner *r[2] = { start(&l[0]), start(&l[1]) };
    atomic_store_explicit(&l[0].go, true, memory_order_release);
    atomic_store_explicit(&l[1].go, true, memory_order_release);
    int first = runner_join(r[0]), second = runner_join(r[1]);
    check((first == PLAIT_EDEADLK && !second) || (!first && second == PLAIT_EDEADLK));
    check_number(a.word | b.word, 0);
}

TEST_IN_EACH_KIND(it_is_looked_for_only_after_a_long_wait_and_the_last_one_finds_it)
{
    clock_by_hand();
    plait_mutex a = PLAIT_MUTEX_INIT, b = PLAIT_MUTEX_INIT;
    struct locker l[2] = { { .first = &a, .second = &b }, { .first = &b, .second = &a } };
    struct runner *r[2] = { start(&l[0]), start(&l[1]) };
    go(&l[0]);
    until_asleep(r[0]);
    clock_move(LONG); /* the first looks, and finds none */
    until_asleep(r[0]);
    go(&l[1]);
    until_asleep(r[1]);
    clock_move(LONG - 1);
    for (int i = 0; i < 2; i++) until_asleep(r[i]), check(!runner_done(r[i]));
    clock_move(1);
    check_code(runner_join(r[1]), PLAIT_EDEADLK);
    check_code(runner_join(r[0]), 0);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(one_that_cannot_fail_tells_one_that_can)
{
    for (int last = 0; last < 2; last++) { /* whoever of the two comes last */
        plait_mutex a = PLAIT_MUTEX_INIT, b = PLAIT_MUTEX_INIT;
        struct locker l[2] = { { .first = &a, .second = &b, .cannot_fail = true }, { .first = &b, .second = &a } };
        struct runner *r[2] = { start(&l[0]), start(&l[1]) };
        go(&l[!last]);
        until_asleep(r[!last]);
        atomic_store_explicit(&l[last].go, true, memory_order_release);
        check_code(runner_join(r[1]), PLAIT_EDEADLK);
        check_code(runner_join(r[0]), 0);
    }
}

TEST_IN_EACH_KIND(a_ring_of_five_is_broken_by_one)
{
    enum { N = 5 };
    plait_mutex m[N];
    memset(m, 0, sizeof m);
    struct locker l[N];
    struct runner *r[N];
    for (int i = 0; i < N; i++) {
        l[i] = (struct locker){ .first = &m[i], .second = &m[(i + 1) % N], .cannot_fail = i != 2 };
        r[i] = start(&l[i]);
    }
    for (int i = 0; i < N; i++) atomic_store_explicit(&l[i].go, true, memory_order_release);
    for (int i = 0; i < N; i++) check_code(runner_join(r[i]), i == 2 ? PLAIT_EDEADLK : 0);
    for (int i = 0; i < N; i++) check_number(m[i].word, 0);
}

/* Two bodies that are coroutines, with threads beside them. While they do not yield, the others of their scheduler stay
   as they are. */

static struct runner *start_thread(int (*function)(void *), void *argument)
{
    enum runner_kind mine = runner_kind;
    runner_kind = RUNNERS_ARE_THREADS;
    struct runner *r = runner_start(function, argument);
    runner_kind = mine;
    return r;
}

#define until_without_yield(condition)                                                                                 \
    do                                                                                                                 \
        while (!(condition)) sched_yield();                                                                            \
    while (0)

static void waits_behind_one_in_a_ring_body(void)
{
    clock_by_hand();
    plait_mutex a = PLAIT_MUTEX_INIT, b = PLAIT_MUTEX_INIT, c = PLAIT_MUTEX_INIT;
    struct locker l[3] = { { .first = &a, .second = &b, .cannot_fail = true },
                           { .first = &b, .second = &a },
                           { .first = &c, .second = &a } };
    struct runner *r[3] = { start_thread(locks_both, &l[0]), start(&l[1]), start_thread(locks_both, &l[2]) };
    for (int i = 0; i < 3; i++) until(atomic_load_explicit(&l[i].has_first, memory_order_acquire));
    go(&l[1]);
    until_asleep(r[1]); /* from its coming to the list on its wait is measured: not before it sleeps is that certain */
    clock_move(LONG);
    until_asleep(r[1]); /* it has looked: there is no ring yet */
    atomic_store_explicit(&l[0].go, true, memory_order_release);
    until_without_yield(runner_asleep(r[0]));
    clock_move(LONG); /* r[0] finds the ring, and tells r[1], who cannot run now */
    until_without_yield(runner_asleep(r[0]));
    atomic_store_explicit(&l[2].go, true, memory_order_release);
    until_without_yield(runner_asleep(r[2]));
    clock_move(LONG);
    until_without_yield(runner_asleep(r[2])); /* it has seen the ring, and that it will be broken */
    check(!runner_done(r[2]));
    check_code(runner_join(r[1]), PLAIT_EDEADLK);
    check_code(runner_join(r[0]), 0);
    check_code(runner_join(r[2]), 0);
    clock_of_the_system();
}

static void who_waits_behind_a_ring_that_will_be_broken_is_not_told(void **unused)
{
    (void)unused;
    runners_of(RUNNERS_ARE_COROUTINES, waits_behind_one_in_a_ring_body);
}

static void one_is_told_not_two_body(void)
{
    clock_by_hand();
    plait_mutex a = PLAIT_MUTEX_INIT, b = PLAIT_MUTEX_INIT, c = PLAIT_MUTEX_INIT;
    struct locker l[3] = { { .first = &a, .second = &b },
                           { .first = &b, .second = &a },
                           { .first = &c, .second = &a, .cannot_fail = true } };
    struct runner *r[3] = { start(&l[0]), start(&l[1]), start(&l[2]) };
    go(&l[0]);
    until_asleep(r[0]);
    clock_move(LONG); /* the first looks, and finds none */
    until_asleep(r[0]);
    atomic_store_explicit(&l[1].go, true, memory_order_release);
    until_listed(&a.waiters, 1);
    until_asleep(r[1]);
    clock_move(1);
    atomic_store_explicit(&l[2].go, true, memory_order_release);
    until_listed(&a.waiters, 2);
    for (int i = 0; i < 3; i++) until_asleep(r[i]);
    plait_waiter *last = plait_waitlist_hold(&a.waiters);
    clock_move(LONG - 1); /* the second finds the ring, and cannot leave yet */
    until(!runner_asleep(r[1]));
    for (int i = 0; i < 100; i++) let_others_run();
    clock_move(1); /* the third looks too */
    for (int i = 0; i < 1000; i++) let_others_run();
    plait_waitlist_release(&a.waiters, last);
    check_code(runner_join(r[1]), PLAIT_EDEADLK);
    check_code(runner_join(r[0]), 0);
    check_code(runner_join(r[2]), 0);
    clock_of_the_system();
}

static void one_of_a_ring_is_told_not_two(void **unused)
{
    (void)unused;
    runners_of(RUNNERS_ARE_THREADS, one_is_told_not_two_body);
}

static void waits_for_one_who_was_given_it_body(void)
{
    clock_by_hand();
    plait_mutex m = PLAIT_MUTEX_INIT, other[2] = { PLAIT_MUTEX_INIT, PLAIT_MUTEX_INIT };
    struct locker l[2] = { { .first = &other[0], .second = &m, .cannot_fail = true },
                           { .first = &other[1], .second = &m } };
    plait_mutex_lock(&m);
    struct runner *r[2] = { start(&l[0]), start_thread(locks_both, &l[1]) };
    go(&l[0]);
    until_asleep(r[0]);
    clock_move(LONG);
    until_asleep(r[0]); /* it has looked, and is known to wait for m */
    atomic_store_explicit(&l[1].go, true, memory_order_release);
    until_without_yield(waiters_listed(&m.waiters) == 2 && runner_asleep(r[1]));
    plait_mutex_unlock(&m); /* handed over to r[0], who cannot run now */
    clock_move(LONG);
    until_without_yield(runner_asleep(r[1])); /* it has looked */
    check(!runner_done(r[1]));
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
    clock_of_the_system();
}

static void who_was_given_the_lock_waits_for_nobody(void **unused)
{
    (void)unused;
    runners_of(RUNNERS_ARE_COROUTINES, waits_for_one_who_was_given_it_body);
}

static int locks_inside_a_task(void *locker)
{
    struct locker *l = locker;
    plait_mutex_lock(l->first);
    plait_context *inside = plait_context_enter(NULL);
    atomic_store_explicit(&l->has_first, true, memory_order_release);
    until(atomic_load_explicit(&l->go, memory_order_acquire));
    int err = plait_mutex_lock_until(l->second, l->until);
    if (!err) plait_mutex_unlock(l->second);
    plait_record_unref(plait_context_leave(inside, "inside"));
    plait_mutex_unlock(l->first);
    return err;
}

TEST_IN_EACH_KIND(what_a_task_holds_is_not_given_up_while_one_runs_inside_of_it)
{
    plait_mutex a = PLAIT_MUTEX_INIT, b = PLAIT_MUTEX_INIT;
    struct locker l[2] = { { .first = &a, .second = &b }, { .first = &b, .second = &a, .cannot_fail = true } };
    struct runner *r[2] = { runner_start(locks_inside_a_task, &l[0]), start(&l[1]) };
    until(atomic_load_explicit(&l[0].has_first, memory_order_acquire));
    for (int i = 0; i < 2; i++) atomic_store_explicit(&l[i].go, true, memory_order_release);
    check_code(runner_join(r[0]), PLAIT_EDEADLK);
    check_code(runner_join(r[1]), 0);
}

struct holder {
    plait_mutex mutex;
    plait_event has_it, may_go;
};

static int holds_and_sleeps(void *holder)
{
    struct holder *h = holder;
    plait_mutex_lock(&h->mutex);
    plait_event_set(&h->has_it);
    int err = plait_event_wait(&h->may_go, PLAIT_FOREVER);
    plait_mutex_unlock(&h->mutex);
    return err;
}

static int waits_for_it(void *holder)
{
    struct holder *h = holder;
    int err = plait_mutex_lock_until(&h->mutex, plait_after(PLAIT_SECOND));
    if (!err) plait_mutex_unlock(&h->mutex);
    return err;
}

TEST_IN_EACH_KIND(a_long_wait_for_one_who_sleeps_elsewhere_is_no_ring)
{
    clock_by_hand();
    struct holder h = { .mutex = PLAIT_MUTEX_INIT };
    struct runner *r[3] = { runner_start(holds_and_sleeps, &h) };
    check_code(plait_event_wait(&h.has_it, PLAIT_FOREVER), 0);
    for (size_t i = 1; i < 3; i++) r[i] = runner_start(waits_for_it, &h), until_listed(&h.mutex.waiters, i);
    for (int i = 1; i < 3; i++) until_asleep(r[i]);
    for (int turn = 0; turn < 3; turn++) {
        clock_move(LONG);
        for (int i = 1; i < 3; i++) until_asleep(r[i]), check(!runner_done(r[i]));
    }
    clock_move(PLAIT_SECOND);
    for (int i = 1; i < 3; i++) check_code(runner_join(r[i]), PLAIT_ETIMEDOUT);
    plait_event_set(&h.may_go);
    check_code(runner_join(r[0]), 0);
    clock_of_the_system();
}

struct late {
    plait_mutex mine, yours;
    bool cancelled;
    plait_event is_late, may_go;
};

static int is_late_and_holds_on(void *late)
{
    struct late *l = late;
    int err;
    plait_mutex_lock(&l->mine);
    {
        PLAIT_TIMEOUT(scope, l->cancelled ? plait_after(2 * LONG) : PLAIT_FOREVER);
        err = plait_mutex_lock_until(&l->yours, l->cancelled ? PLAIT_FOREVER : plait_after(2 * LONG));
    }
    plait_event_set(&l->is_late);
    check_code(plait_event_wait(&l->may_go, PLAIT_FOREVER), 0);
    plait_mutex_unlock(&l->mine);
    return err;
}

TEST_IN_EACH_KIND(one_that_was_late_or_cancelled_waits_no_more)
{
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        struct late l = { .mine = PLAIT_MUTEX_INIT, .yours = PLAIT_MUTEX_INIT, .cancelled = cancelled };
        plait_mutex_lock(&l.yours);
        struct runner *r = runner_start(is_late_and_holds_on, &l);
        check_code(plait_event_wait(&l.is_late, PLAIT_FOREVER), 0);
        check_code(plait_mutex_lock_until(&l.mine, plait_after(2 * LONG)), PLAIT_ETIMEDOUT);
        plait_event_set(&l.may_go);
        check_code(runner_join(r), cancelled ? PLAIT_ECANCELED : PLAIT_ETIMEDOUT);
        plait_mutex_unlock(&l.yours);
    }
}

/* What cannot fail is reported, once, with the threads' names. */

static int deadlocks_for_good(void *unused)
{
    (void)unused;
    int ends[2], to = dup(STDERR_FILENO);
    check_number(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    static plait_mutex a, b, c, d;
    static struct locker l[4] = { { .first = &a, .second = &b, .cannot_fail = true },
                                  { .first = &b, .second = &a, .cannot_fail = true },
                                  { .first = &c, .second = &a },
                                  { .first = &d, .second = &a, .cannot_fail = true } };
    struct runner *r[2] = { start(&l[0]), start(&l[1]) }; /* who never come back */
    for (int i = 0; i < 2; i++) atomic_store_explicit(&l[i].go, true, memory_order_release);
    char line[512];
    ssize_t length = read(ends[0], line, sizeof line); /* waits for the sentence */
    check(length > 0 && write(to, line, (size_t)length) == length);
    /* Of two that come later the one that may fail need not wait for ever for what never comes. */
    struct runner *for_ever = start(&l[3]), *late = start(&l[2]);
    atomic_store_explicit(&l[3].go, true, memory_order_release);
    until_asleep(for_ever);
    atomic_store_explicit(&l[2].go, true, memory_order_release);
    check_code(runner_join(late), PLAIT_EDEADLK);
    for (int i = 0; i < 2; i++) until_asleep(r[i]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    check(read(ends[0], line, sizeof line) < 0); /* it was said once */
    return 0;
}

static void a_ring_that_nobody_can_break_is_reported_once(void **unused)
{
    (void)unused;
    char text[1024];
    check_number(child_run(deadlocks_for_good, NULL, text, sizeof text), 0);
    check_contains(text, "plait: a deadlock: 2 tasks each wait for a lock that the next one holds: on threads ");
}

/* In a forked child the other threads, and what they waited for, are not there any more. */

static int waits_where_nobody_lives(void *holder)
{
    struct holder *h = holder;
    int err = plait_mutex_lock_until(&h->mutex, plait_after(3 * LONG));
    if (err != PLAIT_ETIMEDOUT) return 1;
    h->mutex = (plait_mutex)PLAIT_MUTEX_INIT;
    return plait_mutex_lock_until(&h->mutex, PLAIT_NOW) == 0 ? 0 : 2;
}

static void L12_a_mutex_held_at_a_fork_can_be_made_free_in_the_child(void **unused)
{
    (void)unused;
    clock_by_hand();
    struct holder h = { .mutex = PLAIT_MUTEX_INIT };
    plait_mutex other = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&other);
    struct locker l = { .first = &h.mutex, .second = &other };
    struct runner *r = start(&l);
    go(&l);
    until_asleep(r);
    clock_move(LONG);
    until_asleep(r); /* it has looked: others know what it waits for */
    clock_of_the_system();
    char text[512];
    check_number(child_run(waits_where_nobody_lives, &h, text, sizeof text), 0);
    plait_mutex_unlock(&other);
    check_code(runner_join(r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_that_lock_in_opposite_order_one_gets_EDEADLK),
        cmocka_unit_test(it_is_looked_for_only_after_a_long_wait_and_the_last_one_finds_it),
        cmocka_unit_test(one_that_cannot_fail_tells_one_that_can),
        cmocka_unit_test(a_ring_of_five_is_broken_by_one),
        cmocka_unit_test(who_waits_behind_a_ring_that_will_be_broken_is_not_told),
        cmocka_unit_test(one_of_a_ring_is_told_not_two),
        cmocka_unit_test(who_was_given_the_lock_waits_for_nobody),
        cmocka_unit_test(what_a_task_holds_is_not_given_up_while_one_runs_inside_of_it),
        cmocka_unit_test(a_long_wait_for_one_who_sleeps_elsewhere_is_no_ring),
        cmocka_unit_test(one_that_was_late_or_cancelled_waits_no_more),
        cmocka_unit_test(a_ring_that_nobody_can_break_is_reported_once),
        cmocka_unit_test(L12_a_mutex_held_at_a_fork_can_be_made_free_in_the_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
