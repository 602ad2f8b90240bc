/* semaphore.c: a count and a wait list. A permit that is released while somebody waits is handed over: who was woken has
   it, and nobody passes a waiter.

   What must hold:
   - The word is the count times two; bit 0 says that someone may wait. It is set under the spin bit, and only while the
     count is zero: so each release that could have helped a waiter sees it. While it is set the word does not change.
   - A release is one step, so that it can be refused as a whole: an addition to a count that it has seen, with bit 0 clear,
     as its last access to the semaphore; or under the spin bit, with waiters claimed, who keep the semaphore alive.

   Memory order: taking from the count acquires, adding to it releases; a permit that is handed over is ordered by the
   waking. */
#include <plait/semaphore.h>
#include "park/scope.h"
#include "sync/shared.h"

#define WAITERS ((uintptr_t)1)
#define ONE ((uintptr_t)2)

int plait_semaphore_init(plait_semaphore *s, size_t permits)
{
    if (permits > PLAIT_SEMAPHORE_MOST)
        return plait_fail(PLAIT_EINVAL, "a semaphore of %zu permits: negative, or too many", permits);
    *s = (plait_semaphore){ .word = permits * ONE };
    return 0;
}

int plait_semaphore_init_bounded(plait_semaphore *s, size_t permits, size_t limit)
{
    if (limit == 0 || limit > PLAIT_SEMAPHORE_MOST || permits > limit)
        return plait_fail(PLAIT_EINVAL, "a semaphore of %zu permits and a limit of %zu", permits, limit);
    *s = (plait_semaphore){ .word = permits * ONE, .limit = limit };
    return 0;
}

static bool try_acquire(plait_semaphore *s)
{
    uintptr_t word = atomic_load_explicit(&s->word, memory_order_relaxed);
    while (word >= ONE)
        if (atomic_compare_exchange_weak_explicit(&s->word, &word, word - ONE, memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    return false;
}

/* On the list and announced by bit 0, or false: there is a permit. */
static bool enlist(plait_semaphore *s, plait_waiter *node)
{
    plait_waiter *last = plait_waitlist_hold(&s->waiters);
    uintptr_t word = atomic_load_explicit(&s->word, memory_order_relaxed);
    while (word == 0)
        if (atomic_compare_exchange_weak_explicit(&s->word, &word, WAITERS, memory_order_relaxed, memory_order_relaxed))
            word = WAITERS;
    bool none = word < ONE;
    plait_waitlist_release(&s->waiters, none ? plait_ring_add(last, node, false) : last);
    return none;
}

int plait_semaphore_acquire(plait_semaphore *s, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    plait_waiter node = plait_waiter_here();
    do {
        if (try_acquire(s)) return 0;
        if (plait_is_shared(&s->waiters)) return plait_shared->semaphore_acquire(s, deadline);
        if (plait_is_now(deadline)) return plait_failed(PLAIT_EAGAIN);
    } while (!enlist(s, &node));
    return plait_failed(plait_wait_in(&s->waiters, &node, deadline, PLAIT_CANCELLABLE));
}

/* Hands permits over to those that wait, and adds what is left to the count, which is zero. NULL: nobody waits after
   all, and nothing was given. */
static plait_waiter *hand_over(plait_semaphore *s, size_t permits)
{
    plait_waiter *chain = NULL, **end = &chain, *last = plait_waitlist_hold(&s->waiters);
    for (; permits && last; permits--, end = &(*end)->next) last = plait_ring_claim(last, end);
    if (chain && !last) atomic_fetch_add_explicit(&s->word, permits * ONE - WAITERS, memory_order_release);
    if (!chain) atomic_fetch_and_explicit(&s->word, ~WAITERS, memory_order_relaxed);
    plait_waitlist_release(&s->waiters, last);
    return chain;
}

int plait_semaphore_release(plait_semaphore *s, size_t permits)
{
    size_t limit = s->limit ? s->limit : PLAIT_SEMAPHORE_MOST;
    uintptr_t word = atomic_load_explicit(&s->word, memory_order_relaxed);
    for (;;) {
        size_t count = (size_t)(word / ONE);
        if (permits == 0 || permits > limit || count > limit - permits)
            return plait_fail(PLAIT_EINVAL, "%zu permits released to a semaphore that has %zu and may have %zu",
                              permits, count, limit);
        if (word & WAITERS) {
            if (plait_is_shared(&s->waiters)) return plait_shared->semaphore_release(s, permits);
            plait_waiter *chain = hand_over(s, permits);
            plait_wake(chain);
            if (chain) return 0;
            word = atomic_load_explicit(&s->word, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(&s->word, &word, word + permits * ONE, memory_order_release,
                                                         memory_order_relaxed)) {
            return 0;
        }
    }
}

size_t plait_semaphore_value(plait_semaphore *s)
{
    if (plait_is_shared(&s->waiters)) return plait_shared->semaphore_value(s);
    return (size_t)(atomic_load_explicit(&s->word, memory_order_relaxed) / ONE);
}
