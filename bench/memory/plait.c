/* plait: plait_spawn, plait_future_detach, plait_sleep; stacks of 64 KiB with a guard below each.
   subject: plait */
#include "memory/memory.h"
#include <plait.h>

static int fall_asleep(void)
{
    memory_asleep++;
    return plait_sleep(3600 * PLAIT_SECOND);
}
PLAIT_TASK(fall_asleep, void, void);

static int start_all(void)
{
    memory_begin();
    for (int i = 0; i < ASLEEP; i++) plait_future_detach(plait_spawn(fall_asleep, NULL));
    while (memory_asleep < ASLEEP) bench_must(plait_yield(), "plait_yield");
    memory_report(plait_version());
    return 0;
}
PLAIT_TASK(start_all, void, void);

int main(void) { return plait_run(start_all, NULL, NULL) != 0; }
