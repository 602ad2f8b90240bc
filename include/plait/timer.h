/* timer.h: a call that is made later, once or again and again.

   All timers of a program are served by one thread, which is started for the first of them and for which the end of
   the program does not wait: one call after the other, in the order of their times. So a call that takes long delays the others: long work goes to an
   executor. The end of the program waits for none. A forked child has none of its parent's timers and may start
   some. */
#ifndef PLAIT_TIMER_H
#define PLAIT_TIMER_H

#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_timer plait_timer;

/* Zero bytes are the defaults. */
typedef struct plait_timer_options {
    const char *name; /* in reports; must live as long as the timer; default "unnamed" */
    int64_t
        period; /* nanoseconds from one call to the next, as it was meant to be made; default 0: one call. Calls that
                         should have been made while others took their time are left out, not made up for */
} plait_timer_options;

/* Has run(argument) called at `at`, on plait's timer thread: at once for a time that has passed and PLAIT_NOW, not at
   all for PLAIT_FOREVER. What it returns is 0, or a negative code that is reported (<plait/report.h>); one that leaves by
   pthread_exit, or keeps a lock, stops the program. `argument` must live as long as the timer calls. NULL for no `run` or
   a negative period, or without memory or a thread (plait_error tells). Each timer is ended by plait_timer_free or
   _detach, once. */
PLAIT_API plait_timer *plait_timer_start_sized(plait_deadline at, int (*run)(void *argument), void *argument,
                                               const plait_timer_options *options, size_t options_size);
static inline plait_timer *plait_timer_start(plait_deadline at, int (*run)(void *argument), void *argument,
                                             const plait_timer_options *options)
{
    return plait_timer_start_sized(at, run, argument, options, sizeof *options);
}

/* No more calls. True when that prevented one; false when there was none to come: it had been made or was being made,
   or the timer had been cancelled. Never waits, so a call may still be running: plait_timer_free waits for it. */
PLAIT_API bool plait_timer_cancel(plait_timer *timer);

/* Cancels, waits for a call that is being made (no cancellation point), and frees. By its own call it may be freed too:
   then nothing is waited for. NULL is nothing. */
PLAIT_API void plait_timer_free(plait_timer *timer);

/* Lets it go on unwatched: it frees itself after its last call. One with a period goes on until the program ends. */
PLAIT_API void plait_timer_detach(plait_timer *timer);

PLAIT_END_DECLARATIONS
#endif
