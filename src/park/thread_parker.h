/* thread_parker.h: the parker of a plain thread. */
#ifndef PLAIT_PARK_THREAD_PARKER_H
#define PLAIT_PARK_THREAD_PARKER_H
#include "park/parker.h"
#include "park/words.h"

struct plait_thread_parker {
    plait_parker parker; /* first: the two addresses are one */
    int event;           /* made by the first park_on, -1 until then */
    uint32_t generation; /* of the process that made the event: a forked child needs one of its own */
    unsigned spins;      /* worth trying: doubled by a spin that paid, halved by one that did not */
};

/* Makes zeroed memory the parker of a thread. */
void plait_thread_parker_prepare(struct plait_thread_parker *);

/* To be called in a forked child, before the program's own code, with the parker of the thread that forked (NULL for none):
   nobody spins there yet nor waits for a lock, and the eventfd is the parent's. */
void plait_thread_parker_forked(struct plait_thread_parker *own);

extern _Atomic uint64_t plait_parker_wakes; /* system calls made to wake another thread; for tests and benchmarks */

/* For a loop, which sleeps in a poller of its own: the eventfd that wakes the running thread then, to be watched for
   POLLIN, or -errno; says that it is about to sleep there, false if it need not, having spun before or not; and is back,
   whatever was said. */
int plait_thread_parker_event(plait_parker *);
bool plait_thread_parker_sleeps(plait_parker *, bool spin);
void plait_thread_parker_woke(plait_parker *);

/* For what other processes wake: whether this parker is a thread's and can sleep on words too; and a park that also ends
   when one of `count` words is not what it should be or is woken. By the owner alone. */
enum { PLAIT_MOST_BESIDE = 2 };
bool plait_thread_parker_has_words(plait_parker *p);
void plait_thread_park_beside(plait_parker *p, const struct plait_word *words, unsigned count, plait_deadline deadline);

/* Spinning, for whoever has something to look at that may come soon. At most as many spin at once as there are CPUs but
   one. `plait_spin_begin` says whether one more may; then `plait_spin_end`. `turns` is how long it is worth it: it grows
   when it paid, and shrinks when not. */
bool plait_spin_begin(void);
void plait_spin_end(bool paid, unsigned *turns);
enum { PLAIT_FEWEST_SPINS = 64, PLAIT_MOST_SPINS = 2048 }; /* the most: about two wake-ups across cores, some 40 us */
#if defined __x86_64__
#define plait_pause() __builtin_ia32_pause()
#elif defined __aarch64__
#define plait_pause() __asm__ volatile("isb")
#else
#define plait_pause() atomic_signal_fence(memory_order_seq_cst)
#endif

#endif
