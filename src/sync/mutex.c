/* mutex.c: one word of state and a wait list. A free lock is anybody's (barging); a waiter that has slept a millisecond,
   or that runs on the unlocker's own home and so could never barge in, has the lock handed to it.

   What must hold:
   - The word is the owner's context, or 0; bit 0 says that someone may wait; bit 1 alone, and then for ever, that
     it is in shared memory (sync/shared.h): not zero, so the fast path fails.
   - Bit 0 is set under the spin bit, and only while the lock is owned: so the owner's unlock sees it.
   - Whoever publishes a free lock with bit 0 set has a claimed waiter to wake *afterwards*; that waiter tries the lock.
   - The publishing operation is the unlocker's last access to the mutex: the next owner may free it at once. (A claimed
     waiter would keep it alive until it is woken, but with nobody on the list nothing does.)

   Memory order: taking the word acquires, publishing it releases; taking also releases, since the word then names a
   context that others may look at (park/deadlock.h). Setting and clearing bit 0 is relaxed: it is done under
   the spin bit, and only says where to look. So is `spins`, which decides nothing but how long to look out. */
#include "sync/mutex.h"
#include "base/stop.h"
#include "park/deadlock.h"
#include "park/thread_parker.h"
#include "sync/shared.h"

#define WAITERS ((uintptr_t)1)
#define PATIENCE PLAIT_MILLISECOND
enum { FIRST_SPINS = 1024, FIRST_PAUSES = 32, MOST_PAUSES = 128 };

static uintptr_t owner_of(uintptr_t word) { return word & ~PLAIT_LOCK_BITS; }

static uintptr_t look(plait_mutex *m) { return atomic_load_explicit(&m->word, memory_order_relaxed); }
static bool is_shared(plait_mutex *m) { return look(m) == PLAIT_MUTEX_SHARED; }

static bool try_lock(plait_mutex *m, plait_context *self)
{
    uintptr_t word = look(m);
    while (!(word & ~WAITERS))
        if (atomic_compare_exchange_weak_explicit(&m->word, &word, word | (uintptr_t)self, memory_order_acq_rel,
                                                  memory_order_relaxed))
            return true;
    return false;
}

/* On the list and announced by bit 0, or false: the lock came free meanwhile. */
static bool enlist(plait_mutex *m, plait_waiter *node, bool first)
{
    plait_waiter *last = plait_waitlist_hold(&m->waiters);
    uintptr_t word = look(m);
    while (owner_of(word) && !(word & WAITERS))
        if (atomic_compare_exchange_weak_explicit(&m->word, &word, word | WAITERS, memory_order_relaxed,
                                                  memory_order_relaxed))
            break;
    bool owned = owner_of(word) != 0;
    plait_waitlist_release(&m->waiters, owned ? plait_ring_add(last, node, first) : last);
    return owned;
}

bool plait_mutex_held_here(plait_mutex *m)
{
    uintptr_t owner = owner_of(look(m));
    for (plait_context *c = plait_current(); owner && c; c = c->outer)
        if (owner == (uintptr_t)c) return true;
    return false;
}

/* Tries again for a while, and rarely, so that the owner keeps the line of the lock to itself most of the time. How
   long that is worth it the lock remembers: of several that change it any one may win. */
static bool look_out(plait_mutex *m, plait_context *self)
{
    if (!self->parker->may_spin || !plait_spin_begin()) return false;
    unsigned before = atomic_load_explicit(&m->spins, memory_order_relaxed), spins = before ? before : FIRST_SPINS;
    bool got = false;
    for (unsigned turn = 0, pauses = FIRST_PAUSES; turn < spins && !got; turn += pauses) {
        for (unsigned i = 0; i < pauses; i++) plait_pause();
        if (pauses < MOST_PAUSES) pauses *= 2;
        got = !owner_of(look(m)) && try_lock(m, self);
    }
    plait_spin_end(got, &spins);
    if (spins != before) atomic_store_explicit(&m->spins, spins, memory_order_relaxed);
    return got;
}

static int lock_slowly(plait_mutex *m, plait_context *self, plait_deadline deadline, enum plait_cut cut)
{
    if (is_shared(m)) return plait_shared->mutex_lock(m, deadline, cut);
    if (plait_mutex_held_here(m)) /* an outer task cannot unlock before this one is through */
        return plait_fail(PLAIT_EDEADLK,
                          "a lock is asked for by the task that holds it, or by one that runs inside of it");
    if (look_out(m, self)) return 0;

    plait_waiter node = plait_waiter_here();
    plait_watch watch;
    int64_t since = 0;
    int err = 0;
    while (!try_lock(m, self)) {
        node.impatient =
            since && plait_time() - since > PATIENCE; /* woken, but too slow: do not let others pass again */
        node.handed = false;
        if (!enlist(m, &node, since != 0)) continue;
        if (!since) plait_watch_begin(&watch, &m->word, since = plait_time(), cut == PLAIT_CANCELLABLE);
        err = plait_wait_looking(&m->waiters, &node, deadline, cut, &watch.look);
        if (err && try_lock(m, self)) err = 0;
        else if (!err && !node.handed) continue;
        break; /* if handed over, its unlock happened before our waking */
    }
    if (since) plait_watch_end(&watch);
    return err == PLAIT_EDEADLK ? plait_fail(err, "%s", watch.words) : err;
}

/* Out of line, as is unlock_slowly: so the way of a free lock needs no stack frame. */
static __attribute__((noinline)) void lock_or_stop(plait_mutex *m)
{
    plait_context *self = plait_current();
    if (lock_slowly(m, self, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE))
        plait_stop("a mutex was locked by the task that holds it, or by one that runs inside of that task");
    self->locks++;
}

/* If nobody may wait. */
static bool unlock_plainly(plait_mutex *m, plait_context *self)
{
    uintptr_t word = (uintptr_t)self;
    return atomic_compare_exchange_strong_explicit(&m->word, &word, 0, memory_order_release, memory_order_relaxed);
}

void plait_mutex_lock(plait_mutex *m)
{
    plait_context *self = plait_current_;
    uintptr_t unlocked = 0;
    if (self && atomic_compare_exchange_strong_explicit(&m->word, &unlocked, (uintptr_t)self, memory_order_acq_rel,
                                                        memory_order_relaxed))
        self->locks++;
    else lock_or_stop(m);
}

int plait_mutex_take(plait_mutex *m, plait_deadline deadline, enum plait_cut cut)
{
    int err = cut == PLAIT_CANCELLABLE ? plait_wait_begin(deadline) : 0;
    plait_context *self = plait_current();
    if (!err && !try_lock(m, self))
        err = plait_is_now(deadline) && !is_shared(m) ? PLAIT_EAGAIN : lock_slowly(m, self, deadline, cut);
    if (!err) self->locks++;
    return err == PLAIT_EDEADLK ? err : plait_failed(err); /* the one that has words */
}

int plait_mutex_lock_until(plait_mutex *m, plait_deadline deadline)
{
    return plait_mutex_take(m, deadline, PLAIT_CANCELLABLE);
}

static __attribute__((noinline)) void unlock_slowly(plait_mutex *m)
{
    plait_context *self = plait_current();
    if (is_shared(m)) {
        plait_shared->mutex_unlock(m);
        self->locks--;
        return;
    }
    do {
        uintptr_t owner = owner_of(look(m));
        if (owner != (uintptr_t)self)
            plait_stop("a mutex was unlocked by a task that does not hold it%s", owner ? "" : ": it is free");
        plait_waiter *first, *last = plait_ring_claim(plait_waitlist_hold(&m->waiters), &first);
        if (!last) atomic_fetch_and_explicit(&m->word, ~WAITERS, memory_order_relaxed);
        plait_waitlist_release(&m->waiters, last);
        if (first) {
            first->handed = first->impatient || first->parker->home == self->parker->home;
            uintptr_t next = first->handed ? (uintptr_t)first->task : 0;
            atomic_fetch_xor_explicit(&m->word, next ^ (uintptr_t)self, memory_order_release);
            plait_wake(first);
            break;
        }
    } while (!unlock_plainly(m, self)); /* nobody there: but one may arrive now, so look again */
    self->locks--;
}

void plait_mutex_unlock(plait_mutex *m)
{
    plait_context *self = plait_current_;
    if (self && unlock_plainly(m, self)) self->locks--;
    else unlock_slowly(m);
}

bool plait_mutex_held(plait_mutex *m)
{
    return owner_of(look(m)) == (uintptr_t)plait_current() || (is_shared(m) && plait_shared->mutex_held(m));
}
