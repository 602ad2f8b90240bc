/* Pools of threads, of 1, 2 and 8 workers, show what every executor must. */
#include "executor/conformance.h"

static plait_executor *of(int workers)
{
    return plait_thread_executor_new(&(plait_thread_options){ .workers = workers });
}
static plait_executor *of_1(void) { return of(1); }
static plait_executor *of_2(void) { return of(2); }
static plait_executor *of_8(void) { return of(8); }

int main(void)
{
    return executor_conformance("thread, 1 worker", of_1, false) +
           executor_conformance("thread, 2 workers", of_2, false) +
           executor_conformance("thread, 8 workers", of_8, false);
}
