/* The least that a trip to another process costs: four bytes there and back through shared memory, each side asleep when it
   comes. The kernel places them, mostly on one CPU.
   subject: limit ring, asleep
   workloads: process-latency process-latency-asleep */
#include "process-latency/trips.h"
#include "process-tasks/ring.h"

#define LOOKS 0

static int trip(int value)
{
    ring_put(&rings_[0].asked, &value, 1);
    ring_get(&rings_[0].answered, &value, 1, LOOKS);
    return value;
}

int main(int argc, char **argv)
{
    rings_start(1, LOOKS);
    trips_measure(argc, argv, trip);
    rings_stop();
    bench_report_version(BENCH_COMPILER);
    return 0;
}
