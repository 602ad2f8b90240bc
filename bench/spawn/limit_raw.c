/* The least: a stack is made ready for its first switch, gone to, and left for good; always the same one.
   subject: limit raw stack */
#include "spawn/spawn.h"
#include "switch/raw.h"

static void *here, *there;
static _Alignas(64) char stack[65536];

static void add_one(void)
{
    spawn_count++;
    raw_switch(&there, here);
}

int main(void)
{
    uint64_t start = bench_now();
    for (int i = 0; i < SPAWNS; i++) raw_switch(&here, raw_stack(stack + sizeof stack, add_one));
    spawn_report(start);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
