/* deadlock.h: finding rings of tasks of which each holds the lock that the one before it waits for.

   A lock takes part whose word is its owner's context above LOCK_BITS, or has no context there while nobody owns it who
   could be named. Who takes such a word releases with that operation, so that the context which it names can be read.

   Whoever waits for one puts a watch on its stack and sleeps with plait_wait_looking and the watch's look. When it has
   slept for some 10 ms it looks, once, whether it is in a ring. If so, one that may fail is told: its wait ends with
   PLAIT_EDEADLK, and the ring is broken when it unlocks. If none may fail, the ring is reported on stderr. */
#ifndef PLAIT_PARK_DEADLOCK_H
#define PLAIT_PARK_DEADLOCK_H
#include "park/scope.h"

#define PLAIT_LOCK_BITS ((uintptr_t)7) /* contexts are at least as aligned as that */

typedef struct plait_watch plait_watch;
struct plait_watch {
    plait_look look; /* first: the two addresses are one */
    _Atomic(uintptr_t) *word;
    plait_context *task;
    bool may_fail, listed;
    _Atomic bool told; /* to look again: others found a ring that this task may break */
    uint64_t walk;     /* the last one that came by */
    char thread[16];
    char words[200]; /* that go with PLAIT_EDEADLK */
};

/* Before the first sleep: the running task has waited for the lock with this word since `since`. */
void plait_watch_begin(plait_watch *, _Atomic(uintptr_t) *word, int64_t since, bool may_fail);

/* Before the wait returns, whatever it returns. */
void plait_watch_end(plait_watch *);

/* To be called in a forked child, where nobody waits yet. */
void plait_deadlock_forked(void);

#endif
