/* Coroutines on 1, 2 and 8 loops show what every executor must. */
#include "executor/conformance.h"
#include <plait/loop.h>

static plait_executor *of(int loops)
{
    return plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = loops });
}
static plait_executor *of_1(void) { return of(1); }
static plait_executor *of_2(void) { return of(2); }
static plait_executor *of_8(void) { return of(8); }

int main(void)
{
    return executor_conformance("multi-loop, 1 loop", of_1, false) +
           executor_conformance("multi-loop, 2 loops", of_2, false) +
           executor_conformance("multi-loop, 8 loops", of_8, false);
}
