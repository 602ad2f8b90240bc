/* The least that a trip to another process costs: four bytes there and back through shared memory, both sides awake all the
   while.
   subject: limit ring, spinning
   workloads: process-latency */
#include "process-latency/trips.h"
#include "process-tasks/ring.h"

#define LOOKS ~0u

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
