/* semaphore.c: a count and a wait list. A permit that is released while somebody waits is handed over: who was woken has
   it, and nobody passes a waiter.

   What must hold:
   - The word is the count times two; bit 0 says that someone may wait. It is set under the spin bit, and only while the
     count is zero: so each release that could have helped a waiter sees it.
   - Permits are added to the count only by an operation that finds bit 0 clear, and that is the releaser's last access to
     the semaphore but for waking waiters that it has claimed, who keep it alive.

   Memory order: taking from the count acquires, adding to it releases; a permit that is handed over is ordered by the
   waking. */
#include <plait/semaphore.h>
#include "park/scope.h"

#define WAITERS ((uintptr_t)1)
#define ONE ((uintptr_t)2)

int plait_semaphore_init(plait_semaphore *s, size_t permits)
{
    if (permits > PLAIT_SEMAPHORE_MOST)
        return plait_fail(PLAIT_EINVAL, "a semaphore of %zu permits: negative, or too many", permits);
    *s = (plait_semaphore){ .word = permits * ONE };
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
        if (plait_is_now(deadline)) return plait_failed(PLAIT_EAGAIN);
    } while (!enlist(s, &node));
    return plait_failed(plait_wait_in(&s->waiters, &node, deadline, PLAIT_CANCELLABLE));
}

/* Takes up to *permits waiters off the list, adding them to the chain at *end; clears bit 0 when nobody is left. */
static plait_waiter **claim(plait_semaphore *s, size_t *permits, plait_waiter **end)
{
    plait_waiter *last = plait_waitlist_hold(&s->waiters);
    while (*permits && last) {
        last = plait_ring_claim(last, end);
        end = &(*end)->next;
        --*permits;
    }
    if (!last) atomic_fetch_and_explicit(&s->word, ~WAITERS, memory_order_relaxed);
    plait_waitlist_release(&s->waiters, last);
    return end;
}

int plait_semaphore_release(plait_semaphore *s, size_t permits)
{
    uintptr_t word = atomic_load_explicit(&s->word, memory_order_relaxed);
    if (permits == 0 || permits > PLAIT_SEMAPHORE_MOST || word / ONE > PLAIT_SEMAPHORE_MOST - permits)
        return plait_fail(PLAIT_EINVAL, "%zu permits released to a semaphore that has %zu", permits,
                          (size_t)(word / ONE));
    plait_waiter *chain = NULL, **end = &chain;
    while (permits) {
        if (word & WAITERS) {
            end = claim(s, &permits, end);
            word = atomic_load_explicit(&s->word, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(&s->word, &word, word + permits * ONE, memory_order_release,
                                                         memory_order_relaxed)) {
            permits = 0;
        }
    }
    plait_wake(chain);
    return 0;
}

size_t plait_semaphore_value(plait_semaphore *s)
{
    return (size_t)(atomic_load_explicit(&s->word, memory_order_relaxed) / ONE);
}
