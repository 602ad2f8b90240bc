/* Boost.Fiber: this_fiber::yield in two fibers.
   subject: Boost.Fiber
   package: libboost-fiber-dev
   libraries: -lboost_fiber -lboost_context */
#include "switch/switch.h"
#include <boost/fiber/all.hpp>
#include <boost/version.hpp>

static void take_turns(int who)
{
    for (int i = 0; i < SWITCHES / 2; i++) {
        switch_turn(who);
        boost::this_fiber::yield();
    }
}

int main()
{
    uint64_t start = bench_now();
    boost::fibers::fiber first(take_turns, 0), second(take_turns, 1);
    first.join();
    second.join();
    switch_report(start);
    printf("version %d.%d\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000);
}
