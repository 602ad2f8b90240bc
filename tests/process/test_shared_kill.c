/* test_shared_kill.c: a child uses an object in shared memory one machine instruction at a time, and is killed after the
   first, after the second, and so on to the last; each time the others go on, and nothing is lost but what the dead one had
   in its hands. It prints how many steps there were.

   PLAIT_KILL_EVERY=1 has it killed at every step, 2 at every second, and so on. Without it, a short run tries some of them;
   one with PLAIT_STRESS_SECONDS above 2 all, but fewer where others must be started for each. Where the system lets nobody trace, the test is skipped. */
#include "on_valgrind.h"
#include "others.h"
#include "base/hooks.h"
#include "process/shared_registry.h"
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct shared {
    plait_queue *queue;
    plait_mutex *mutex;
    plait_recursive_mutex *recursive;
    plait_semaphore *semaphore;
    plait_condition *condition;
    plait_event *event;
    plait_barrier *barrier;
    plait_throttle *throttle;
    void *block;
    _Atomic int step, got;
    int dirty, count;
};
static plait_shared_memory *memory;
static struct shared *s;

static void begin(void)
{
    memory = shared_begin(1 << 20);
    s = plait_shared_alloc(memory, sizeof *s);
    check(s != NULL);
    s->queue = plait_shared_queue_new(memory, sizeof(uint64_t), 4);
    s->mutex = plait_shared_mutex_new(memory);
    s->recursive = plait_shared_recursive_mutex_new(memory);
    s->semaphore = plait_shared_semaphore_new(memory, 0, 0);
    s->condition = plait_shared_condition_new(memory);
    s->event = plait_shared_event_new(memory);
    s->barrier = plait_shared_barrier_new(memory, 2, 0);
    s->throttle = plait_shared_throttle_new(memory, 1000000, PLAIT_SECOND, 1000000);
    check(s->queue && s->mutex && s->recursive && s->semaphore && s->condition);
    check(s->event && s->barrier && s->throttle);
}

enum { USUAL = 11 }; /* a short run kills at every 11th step */

/* One thing to be killed in. */
struct deed {
    const char *name;
    void (*prepare)(void); /* before the child is there */
    void (*do_it)(void);   /* by the child, step by step */
    void (*finish)(void);  /* the others, when it is dead: must come to an end */
    unsigned every;        /* of one that has many steps, or costs much */
    bool first_use;        /* the child has never used the memory before */
};

static bool may_trace = true;

static int does_it(void *deed)
{
    const struct deed *d = deed;
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) return 1;
    (void)plait_error();
    plait_shared_memory_usage usage;
    if (!d->first_use) plait_shared_memory_get_usage(memory, &usage);
    raise(SIGSTOP);
    d->do_it();
    raise(SIGSTOP);
    wait_for_the_end();
}

/* Returns whether it came as far as the step without having done it all. */
static bool killed_at(const struct deed *d, unsigned step)
{
    int status;
    pid_t child = other_start(does_it, (void *)(uintptr_t)d);
    check_number(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
        may_trace = false;
        return false;
    }
    check(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    bool done = false;
    for (unsigned i = 0; i < step && !done; i++) {
        check_number(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
        check_number(waitpid(child, &status, 0), child);
        check(WIFSTOPPED(status));
        done = WSTOPSIG(status) == SIGSTOP;
        check(done || WSTOPSIG(status) == SIGTRAP);
    }
    other_kill(child);
    return !done;
}

static unsigned strides(unsigned at_least)
{
    const char *every = getenv("PLAIT_KILL_EVERY"), *seconds = getenv("PLAIT_STRESS_SECONDS");
    if (every) return atoi(every) > 0 ? (unsigned)atoi(every) : 1;
    return seconds && atoi(seconds) > 2 ? at_least > USUAL ? at_least / 4 : 1 : at_least;
}

static void die_at_each_step_of(const struct deed *d)
{
    SKIP_WITHOUT_OTHERS();
#if defined TSAN
    skip(); /* it would be ThreadSanitizer that is killed, in most steps */
#endif
    if (RUNNING_ON_VALGRIND) skip(); /* it would be valgrind's steps */
    begin();
    unsigned every = strides(d->every ? d->every : USUAL), kills = 0, step = 0;
#if defined ASAN
    every *= 23;
#endif
    for (bool more = true; more && may_trace; step += every) {
        if (d->prepare) d->prepare();
        more = killed_at(d, step);
        kills += more;
        if (may_trace) d->finish();
    }
    if (!may_trace) skip();
    print_message("    %s: %u steps, killed at %u of them\n", d->name, step - every, kills);
    shared_end(memory);
}

/* Queue. */

static uint64_t next_in, next_out;

static int put(uint64_t n) { return plait_queue_put(s->queue, &n, PLAIT_FOREVER); }

static void put_one(void)
{
    if (put(next_in)) abort();
}

static void get_one(void)
{
    uint64_t n;
    if (plait_queue_get(s->queue, &n, PLAIT_FOREVER)) abort();
}

static void fill_two(void)
{
    for (int i = 0; i < 2; i++) check_code(put(next_in++), 0);
}

/* What is there are the last of what was put, in order. */
static void drain(void)
{
    uint64_t n, count = plait_queue_count(s->queue);
    for (next_out = next_in - count; count; count--) {
        check_code(plait_queue_get(s->queue, &n, PLAIT_NOW), 0);
        check_number(n, next_out++);
    }
    check_code(plait_queue_get(s->queue, &n, PLAIT_NOW), PLAIT_EAGAIN);
}

static void after_put(void)
{
    size_t count = plait_queue_count(s->queue);
    check(count == 2 || count == 3);
    if (count == 3) next_in++; /* it had put it */
    drain();
}

static void after_get(void)
{
    size_t count = plait_queue_count(s->queue);
    check(count == 1 || count == 2);
    drain();
}

static void a_put_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "put", fill_two, put_one, after_put, 0, false });
}

static void a_get_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "get", fill_two, get_one, after_get, 0, false });
}

/* A getter that sleeps meanwhile, and gets what was put, by the dead one or by nobody. */

static pid_t sleeper;

static int gets_until_zero(void *unused)
{
    (void)unused;
    uint64_t n = 1;
    s->step = 1;
    while (n) {
        if (plait_queue_get(s->queue, &n, PLAIT_FOREVER)) return 1;
        s->got++;
    }
    return 0;
}

static void with_a_getter(void)
{
    next_in = 1;
    s->step = s->got = 0;
    sleeper = other_start(gets_until_zero, NULL);
    until(s->step == 1);
}

static void getter_gets_it(void)
{
    until(plait_queue_count(s->queue) == 0); /* without anybody's help */
    check_code(put(0), 0);
    check_number(other_join(sleeper), 0);
    check(s->got == 1 || s->got == 2);
}

static void a_put_to_one_that_sleeps_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "put to a sleeper", with_a_getter, put_one, getter_gets_it, 29, false });
}

static void wait_in_vain(void)
{
    uint64_t n;
    if (plait_queue_get(s->queue, &n, plait_after(PLAIT_MILLISECOND)) == 0) abort();
}

static void a_wait_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "get that waits", with_a_getter, wait_in_vain, getter_gets_it, 37, false });
}

/* Mutex. */

static void lock_and_unlock(void)
{
    plait_mutex_lock(s->mutex);
    s->dirty = 1;
    s->count++;
    s->dirty = 0;
    plait_mutex_unlock(s->mutex);
}

static void after_lock(void)
{
    check_code(plait_mutex_lock_until(s->mutex, PLAIT_FOREVER), 0);
    if (s->dirty) check(plait_shared_owner_died(s->mutex));
    if (plait_shared_owner_died(s->mutex)) s->dirty = 0, plait_shared_mended(s->mutex);
    plait_mutex_unlock(s->mutex);
}

static void a_lock_and_its_unlock_are_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "lock and unlock", NULL, lock_and_unlock, after_lock, 0, false });
}

static int locks_too(void *unused)
{
    (void)unused;
    s->step = 1;
    for (int i = 0; i < 50; i++) lock_and_unlock();
    return 0;
}

static void with_a_locker(void)
{
    s->step = 0;
    sleeper = other_start(locks_too, NULL);
    until(s->step == 1);
}

static void locker_ends(void)
{
    check_number(other_join(sleeper), 0);
    after_lock();
}

static void a_lock_that_others_want_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "contended lock", with_a_locker, lock_and_unlock, locker_ends, 31, false });
}

static void lock_twice_and_unlock(void)
{
    plait_recursive_mutex_lock(s->recursive);
    plait_recursive_mutex_lock(s->recursive);
    plait_recursive_mutex_unlock(s->recursive);
    plait_recursive_mutex_unlock(s->recursive);
}

static int locks_recursively_now(void *unused)
{
    (void)unused;
    return -plait_recursive_mutex_lock_until(s->recursive, PLAIT_NOW);
}

static void after_recursive_lock(void)
{
    plait_recursive_mutex_lock(s->recursive);
    plait_recursive_mutex_unlock(s->recursive); /* how often the dead one had locked it is forgotten: it is free */
    check_number(other_join(other_start(locks_recursively_now, NULL)), 0);
}

static void a_recursive_lock_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(
        &(struct deed){ "recursive lock", NULL, lock_twice_and_unlock, after_recursive_lock, 17, false });
}

/* A condition: one who dies when he tells, and one who dies when he waits. */

static int waits_to_be_told(void *unused)
{
    (void)unused;
    int err = 0;
    plait_mutex_lock(s->mutex);
    s->step = 1;
    while (!err && !s->count) err = plait_condition_wait(s->condition, s->mutex, PLAIT_FOREVER);
    plait_mutex_unlock(s->mutex);
    return -err;
}

static void with_one_to_be_told(void)
{
    s->step = s->count = 0;
    sleeper = other_start(waits_to_be_told, NULL);
    until(s->step == 1);
}

static void tell(void)
{
    plait_mutex_lock(s->mutex);
    s->count = 1;
    plait_condition_signal(s->condition);
    plait_mutex_unlock(s->mutex);
}

static void one_is_told(void)
{
    tell(); /* the dead one may have told nobody */
    check_number(other_join(sleeper), 0);
    after_lock();
}

static void a_signal_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "condition signal", with_one_to_be_told, tell, one_is_told, 41, false });
}

static void wait_to_be_told(void)
{
    plait_mutex_lock(s->mutex);
    (void)!plait_condition_wait(s->condition, s->mutex, plait_after(PLAIT_MILLISECOND)); /* it may wake for nothing */
    plait_mutex_unlock(s->mutex);
}

static void a_wait_to_be_told_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(
        &(struct deed){ "condition wait", with_one_to_be_told, wait_to_be_told, one_is_told, 61, false });
}

/* The others. */

static void release_and_acquire(void)
{
    if (plait_semaphore_release(s->semaphore, 1) || plait_semaphore_acquire(s->semaphore, PLAIT_NOW)) abort();
}

static void after_semaphore(void)
{
    size_t value = plait_semaphore_value(s->semaphore);
    check(value == 0 || value == 1);
    if (value == 0) check_code(plait_semaphore_release(s->semaphore, 1), 0);
    check_code(plait_semaphore_acquire(s->semaphore, PLAIT_NOW), 0);
    check_code(plait_semaphore_acquire(s->semaphore, PLAIT_NOW), PLAIT_EAGAIN);
}

static void a_semaphore_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "release and acquire", NULL, release_and_acquire, after_semaphore, 0, false });
}

static int waits_for_the_event(void *unused)
{
    (void)unused;
    s->step = 1;
    return plait_event_wait(s->event, PLAIT_FOREVER);
}

static void with_one_who_waits(void)
{
    s->step = 0;
    plait_event_clear(s->event);
    sleeper = other_start(waits_for_the_event, NULL);
    until(s->step == 1);
}

static void set_it(void) { plait_event_set(s->event); }

static void waiter_goes(void)
{
    if (!plait_event_is_set(s->event)) plait_event_set(s->event);
    check_number(other_join(sleeper), 0);
}

static void an_event_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "event set", with_one_who_waits, set_it, waiter_goes, 13, false });
}

static void come(void)
{
    if (plait_barrier_wait(s->barrier, NULL, plait_after(PLAIT_MILLISECOND)) == 0) abort();
}

static void barrier_works(void)
{
    int err = plait_barrier_wait(s->barrier, NULL, plait_after(1));
    check(err == PLAIT_ETIMEDOUT || err == PLAIT_EBROKEN); /* it may not have come, or have broken it */
    plait_barrier_reset(s->barrier);
    check(!plait_barrier_is_broken(s->barrier));
    check_number(plait_barrier_waiting(s->barrier), 0);
}

static void a_barrier_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "barrier", NULL, come, barrier_works, 43, false });
}

static void take_a_token(void)
{
    if (plait_throttle_reserve(s->throttle, 1) < 0) abort();
}

static void throttle_works(void)
{
    plait_throttle_statistics before, after;
    plait_throttle_get_statistics(s->throttle, &before);
    check(plait_throttle_reserve(s->throttle, 1) >= 0);
    plait_throttle_get_statistics(s->throttle, &after);
    check_number(after.granted, before.granted + 1);
}

static void a_throttle_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "reserve", NULL, take_a_token, throttle_works, 0, false });
}

/* The allocator: all blocks are whole afterwards, and at most the one that was asked for is lost. */

static plait_shared_memory_usage before;

static void give_out_and_back(void)
{
    void *small = plait_shared_alloc(memory, 100), *large = plait_shared_alloc(memory, 300);
    if (!small || !large) abort();
    plait_shared_free(memory, small);
    plait_shared_free(memory, large);
}

static void look_at_blocks(void) { plait_shared_memory_get_usage(memory, &before); }

static void blocks_are_whole(void)
{
    plait_shared_memory_usage now;
    plait_shared_memory_get_usage(memory, &now);
    check(now.blocks >= before.blocks && now.blocks <= before.blocks + 2);
    check(now.used >= before.used && now.used <= before.used + 1000);
    void *a = plait_shared_alloc(memory, 100), *b = plait_shared_alloc(memory, 300);
    check(a && b);
    plait_shared_free(memory, b);
    plait_shared_free(memory, a);
}

static void the_allocator_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(
        &(struct deed){ "alloc and free", look_at_blocks, give_out_and_back, blocks_are_whole, 19, false });
}

/* The first use of all, with which a process gets a slot. */

static void slot_is_free_again(void)
{
    plait_shared_memory_usage now;
    until((plait_shared_memory_get_usage(memory, &now), now.processes == 1));
    next_in += plait_queue_count(s->queue);
    drain();
    check_code(put(next_in++), 0);
    drain();
}

static void the_first_use_is_survived(void **unused)
{
    (void)unused;
    die_at_each_step_of(&(struct deed){ "first use", NULL, put_one, slot_is_free_again, 397, true });
}

/* Sleepers look by themselves now and then here: a wake may be wasted on a process that is just being killed. */
static bool refuse_nothing(const char *point)
{
    (void)point;
    return false;
}

int main(void)
{
    plait_hooks.refuse = refuse_nothing;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_is_survived),
        cmocka_unit_test(a_get_is_survived),
        cmocka_unit_test(a_put_to_one_that_sleeps_is_survived),
        cmocka_unit_test(a_wait_is_survived),
        cmocka_unit_test(a_lock_and_its_unlock_are_survived),
        cmocka_unit_test(a_lock_that_others_want_is_survived),
        cmocka_unit_test(a_recursive_lock_is_survived),
        cmocka_unit_test(a_signal_is_survived),
        cmocka_unit_test(a_wait_to_be_told_is_survived),
        cmocka_unit_test(a_semaphore_is_survived),
        cmocka_unit_test(an_event_is_survived),
        cmocka_unit_test(a_barrier_is_survived),
        cmocka_unit_test(a_throttle_is_survived),
        cmocka_unit_test(the_allocator_is_survived),
        cmocka_unit_test(the_first_use_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
