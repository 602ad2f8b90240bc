/* waitlist.h: who waits for one thing. One word: the last waiter of a ring (its `next` is the first), a spin bit while
   someone changes the ring, or CLOSED for ever. Nodes live on the waiters' own stacks.

   What must hold: a node goes LISTED -> CLAIMED -> WOKEN, or is removed by its owner while LISTED.
   - A waker CLAIMS a node under the spin bit, does whatever publishes the reason (unlocks, closes), and WAKES last.
   - Its owner may not leave before WOKEN, whatever its deadline says. So a node that cannot be removed *was woken*, and
     its owner tries once more for what it waits for before it gives up: that is how no wake-up is lost.
   - Waking reads the node's parker, then marks the node, and never touches the node again.
   - Claim is the waker's last access to the list: the list may be gone as soon as the reason is published.
   - Nothing parks, allocates or calls out under the spin bit. */
#ifndef PLAIT_PARK_WAITLIST_H
#define PLAIT_PARK_WAITLIST_H
#include "park/parker.h"

enum plait_waiter_state { PLAIT_LISTED, PLAIT_CLAIMED, PLAIT_WOKEN };

typedef struct plait_waiter plait_waiter;
struct plait_waiter {
    plait_waiter *next, *previous;
    plait_parker *parker;
    const void *task;       /* who waits, for a lock that is handed over */
    bool impatient, handed; /* likewise: asks for that, was given it */
    _Atomic uint32_t state;
};
typedef _Atomic(uintptr_t) plait_waitlist; /* zero: empty. A plain word, so that public structs can hold one */
#define PLAIT_CLOSED ((plait_waiter *)2)
#define PLAIT_SPIN_BIT ((uintptr_t)1)

/* The spin bit by hand, for an object that must change a word of its own together with the ring. */
plait_waiter *plait_waitlist_hold(plait_waitlist *); /* the last waiter, NULL or CLOSED */
void plait_waitlist_release(plait_waitlist *, plait_waiter *last);
plait_waiter *plait_ring_add(plait_waiter *last, plait_waiter *, bool first); /* all three return the new last */
plait_waiter *plait_ring_remove(plait_waiter *last, plait_waiter *);
plait_waiter *plait_ring_claim(plait_waiter *last, plait_waiter **claimed); /* the first; NULL when there is none */

/* Whole steps. */
bool plait_waitlist_add(plait_waitlist *, plait_waiter *);            /* false: it is closed, nothing to wait for */
bool plait_waitlist_remove(plait_waitlist *, plait_waiter *);         /* false: a waker was faster; wait for WOKEN */
plait_waiter *plait_waitlist_claim(plait_waitlist *);                 /* the first, or NULL */
plait_waiter *plait_waitlist_claim_all(plait_waitlist *, bool close); /* a chain ended by NULL */
void plait_waitlist_open(plait_waitlist *);                           /* CLOSED becomes empty */
bool plait_waitlist_empty(plait_waitlist *);                          /* nobody waits; closed or not */
void plait_wake(plait_waiter *chain);                                 /* one claimed waiter, or a chain; NULL is none */

static inline bool plait_woken(plait_waiter *node)
{
    return atomic_load_explicit(&node->state, memory_order_acquire) == PLAIT_WOKEN;
}

static inline bool plait_waitlist_closed(plait_waitlist *list)
{
    return (atomic_load_explicit(list, memory_order_acquire) & ~PLAIT_SPIN_BIT) == (uintptr_t)PLAIT_CLOSED;
}

extern _Atomic uint64_t plait_wait_races; /* removals that came too late: shows that a stress meets the race */

#endif
