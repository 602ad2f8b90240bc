/* Pools of threads, of 1, 2 and 8 workers, show what every executor must. */
#include "executor/conformance.h"
#include <plait/process.h>

static plait_executor *of(int workers)
{
    return plait_thread_executor_new(&(plait_thread_options){ .workers = workers });
}
static plait_executor *of_1(void) { return of(1); }
static plait_executor *of_2(void) { return of(2); }
static plait_executor *of_8(void) { return of(8); }

int main(void)
{
    plait_init();
    const struct conforming pools[] = {
        { .name = "thread, 1 worker", .make = of_1, .end = plait_executor_free },
        { .name = "thread, 2 workers", .make = of_2, .end = plait_executor_free },
        { .name = "thread, 8 workers", .make = of_8, .end = plait_executor_free },
    };
    return executor_conformance(&pools[0]) + executor_conformance(&pools[1]) + executor_conformance(&pools[2]);
}
