/* once.h: something that is done once, by whoever needs it first, while the others wait. */
#ifndef PLAIT_ONCE_H
#define PLAIT_ONCE_H

#include <plait/mutex.h>
PLAIT_BEGIN_DECLARATIONS

/* Zero bytes are "not done yet". The fields are plait's own. It needs no end: free its memory when nobody uses it. */
typedef struct plait_once {
    plait_mutex running;
    PLAIT_ATOMIC_(uint32_t) done;
    uintptr_t reserved[1];
} plait_once;
/* clang-format off */
#define PLAIT_ONCE_INIT { PLAIT_MUTEX_INIT, 0, { 0 } }
/* clang-format on */

/* Runs function(context) unless that was done before; while another task runs it, waits until `deadline`. 0: it has been
   run, with result 0, and what it did is seen. Else what it returned, when it was run here: it is not done then, and the
   next one that comes or waits tries again. It must return (in C++ it must not throw). PLAIT_EDEADLK from inside of the function itself; PLAIT_EAGAIN;
   PLAIT_ETIMEDOUT; PLAIT_ECANCELED. */
PLAIT_API int plait_once_run(plait_once *once, int (*function)(void *context), void *context,
                             plait_deadline deadline) PLAIT_MUST_CHECK;

/* Whether it is done, and what it did is seen. Never waits. */
PLAIT_API bool plait_once_is_done(plait_once *once);

PLAIT_END_DECLARATIONS
#endif
