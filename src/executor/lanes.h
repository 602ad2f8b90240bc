/* lanes.h: the queue of a pool: the inbox for what is plain, and a heap each for what goes before it and what goes behind.

   What must hold: the heaps are looked at and changed under the pool's spin bit alone; `there` says from outside of it
   which of them have something. Of one priority the one that came first is first. */
#ifndef PLAIT_EXECUTOR_LANES_H
#define PLAIT_EXECUTOR_LANES_H
#include "executor/inbox.h"

enum plait_lane { PLAIT_PLAIN = 0, PLAIT_ABOVE = 1, PLAIT_BELOW = 2 };

struct plait_lanes {
    struct plait_inbox inbox;
    _Atomic uint64_t taken;  /* from all three */
    plait_heap above, below; /* futures with a priority above and below 0 */
    uint64_t number;         /* of the next that has one */
    _Atomic unsigned there;  /* PLAIT_ABOVE, PLAIT_BELOW */
};

void plait_lanes_prepare(struct plait_lanes *);

/* Under the spin bit: one with a priority comes in. */
void plait_lanes_rank(struct plait_lanes *, plait_future *);

/* Under the spin bit: the next one, beginning with that lane; NULL as plait_inbox_take. */
plait_future *plait_lanes_take(struct plait_lanes *, enum plait_lane first);

static inline bool plait_lanes_ranked(struct plait_lanes *l) { return l->above.first || l->below.first; }

/* Under the spin bit: whether there is nothing, and the next put will tell. */
static inline bool plait_lanes_mark(struct plait_lanes *l)
{
    return plait_inbox_mark(&l->inbox) && !plait_lanes_ranked(l);
}

/* Without it: something has been put, or is being put. */
static inline bool plait_lanes_stir(struct plait_lanes *l)
{
    return plait_inbox_stirs(&l->inbox) || atomic_load_explicit(&l->there, memory_order_relaxed);
}

#endif
