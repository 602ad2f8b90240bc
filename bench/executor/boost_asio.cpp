/* Boost.Asio: post to its thread_pool.
   subject: Boost.Asio post
   package: libboost-dev */
#include "executor/executor.h"
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/version.hpp>

static boost::asio::thread_pool *pool;

static void submit()
{
    boost::asio::post(*pool, [] { executor_count(); });
}

int main()
{
    boost::asio::thread_pool workers(WORKERS);
    pool = &workers;
    executor_measure(submit);
    workers.join();
    printf("version %d.%d\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000);
}
