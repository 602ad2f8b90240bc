/* scope.c: scopes, and the sleep that all of plait's waits share.

   What must hold: each turn of a sleep asks first whether it was woken, then whether it is over, then parks until the
   nearest of its own deadline and its scopes'. Being woken beats being late. */
#include "park/scope.h"
#include "base/stop.h"

enum { ALIVE, CANCELLED, EXPIRED }; /* plait_scope.end: 0 is alive in scope.h, too */
enum { PATIENCE = 16 };             /* waits that are cut short in a row */

void plait_scope_prepare(plait_scope *s, plait_scope *outer, plait_parker *parker, plait_deadline deadline, int shield)
{
    *s = (plait_scope){ .outer = outer, .parker = parker, .deadline = deadline, .shield = shield != 0, .end = ALIVE };
}

static plait_deadline a_time(plait_deadline d) { return plait_is_now(d) ? plait_deadline_at_(1) /* long past */ : d; }

plait_scope *plait_scope_enter(plait_scope *s, plait_deadline deadline, int shield)
{
    plait_context *self = plait_current();
    plait_scope_prepare(s, self->scope, self->parker, a_time(deadline), shield);
    return self->scope = s;
}

void plait_scope_leave(plait_scope *s)
{
    plait_context *self = plait_current();
    if (self->scope != s) plait_stop("a scope was left that is not the innermost one of the running task");
    self->scope = s->outer;
}

void plait_scope_cancel(plait_scope *s)
{
    plait_parker *parker = s->parker;
    atomic_store_explicit(&s->cancelled, 1, memory_order_release); /* the last access: the task may leave now */
    plait_unpark(parker);
}

int plait_scope_reschedule(plait_scope *s, plait_deadline deadline)
{
    plait_scope *here = plait_current()->scope;
    while (here && here != s) here = here->outer;
    if (!here) return plait_fail(PLAIT_EINVAL, "a scope was to be rescheduled that the running task is not inside of");
    if (s->end != ALIVE || atomic_load_explicit(&s->cancelled, memory_order_acquire))
        return plait_fail(PLAIT_EINVAL, "a scope was to be rescheduled that has ended");
    s->deadline = a_time(deadline);
    return 0;
}

static plait_scope *seen_from(plait_scope *s) { return s->shield ? NULL : s->outer; }

/* Looks at all scopes up to the nearest shield, so that each of them remembers why it ended. */
static bool dead(plait_context *self)
{
    bool dead = false;
    int64_t now = 0;
    for (plait_scope *s = self->scope; s; s = seen_from(s)) {
        if (s->end == ALIVE) {
            if (atomic_load_explicit(&s->cancelled, memory_order_acquire)) {
                s->end = CANCELLED;
            } else if (s->deadline.at) {
                if (!now) now = plait_time();
                if (s->deadline.at <= now) s->end = EXPIRED;
            }
        }
        dead |= s->end != ALIVE;
    }
    return dead;
}

bool plait_cancelled(void)
{
    plait_context *self = plait_current();
    return self->scope && dead(self);
}

bool plait_scope_expired(const plait_scope *s) { return s->end == EXPIRED; }
bool plait_scope_cancelled(const plait_scope *s) { return s->end == CANCELLED; }

/* One who goes on asking in a dead scope must not keep from running the others of his home, who might be what he waits
   for. */
static int cut_short(plait_parker *p)
{
    if (p->operations->yield && ++p->cut == PATIENCE) {
        p->cut = 0;
        p->operations->yield(p);
    }
    return PLAIT_ECANCELED;
}

int plait_wait_begin_slowly(plait_deadline deadline)
{
    plait_context *self = plait_current();
    return self->scope && !plait_is_now(deadline) && dead(self) ? cut_short(self->parker) : 0;
}

plait_deadline plait_nearest(plait_deadline d)
{
    for (plait_scope *s = plait_current()->scope; s; s = seen_from(s)) d = plait_sooner(d, s->deadline);
    return d;
}

int plait_wait_over(plait_deadline deadline, enum plait_cut cut)
{
    if (plait_is_now(deadline)) return PLAIT_EAGAIN;
    plait_context *self = plait_current();
    if (cut == PLAIT_CANCELLABLE && self->scope && dead(self)) return PLAIT_ECANCELED;
    return plait_has_passed(deadline) ? PLAIT_ETIMEDOUT : 0;
}

int plait_wait_looking(plait_waitlist *list, plait_waiter *node, plait_deadline deadline, enum plait_cut cut,
                       plait_look *look)
{
    plait_parker *parker = node->parker;
    for (bool slept = false; !plait_woken(node); slept = true) {
        bool endless = !deadline.at && (cut == PLAIT_NOT_CANCELLABLE || plait_wait_is_calm());
        int reason = endless ? 0 : plait_wait_over(deadline, cut);
        if (!reason && look && slept) reason = look->look(look);
        if (!reason) {
            plait_deadline until = endless || cut == PLAIT_NOT_CANCELLABLE ? deadline : plait_nearest(deadline);
            plait_park(parker, look ? plait_sooner(until, look->at) : until);
        } else if (plait_waitlist_remove(list, node)) {
            return reason;
        } else {
            while (!plait_woken(node)) plait_park(parker, PLAIT_FOREVER); /* the waker is at work on our stack */
        }
    }
    return 0;
}

int plait_wait_in(plait_waitlist *list, plait_waiter *node, plait_deadline deadline, enum plait_cut cut)
{
    return plait_wait_looking(list, node, deadline, cut, NULL);
}

int plait_sleep_until(plait_deadline until)
{
    plait_context *self = plait_current();
    int reason = plait_wait_begin(until);
    while (!reason && !(reason = plait_wait_over(until, PLAIT_CANCELLABLE)))
        plait_park(self->parker, plait_nearest(until));
    return reason == PLAIT_ECANCELED ? plait_failed(reason) : 0;
}

int plait_sleep(int64_t nanoseconds) { return plait_sleep_until(plait_after(nanoseconds)); }
