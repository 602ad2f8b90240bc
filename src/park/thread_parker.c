/* thread_parker.c: a thread sleeps on a futex, or with park_on in poll on the descriptor and an eventfd. The state says
   which of the two the sleeper is in, so unpark needs to be told nothing. A park first looks out for its token for a
   while, as long as that has paid lately: this is where all of plait's waits spin.

   What must hold: PARKED and PARKED_ON are written by the owner alone, on its way into the kernel; whoever replaces them
   by NOTIFIED makes the one system call that this sleep needs. An eventfd count that comes late only makes a later
   park_on return for no reason, once.

   Memory order: unpark's exchange releases what the waker wrote, the owner's last exchange acquires it. The compare and
   exchange to PARKED_ON releases the eventfd, which the first park_on makes, and unpark's exchange acquires it. The one
   to PARKED needs no order of its own: its failure means NOTIFIED, which the last exchange then takes. */
#include "park/thread_parker.h"
#include "base/cpus.h"
#include "base/fork.h"
#include "base/hooks.h"
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LINGER = 24 }; /* turns: he who wakes a spinner and then spins himself comes before that one has left */

_Atomic uint64_t plait_parker_wakes;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int most_spinners; /* CPUs we may use, less one */
static _Atomic int spinners;
static _Atomic(plait_parker *) all;

static void count_cpus(void) { most_spinners = plait_allowed_cpus() - 1; }

bool plait_spin_begin(void)
{
    pthread_once(&once, count_cpus);
    if (!most_spinners) return false;
    for (int turn = 0; turn < LINGER; turn++) {
        int now = atomic_load_explicit(&spinners, memory_order_relaxed);
        if (now < most_spinners &&
            atomic_compare_exchange_weak_explicit(&spinners, &now, now + 1, memory_order_relaxed, memory_order_relaxed))
            return true;
        plait_pause();
    }
    return false;
}

void plait_spin_end(bool paid, unsigned *turns)
{
    atomic_fetch_sub_explicit(&spinners, 1, memory_order_relaxed);
    if (paid && *turns < PLAIT_MOST_SPINS) *turns *= 2;
    if (!paid && *turns > PLAIT_FEWEST_SPINS) *turns /= 2;
}

static bool token_comes_soon(struct plait_thread_parker *t)
{
    bool came = false;
    if (!t->parker.may_spin || !plait_spin_begin()) return false;
    for (unsigned turn = 0; turn < t->spins && !came; turn++) {
        plait_pause();
        came = atomic_load_explicit(&t->parker.state, memory_order_relaxed) == PLAIT_NOTIFIED;
    }
    plait_spin_end(came, &t->spins);
    return came;
}

static bool say(plait_parker *p, uint32_t parked)
{
    uint32_t seen = PLAIT_EMPTY;
    return atomic_compare_exchange_strong_explicit(&p->state, &seen, parked, memory_order_release,
                                                   memory_order_relaxed);
}

static void thread_park(plait_parker *p, plait_deadline deadline)
{
    if (!token_comes_soon((struct plait_thread_parker *)p) && say(p, PLAIT_PARKED)) {
        bool limited = deadline.at && plait_clock_is_system();
        int64_t at = deadline.at > 0 ? deadline.at : 0;
        struct timespec until = { at / PLAIT_SECOND, at % PLAIT_SECOND };
        syscall(SYS_futex, &p->state, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, PLAIT_PARKED, limited ? &until : NULL,
                NULL, FUTEX_BITSET_MATCH_ANY); /* woken, late, interrupted: all one */
    }
    atomic_exchange_explicit(&p->state, PLAIT_EMPTY, memory_order_acquire); /* takes the token, if there is one */
}

static int event_of(struct plait_thread_parker *t)
{
    uint32_t generation = plait_process_generation();
    if (t->event < 0 || t->generation != generation) {
        /* One that is left from a fork is the parent's, to read from it would steal the parent's wake-ups. Nor is it
           closed here: the program may have closed all descriptors since, and use its number. */
        t->event = -1;
        if (plait_refused("descriptor")) return -EMFILE;
        t->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        t->generation = generation;
        if (t->event < 0) return -errno;
    }
    return t->event;
}

static int thread_park_on(plait_parker *p, int fd, short events, plait_deadline deadline)
{
    struct plait_thread_parker *t = (struct plait_thread_parker *)p;
    int event = event_of(t);
    if (event < 0) return event;
    struct pollfd on[2] = { { .fd = fd, .events = events }, { .fd = event, .events = POLLIN } };
    int error = 0;
    bool asleep = !plait_is_now(deadline) && say(p, PLAIT_PARKED_ON);
    int64_t left = asleep && deadline.at ? deadline.at - plait_time() : 0;
    struct timespec wait = { left > 0 ? left / PLAIT_SECOND : 0, left > 0 ? left % PLAIT_SECOND : 0 };
    bool limited = !asleep || (deadline.at && (left <= 0 || plait_clock_is_system()));
    /* Looks at fd, token or not. Not by the function ppoll: ThreadSanitizer takes any close beside it for a race. */
    if (syscall(SYS_ppoll, on, 2, limited ? &wait : NULL, NULL, 0) < 0 && errno != EINTR) error = -errno;
    uint64_t count;
    if (on[1].revents && read(event, &count, sizeof count) < 0 && errno != EAGAIN) error = -errno;
    atomic_exchange_explicit(&p->state, PLAIT_EMPTY, memory_order_acquire);
    return error ? error : on[0].revents;
}

int plait_thread_parker_event(plait_parker *p) { return event_of((struct plait_thread_parker *)p); }

bool plait_thread_parker_sleeps(plait_parker *p, bool spin)
{
    return !(spin && token_comes_soon((struct plait_thread_parker *)p)) && say(p, PLAIT_PARKED_ON);
}

void plait_thread_parker_woke(plait_parker *p)
{
    atomic_exchange_explicit(&p->state, PLAIT_EMPTY, memory_order_acquire);
}

static void thread_unpark(plait_parker *p)
{
    uint32_t was = atomic_exchange_explicit(&p->state, PLAIT_NOTIFIED, memory_order_acq_rel);
    if (was != PLAIT_PARKED && was != PLAIT_PARKED_ON) return;
    int before = errno;
    if (was == PLAIT_PARKED) {
        syscall(SYS_futex, &p->state, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
    } else {
        uint64_t one = 1; /* the count cannot overflow: each sleep is written to once, and the next park_on reads it */
        while (write(((struct plait_thread_parker *)p)->event, &one, sizeof one) < 0 && errno == EINTR) {}
    }
    errno = before;
    atomic_fetch_add_explicit(&plait_parker_wakes, 1, memory_order_relaxed);
}

static const struct plait_parker_operations operations = { .park = thread_park,
                                                           .park_on = thread_park_on,
                                                           .unpark = thread_unpark };

bool plait_thread_parker_has_words(plait_parker *p) { return p->operations == &operations && plait_words_together(); }

void plait_thread_park_beside(plait_parker *p, const struct plait_word *words, unsigned count, plait_deadline deadline)
{
    if (say(p, PLAIT_PARKED)) {
        struct plait_word on[PLAIT_MOST_BESIDE + 1] = { { &p->state, PLAIT_PARKED, true } };
        for (unsigned i = 0; i < count; i++) on[i + 1] = words[i];
        int64_t until = !deadline.at || !plait_clock_is_system() ? 0 : deadline.at > 0 ? deadline.at : 1;
        plait_words_sleep(on, count + 1, until);
    }
    atomic_exchange_explicit(&p->state, PLAIT_EMPTY, memory_order_acquire);
}

void plait_thread_parker_prepare(struct plait_thread_parker *t)
{
    pthread_once(&once, count_cpus);
    t->event = -1;
    t->spins = PLAIT_FEWEST_SPINS;
    t->parker = (plait_parker){ .operations = &operations, .may_spin = most_spinners > 0, .home = t };
    plait_parker_made(&t->parker);
}

void plait_thread_parker_forked(struct plait_thread_parker *own)
{
    atomic_store_explicit(&spinners, 0, memory_order_relaxed);
    for (plait_parker *p = atomic_load_explicit(&all, memory_order_acquire); p; p = p->made) p->watch = NULL;
    if (!own || own->event < 0) return;
    close(own->event);
    own->event = -1;
}

/* Parkers are never unmade, so the list only grows and may be walked by anybody. One that is made too late to be found by
   plait_clock_moved, which puts back the head that it takes, reads the clock as it is after the move. */
void plait_parker_made(plait_parker *parker)
{
    parker->made = atomic_load_explicit(&all, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&all, &parker->made, parker, memory_order_acq_rel,
                                                  memory_order_relaxed)) {}
}

void plait_clock_moved(void)
{
    plait_parker *p = atomic_load_explicit(&all, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&all, &p, p, memory_order_acq_rel, memory_order_relaxed)) {}
    for (; p; p = p->made) plait_unpark(p);
}
