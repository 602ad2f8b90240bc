/* rwlock.c: a mutex among writers, and a word that counts the readers inside and says whether the door is shut to more.

   A writer has the mutex from before it shuts the door until it has opened it again. It shuts the door, then waits for the
   readers inside to leave. When it opens, those that wait to read are counted in by the same operation, and woken after.

   What must hold:
   - The word is the readers inside, times eight. SHUT: a writer is inside, or waits for the readers to leave. READERS:
     somebody may wait to read; set under the spin bit of `readers`, and only while the door is shut. WRITER: the writer may
     be on `leaving`; set under the spin bit of that, and only while a reader is inside.
   - The door is opened by one operation that finds READERS clear: so it knows all who wait, and has claimed them.
   - While the writer is on `leaving` the door is shut, and stays shut as long as the spin bit is held. So the reader that
     finds itself the last one then is, and claims the writer before it leaves.
   - To leave is a reader's last access to the lock, to unlock the mutex a writer's: the next writer may free it at once.

   Memory order: to come in acquires, to leave and to open release. A writer that waited looks at the word once more to
   acquire what *all* readers did before they left, not the last one alone. */
#include <plait/rwlock.h>
#include "base/stop.h"
#include "park/deadlock.h"
#include "sync/mutex.h"

#define SHUT ((uintptr_t)1)
#define READERS ((uintptr_t)2)
#define WRITER ((uintptr_t)4)
#define ONE ((uintptr_t)8)
#define SPINS 100

static uintptr_t look(plait_rwlock *l) { return atomic_load_explicit(&l->word, memory_order_relaxed); }

static bool change(plait_rwlock *l, uintptr_t *word, uintptr_t next, memory_order order)
{
    return atomic_compare_exchange_weak_explicit(&l->word, word, next, order, memory_order_relaxed);
}

static bool try_read(plait_rwlock *l)
{
    uintptr_t word = look(l);
    while (!(word & SHUT))
        if (change(l, &word, word + ONE, memory_order_acquire)) return true;
    return false;
}

/* On the list and announced, or false: the door is open. */
static bool enlist_reader(plait_rwlock *l, plait_waiter *node)
{
    plait_waiter *last = plait_waitlist_hold(&l->readers);
    uintptr_t word = look(l);
    while ((word & SHUT) && !(word & READERS))
        if (change(l, &word, word | READERS, memory_order_relaxed)) break;
    bool shut = word & SHUT;
    plait_waitlist_release(&l->readers, shut ? plait_ring_add(last, node, false) : last);
    return shut;
}

static int read_slowly(plait_rwlock *l, plait_deadline deadline, enum plait_cut cut)
{
    plait_waiter node = plait_waiter_here();
    if (plait_mutex_held_here(&l->writer))
        return plait_fail(PLAIT_EDEADLK,
                          "a read-write lock is asked for by the task that writes, or by one that runs inside of it");
    for (int turn = node.parker->may_spin ? SPINS : 0; turn > 0; turn--)
        if (!(look(l) & SHUT) && try_read(l)) return 0;
    do
        if (try_read(l)) return 0;
    while (!enlist_reader(l, &node));
    plait_watch watch; /* what keeps a reader out is a writer: the owner of the mutex */
    plait_watch_begin(&watch, &l->writer.word, plait_time(), cut == PLAIT_CANCELLABLE);
    int err = plait_wait_looking(&l->readers, &node, deadline, cut, &watch.look); /* 0: it was counted in */
    plait_watch_end(&watch);
    return err == PLAIT_EDEADLK ? plait_fail(err, "%s", watch.words) : err;
}

void plait_rwlock_lock_read(plait_rwlock *l)
{
    if (!try_read(l) && read_slowly(l, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE))
        plait_stop("a read-write lock was locked to read by the task that writes, or by one that runs inside of it");
    plait_current()->locks++;
}

int plait_rwlock_lock_read_until(plait_rwlock *l, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    if (!err && !try_read(l)) err = plait_is_now(deadline) ? PLAIT_EAGAIN : read_slowly(l, deadline, PLAIT_CANCELLABLE);
    if (!err) plait_current()->locks++;
    return err == PLAIT_EDEADLK ? err : plait_failed(err); /* the one that has words */
}

/* For one who may be the last inside, with the writer waiting for that: claims the writer. */
static plait_waiter *claim_writer(plait_rwlock *l)
{
    plait_waiter *writer = NULL, *last = plait_waitlist_hold(&l->leaving);
    if (look(l) < 2 * ONE) last = plait_ring_claim(last, &writer);
    if (!last) atomic_fetch_and_explicit(&l->word, ~WRITER, memory_order_relaxed);
    plait_waitlist_release(&l->leaving, last);
    return writer;
}

void plait_rwlock_unlock_read(plait_rwlock *l)
{
    plait_context *self = plait_current();
    uintptr_t word = look(l);
    if (word < ONE || !self->locks) plait_stop("a read-write lock was unlocked by a task that does not read");
    self->locks--;
    for (;;) {
        if (word < 2 * ONE && (word & WRITER)) {
            plait_waiter *writer = claim_writer(l);
            if (writer) {
                atomic_fetch_sub_explicit(&l->word, ONE, memory_order_release);
                plait_wake(writer);
                return;
            }
            word = look(l);
        } else if (change(l, &word, word - ONE, memory_order_release)) {
            return;
        }
    }
}

static plait_waiter **claim_readers(plait_rwlock *l, plait_waiter **end, uintptr_t *readers)
{
    plait_waiter *last = plait_waitlist_hold(&l->readers);
    for (; last; end = &(*end)->next, *readers += ONE) last = plait_ring_claim(last, end);
    atomic_fetch_and_explicit(&l->word, ~READERS, memory_order_relaxed);
    plait_waitlist_release(&l->readers, NULL);
    return end;
}

/* By the writer: lets in those that wait to read, and `readers` more. */
static void open_door(plait_rwlock *l, uintptr_t readers)
{
    plait_waiter *chain = NULL, **end = &chain;
    uintptr_t word = look(l);
    for (;;) {
        if (word & READERS) end = claim_readers(l, end, &readers), word = look(l);
        else if (change(l, &word, (word & ~(SHUT | WRITER)) + readers, memory_order_release)) break;
    }
    plait_wake(chain);
}

/* On the list and announced, or false: no reader is inside. */
static bool enlist_writer(plait_rwlock *l, plait_waiter *node)
{
    plait_waiter *last = plait_waitlist_hold(&l->leaving);
    uintptr_t word = look(l);
    while (word >= ONE && !(word & WRITER))
        if (change(l, &word, word | WRITER, memory_order_relaxed)) break;
    bool inside = word >= ONE;
    plait_waitlist_release(&l->leaving, inside ? plait_ring_add(last, node, false) : last);
    return inside;
}

static int lock_write(plait_rwlock *l, plait_deadline deadline, enum plait_cut cut)
{
    int err = plait_mutex_take(&l->writer, deadline, cut);
    if (err) return err;
    uintptr_t empty = 0;
    if (atomic_compare_exchange_strong_explicit(&l->word, &empty, SHUT, memory_order_acquire, memory_order_relaxed))
        return 0;
    if (plait_is_now(deadline)) {
        err = PLAIT_EAGAIN;
    } else {
        plait_waiter node = plait_waiter_here();
        atomic_fetch_or_explicit(&l->word, SHUT, memory_order_relaxed);
        if (enlist_writer(l, &node)) err = plait_wait_in(&l->leaving, &node, deadline, cut);
        (void)atomic_load_explicit(&l->word, memory_order_acquire);
        if (!err) return 0;
        open_door(l, 0);
    }
    plait_mutex_unlock(&l->writer);
    return plait_failed(err);
}

void plait_rwlock_lock_write(plait_rwlock *l)
{
    if (lock_write(l, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE))
        plait_stop("a read-write lock was locked to write by the task that writes, or by one that runs inside of it");
}

int plait_rwlock_lock_write_until(plait_rwlock *l, plait_deadline deadline)
{
    return lock_write(l, deadline, PLAIT_CANCELLABLE);
}

static void check_writer(plait_rwlock *l)
{
    if (!plait_mutex_held(&l->writer)) plait_stop("a read-write lock was unlocked by a task that does not write");
}

void plait_rwlock_unlock_write(plait_rwlock *l)
{
    check_writer(l);
    open_door(l, 0);
    plait_mutex_unlock(&l->writer);
}

void plait_rwlock_downgrade(plait_rwlock *l)
{
    check_writer(l);
    open_door(l, ONE);
    plait_current()->locks++;
    plait_mutex_unlock(&l->writer);
}

bool plait_rwlock_held(plait_rwlock *l) { return plait_mutex_held(&l->writer); }
