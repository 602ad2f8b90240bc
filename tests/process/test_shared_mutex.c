/* test_shared_mutex.c: one at a time, be it in several processes; and what becomes of it when its owner dies. The body's
   runners are threads and coroutines; the others are processes of one thread. */
#include "clock.h"
#include "others.h"
#include <signal.h>
#include <unistd.h>

struct shared {
    plait_mutex *mutex;
    plait_recursive_mutex *recursive;
    _Atomic int step;
    uint64_t count;
};

/* What several processes use together; each test has one of its own. */
static plait_shared_memory *memory;

static struct shared *begin(void)
{
    memory = shared_begin(1 << 20);
    struct shared *s = plait_shared_alloc(memory, sizeof *s);
    check(s != NULL);
    s->mutex = plait_shared_mutex_new(memory);
    s->recursive = plait_shared_recursive_mutex_new(memory);
    check(s->mutex && s->recursive);
    return s;
}

static void end(struct shared *s)
{
    plait_shared_free(memory, s->recursive);
    plait_shared_free(memory, s->mutex);
    shared_end(memory);
}

enum { EACH = 2000 };

static int counts_up(void *shared)
{
    struct shared *s = shared;
    for (int i = 0; i < EACH; i++) {
        PLAIT_LOCKED(s->mutex);
        uint64_t seen = s->count;
        if (i % 64 == 0) let_others_run();
        s->count = seen + 1;
    }
    return 0;
}

TEST_IN_EACH_KIND(threads_coroutines_and_processes_count_under_one_lock)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    pid_t others[2];
    struct runner *r[2];
    for (int i = 0; i < 2; i++) others[i] = other_start(counts_up, s);
    for (int i = 0; i < 2; i++) r[i] = runner_start(counts_up, s);
    counts_up(s);
    for (int i = 0; i < 2; i++) runner_join(r[i]);
    for (int i = 0; i < 2; i++) check_number(other_join(others[i]), 0);
    check_number(s->count, 5 * EACH);
    check(!plait_mutex_held(s->mutex));
    end(s);
}

static int locks_and_waits(void *shared)
{
    struct shared *s = shared;
    plait_mutex_lock(s->mutex);
    s->step = 1;
    while (s->step != 2) usleep(100);
    s->count = 42;
    plait_mutex_unlock(s->mutex);
    return 0;
}

static int locks(void *shared)
{
    struct shared *s = shared;
    plait_mutex_lock(s->mutex);
    int seen = (int)s->count;
    plait_mutex_unlock(s->mutex);
    return seen;
}

TEST_IN_EACH_KIND(L1_who_waits_for_another_process_is_woken_by_its_unlock)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    pid_t other = other_start(locks_and_waits, s);
    until(s->step == 1);
    check_code(plait_mutex_lock_until(s->mutex, PLAIT_NOW), PLAIT_EAGAIN);
    check(!plait_mutex_held(s->mutex));
    struct runner *r = runner_start(locks, s);
    until_asleep(r);
    s->step = 2;
    check_number(runner_join(r), 42);
    check_number(other_join(other), 0);
    check_code(plait_mutex_lock_until(s->mutex, PLAIT_NOW), 0);
    check(plait_mutex_held(s->mutex));
    check(!plait_shared_owner_died(s->mutex));
    plait_mutex_unlock(s->mutex);
    end(s);
}

TEST_IN_EACH_KIND(all_that_sleep_get_it_one_after_the_other)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    plait_mutex_lock(s->mutex);
    struct runner *r[4];
    for (int i = 0; i < 4; i++) r[i] = runner_start(locks, s), until_asleep(r[i]);
    plait_mutex_unlock(s->mutex);
    for (int i = 0; i < 4; i++) check_number(runner_join(r[i]), 0);
    end(s);
}

static int dies_with_it(void *shared)
{
    struct shared *s = shared;
    plait_mutex_lock(s->mutex);
    s->step = 1;
    wait_for_the_end();
}

static int learns_of_it(void *shared)
{
    struct shared *s = shared;
    int err = plait_mutex_lock_until(s->mutex, PLAIT_FOREVER);
    if (err) return err;
    bool died = plait_shared_owner_died(s->mutex);
    plait_mutex_unlock(s->mutex);
    return died;
}

TEST_IN_EACH_KIND(those_that_sleep_when_the_owner_dies_get_it_and_learn_of_it)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    pid_t other = other_start(dies_with_it, s);
    until(s->step == 1);
    struct runner *r[3];
    for (int i = 0; i < 3; i++) r[i] = runner_start(learns_of_it, s), until_asleep(r[i]);
    other_kill(other);
    for (int i = 0; i < 3; i++) check_number(runner_join(r[i]), 1); /* until it is mended, each learns */
    plait_mutex_lock(s->mutex);
    check(plait_shared_owner_died(s->mutex));
    plait_shared_mended(s->mutex);
    plait_mutex_unlock(s->mutex);
    check_number(learns_of_it(s), 0);
    end(s);
}

TEST_IN_EACH_KIND(one_that_comes_after_the_death_gets_it_too)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    pid_t other = other_start(dies_with_it, s);
    until(s->step == 1);
    other_kill(other);
    check_number(runner_join(runner_start(learns_of_it, s)), 1);
    end(s);
}

static int sleeps_for_it(void *shared)
{
    struct shared *s = shared;
    s->step = 1;
    plait_mutex_lock(s->mutex);
    return 1;
}

TEST_IN_EACH_KIND(a_waiter_that_dies_is_not_waited_for)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    plait_mutex_lock(s->mutex);
    pid_t other = other_start(sleeps_for_it, s);
    until(s->step == 1);
    struct runner *r = runner_start(learns_of_it, s);
    until_asleep(r);
    other_kill(other);
    plait_mutex_unlock(s->mutex);
    check_number(runner_join(r), 0);
    end(s);
}

struct until_then {
    struct shared *s;
    plait_deadline deadline;
};

static int locks_until(void *until_then)
{
    struct until_then *t = until_then;
    int err = plait_mutex_lock_until(t->s->mutex, t->deadline);
    if (!err) plait_mutex_unlock(t->s->mutex);
    return err;
}

TEST_IN_EACH_KIND(L6_L11_a_late_one_goes_and_leaves_it_usable)
{
    SKIP_WITHOUT_OTHERS();
    clock_by_hand();
    struct shared *s = begin();
    pid_t other = other_start(locks_and_waits, s);
    until(s->step == 1);
    struct until_then t[2] = { { s, plait_after(PLAIT_SECOND) }, { s, PLAIT_FOREVER } };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(locks_until, &t[i]), until_asleep(r[i]);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r[0]), PLAIT_ETIMEDOUT);
    s->step = 2;
    check_code(runner_join(r[1]), 0);
    check_number(other_join(other), 0);
    clock_of_the_system();
    end(s);
}

struct in_scope {
    struct shared *s;
    _Atomic(plait_scope *) scope;
};

static int locks_in_a_scope(void *in_scope)
{
    struct in_scope *i = in_scope;
    PLAIT_TIMEOUT(scope, PLAIT_FOREVER);
    i->scope = &scope;
    int err = plait_mutex_lock_until(i->s->mutex, PLAIT_FOREVER);
    if (!err) plait_mutex_unlock(i->s->mutex);
    i->scope = NULL;
    return err;
}

TEST_IN_EACH_KIND(a_scope_that_is_cancelled_ends_the_wait)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    pid_t other = other_start(locks_and_waits, s);
    until(s->step == 1);
    struct in_scope i = { .s = s };
    struct runner *r = runner_start(locks_in_a_scope, &i);
    until_asleep(r);
    plait_scope_cancel(i.scope);
    check_code(runner_join(r), PLAIT_ECANCELED);
    s->step = 2;
    check_number(other_join(other), 0);
    end(s);
}

TEST_IN_EACH_KIND(L8_a_second_lock_by_the_holder_is_seen)
{
    struct shared *s = begin();
    plait_mutex_lock(s->mutex);
    check_code(plait_mutex_lock_until(s->mutex, PLAIT_FOREVER), PLAIT_EDEADLK);
    check_contains(plait_error()->message, "the task that holds it");
    check_code(plait_mutex_lock_until(s->mutex, PLAIT_NOW), PLAIT_EAGAIN);
    plait_mutex_unlock(s->mutex);
    end(s);
}

static int locks_it_thrice_and_waits(void *shared)
{
    struct shared *s = shared;
    for (int i = 0; i < 3; i++) plait_recursive_mutex_lock(s->recursive);
    s->step = 1;
    wait_for_the_end();
}

TEST_IN_EACH_KIND(a_recursive_one_counts_its_own_and_forgets_the_dead_owners)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    plait_recursive_mutex_lock(s->recursive);
    check_code(plait_recursive_mutex_lock_until(s->recursive, PLAIT_NOW), 0);
    check_number(plait_recursive_mutex_depth(s->recursive), 2);
    for (int i = 0; i < 2; i++) plait_recursive_mutex_unlock(s->recursive);
    check(!plait_recursive_mutex_held(s->recursive));
    pid_t other = other_start(locks_it_thrice_and_waits, s);
    until(s->step == 1);
    check_code(plait_recursive_mutex_lock_until(s->recursive, PLAIT_NOW), PLAIT_EAGAIN);
    other_kill(other);
    plait_recursive_mutex_lock(s->recursive);
    check_number(plait_recursive_mutex_depth(s->recursive), 1);
    check(plait_shared_owner_died(&s->recursive->mutex));
    plait_recursive_mutex_unlock(s->recursive);
    check(!plait_recursive_mutex_held(s->recursive));
    end(s);
}

static int holds_what_its_parent_held(void *shared)
{
    struct shared *s = shared;
    if (plait_mutex_held(s->mutex)) return 1;
    if (plait_mutex_lock_until(s->mutex, PLAIT_NOW) != PLAIT_EAGAIN) return 2;
    return 0;
}

static void a_forked_child_does_not_hold_what_its_parent_held(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    plait_mutex_lock(s->mutex);
    check_number(other_join(other_start(holds_what_its_parent_held, s)), 0);
    plait_mutex_unlock(s->mutex);
    end(s);
}

static int is_stopped_with_it(void *shared)
{
    struct shared *s = shared;
    plait_mutex_lock(s->mutex);
    s->step = 1;
    raise(SIGSTOP);
    plait_mutex_unlock(s->mutex);
    return 0;
}

/* A stopped one is not dead, and the stopped one is the only other that the kernel could tell of a death. */
static void one_that_is_stopped_keeps_it_and_hides_no_death(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    be_patient(true);
    pid_t stopped = other_start(is_stopped_with_it, s);
    until(s->step == 1);
    check_code(plait_mutex_lock_until(s->mutex, plait_after(1)), PLAIT_ETIMEDOUT);
    s->step = 0;
    struct shared *second = plait_shared_alloc(memory, sizeof *second);
    second->mutex = plait_shared_mutex_new(memory);
    pid_t dying = other_start(dies_with_it, second);
    until(second->step == 1);
    other_kill(dying);
    check_number(learns_of_it(second), 1);
    kill(stopped, SIGCONT);
    check_number(other_join(stopped), 0);
    be_patient(false);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_coroutines_and_processes_count_under_one_lock),
        cmocka_unit_test(L1_who_waits_for_another_process_is_woken_by_its_unlock),
        cmocka_unit_test(all_that_sleep_get_it_one_after_the_other),
        cmocka_unit_test(those_that_sleep_when_the_owner_dies_get_it_and_learn_of_it),
        cmocka_unit_test(one_that_comes_after_the_death_gets_it_too),
        cmocka_unit_test(a_waiter_that_dies_is_not_waited_for),
        cmocka_unit_test(L6_L11_a_late_one_goes_and_leaves_it_usable),
        cmocka_unit_test(a_scope_that_is_cancelled_ends_the_wait),
        cmocka_unit_test(L8_a_second_lock_by_the_holder_is_seen),
        cmocka_unit_test(a_recursive_one_counts_its_own_and_forgets_the_dead_owners),
        cmocka_unit_test(a_forked_child_does_not_hold_what_its_parent_held),
        cmocka_unit_test(one_that_is_stopped_keeps_it_and_hides_no_death),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
