/* libev: ev_timer_start and _stop. It takes the time of the loop's last pass for the present.
   subject: libev
   package: libev-dev
   libraries: -lev -lm */
#include "timers/timers.h"
#include <ev.h>

static ev_timer timers[TIMERS];
static struct ev_loop *loop;

static void fired(struct ev_loop *l, ev_timer *timer, int events)
{
    (void)l, (void)timer, (void)events;
    timers_fired++;
}

static void add(int timer, int64_t nanoseconds)
{
    ev_timer_init(&timers[timer], fired, (double)nanoseconds / 1e9, 0);
    ev_timer_start(loop, &timers[timer]);
}
static void cancel(int timer) { ev_timer_stop(loop, &timers[timer]); }
static void run(void) { ev_run(loop, 0); }

int main(int argc, char **argv)
{
    bench_must(argc != 2, "PROGRAM part");
    loop = ev_default_loop(0);
    timers_measure(argv[1]);
    char version[32];
    snprintf(version, sizeof version, "%d.%d", ev_version_major(), ev_version_minor());
    bench_report_version(version);
    return 0;
}
