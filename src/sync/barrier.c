/* barrier.c: those that wait are in a chain under the guard, the newest first, and on a wait list.

   What must hold: who comes last settles the outcome of all in the chain, under the guard, and they are out of it. One
   who is cut short leaves the wait list first, and only then gets the guard; if it finds itself settled meanwhile, that
   is its outcome. So all go on, or none, and each number is given once. */
#include <plait/barrier.h>
#include "base/options.h"
#include "sync/mutex.h"
#include "sync/shared.h"

struct plait_party {
    plait_waiter node;
    struct plait_party *next; /* who came before it */
    size_t index;
    int outcome;
    bool settled;
};

int plait_barrier_init_sized(plait_barrier *b, size_t parties, const plait_barrier_options *given, size_t given_size)
{
    plait_barrier_options o;
    int err = plait_options_read(&o, sizeof o, given, given_size);
    if (err) return err;
    if (parties == 0 || o.timeout < 0)
        return plait_fail(PLAIT_EINVAL, "a barrier for %zu tasks with a time-out of %lld ns", parties,
                          (long long)o.timeout);
    *b = (plait_barrier){ .parties = parties, .timeout = o.timeout, .action = o.action, .context = o.context };
    return 0;
}

/* Returns those to be woken once the guard is free. */
static plait_waiter *settle(plait_barrier *b, int outcome)
{
    for (struct plait_party *p = b->newest; p; p = p->next)
        p->index = --b->waiting, p->outcome = outcome, p->settled = true;
    b->newest = NULL;
    return plait_waitlist_claim_all(&b->waiters, false);
}

static plait_waiter *break_it(plait_barrier *b)
{
    b->broken = true;
    return settle(b, PLAIT_EBROKEN);
}

static void arrive(plait_barrier *b, struct plait_party *me)
{
    me->next = b->newest;
    b->newest = me;
    b->waiting++;
    plait_waitlist_add(&b->waiters, &me->node);
}

static void leave(plait_barrier *b, struct plait_party *me)
{
    struct plait_party **at = &b->newest;
    while (*at != me) at = &(*at)->next;
    *at = me->next;
    b->waiting--;
}

static int wait_for_the_others(plait_barrier *b, struct plait_party *me, plait_deadline deadline)
{
    int err = plait_wait_in(&b->waiters, &me->node, deadline, PLAIT_CANCELLABLE);
    if (!err) return me->outcome;
    plait_waiter *go = NULL;
    plait_mutex_lock(&b->guard);
    if (!me->settled) {
        leave(b, me);
        me->outcome = err;
        if (err == PLAIT_ETIMEDOUT) go = break_it(b);
    }
    plait_mutex_unlock(&b->guard);
    plait_wake(go);
    return me->outcome;
}

int plait_barrier_wait(plait_barrier *b, size_t *index, plait_deadline deadline)
{
    if (!b->parties) return plait_fail(PLAIT_EINVAL, "a barrier was waited at that nobody had initialised");
    if (!deadline.at && b->timeout) deadline = plait_after(b->timeout);
    if (plait_is_shared(&b->waiters)) return plait_shared->barrier_wait(b, index, deadline);
    int err = plait_failed(plait_wait_begin(deadline));
    if (!err) /* one that is late must come all the same, to break it */
        err = plait_mutex_take(&b->guard, plait_is_now(deadline) ? PLAIT_NOW : PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE);
    if (err) return err;
    struct plait_party me = { .node = plait_waiter_here(), .index = b->waiting };
    plait_waiter *go = NULL;
    bool last = b->waiting + 1 == b->parties, waits = false;
    if (b->broken) {
        err = plait_failed(PLAIT_EBROKEN);
    } else if (last) {
        err = b->action ? b->action(b->context) : 0;
        go = err ? break_it(b) : settle(b, 0);
    } else if (plait_is_now(deadline)) {
        err = plait_failed(PLAIT_EAGAIN);
    } else {
        arrive(b, &me);
        waits = true;
    }
    plait_mutex_unlock(&b->guard);
    plait_wake(go);
    if (waits) err = plait_failed(wait_for_the_others(b, &me, deadline));
    if (!err && index) *index = me.index;
    return err;
}

void plait_barrier_abort(plait_barrier *b)
{
    if (plait_is_shared(&b->waiters)) {
        plait_shared->barrier_change(b, true);
        return;
    }
    plait_mutex_lock(&b->guard);
    plait_waiter *go = break_it(b);
    plait_mutex_unlock(&b->guard);
    plait_wake(go);
}

void plait_barrier_reset(plait_barrier *b)
{
    if (plait_is_shared(&b->waiters)) {
        plait_shared->barrier_change(b, false);
        return;
    }
    plait_mutex_lock(&b->guard);
    plait_waiter *go = settle(b, PLAIT_EBROKEN);
    b->broken = false;
    plait_mutex_unlock(&b->guard);
    plait_wake(go);
}

bool plait_barrier_is_broken(plait_barrier *b)
{
    bool broken;
    if (plait_is_shared(&b->waiters)) return plait_shared->barrier_look(b, &broken), broken;
    PLAIT_LOCKED(&b->guard);
    return b->broken;
}

size_t plait_barrier_waiting(plait_barrier *b)
{
    bool broken;
    if (plait_is_shared(&b->waiters)) return plait_shared->barrier_look(b, &broken);
    PLAIT_LOCKED(&b->guard);
    return b->waiting;
}
