/* plait: plait_call_at, since the times are known beforehand, and plait_call_cancel.
   subject: plait */
#include "timers/timers.h"
#include <plait.h>

static plait_call *calls[TIMERS];
static plait_event all_fired;
static const char *part;
static int64_t start;

static void fired(void *unused)
{
    (void)unused;
    if (++timers_fired == TIMERS) plait_event_set(&all_fired);
}

static void add(int timer, int64_t nanoseconds)
{
    plait_deadline at = { start + nanoseconds };
    calls[timer] = plait_call_at(at, fired, NULL);
}
static void cancel(int timer) { plait_call_cancel(calls[timer]); }
static void run(void) { bench_must(plait_event_wait(&all_fired, PLAIT_FOREVER), "plait_event_wait"); }

static int measure(void)
{
    start = plait_time();
    timers_measure(part);
    return 0;
}
PLAIT_TASK(measure, void, void);

int main(int argc, char **argv)
{
    bench_must(argc != 2, "PROGRAM part");
    part = argv[1];
    bench_must(plait_run(measure, NULL, NULL), "plait_run");
    bench_report_version(plait_version());
    return 0;
}
