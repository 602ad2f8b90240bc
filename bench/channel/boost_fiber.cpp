/* Boost.Fiber: buffered_channel, and with capacity 0 unbuffered_channel, between two fibers.
   subject: Boost.Fiber channel
   package: libboost-fiber-dev
   libraries: -lboost_fiber -lboost_context */
#include "channel/channel.h"
#include <boost/fiber/all.hpp>
#include <boost/version.hpp>

template <class Channel> static void measure(Channel &channel)
{
    uint64_t start = bench_now();
    boost::fibers::fiber putter([&] {
        for (int i = 0; i < ITEMS; i++) channel.push(i);
    });
    boost::fibers::fiber getter([&] {
        for (int i = 0; i < ITEMS; i++) channel_sum += channel.value_pop();
    });
    putter.join();
    getter.join();
    channel_report(start);
}

int main(int argc, char **argv)
{
    size_t capacity = channel_capacity(argc, argv);
    if (capacity) {
        boost::fibers::buffered_channel<int> channel(capacity);
        measure(channel);
    } else {
        boost::fibers::unbuffered_channel<int> channel;
        measure(channel);
    }
    printf("version %d.%d\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000);
}
