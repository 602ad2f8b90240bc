/* test_parker.c: how a thread sleeps and is woken, and the tests' coroutine likewise: tokens, deadlines, descriptors,
   signals, forks. */
#include "child.h"
#include "clock.h"
#include "fault.h"
#include "on_valgrind.h"
#include "runners.h"
#include "sanitizers.h"
#include "park/context.h"
#include "park/thread_parker.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static plait_parker *mine(void) { return plait_current()->parker; }
static uint32_t state_of(plait_parker *p) { return atomic_load_explicit(&p->state, memory_order_acquire); }
static int park_on(int fd, short events, plait_deadline until)
{
    return mine()->operations->park_on(mine(), fd, events, until);
}

struct pipe_ends {
    int out, in;
};
static struct pipe_ends pipe_new(void)
{
    int ends[2];
    check_number(pipe2(ends, O_CLOEXEC), 0);
    return (struct pipe_ends){ ends[0], ends[1] };
}
static void pipe_end(struct pipe_ends p)
{
    close(p.out);
    close(p.in);
}

TEST_IN_EACH_KIND(an_unpark_before_the_park_is_not_lost)
{
    plait_unpark(mine());
    plait_park(mine(), PLAIT_FOREVER);
    check_number(state_of(mine()), PLAIT_EMPTY);
}

TEST_IN_EACH_KIND(many_unparks_leave_one_token)
{
    for (int i = 0; i < 5; i++) plait_unpark(mine());
    check_number(state_of(mine()), PLAIT_NOTIFIED);
    plait_park(mine(), PLAIT_FOREVER);
    check_number(state_of(mine()), PLAIT_EMPTY);
    plait_park(mine(), plait_after(0)); /* would return too if it had slept for ever, but by no token */
    check_number(state_of(mine()), PLAIT_EMPTY);
}

struct told {
    int what; /* a plain word: the token alone orders it */
};
static int hears(void *told)
{
    plait_park(mine(), PLAIT_FOREVER);
    return ((struct told *)told)->what;
}

TEST_IN_EACH_KIND(what_was_written_before_an_unpark_is_seen_after_the_park)
{
    for (int i = 1; i < 20; i++) {
        static struct told t;
        struct runner *r = runner_start(hears, &t);
        until_asleep(r);
        t.what = i;
        plait_unpark(runner_parker(r));
        check_number(runner_join(r), i);
    }
}

struct sleeper {
    _Atomic bool go;
    int fd;
    plait_deadline until;
    size_t returns;
};

static int sleeps_until_told(void *sleeper)
{
    struct sleeper *s = sleeper;
    while (!atomic_load_explicit(&s->go, memory_order_acquire)) plait_park(mine(), PLAIT_FOREVER), s->returns++;
    return 0;
}

TEST_IN_EACH_KIND(an_unpark_wakes_who_sleeps)
{
    struct sleeper s = { 0 };
    struct runner *r = runner_start(sleeps_until_told, &s);
    until_asleep(r);
    plait_parker *p = runner_parker(r);
    plait_unpark(p); /* for no reason: it sleeps again */
    until(state_of(p) == PLAIT_PARKED);
    atomic_store_explicit(&s.go, true, memory_order_release);
    plait_unpark(p);
    runner_join(r);
    check(s.returns >= 1);
}

static int sleeps_until_late(void *sleeper)
{
    struct sleeper *s = sleeper;
    while (!plait_has_passed(s->until)) {
        if (s->fd < 0) plait_park(mine(), s->until);
        else check_number(park_on(s->fd, POLLIN, s->until), 0);
    }
    return 0;
}

TEST_IN_EACH_KIND(a_park_ends_at_its_deadline)
{
    struct pipe_ends p = pipe_new();
    struct sleeper s[2] = { { .fd = -1, .until = plait_after(2 * PLAIT_MILLISECOND) },
                            { .fd = p.out, .until = plait_after(2 * PLAIT_MILLISECOND) } };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(sleeps_until_late, &s[i]);
    for (int i = 0; i < 2; i++) runner_join(r[i]);
    plait_park(mine(), plait_deadline_at_(1)); /* long past */
    check_number(park_on(p.out, POLLIN, plait_deadline_at_(1)), 0);
    pipe_end(p);
}

TEST_IN_EACH_KIND(a_park_ends_when_a_clock_moved_by_hand_says_so)
{
    clock_by_hand();
    struct pipe_ends p = pipe_new();
    struct sleeper s[2] = { { .fd = -1, .until = plait_after(PLAIT_SECOND) },
                            { .fd = p.out, .until = plait_after(PLAIT_SECOND) } };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(sleeps_until_late, &s[i]);
    for (int i = 0; i < 2; i++) until_asleep(r[i]);
    clock_move(PLAIT_SECOND - 1);
    for (int i = 0; i < 2; i++) until_asleep(r[i]), check(!runner_done(r[i]));
    clock_move(1);
    for (int i = 0; i < 2; i++) runner_join(r[i]);
    clock_of_the_system();
    pipe_end(p);
}

TEST_IN_EACH_KIND(park_on_looks_at_the_descriptor_token_or_not)
{
    struct pipe_ends p = pipe_new();
    check_number(park_on(p.in, POLLOUT, PLAIT_FOREVER), POLLOUT);
    check_number(park_on(p.out, POLLIN, PLAIT_NOW), 0);
    plait_unpark(mine());
    check_number(park_on(p.in, POLLOUT, PLAIT_FOREVER), POLLOUT);
    plait_unpark(mine());
    check_number(park_on(p.in, POLLOUT, PLAIT_NOW), POLLOUT);
    plait_unpark(mine());
    check_number(park_on(p.out, POLLIN, PLAIT_FOREVER), 0); /* the token */
    pipe_end(p);
}

static int sleeps_on(void *sleeper)
{
    struct sleeper *s = sleeper;
    int got = 0;
    while (!got && !atomic_load_explicit(&s->go, memory_order_acquire)) got = park_on(s->fd, POLLIN, PLAIT_FOREVER);
    return got;
}

TEST_IN_EACH_KIND(park_on_ends_when_the_descriptor_is_ready)
{
    struct pipe_ends p = pipe_new();
    struct sleeper s = { .fd = p.out };
    struct runner *r = runner_start(sleeps_on, &s);
    until_asleep(r);
    check_number(write(p.in, "x", 1), 1);
    check_number(runner_join(r), POLLIN);
    pipe_end(p);
}

TEST_IN_EACH_KIND(park_on_ends_by_an_unpark)
{
    struct pipe_ends p = pipe_new();
    for (int i = 0; i < 20; i++) {
        struct sleeper s = { .fd = p.out };
        struct runner *r = runner_start(sleeps_on, &s);
        until_asleep(r);
        atomic_store_explicit(&s.go, true, memory_order_release);
        plait_unpark(runner_parker(r));
        check_number(runner_join(r), 0);
    }
    pipe_end(p);
}

/* The waker learns of the descriptor that the sleeper just made by nothing but the parker's word. */
static void the_first_park_on_of_a_thread_ends_by_an_unpark(void **unused)
{
    (void)unused;
    enum { MANY = 30 }; /* more than threads were there before, so that none has a descriptor yet */
    struct pipe_ends p = pipe_new();
    struct sleeper s[MANY] = { 0 };
    struct runner *r[MANY];
    for (int i = 0; i < MANY; i++) s[i].fd = p.out, r[i] = runner_start(sleeps_on, &s[i]);
    for (int i = 0; i < MANY; i++) {
        until_asleep(r[i]);
        atomic_store_explicit(&s[i].go, true, memory_order_relaxed);
        plait_unpark(runner_parker(r[i]));
    }
    for (int i = 0; i < MANY; i++) check_number(runner_join(r[i]), 0);
    pipe_end(p);
}

TEST_IN_EACH_KIND(several_park_on_one_descriptor)
{
    struct pipe_ends p = pipe_new();
    struct sleeper s = { .fd = p.out };
    struct runner *r[3];
    for (int i = 0; i < 3; i++) r[i] = runner_start(sleeps_on, &s);
    for (int i = 0; i < 3; i++) until_asleep(r[i]);
    check_number(write(p.in, "x", 1), 1);
    for (int i = 0; i < 3; i++) check_number(runner_join(r[i]), POLLIN);
    pipe_end(p);
}

static void only_a_sleeper_costs_its_waker_a_system_call(void **unused)
{
    (void)unused;
    static struct plait_thread_parker other;
    plait_thread_parker_prepare(&other);
    uint64_t before = plait_parker_wakes;
    plait_unpark(&other.parker);
    plait_unpark(&other.parker);
    check_number(plait_parker_wakes, before);
    struct sleeper s = { 0 };
    struct runner *r = runner_start(sleeps_until_told, &s);
    until_asleep(r);
    atomic_store_explicit(&s.go, true, memory_order_release);
    plait_unpark(runner_parker(r));
    runner_join(r);
    check_number(plait_parker_wakes, before + 1);
}

static void unpark_keeps_errno(void **unused)
{
    (void)unused;
    static struct plait_thread_parker broken;
    plait_thread_parker_prepare(&broken);
    broken.event = -1;
    atomic_store_explicit(&broken.parker.state, PLAIT_PARKED_ON, memory_order_relaxed);
    errno = 4321;
    plait_unpark(&broken.parker); /* the write fails */
    check_number(errno, 4321);
}

static void a_count_that_comes_late_is_one_spurious_return(void **unused)
{
    (void)unused;
    struct pipe_ends p = pipe_new();
    check_number(park_on(p.out, POLLIN, PLAIT_NOW), 0);
    int event = ((struct plait_thread_parker *)mine())->event;
    check(event >= 0);
    uint64_t one = 1;
    check_number(write(event, &one, sizeof one), sizeof one);
    check_number(park_on(p.out, POLLIN, PLAIT_FOREVER), 0);
    check_number(poll(&(struct pollfd){ .fd = event, .events = POLLIN }, 1, 0), 0);
    pipe_end(p);
}

static size_t descriptors_open(void)
{
    size_t count = 0;
    DIR *all = opendir("/proc/self/fd");
    while (readdir(all)) count++;
    closedir(all);
    return count;
}

static int looks_at(void *fd)
{
    check_number(park_on(*(int *)fd, POLLIN, plait_after(0)), 0);
    return 0;
}

static void threads_that_come_and_go_reuse_parkers_and_descriptors(void **unused)
{
    (void)unused;
    struct pipe_ends p = pipe_new();
    runner_join(runner_start(looks_at, &p.out));
    size_t before = descriptors_open();
    for (int i = 0; i < 50; i++) runner_join(runner_start(looks_at, &p.out));
    check_number(descriptors_open(), before);
    pipe_end(p);
}

static int is_refused(void *fd)
{
    check_code(park_on(*(int *)fd, POLLIN, plait_after(PLAIT_SECOND)), -EMFILE);
    check_code(park_on(*(int *)fd, POLLIN, plait_after(PLAIT_SECOND)), -EMFILE);
    fault_off();
    check_number(park_on(*(int *)fd, POLLIN, plait_deadline_at_(1)), 0);
    return 0;
}

static int all_are_used(void *unused)
{
    (void)unused;
    struct pipe_ends p = pipe_new();
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 4, 4 }); /* below what is open already */
    check_code(park_on(p.out, POLLIN, plait_after(PLAIT_SECOND)), -EMFILE);
    plait_park(mine(), plait_deadline_at_(1));
    return 0;
}

static void without_a_descriptor_park_on_says_so(void **unused)
{
    (void)unused;
    char said[1024];
    struct pipe_ends p = pipe_new();
    fault_all("descriptor");
    /* In a child, where the parker has no descriptor yet. */
    check_number(child_run(is_refused, &p.out, said, sizeof said), 0);
    fault_off();
    if (!RUNNING_ON_VALGRIND) /* which has an idea of its own of how many there may be */
        check_number(child_run(all_are_used, NULL, said, sizeof said), 0);
    pipe_end(p);
}

struct inherited {
    int event, fd;
};

static int has_a_descriptor_of_its_own(void *inherited)
{
    struct inherited *i = inherited;
    struct plait_thread_parker *t = (struct plait_thread_parker *)mine();
    uint64_t one = 1;
    check_number(fcntl(i->event, F_GETFD), -1); /* the copy is closed already */
    int other = fcntl(STDERR_FILENO, F_DUPFD, i->event + 10);
    check_number(park_on(i->fd, POLLIN, PLAIT_NOW), 0);
    check(t->event >= 0 && fcntl(other, F_GETFD) >= 0);
    check_number(write(t->event, &one, sizeof one), sizeof one);
    return 0;
}

static void a_forked_child_has_a_wake_up_of_its_own(void **unused)
{
    (void)unused;
    char said[1024];
    struct pipe_ends p = pipe_new();
    check_number(park_on(p.out, POLLIN, PLAIT_NOW), 0);
    struct inherited i = { ((struct plait_thread_parker *)mine())->event, p.out };
    check_number(child_run(has_a_descriptor_of_its_own, &i, said, sizeof said), 0);
    check_number(poll(&(struct pollfd){ .fd = i.event, .events = POLLIN }, 1, 0), 0); /* that was not ours */
    pipe_end(p);
}

static int uses_the_number(void *inherited)
{
    struct inherited *i = inherited;
    struct plait_thread_parker *t = (struct plait_thread_parker *)mine();
    for (int fd = 3; fd < 64; fd++) close(fd); /* as daemons do */
    t->event = i->event;                       /* as after a fork that told nobody */
    check_number(dup2(STDERR_FILENO, i->event), i->event);
    struct pipe_ends p = pipe_new();
    check_number(park_on(p.out, POLLIN, PLAIT_NOW), 0);
    check(fcntl(i->event, F_GETFD) >= 0); /* it is the program's now */
    check(t->event != i->event);
    return 0;
}

static void a_forked_child_may_close_all_and_use_the_numbers(void **unused)
{
    (void)unused;
    char said[1024];
    struct pipe_ends p = pipe_new();
    check_number(park_on(p.out, POLLIN, PLAIT_NOW), 0);
    struct inherited i = { ((struct plait_thread_parker *)mine())->event, p.out };
    check_number(child_run(uses_the_number, &i, said, sizeof said), 0);
    pipe_end(p);
}

static _Atomic int signals;
static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
}
static void unpark_self(int number)
{
    (void)number;
    plait_unpark(mine());
}

struct interrupted {
    struct sleeper sleeper;
    _Atomic(pthread_t) thread;
    int (*function)(void *);
};
static int tells_its_thread(void *interrupted)
{
    struct interrupted *i = interrupted;
    (void)mine();
    i->thread = pthread_self();
    return i->function(&i->sleeper);
}

static void a_signal_ends_no_wait(void **unused)
{
    (void)unused;
    struct pipe_ends p = pipe_new();
    struct sigaction before, action = { .sa_handler = count_signal };
    sigaction(SIGUSR1, &action, &before);
    struct interrupted i[2] = { { .sleeper.fd = -1, .function = sleeps_until_told },
                                { .sleeper.fd = p.out, .function = sleeps_on } };
    struct runner *r[2];
    for (int n = 0; n < 2; n++) r[n] = runner_start(tells_its_thread, &i[n]), until_asleep(r[n]);
    for (int turn = 0; turn < 10; turn++)
        for (int n = 0; n < 2; n++) {
            int seen = signals;
            pthread_kill(i[n].thread, SIGUSR1);
            until(signals > seen);
            until_asleep(r[n]);
        }
    for (int n = 0; n < 2; n++) {
        i[n].sleeper.go = true;
        plait_unpark(runner_parker(r[n]));
        check_number(runner_join(r[n]), 0);
    }
    sigaction(SIGUSR1, &before, NULL);
    pipe_end(p);
}

static void a_signal_handler_may_unpark(void **unused)
{
    (void)unused;
    struct pipe_ends p = pipe_new();
    struct sigaction before, action = { .sa_handler = unpark_self, .sa_flags = SA_RESTART };
    sigaction(SIGUSR1, &action, &before);
    struct interrupted i[2] = { { .sleeper.fd = -1, .function = sleeps_until_told },
                                { .sleeper.fd = p.out, .function = sleeps_on } };
    for (int n = 0; n < 2; n++) {
        struct runner *r = runner_start(tells_its_thread, &i[n]);
        until_asleep(r);
        i[n].sleeper.go = true;
        pthread_kill(i[n].thread, SIGUSR1);
#ifdef TSAN
        plait_unpark(runner_parker(r)); /* it keeps a handler back while the thread sleeps on a futex */
#endif
        check_number(runner_join(r), 0);
    }
    sigaction(SIGUSR1, &before, NULL);
    pipe_end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unpark_before_the_park_is_not_lost),
        cmocka_unit_test(many_unparks_leave_one_token),
        cmocka_unit_test(what_was_written_before_an_unpark_is_seen_after_the_park),
        cmocka_unit_test(an_unpark_wakes_who_sleeps),
        cmocka_unit_test(a_park_ends_at_its_deadline),
        cmocka_unit_test(a_park_ends_when_a_clock_moved_by_hand_says_so),
        cmocka_unit_test(park_on_looks_at_the_descriptor_token_or_not),
        cmocka_unit_test(park_on_ends_when_the_descriptor_is_ready),
        cmocka_unit_test(park_on_ends_by_an_unpark),
        cmocka_unit_test(the_first_park_on_of_a_thread_ends_by_an_unpark),
        cmocka_unit_test(several_park_on_one_descriptor),
        cmocka_unit_test(only_a_sleeper_costs_its_waker_a_system_call),
        cmocka_unit_test(unpark_keeps_errno),
        cmocka_unit_test(a_count_that_comes_late_is_one_spurious_return),
        cmocka_unit_test(threads_that_come_and_go_reuse_parkers_and_descriptors),
        cmocka_unit_test(without_a_descriptor_park_on_says_so),
        cmocka_unit_test(a_forked_child_has_a_wake_up_of_its_own),
        cmocka_unit_test(a_forked_child_may_close_all_and_use_the_numbers),
        cmocka_unit_test(a_signal_ends_no_wait),
        cmocka_unit_test(a_signal_handler_may_unpark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
