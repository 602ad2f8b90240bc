/* Boost.Fiber: a fiber and its join.
   subject: Boost.Fiber
   package: libboost-fiber-dev
   libraries: -lboost_fiber -lboost_context */
#include "spawn/spawn.h"
#include <boost/fiber/all.hpp>
#include <boost/version.hpp>

int main()
{
    uint64_t start = bench_now();
    for (int i = 0; i < SPAWNS; i++) boost::fibers::fiber([] { spawn_count++; }).join();
    spawn_report(start);
    printf("version %d.%d\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000);
}
