/* Boost.Fiber: fibers that wait for a shared future.
   subject: Boost.Fiber
   package: libboost-fiber-dev
   libraries: -lboost_fiber -lboost_context */
#include "alive/alive.h"
#include <boost/fiber/all.hpp>
#include <boost/version.hpp>
#include <unistd.h>
#include <vector>

int main()
{
    uint64_t start = bench_now();
    boost::fibers::promise<void> promise;
    boost::fibers::shared_future<void> future = promise.get_future().share();
    std::vector<boost::fibers::fiber> lives;
    lives.reserve(ALIVE);
    for (int i = 0; i < ALIVE; i++)
        lives.emplace_back([&] {
            alive_begun++;
            future.wait();
            alive_gone_on++;
        });
    boost::this_fiber::yield();
    bench_check(alive_begun, ALIVE);
    promise.set_value();
    for (auto &life : lives) life.join();
    alive_report(start);
    printf("version %d.%d\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000);
    fflush(stdout);
    _exit(0); /* its scheduler takes its time to end */
}
