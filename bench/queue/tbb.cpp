/* oneTBB: concurrent_bounded_queue.
   subject: TBB concurrent_bounded_queue
   package: libtbb-dev
   pkg-config: tbb */
#include "queue/queue.h"
#include <tbb/concurrent_queue.h>
#include <tbb/version.h>

static tbb::concurrent_bounded_queue<int> queue;

static inline void put(int item) { queue.push(item); }

static inline int get()
{
    int item;
    queue.pop(item);
    return item;
}

int main(int argc, char **argv)
{
    queue.set_capacity(CAPACITY);
    queue_measure(argc, argv);
    bench_report_version(TBB_runtime_version());
}
