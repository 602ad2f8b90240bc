/* libdispatch: dispatch_async_f on the global queue; a dispatch semaphore brings the result back.
   subject: libdispatch
   package: libdispatch-dev
   libraries: -ldispatch */
#include "executor-latency/latency.h"
#include <dispatch/dispatch.h>

static dispatch_queue_t queue;
static dispatch_semaphore_t there;

static void increment(void *context)
{
    ++*(long *)context;
    dispatch_semaphore_signal(there);
}

static long trip(long value)
{
    dispatch_async_f(queue, &value, increment);
    dispatch_semaphore_wait(there, DISPATCH_TIME_FOREVER);
    return value;
}

int main(void)
{
    queue = dispatch_get_global_queue(DISPATCH_QUEUE_PRIORITY_DEFAULT, 0);
    there = dispatch_semaphore_create(0);
    latency_measure(trip);
    return 0;
}
