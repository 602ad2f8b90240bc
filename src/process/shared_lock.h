/* shared_lock.h: what the objects in shared memory are made of: a lock that survives its holder, and places to sleep.

   Lock. Held for some tens of instructions, never over a wait; it belongs to a process, not to a thread.
   - Whoever takes it is told when the process that held it died with it. Then what it guards may be half-changed, and is to
     be mended first. If that one dies too, the next is told again.
   - While it is held by a process that was stopped, the others wait for it, whatever their deadlines. Unless the memory has
     one who rules it (a pool's): who does so and has waited for a second ends such a one.

   Place. A word that steps with each wake, of which bit 0 says that somebody may sleep.
   - Whoever is going to sleep comes to the place (sets bit 0) under the lock under which he saw nothing to take. Whoever
     brings something summons under that lock and wakes after it.
   - A summons clears bit 0. So one who has slept sets it again when he goes, in whatever way, for those that still sleep.
     What is brought while he wakes up wakes nobody: so when he leaves something for others, or sees what concerns all,
     he summons them.
   - One who was woken looks again before he gives up. One who dies before he has looked is the epoch's business. */
#ifndef PLAIT_PROCESS_SHARED_LOCK_H
#define PLAIT_PROCESS_SHARED_LOCK_H
#include "process/shared_registry.h"

struct plait_shared_lock {
    _Atomic uint32_t word; /* 0 or the holder's id; the highest bit: somebody may sleep */
};

bool plait_shared_lock(struct plait_shared_member *, struct plait_shared_lock *); /* true: mend first */
void plait_shared_unlock(struct plait_shared_lock *);

struct plait_shared_place {
    _Atomic uint32_t word;
    _Atomic uint64_t bells[PLAIT_BELLS];
};
enum { PLAIT_ALL = INT32_MAX };

/* What one who has come to sleep has seen. */
struct plait_shared_seat {
    _Atomic uint32_t *word;
    _Atomic uint64_t *bells; /* to be rung for one whom only its service thread can wake */
    uint32_t value, epoch;
    bool slept;
};

/* The epoch is put in before the look at what is waited for. */
void plait_shared_come(struct plait_shared_place *, struct plait_shared_seat *);

/* Without the lock: sleeps until woken, or for no reason, and then 0: look again. Or PLAIT_EAGAIN, PLAIT_ETIMEDOUT,
   PLAIT_ECANCELED, without sleeping: to be returned after one more look. */
int plait_shared_sleep(struct plait_shared_member *, struct plait_shared_seat *, plait_deadline, enum plait_cut);

struct plait_shared_wake {
    int most;
    uint64_t bells[PLAIT_BELLS];
};
struct plait_shared_wake plait_shared_summon(struct plait_shared_place *, int most);
void plait_shared_wake(struct plait_shared_member *, struct plait_shared_place *, const struct plait_shared_wake *);

/* The whole of a wait at a place: `look`, called with the lock again and again, does what can be done and returns 0 or what
   is to be returned, or PLAIT_NOT_YET. `mend` comes before it when the last holder died; all sleepers have been woken then. */
enum { PLAIT_NOT_YET = 1 };
struct plait_shared_turn {
    struct plait_shared_member *me;
    bool again;           /* it has looked before */
    bool slept;           /* so it may have been woken in another's stead: if there is more, wake that one */
    int over;             /* not 0: this is the last look, and PLAIT_NOT_YET gives this, unless it is set to 0 */
    plait_deadline until; /* it wants to look again then, at the latest; `over` says PLAIT_ETIMEDOUT */
    int wake;             /* how many to wake of those that sleep here, … */
    int wake_others;      /* … and there */
    struct plait_shared_place *others;
};
struct plait_shared_attempt {
    int (*look)(struct plait_shared_turn *, void *object, void *argument);
    void (*mend)(void *object); /* NULL: it is whole, always */
    void *object, *argument;
};
int plait_shared_wait(struct plait_shared_member *, struct plait_shared_lock *, struct plait_shared_place *,
                      const struct plait_shared_attempt *, plait_deadline, enum plait_cut);

/* For words of another kind: all bells that are to be rung, when the word has been changed. */
void plait_shared_take_bells(_Atomic uint64_t bells[PLAIT_BELLS], uint64_t taken[PLAIT_BELLS]);

/* One turn of looking out for another process. False: no more of it, sleep. */
bool plait_shared_look_out(unsigned turn);

#endif
