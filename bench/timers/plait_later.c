/* plait: plait_call_later, which reads the clock each time.
   subject: plait, from now
   workloads: timers-add */
#include "timers/timers.h"
#include <plait.h>

static void fired(void *unused)
{
    (void)unused;
    timers_fired++;
}

static void add(int timer, int64_t nanoseconds)
{
    (void)timer;
    bench_must(!plait_call_later(nanoseconds, fired, NULL), "plait_call_later");
}
static void cancel(int timer) { (void)timer; }
static void run(void) {}

static int measure(void)
{
    timers_measure("add");
    return 0;
}
PLAIT_TASK(measure, void, void);

int main(void)
{
    bench_must(plait_run(measure, NULL, NULL), "plait_run");
    bench_report_version(plait_version());
    return 0;
}
