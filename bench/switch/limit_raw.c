/* The least: two stacks that know of each other, nothing kept but the registers that a function must keep.
   subject: limit raw switch */
#include "switch/switch.h"
#include "switch/raw.h"

static void *here, *there;
static _Alignas(64) char stack[65536];

static void other(void)
{
    for (;;) {
        switch_turn(1);
        raw_switch(&there, here);
    }
}

int main(void)
{
    uint64_t start = bench_now();
    there = raw_stack(stack + sizeof stack, other);
    for (int i = 0; i < SWITCHES / 2; i++) {
        switch_turn(0);
        raw_switch(&here, there);
    }
    switch_report(start);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
