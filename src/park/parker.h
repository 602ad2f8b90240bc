/* parker.h: how anything that runs sleeps and is woken. The seam of plait: what waits is written once over these three
   calls, and each kind of runner (a thread here, a coroutine elsewhere) fills them in.

   What must hold:
   - No wake-up is lost: unpark leaves NOTIFIED behind, and the present or the next park takes it and returns.
   - A park may return for no reason; its caller looks again at what it waits for.
   - A runner's parker is type-stable: never unmapped, never of another kind, its eventfd never closed. A late unpark of
     a parker whose owner has gone is a spurious return for the next owner, and nothing worse.
   - A thread's parker, and a foreign loop's bell, may be unparked in a handler of a signal. A coroutine's may not: the
     handler may have interrupted its own loop's thread in the midst of the ready queue. A handler of plait's wakes loops
     alone (loop/signals.c), and no header promises one of the program's that it may wake anybody.
   - Before its exchange, unpark reads nothing that its owner changes but by atomic operations; `operations` never change, but
     that they may be gone with the owner: then a late unpark is nothing at all. What else it needs it reads after, and only
     when it was the one who took the parker out of a parked state.
   - Only a thread's `state` is written by others; a coroutine's is its loop's thread's (loop/strand.c). */
#ifndef PLAIT_PARK_PARKER_H
#define PLAIT_PARK_PARKER_H
#include "base/clock.h"
#include <stdatomic.h>

enum plait_parker_state { PLAIT_EMPTY, PLAIT_PARKED, PLAIT_PARKED_ON, PLAIT_NOTIFIED };

typedef struct plait_parker plait_parker;
struct plait_parker_operations {
    void (*park)(plait_parker *, plait_deadline); /* by the owner alone */
    int (*park_on)(plait_parker *, int fd, short events,
                   plait_deadline); /* revents; 0: woken, late or spurious; -errno.
                                                                             Looks at fd at least once, token or not */
    void (*unpark)(plait_parker *); /* from any thread; see below for handlers of signals */
    void (*yield)(plait_parker *);  /* lets its home's other owners run; NULL where it is the only one */
};
struct plait_parker {
    const struct plait_parker_operations *operations;
    _Atomic uint32_t state;
    bool may_spin;      /* a look again before a park may help: not on one CPU, not in a loop */
    const void *home;   /* what runs the owner: two owners of one home never run at once */
    unsigned cut;       /* waits that were cut short at once, since it last slept or yielded for that */
    void *watch;        /* the long wait for a lock that the owner is in; guarded by deadlock.c */
    plait_parker *made; /* on the list of all runners' parkers, for a clock that moves by hand */
};

/* To be called once for each runner's parker, before its first park. */
void plait_parker_made(plait_parker *parker);

static inline void plait_park(plait_parker *p, plait_deadline deadline) { p->operations->park(p, deadline); }
static inline void plait_unpark(plait_parker *p)
{
    const struct plait_parker_operations *operations =
        *(const struct plait_parker_operations *const volatile *)&p->operations;
    if (operations) operations->unpark(p);
}

#endif
