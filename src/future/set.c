/* set.c: see set.h for what must hold. No lock is held while a future is cancelled, run or released: each of these may
   come back here. */
#include "base/stop.h"
#include "future/future.h"

static void unlink_member(struct plait_set *s, struct plait_watch *w)
{
    *(w->previous ? &w->previous->next : &s->first) = w->next;
    *(w->next ? &w->next->previous : &s->last) = w->previous;
}

static void arrived(struct plait_watch *w)
{
    struct plait_set *s = w->set;
    if (s->arrive) s->arrive(s, w->future);
    plait_mutex_lock(&s->guard);
    unlink_member(s, w);
    w->next = NULL;
    *(s->last_ended ? &s->last_ended->next : &s->first_ended) = w;
    s->last_ended = w;
    plait_waiter *waiter = plait_waitlist_claim(&s->waiters);
    plait_mutex_unlock(&s->guard);
    plait_wake(waiter);
}

static void watch_unpark(plait_parker *parker)
{
    arrived((struct plait_watch *)((char *)parker - offsetof(struct plait_watch, parker)));
}

static const struct plait_parker_operations watch_operations = { .unpark = watch_unpark };

void plait_set_add(struct plait_set *s, struct plait_watch *w, plait_future *f)
{
    *w = (struct plait_watch){ .parker = { .operations = &watch_operations }, .set = s, .future = f };
    w->node.parker = &w->parker;
    plait_mutex_lock(&s->guard);
    w->previous = s->last;
    *(s->last ? &s->last->next : &s->first) = w;
    s->last = w;
    s->pending++;
    plait_mutex_unlock(&s->guard);
    if (!plait_waitlist_add(&f->waiters, &w->node)) arrived(w);
}

bool plait_set_remove(struct plait_set *s, struct plait_watch *w)
{
    if (plait_future_done(w->future) || !plait_waitlist_remove(&w->future->waiters, &w->node)) return false;
    plait_mutex_lock(&s->guard);
    unlink_member(s, w);
    s->pending--;
    plait_mutex_unlock(&s->guard);
    return true;
}

static struct plait_watch *take_ended(struct plait_set *s, plait_waiter **others)
{
    struct plait_watch *w = s->first_ended;
    if (!w) return NULL;
    if (!(s->first_ended = w->next)) s->last_ended = NULL;
    w->set = NULL;
    if (--s->pending == 0) *others = plait_waitlist_claim_all(&s->waiters, false); /* for them it is PLAIT_EDONE */
    return w;
}

/* A member that is pending in our own pool, with a reference. What we run in place we cannot leave, so only members whose
   ends are all waited for will do: else the one that we run may be waiting for what we do once another has ended. */
static plait_future *find_pending(struct plait_set *s)
{
    void *pool = plait_current()->worker;
    if (!s->all && s->pending > 1) return NULL;
    for (struct plait_watch *w = pool ? s->first : NULL; w; w = w->next) {
        plait_future *f = w->future;
        if (f->executor != pool || atomic_load_explicit(&f->state, memory_order_relaxed) != PLAIT_PENDING) continue;
        atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed);
        return f;
    }
    return NULL;
}

/* One whose end is to be looked out for, with a reference; or NULL. */
static plait_future *find_attended(struct plait_set *s)
{
    plait_future *f = s->first ? s->first->future : NULL;
    if (!f || !f->attended || plait_future_done(f)) return NULL;
    atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed);
    return f;
}

/* Whether none of them can end while the running task sleeps: they are all for loops of its own thread. */
static bool in_vain(struct plait_set *s)
{
    const struct plait_watch *w = s->first;
    while (w && plait_hosts(w->future->executor) && !plait_future_done(w->future)) w = w->next;
    return s->first && !w;
}

int plait_set_next(struct plait_set *s, struct plait_watch **watch, plait_deadline deadline, enum plait_cut cut,
                   plait_scope *outer)
{
    return plait_set_next_looking(s, watch, deadline, cut, outer, NULL);
}

int plait_set_next_looking(struct plait_set *s, struct plait_watch **watch, plait_deadline deadline, enum plait_cut cut,
                           plait_scope *outer, plait_look *look)
{
    int err = cut == PLAIT_CANCELLABLE ? plait_wait_begin(deadline) : 0;
    if (err) return err;
    bool may_help = plait_may_help(deadline); /* asked before the guard is held */
    plait_waiter *others = NULL;
    plait_mutex_lock(&s->guard);
    while (!(*watch = take_ended(s, &others))) { /* an end that came beats a deadline that passed */
        if (!err && s->pending == 0) err = PLAIT_EDONE;
        if (!err && plait_is_now(deadline)) err = PLAIT_EAGAIN;
        if (!err && s->first && plait_future_forked(s->first->future)) err = PLAIT_EFORKED;
        if (!err && in_vain(s)) err = PLAIT_EDEADLK;
        if (err == PLAIT_EDEADLK && cut == PLAIT_NOT_CANCELLABLE)
            plait_stop(
                "a wait for the ends of tasks of a loop, on its own thread and not in one of its tasks: it never ends");
        if (err) break;
        plait_future *f = may_help ? find_pending(s) : NULL;
        plait_future *attended = f ? NULL : find_attended(s);
        plait_waiter node = plait_waiter_here();
        if (!f) plait_waitlist_add(&s->waiters, &node);
        plait_mutex_unlock(&s->guard);
        if (attended) {
            atomic_load_explicit(&plait_attend, memory_order_relaxed)(attended->executor, attended, &node);
            plait_future_release(attended);
        }
        if (f) {
            plait_help(f, outer); /* or somebody was faster, and it is not pending any more */
            plait_future_release(f);
            err = cut == PLAIT_CANCELLABLE ? plait_wait_begin(deadline) : 0;
        } else {
            plait_executor *pool = plait_worker_sleeps();
            err = plait_wait_looking(&s->waiters, &node, deadline, cut, look);
            plait_worker_resumes(pool);
        }
        plait_mutex_lock(&s->guard);
    }
    plait_mutex_unlock(&s->guard);
    plait_wake(others);
    return *watch ? 0 : err;
}

/* The newest first: those that have not begun must not begin in the places of those that we end. */
void plait_set_cancel(struct plait_set *s)
{
    for (;;) {
        plait_future *f = NULL;
        plait_mutex_lock(&s->guard);
        for (struct plait_watch *w = s->last; w && !f; w = w->previous) {
            uint32_t state = atomic_load_explicit(&w->future->state, memory_order_relaxed);
            if (!(state & PLAIT_ASKED) && state != PLAIT_WAS_CANCELLED && !plait_future_done(w->future) &&
                !plait_future_forked(w->future))
                f = w->future;
        }
        if (f) atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed);
        plait_mutex_unlock(&s->guard);
        if (!f) return;
        plait_future_cancel(f);
        plait_future_release(f);
    }
}
