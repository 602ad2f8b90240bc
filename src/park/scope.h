/* scope.h: the one place where a wait sleeps, and what cuts it short.

   What must hold:
   - Cancel and expiry are levels, not events: a dead scope stays dead, and every wait inside it says ECANCELED.
   - Only the task itself changes its chain of scopes. Others set `cancelled`, then unpark; the token in the parker makes
     that safe against a task about to park, and reading the parker *before* setting the flag makes it safe against a task
     about to leave. Whoever cancels keeps the scope alive until the flag is set. */
#ifndef PLAIT_PARK_SCOPE_H
#define PLAIT_PARK_SCOPE_H
#include "park/context.h"
#include "park/waitlist.h"
#include <plait/error.h>

/* Whether the running task, which has called plait before, is in no scope but perhaps a root scope that nothing ends: as
   most are, most of the time. In line, with no call, so that a wait's fast path needs no stack frame. */
static inline bool plait_wait_is_calm(void)
{
    plait_context *self = plait_current_;
    plait_scope *s = self ? self->scope : NULL;
    return __builtin_expect(s ? !s->outer && !s->deadline.at && !s->end &&
                                    !atomic_load_explicit(&s->cancelled, memory_order_acquire)
                              : self != NULL,
                            true);
}

/* To be called first by every wait: PLAIT_ECANCELED in a dead scope. PLAIT_NOW does not wait and so is let through. */
int plait_wait_begin_slowly(plait_deadline);
static inline int plait_wait_begin(plait_deadline deadline)
{
    return plait_wait_is_calm() ? 0 : plait_wait_begin_slowly(deadline);
}

/* Sleeps until `node`, which is on `list`, was woken: 0. Or takes it off: PLAIT_EAGAIN, PLAIT_ETIMEDOUT, PLAIT_ECANCELED. */
enum plait_cut { PLAIT_NOT_CANCELLABLE, PLAIT_CANCELLABLE };
int plait_wait_in(plait_waitlist *list, plait_waiter *node, plait_deadline, enum plait_cut);

/* The same, for one who wants to look at something when it has slept until `at`, and again whenever it is unparked for
   no reason: what `look` returns, unless 0, ends the wait. It must not wait. */
typedef struct plait_look plait_look;
struct plait_look {
    plait_deadline at; /* none: only when unparked */
    int (*look)(plait_look *);
};
int plait_wait_looking(plait_waitlist *list, plait_waiter *node, plait_deadline, enum plait_cut, plait_look *);

/* A node for the running task. */
static inline plait_waiter plait_waiter_here(void)
{
    plait_context *self = plait_current();
    return (plait_waiter){ .parker = self->parker, .task = self };
}

/* The nearest of a deadline and those of the scopes in force. */
plait_deadline plait_nearest(plait_deadline);

/* For whoever sleeps by other means: PLAIT_EAGAIN, PLAIT_ECANCELED, PLAIT_ETIMEDOUT, or 0 to sleep on. */
int plait_wait_over(plait_deadline, enum plait_cut);

/* Makes *scope the root scope of a task: entered by its runner, perhaps cancelled by others. `outer` is looked through to
   the scopes of whoever awaits it in place, or NULL. */
void plait_scope_prepare(plait_scope *, plait_scope *outer, plait_parker *, plait_deadline, int shield);

/* To be called in a forked child: nobody waits for a descriptor there yet. */
void plait_wait_fd_forked(void);

#endif
