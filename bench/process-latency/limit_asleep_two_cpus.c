/* The least that a trip to a sleeping process costs when the two are on different CPUs, the first and the last of those that
   this process may use: each wake-up then has to reach another CPU, which may be asleep itself.
   subject: limit ring, asleep, two CPUs */
#include "process-latency/trips.h"
#include "process-tasks/ring.h"
#include <sched.h>

static void run_on(size_t cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    bench_must(sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");
}

static int trip(int value)
{
    ring_put(&rings_[0].asked, &value, 1);
    ring_get(&rings_[0].answered, &value, 1, 0);
    return value;
}

int main(int argc, char **argv)
{
    cpu_set_t usable;
    bench_must(sched_getaffinity(0, sizeof usable, &usable), "sched_getaffinity");
    size_t first = 0, last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(first, &usable)) first++;
    while (!CPU_ISSET(last, &usable)) last--;
    run_on(last);
    rings_start(1, 0);
    run_on(first);
    trips_measure(argc, argv, trip);
    rings_stop();
    bench_report_version(BENCH_COMPILER);
    return 0;
}
