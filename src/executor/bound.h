/* bound.h: how many tasks may be queued, and who waits for room.

   What must hold, under the spin bit of `waiters`: nobody waits while there is room; whoever makes room gives it to the
   one who waits longest. Nor does anybody once it is closed. */
#ifndef PLAIT_EXECUTOR_BOUND_H
#define PLAIT_EXECUTOR_BOUND_H
#include "park/waitlist.h"
#include <stddef.h>

struct plait_bound {
    size_t capacity, queued; /* 0: no bound, and nothing is counted */
    bool refuse, closed;
    plait_waitlist waiters;
};

/* Takes room for one task: 0. Else PLAIT_EAGAIN; or, if it `may_wait`, PLAIT_ECANCELED when the scope ended meanwhile, or
   PLAIT_ECLOSED, after which the bound may be gone. */
int plait_bound_enter(struct plait_bound *, bool may_wait);

/* The same, room or not. */
void plait_bound_force(struct plait_bound *);

/* One task has left the queue. */
void plait_bound_leave(struct plait_bound *);

/* Who waits gets PLAIT_ECLOSED, and nobody waits any more. */
void plait_bound_close(struct plait_bound *);

#endif
