/* libev: ev_timer_start after ev_now_update, so that the present is the present.
   subject: libev, from now
   package: libev-dev
   libraries: -lev -lm
   workloads: timers-add */
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
    ev_now_update(loop);
    ev_timer_init(&timers[timer], fired, (double)nanoseconds / 1e9, 0);
    ev_timer_start(loop, &timers[timer]);
}
static void cancel(int timer) { (void)timer; }
static void run(void) {}

int main(void)
{
    loop = ev_default_loop(0);
    timers_measure("add");
    char version[32];
    snprintf(version, sizeof version, "%d.%d", ev_version_major(), ev_version_minor());
    bench_report_version(version);
    return 0;
}
