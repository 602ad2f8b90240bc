/* condition.h: wait, with a mutex given up meanwhile, for what another task will make true. */
#ifndef PLAIT_CONDITION_H
#define PLAIT_CONDITION_H

#include <plait/recursive_mutex.h>
PLAIT_BEGIN_DECLARATIONS

/* Zero bytes are valid. The fields are plait's own. */
typedef struct plait_condition {
    PLAIT_ATOMIC_(uintptr_t) waiters;
    uintptr_t reserved[2];
} plait_condition;
/* clang-format off */
#define PLAIT_CONDITION_INIT { 0, { 0, 0 } }
/* clang-format on */

/* Unlocks `mutex`, which the task holds, sleeps until signalled, and locks it again whatever it returns. In a loop over
   the condition meant: another may have been faster, or it was woken for no reason. 0; PLAIT_EAGAIN for PLAIT_NOW; PLAIT_ETIMEDOUT; PLAIT_ECANCELED.
   A signal is never lost to one who leaves with an error. A mutex not held stops the program. */
PLAIT_API int plait_condition_wait(plait_condition *condition, plait_mutex *mutex,
                                   plait_deadline deadline) PLAIT_MUST_CHECK;

/* The same for a recursive mutex: all its locks are given up while the task sleeps, and are back when it returns. */
PLAIT_API int plait_condition_wait_recursive(plait_condition *condition, plait_recursive_mutex *mutex,
                                             plait_deadline deadline) PLAIT_MUST_CHECK;

/* Waits until predicate(context), which is called with the mutex held and must not wait, is true: 0. With an error it is
   false: it is asked once more before an error is returned; only in a scope that is dead already it is not asked at all.
   PLAIT_NOW asks it once. Errors as above. */
PLAIT_API int plait_condition_wait_for(plait_condition *condition, plait_mutex *mutex, bool (*predicate)(void *context),
                                       void *context, plait_deadline deadline) PLAIT_MUST_CHECK;
PLAIT_API int plait_condition_wait_for_recursive(plait_condition *condition, plait_recursive_mutex *mutex,
                                                 bool (*predicate)(void *context), void *context,
                                                 plait_deadline deadline) PLAIT_MUST_CHECK;

/* Wakes one of those that wait, or all. With or without the mutex held. Never waits. */
PLAIT_API void plait_condition_signal(plait_condition *condition);
PLAIT_API void plait_condition_broadcast(plait_condition *condition);

PLAIT_END_DECLARATIONS
#endif
