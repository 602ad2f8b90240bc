/* interrupt.h: Ctrl-C in two steps: the first one asks to stop, a second one ends the program at once. */
#ifndef PLAIT_APPS_INTERRUPT_H
#define PLAIT_APPS_INTERRUPT_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* From now on the first SIGINT makes interrupted() true, says `sentence` (which must last) on stderr, and asks the process of
   interrupt_forward to stop. The second one kills, as always. */
void interrupt_catch(const char *sentence);

/* For a child that such a process looks after, which starts with interrupt_signals() blocked and is then ready for them:
   SIGTERM makes interrupted() true, SIGINT is the parent's affair. When the parent dies, so does this process. */
void interrupt_obey_parent(void);
sigset_t interrupt_signals(void);

/* The child that is to be asked to stop, 0 for none. */
void interrupt_forward(pid_t child);

/* For processes that share memory: from now on `flag`, which lies there, is true as soon as a stop was asked for in one of
   them that has called this. It must last until NULL takes its place. */
void interrupt_share(atomic_bool *flag);

/* Whether a stop was asked for. From any thread; never waits. */
bool interrupted(void);

/* Ends the program by SIGINT, as whoever started it expects after a Ctrl-C. What stdout holds must have been written. */
_Noreturn void interrupt_die(void);

#endif
