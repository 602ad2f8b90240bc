/* completions.h: futures in the order in which they end, from a set that may grow all the while. */
#ifndef PLAIT_COMPLETIONS_H
#define PLAIT_COMPLETIONS_H

#include <plait/future.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_completions plait_completions;

/* An empty set. NULL without memory. The caller ends it with plait_completions_free. */
PLAIT_API plait_completions *plait_completions_new(void);

/* Hands a future over to the set. It cannot fail. A future can be in one set or group at a time, else the program stops. */
PLAIT_API void plait_completions_add(plait_completions *completions, plait_future *future);

/* How many have been added and not yet been given back. */
PLAIT_API size_t plait_completions_pending(plait_completions *completions);

/* Waits for the next one to end and gives it back in *future: it is the caller's again, and done. Several may call this at
   once. 0; PLAIT_EDONE when none is pending; PLAIT_EAGAIN; PLAIT_ETIMEDOUT; PLAIT_ECANCELED; PLAIT_EFORKED when those that
   are left are a parent process's; PLAIT_EDEADLK when all are for loops of this thread, as for plait_await. Where it is not 0, *future is untouched. */
PLAIT_API int plait_completions_next(plait_completions *completions, plait_future **future,
                                     plait_deadline deadline) PLAIT_MUST_CHECK;

/* Cancels what is left, waits for its end (no cancellation point), and frees all. Nobody may wait in it. NULL is nothing. */
PLAIT_API void plait_completions_free(plait_completions *completions);

PLAIT_END_DECLARATIONS
#endif
