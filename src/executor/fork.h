/* fork.h: how a fork is marked on a deque, and run by one who is not its owner. */
#ifndef PLAIT_EXECUTOR_FORK_H
#define PLAIT_EXECUTOR_FORK_H
#include "base/record.h"
#include <plait/fork.h>

#define PLAIT_IS_FORK ((uintptr_t)1)

/* Runs a fork taken off a deque, in a context of its own. Its end is the last access to it. */
void plait_fork_run(plait_fork *fork);

/* Ends it with a code and the reference to its record (or NULL), in place of running it. */
void plait_fork_fail(plait_fork *fork, int error, plait_record *record);

#endif
