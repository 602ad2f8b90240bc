/* thread_parker.h: the parker of a plain thread. */
#ifndef PLAIT_PARK_THREAD_PARKER_H
#define PLAIT_PARK_THREAD_PARKER_H
#include "park/parker.h"

struct plait_thread_parker {
    plait_parker parker; /* first: the two addresses are one */
    int event;           /* made by the first park_on, -1 until then */
    uint32_t generation; /* of the process that made the event: a forked child needs one of its own */
    unsigned spins;      /* worth trying: doubled by a spin that paid, halved by one that did not */
};

/* Makes zeroed memory the parker of a thread. */
void plait_thread_parker_prepare(struct plait_thread_parker *);

/* To be called in a forked child, before the program's own code, with the parker of the thread that forked (NULL for none):
   nobody spins there yet, and the eventfd is the parent's. */
void plait_thread_parker_forked(struct plait_thread_parker *own);

extern _Atomic uint64_t plait_parker_wakes; /* system calls made to wake another thread; for tests and benchmarks */

#endif
