/* plait: plait_yield in two tasks of a loop.
   subject: plait */
#include "switch/switch.h"
#include <plait.h>

static int take_turns(const int *who)
{
    for (int i = 0; i < SWITCHES / 2; i++) {
        switch_turn(*who);
        bench_must(plait_yield(), "plait_yield");
    }
    return 0;
}
PLAIT_TASK(take_turns, int, void);

static int both(void)
{
    plait_future *first = plait_spawn(take_turns, &(int){ 0 }), *second = plait_spawn(take_turns, &(int){ 1 });
    bench_must(plait_await(first, NULL), "the first");
    bench_must(plait_await(second, NULL), "the second");
    return 0;
}
PLAIT_TASK(both, void, void);

int main(void)
{
    uint64_t start = bench_now();
    bench_must(plait_run(both, NULL, NULL), "plait_run");
    switch_report(start);
    bench_report_version(plait_version());
    return 0;
}
