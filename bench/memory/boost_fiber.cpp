/* Boost.Fiber: fibers launched at once, with the stacks that it gives them: 128 KiB from malloc, without a guard.
   subject: Boost.Fiber
   package: libboost-fiber-dev
   libraries: -lboost_fiber -lboost_context */
#include "memory/memory.h"
#include <boost/fiber/all.hpp>
#include <boost/version.hpp>

int main()
{
    memory_begin();
    for (long i = 0; i < ASLEEP; i++)
        boost::fibers::fiber(boost::fibers::launch::dispatch, [] {
            memory_asleep++;
            boost::this_fiber::sleep_for(std::chrono::hours(1));
        }).detach();
    while (memory_asleep < ASLEEP) boost::this_fiber::yield();
    memory_report(BOOST_LIB_VERSION);
}
