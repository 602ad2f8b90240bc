/* plait: plait_spawn, plait_event_wait, plait_await.
   subject: plait */
#include "alive/alive.h"
#include <plait.h>

static plait_event event;

static int live(void)
{
    alive_begun++;
    bench_must(plait_event_wait(&event, PLAIT_FOREVER), "plait_event_wait");
    alive_gone_on++;
    return 0;
}
PLAIT_TASK(live, void, void);

static int live_all(void)
{
    uint64_t start = bench_now();
    plait_future **lives = malloc(ALIVE * sizeof *lives);
    bench_must(!lives, "malloc");
    for (int i = 0; i < ALIVE; i++) lives[i] = plait_spawn(live, NULL);
    bench_must(plait_yield(), "plait_yield");
    bench_check(alive_begun, ALIVE);
    plait_event_set(&event);
    for (int i = 0; i < ALIVE; i++) bench_must(plait_await(lives[i], NULL), "plait_await");
    alive_report(start);
    free(lives);
    return 0;
}
PLAIT_TASK(live_all, void, void);

int main(void)
{
    bench_must(plait_run(live_all, NULL, NULL), "plait_run");
    bench_report_version(plait_version());
    return 0;
}
