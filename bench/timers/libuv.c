/* libuv: uv_timer_start and _stop; its times are whole milliseconds.
   subject: libuv
   package: libuv1-dev
   pkg-config: libuv */
#include "timers/timers.h"
#include <uv.h>

static uv_timer_t timers[TIMERS];
static uv_loop_t *loop;

static void fired(uv_timer_t *timer)
{
    (void)timer;
    timers_fired++;
}

static void add(int timer, int64_t nanoseconds)
{
    uv_timer_init(loop, &timers[timer]);
    uv_timer_start(&timers[timer], fired, (uint64_t)nanoseconds / 1000000, 0);
}
static void cancel(int timer) { uv_timer_stop(&timers[timer]); }
static void run(void) { uv_run(loop, UV_RUN_DEFAULT); }

int main(int argc, char **argv)
{
    bench_must(argc != 2, "PROGRAM part");
    loop = uv_default_loop();
    timers_measure(argv[1]);
    bench_report_version(uv_version_string());
    return 0;
}
