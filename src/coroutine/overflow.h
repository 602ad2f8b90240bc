/* overflow.h: a stack that was too small is named, with the task that ran on it. */
#ifndef PLAIT_COROUTINE_OVERFLOW_H
#define PLAIT_COROUTINE_OVERFLOW_H
#include "coroutine/coroutine.h"

/* To be called by a thread that is about to switch to coroutines; -errno, or PLAIT_ENOMEM. The signal stack that it gives
   the thread, if that has none, is taken back by the second. `running` is asked in the handler of the signal. One
   thread at a time may call the first. */
struct plait_overflow_guard {
    void *stack; /* NULL: the thread had one */
};
int plait_overflow_watch(struct plait_overflow_guard *, plait_coroutine *(*running)(void));
void plait_overflow_leave(struct plait_overflow_guard *);

#endif
