/* waitlist.c: the ring of waiters and its spin bit. What must hold is told in waitlist.h; here it matters that nobody
   parks, allocates or calls out while the spin bit is set, so it is held for some tens of instructions.

   Memory order: hold acquires and release releases, so all who change the ring see each other's changes; a node's state
   is changed under the spin bit but for the last step, the mark WOKEN, which releases what the waker did to the owner's
   acquiring look (plait_woken). */
#include "park/waitlist.h"
#include <sched.h>
#include <time.h>

#define SPIN PLAIT_SPIN_BIT

_Atomic uint64_t plait_wait_races;

/* A holder that was preempted comes back sooner if we yield; one of lower real-time priority only if we sleep. */
static void wait_for_holder(unsigned turn)
{
    if (turn < 20) atomic_signal_fence(memory_order_seq_cst);
    else if (turn < 200) sched_yield();
    else nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
}

plait_waiter *plait_waitlist_hold(plait_waitlist *list)
{
    uintptr_t head = atomic_load_explicit(list, memory_order_relaxed);
    for (unsigned turn = 0;; turn++) {
        if (!(head & SPIN) &&
            atomic_compare_exchange_weak_explicit(list, &head, head | SPIN, memory_order_acquire, memory_order_relaxed))
            return (plait_waiter *)head;
        wait_for_holder(turn);
        head = atomic_load_explicit(list, memory_order_relaxed);
    }
}

void plait_waitlist_release(plait_waitlist *list, plait_waiter *last)
{
    atomic_store_explicit(list, (uintptr_t)last, memory_order_release);
}

plait_waiter *plait_ring_add(plait_waiter *last, plait_waiter *node, bool first)
{
    atomic_store_explicit(&node->state, PLAIT_LISTED, memory_order_relaxed);
    if (!last) return node->next = node->previous = node;
    node->previous = last;
    node->next = last->next;
    node->next->previous = last->next = node;
    return first ? last : node;
}

plait_waiter *plait_ring_remove(plait_waiter *last, plait_waiter *node)
{
    if (node->next == node) return NULL;
    node->next->previous = node->previous;
    node->previous->next = node->next;
    return node == last ? node->previous : last;
}

plait_waiter *plait_ring_claim(plait_waiter *last, plait_waiter **claimed)
{
    *claimed = NULL;
    if (!last || last == PLAIT_CLOSED) return last;
    plait_waiter *first = *claimed = last->next;
    last = plait_ring_remove(last, first);
    first->next = NULL;
    atomic_store_explicit(&first->state, PLAIT_CLAIMED, memory_order_relaxed);
    return last;
}

bool plait_waitlist_add(plait_waitlist *list, plait_waiter *node)
{
    uintptr_t none = 0;
    plait_ring_add(NULL, node, false); /* nearly always there is nobody else */
    if (atomic_compare_exchange_strong_explicit(list, &none, (uintptr_t)node, memory_order_acq_rel,
                                                memory_order_relaxed))
        return true;
    plait_waiter *last = plait_waitlist_hold(list);
    bool open = last != PLAIT_CLOSED;
    plait_waitlist_release(list, open ? plait_ring_add(last, node, false) : last);
    return open;
}

bool plait_waitlist_remove(plait_waitlist *list, plait_waiter *node)
{
    plait_waiter *last = plait_waitlist_hold(list);
    bool listed = atomic_load_explicit(&node->state, memory_order_relaxed) == PLAIT_LISTED;
    plait_waitlist_release(list, listed ? plait_ring_remove(last, node) : last);
    if (!listed) atomic_fetch_add_explicit(&plait_wait_races, 1, memory_order_relaxed);
    return listed;
}

plait_waiter *plait_waitlist_claim(plait_waitlist *list)
{
    if (!atomic_load_explicit(list, memory_order_acquire)) return NULL;
    plait_waiter *first, *last = plait_waitlist_hold(list);
    plait_waitlist_release(list, plait_ring_claim(last, &first));
    return first;
}

plait_waiter *plait_waitlist_claim_all(plait_waitlist *list, bool close)
{
    plait_waiter *last = plait_waitlist_hold(list), *chain = NULL;
    if (last && last != PLAIT_CLOSED) {
        chain = last->next;
        last->next = NULL;
        for (plait_waiter *w = chain; w; w = w->next)
            atomic_store_explicit(&w->state, PLAIT_CLAIMED, memory_order_relaxed);
    }
    plait_waitlist_release(list, close || last == PLAIT_CLOSED ? PLAIT_CLOSED : NULL);
    return chain;
}

void plait_waitlist_open(plait_waitlist *list)
{
    plait_waiter *last = plait_waitlist_hold(list);
    plait_waitlist_release(list, last == PLAIT_CLOSED ? NULL : last);
}

bool plait_waitlist_empty(plait_waitlist *list)
{
    uintptr_t last = atomic_load_explicit(list, memory_order_acquire) & ~SPIN;
    return !last || last == (uintptr_t)PLAIT_CLOSED;
}

void plait_wake(plait_waiter *chain)
{
    while (chain) {
        plait_waiter *next = chain->next;
        plait_parker *parker = chain->parker;
        atomic_store_explicit(&chain->state, PLAIT_WOKEN, memory_order_release); /* the node is its owner's again */
        plait_unpark(parker);
        chain = next;
    }
}
