/* signal.h: signals as calls of a loop: on its own stack, between two steps of its tasks, where all of plait may be used.

   A watched signal gets a handler of plait's, for the whole process, as long as one loop or several watch it; each of these
   is told. The handler only wakes them, so it does not matter which thread the signal comes to. No signal is blocked, and
   none gets a handler that nobody asked for: threads and programs that are started see none of this, and a forked child
   has what was there before. What comes several times before a loop looks is one call, as signals are. */
#ifndef PLAIT_SIGNAL_H
#define PLAIT_SIGNAL_H

#include <plait/call.h>
PLAIT_BEGIN_DECLARATIONS

/* Calls function(number, context) on the running loop whenever the signal comes, until plait_loop_unwatch_signal or the
   loop's end. A loop has one function for a signal: another takes its place. A signal that all threads block stays where
   it is. 0; PLAIT_EINVAL for one that cannot be handled (SIGKILL, SIGSTOP, what is no signal), for one that tells of the
   program's own fault and cannot wait (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT), for no function, and
   outside of a loop; PLAIT_ENOMEM; PLAIT_EFORKED in a child that a coroutine has forked. */
PLAIT_API int plait_loop_watch_signal(int number, void (*function)(int number, void *context),
                                      void *context) PLAIT_MUST_CHECK;

/* Watches it no more on the running loop: a call that has not been made will not come. When no loop watches it any more,
   what was done with it before is done again, unless the program has changed that meanwhile. Whether it was watched. */
PLAIT_API bool plait_loop_unwatch_signal(int number);

PLAIT_END_DECLARATIONS
#endif
