/* Boost.Context: the main program and one continuation resume each other by name; there is no scheduler, no queue, nobody
   else could have a turn.
   subject: Boost.Context, no scheduler
   package: libboost-context-dev
   libraries: -lboost_context */
#include "switch/switch.h"
#include <boost/context/fiber.hpp>
#include <boost/version.hpp>

int main()
{
    uint64_t start = bench_now();
    boost::context::fiber other([](boost::context::fiber &&main) {
        for (int i = 0; i < SWITCHES / 2; i++) {
            switch_turn(1);
            main = std::move(main).resume();
        }
        return std::move(main);
    });
    for (int i = 0; i < SWITCHES / 2; i++) {
        switch_turn(0);
        other = std::move(other).resume();
    }
    switch_report(start);
    std::move(other).resume();
    printf("version %d.%d\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000);
}
