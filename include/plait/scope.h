/* scope.h: until when, and whether still, the running task should go on.

   A scope lasts to the end of the braces that it is declared in, left in whatever way (return, break, goto, throw).
   Scopes nest. A scope is dead once it is cancelled or its deadline has passed, and stays dead: every wait inside it
   gives PLAIT_ECANCELED at once, until the braces are left. Only waits notice; a computing loop asks plait_cancelled. */
#ifndef PLAIT_SCOPE_H
#define PLAIT_SCOPE_H

#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

/* The fields are plait's own. A scope is used where it was declared and never copied. */
typedef struct plait_scope plait_scope;
struct plait_scope {
    plait_scope *outer;
    void *parker;
    plait_deadline deadline;
    PLAIT_ATOMIC_(uint32_t) cancelled;
    uint8_t shield;
    uint8_t end;
    void *reserved[3];
};

/* Declares a scope `name` that expires at `deadline`. */
#define PLAIT_TIMEOUT(name, deadline) PLAIT_SCOPE_(name, (deadline), 0)

/* Declares a scope `name` that only plait_scope_cancel(&name) ends. */
#define PLAIT_CANCEL_SCOPE(name) PLAIT_SCOPE_(name, PLAIT_FOREVER, 0)

/* Declares a scope `name` inside which nothing of the outer scopes is seen, so that clean-up may wait: until `deadline`. */
#define PLAIT_SHIELD(name, deadline) PLAIT_SCOPE_(name, (deadline), 1)

#define PLAIT_SCOPE_(name, deadline, shield)                                                                           \
    plait_scope name;                                                                                                  \
    plait_scope *name##_leave_ __attribute__((cleanup(plait_scope_leave_at_), unused)) =                               \
        plait_scope_enter(&name, (deadline), (shield))

/* What the macros do, for other languages: enters *scope and returns it; leaves it. Scopes are left in the reverse
   order, by the task that entered them; else the program stops. */
PLAIT_API plait_scope *plait_scope_enter(plait_scope *scope, plait_deadline deadline, int shield);
PLAIT_API void plait_scope_leave(plait_scope *scope);
static inline void plait_scope_leave_at_(plait_scope **scope) { plait_scope_leave(*scope); }

/* Ends the scope now. By the task inside it, or by another that keeps it alive meanwhile (a future or a group does
   that: plait_future_cancel, plait_group_cancel). Never waits; may be repeated. */
PLAIT_API void plait_scope_cancel(plait_scope *scope);

/* Moves the end of a scope that the running task is inside of to `deadline`; PLAIT_FOREVER takes it away. What inherited
   the old one, the children of a group for instance, keeps it. 0; PLAIT_EINVAL when the task is not inside of it, or when
   it has ended: a scope stays dead. A deadline that has passed, but that no wait has seen, can still be moved. Never waits. */
PLAIT_API int plait_scope_reschedule(plait_scope *scope, plait_deadline deadline);

/* Why it ended, as one of the task's own waits has seen: a deadline that passed unseen does not count. When both were
   there, cancelled wins. To be asked inside the scope. */
PLAIT_API bool plait_scope_expired(const plait_scope *scope);
PLAIT_API bool plait_scope_cancelled(const plait_scope *scope);

/* Whether a wait would give PLAIT_ECANCELED here. Costs a clock reading when a deadline is in force. */
PLAIT_API bool plait_cancelled(void);

PLAIT_END_DECLARATIONS
#endif
