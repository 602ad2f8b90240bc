/* time.h: deadlines, and the one clock that all of plait reads. */
#ifndef PLAIT_TIME_H
#define PLAIT_TIME_H

#include <plait/api.h>
PLAIT_BEGIN_DECLARATIONS

/* Durations are int64_t nanoseconds. */
#define PLAIT_NANOSECOND ((int64_t)1)
#define PLAIT_MICROSECOND ((int64_t)1000)
#define PLAIT_MILLISECOND ((int64_t)1000000)
#define PLAIT_SECOND ((int64_t)1000000000)

/* A point in time on plait's clock. A struct, so that a duration cannot be passed by mistake. Zero bytes mean "never":
   a zeroed options struct sets no deadline. A deadline that has passed lets a call try once before PLAIT_ETIMEDOUT. */
typedef struct plait_deadline {
    int64_t at;
} plait_deadline;

static inline plait_deadline plait_deadline_at_(int64_t at)
{
    plait_deadline deadline;
    deadline.at = at;
    return deadline;
}
#define PLAIT_FOREVER plait_deadline_at_(0) /* no deadline */
#define PLAIT_NOW plait_deadline_at_(-1)    /* do not wait at all: PLAIT_EAGAIN, and no cancellation point */

/* Nanoseconds on plait's clock (CLOCK_MONOTONIC unless plait_clock_set gave another). Never waits, never fails. */
PLAIT_API int64_t plait_time(void);

/* The deadline `nanoseconds` from now. Saturates; a negative duration gives a deadline that has passed. */
PLAIT_API plait_deadline plait_after(int64_t nanoseconds);

/* Sleeps for `nanoseconds`, or until `deadline`: a thread blocks, a coroutine yields. 0; PLAIT_ECANCELED in a scope
   that is or becomes dead. plait_sleep of 0 or less, and a deadline that has passed, only look at the scope.
   plait_sleep_until(PLAIT_FOREVER) sleeps until cancelled; PLAIT_NOW returns 0. */
PLAIT_API int plait_sleep(int64_t nanoseconds);
PLAIT_API int plait_sleep_until(plait_deadline deadline);

/* A clock of the program's own, for tests: while one is set, all deadlines are points on it and no wait ends because
   real time passed. `now` returns nanoseconds > 0, never going back, from any thread, and calls nothing of plait. */
typedef struct plait_clock {
    int64_t (*now)(void *context);
    void *context;
} plait_clock;

/* Makes `clock` the clock of the whole process; NULL is the system's. The struct must live until the next set. Waits
   begun under one clock keep their numbers, so set it while nothing waits with a deadline. */
PLAIT_API void plait_clock_set(const plait_clock *clock);

/* To be called after the clock that was set has moved: all who sleep look at it again. From any thread. */
PLAIT_API void plait_clock_moved(void);

PLAIT_END_DECLARATIONS
#endif
