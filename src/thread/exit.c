/* exit.c: the end of the program: hooks, then those threads that are waited for, then what higher rooms have. What must hold: the hooks are taken
   over as a whole, in one step that also closes the list, so each is called once and none comes too late unseen;
   nothing here is locked while a hook runs or a thread is waited for. */
#include "base/memory.h"
#include "base/report.h"
#include "base/stop.h"
#include "thread/thread.h"
#include <stdlib.h>

#define PATIENCE (10 * PLAIT_SECOND) /* then it is said what is waited for */

struct hook {
    struct hook *next;
    void (*call)(void *);
    void *argument;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int unprepared;
static struct hook closed;
_Atomic(void (*)(void)) plait_exit_last[PLAIT_EXIT_STEPS];
static _Atomic(struct hook *) hooks; /* newest first; &closed: the program ends */

static void wait_for(plait_thread *t)
{
    plait_waiter node = plait_waiter_here();
    bool late = plait_waitlist_add(&t->ended, &node) &&
                plait_wait_in(&t->ended, &node, plait_after(PATIENCE), PLAIT_NOT_CANCELLABLE);
    if (late) plait_report("the program ends as soon as thread %s has: it is neither detached nor a daemon", t->name);
    if (late && plait_waitlist_add(&t->ended, &node))
        (void)!plait_wait_in(&t->ended, &node, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE); /* nothing cuts it short */
    plait_thread_settle(t);
    plait_thread_unref(t);
}

void plait_exit_now(void)
{
    struct hook *next, *h = atomic_exchange_explicit(&hooks, &closed, memory_order_acquire);
    for (; h && h != &closed; h = next) {
        next = h->next;
        h->call(h->argument);
        free(h);
    }
    for (plait_thread *t; (t = plait_alive_to_wait_for());) wait_for(t);
    for (int i = 0; i < PLAIT_EXIT_STEPS; i++) {
        void (*last)(void) = atomic_load_explicit(&plait_exit_last[i], memory_order_acquire);
        if (last) last();
    }
}

void plait_exit_forget_hooks(void)
{
    for (struct hook *next, *h = atomic_exchange_explicit(&hooks, NULL, memory_order_relaxed); h && h != &closed;
         h = next) {
        next = h->next;
        free(h);
    }
}

static void prepare(void) { unprepared = atexit(plait_exit_now) == 0 ? 0 : PLAIT_ENOMEM; }

int plait_exit_prepare(void)
{
    pthread_once(&once, prepare);
    return unprepared;
}

int plait_at_exit(void (*call)(void *), void *argument)
{
    struct hook *h = plait_allocate(sizeof *h);
    if (!h || plait_exit_prepare() != 0) {
        free(h);
        return plait_fail(PLAIT_ENOMEM, "no memory for a call at the end of the program");
    }
    h->call = call;
    h->argument = argument;
    h->next = atomic_load_explicit(&hooks, memory_order_relaxed);
    while (h->next != &closed)
        if (atomic_compare_exchange_weak_explicit(&hooks, &h->next, h, memory_order_release, memory_order_relaxed))
            return 0;
    free(h);
    return plait_fail(PLAIT_ECLOSED, "a call at the end of the program was asked for when that had begun");
}
