/* process_wide.h: what the executors that exist once in a process do when somebody wants to end them. */
#ifndef PLAIT_EXECUTOR_PROCESS_WIDE_H
#define PLAIT_EXECUTOR_PROCESS_WIDE_H
#include "base/stop.h"
#include "future/future.h"

static inline void plait_never_closed(plait_executor *ex)
{
    (void)ex;
    plait_stop("an executor that belongs to the whole process was closed or freed");
}

static inline void plait_no_statistics(plait_executor *ex, plait_executor_statistics *statistics)
{
    (void)ex, (void)statistics;
}

#endif
