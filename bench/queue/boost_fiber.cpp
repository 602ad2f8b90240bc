/* Boost.Fiber: buffered_channel between the main fibers of the threads.
   subject: Boost.Fiber buffered_channel
   package: libboost-fiber-dev
   libraries: -lboost_fiber -lboost_context */
#include "queue/queue.h"
#include <boost/fiber/buffered_channel.hpp>
#include <boost/version.hpp>

static boost::fibers::buffered_channel<int> *queue;

static inline void put(int item) { queue->push(item); }
static inline int get() { return queue->value_pop(); }

int main(int argc, char **argv)
{
    boost::fibers::buffered_channel<int> channel(CAPACITY);
    queue = &channel;
    queue_measure(argc, argv);
    printf("version %d.%d\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000);
}
