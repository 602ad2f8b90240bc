/* Boost.Asio: post to its thread_pool with use_future, as its manual has it; the standard's future brings the result back.
   subject: Boost.Asio post
   package: libboost-dev */
#include "executor-latency/latency.h"
#include <boost/asio/packaged_task.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/version.hpp>

static boost::asio::thread_pool *pool;

static long trip(long value)
{
    return boost::asio::post(*pool, boost::asio::use_future([value] { return value + 1; })).get();
}

int main()
{
    boost::asio::thread_pool workers(WORKERS);
    pool = &workers;
    latency_measure(trip);
    workers.join();
    printf("version %d.%d\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000);
}
