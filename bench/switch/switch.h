/* switch.h: two coroutines on one thread yield to each other, SWITCHES times together. Measured: from the start of the first
   until both have ended, per switch. That they took turns is checked.

   Each calls switch_turn(0 or 1) and then yields, SWITCHES / 2 times. */
#ifndef BENCH_SWITCH_H
#define BENCH_SWITCH_H
#include "bench.h"

enum { SWITCHES = 20000000 };

static int switch_turns, switch_wrong, switch_last = -1;

static inline void switch_turn(int who)
{
    switch_turns++;
    switch_wrong += switch_last == who;
    switch_last = who;
}

static inline void switch_report(uint64_t start)
{
    double seconds = bench_seconds_since(start);
    bench_check(switch_turns, SWITCHES);
    bench_check(switch_wrong, 0);
    bench_report("ns_per_switch", seconds * 1e9 / SWITCHES);
}

#endif
