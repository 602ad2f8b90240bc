/* executor.c: what all executors have in common, as the user calls it. */
#include <plait/executor.h>
#include "base/fork.h"
#include "future/future.h"
#include <string.h>

/* In a forked child nothing of the pool may be waited for: its threads are not there, its guard may be held by one. */
static bool is_ours(plait_executor *ex) { return !ex->generation || ex->generation == plait_process_generation(); }

void plait_executor_close(plait_executor *ex)
{
    atomic_store_explicit(&ex->closed, true, memory_order_relaxed); /* a hint: the pool's own word counts */
    if (is_ours(ex)) ex->operations->close(ex);
}

void plait_executor_free(plait_executor *ex)
{
    if (!ex) return;
    plait_executor_close(ex);
    ex->operations->free(ex);
}

void plait_executor_get_statistics(plait_executor *ex, plait_executor_statistics *statistics)
{
    memset(statistics, 0, sizeof *statistics);
    if (!is_ours(ex)) return;
    ex->operations->get_statistics(ex, statistics);
}
