/* deadlock.c: a long wait looks whether it can end. A walk goes from a lock to its owner, from there to the parker that
   runs the owner, from there to the lock which *that* waits for, until it comes to one who does not wait for a lock (no
   ring) or to one where it has been.

   What must hold: all of it is done under one guard. A waiter lists its watch there when it has slept long, and may not
   leave its call before it has taken it off. That is why

   - what a walk reads is there: the locks that listed waiters wait for are alive, parkers and contexts are always, or read as zeros;
   - no alarm is false: a listed waiter is inside a call that waits for a lock, and stays inside while the guard is held. So
     it gives no lock up, nor does a task that it runs inside of. Each owner that a walk passes therefore still holds its
     lock when the walk is through: in a ring each waits for the next. One who was just given what it waited for, and
     has not left yet, is named by its own lock's word, and the walk ends there;
   - none is missed: a ring is closed by somebody's beginning to wait, and all in it list themselves later than that, then
     look. The last of them finds the others listed;
   - one is told, not two: who is to fail takes its watch off in the same step, so a later walk ends there. If it was woken
     meanwhile and has to wait on, it lists itself and looks anew.

   What a deadline or a cancel will end some day is a ring all the same. */
#include "park/deadlock.h"
#include "base/stop.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LONG (10 * PLAIT_MILLISECOND)
enum { NAMED = 6 }; /* threads, in a sentence about a ring */

static plait_waitlist guard; /* its spin bit alone: held for as many steps as a ring is long */
static uint64_t walks;

struct ring {
    size_t tasks;
    bool inside;          /* the one who looks is in it, not just waiting for one who is */
    plait_watch *breaker; /* one in it that may fail: first of all the one who looks */
    char threads[NAMED][sizeof((plait_watch *)0)->thread];
};

/* The watch of the one who holds what this one waits for, if that waits for a lock too. */
static plait_watch *next(plait_watch *w)
{
    uintptr_t word = atomic_load_explicit(w->word, memory_order_acquire);
    plait_context *owner = (plait_context *)(word & ~PLAIT_LOCK_BITS);
    plait_parker *runs_it = owner && owner != w->task ? owner->parker : NULL; /* NULL also when the owner has gone */
    return runs_it ? runs_it->watch : NULL;
}

static struct ring ring_from(plait_watch *self)
{
    struct ring ring = { 0 };
    plait_watch *w = self;
    walks++;
    do w->walk = walks;
    while ((w = next(w)) && w->walk != walks);
    if (!w) return ring;
    plait_watch *entry = w;
    do {
        ring.inside |= w == self;
        if (w->may_fail && (w == self || !ring.breaker)) ring.breaker = w;
        if (ring.tasks < NAMED) memcpy(ring.threads[ring.tasks], w->thread, sizeof w->thread);
        ring.tasks++;
        w = next(w);
    } while (w != entry);
    return ring;
}

static void describe(const struct ring *ring, char *text, size_t size)
{
    size_t used =
        (size_t)snprintf(text, size, "a deadlock: %zu tasks each wait for a lock that the next one holds", ring->tasks);
    for (size_t i = 0; i < ring->tasks && i <= NAMED && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : ": on threads ",
                                 i < NAMED ? ring->threads[i] : "...");
}

static int look(plait_look *at)
{
    plait_watch *self = (plait_watch *)at;
    if (!atomic_exchange_explicit(&self->told, false, memory_order_relaxed) && !plait_has_passed(at->at)) return 0;
    at->at = PLAIT_FOREVER;
    if (!self->listed) pthread_getname_np(pthread_self(), self->thread, sizeof self->thread);

    plait_parker *told = NULL;
    plait_waitlist_hold(&guard);
    self->task->parker->watch = self;
    self->listed = true;
    struct ring ring = ring_from(self);
    bool fails = ring.tasks && self->may_fail && (!ring.breaker || ring.breaker == self);
    if (fails) {
        self->task->parker->watch = NULL;
        self->listed = false;
    } else if (ring.breaker) {
        atomic_store_explicit(&ring.breaker->told, true, memory_order_relaxed);
        told = ring.breaker->task->parker;
    }
    plait_waitlist_release(&guard, NULL);

    if (told) plait_unpark(told);
    if (!fails && (told || !ring.inside)) return 0;
    describe(&ring, self->words, sizeof self->words);
    if (!fails) {
        plait_report("%s", self->words);
        return 0;
    }
    at->at = plait_after(LONG);
    return PLAIT_EDEADLK;
}

void plait_watch_begin(plait_watch *w, _Atomic(uintptr_t) *word, int64_t since, bool may_fail)
{
    w->look = (plait_look){ .at = plait_deadline_at_(since + LONG), .look = look };
    w->word = word;
    w->task = plait_current();
    w->may_fail = may_fail;
    w->listed = false;
    w->walk = 0;
    atomic_init(&w->told, false);
}

void plait_watch_end(plait_watch *w)
{
    if (!w->listed) return;
    plait_waitlist_hold(&guard);
    w->task->parker->watch = NULL;
    plait_waitlist_release(&guard, NULL);
}

void plait_deadlock_forked(void) { atomic_store_explicit(&guard, 0, memory_order_relaxed); }
