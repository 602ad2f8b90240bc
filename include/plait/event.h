/* event.h: something that has happened, or not yet; all who wait for it go on when it does. */
#ifndef PLAIT_EVENT_H
#define PLAIT_EVENT_H

#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

/* Zero bytes are an event that has not happened. The fields are plait's own. */
typedef struct plait_event {
    PLAIT_ATOMIC_(uintptr_t) waiters;
    uintptr_t reserved[2];
} plait_event;
/* clang-format off */
#define PLAIT_EVENT_INIT { 0, { 0, 0 } }
/* clang-format on */

/* Sets it: all who wait go on, and later waits end at once, until it is cleared. Never waits; may be repeated. Its last
   act on the event is to set it: who sees it set may end its life, if
   nobody else sets it. */
PLAIT_API void plait_event_set(plait_event *event);

/* Makes it "not yet" again. Those that were waiting when it was set go on all the same. */
PLAIT_API void plait_event_clear(plait_event *event);

/* Whether it is set. Never waits. */
PLAIT_API bool plait_event_is_set(plait_event *event);

/* Waits until it is set. 0; PLAIT_EAGAIN; PLAIT_ETIMEDOUT; PLAIT_ECANCELED. */
PLAIT_API int plait_event_wait(plait_event *event, plait_deadline deadline) PLAIT_MUST_CHECK;

PLAIT_END_DECLARATIONS
#endif
