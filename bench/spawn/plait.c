/* plait: plait_spawn and plait_await.
   subject: plait */
#include "spawn/spawn.h"
#include <plait.h>

static int add_one(void)
{
    spawn_count++;
    return 0;
}
PLAIT_TASK(add_one, void, void);

static int spawn_all(void)
{
    uint64_t start = bench_now();
    for (int i = 0; i < SPAWNS; i++) bench_must(plait_await(plait_spawn(add_one, NULL), NULL), "plait_await");
    spawn_report(start);
    return 0;
}
PLAIT_TASK(spawn_all, void, void);

int main(void)
{
    bench_must(plait_run(spawn_all, NULL, NULL), "plait_run");
    bench_report_version(plait_version());
    return 0;
}
