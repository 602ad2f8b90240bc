/* libdispatch: dispatch_async_f on the global queue, which keeps as many threads busy as there are CPUs.
   subject: libdispatch
   package: libdispatch-dev
   libraries: -ldispatch */
#include "executor/executor.h"
#include <dispatch/dispatch.h>

static dispatch_queue_t queue;

static void count(void *context)
{
    (void)context;
    executor_count();
}

static void submit(void) { dispatch_async_f(queue, NULL, count); }

int main(void)
{
    queue = dispatch_get_global_queue(DISPATCH_QUEUE_PRIORITY_DEFAULT, 0);
    executor_measure(submit);
    return 0;
}
