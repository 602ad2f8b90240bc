/* The least that a task in another process costs: four bytes there and four back, through rings in shared memory.
   subject: limit ring in shared memory */
#include "process-tasks/ring.h"
#include "process-tasks/tasks.h"
#include <sched.h>

static void run(const int *values, int *results, size_t count)
{
    size_t given[RING_SERVERS], collected[RING_SERVERS]; /* each server has every second value */
    for (size_t i = 0; i < RING_SERVERS; i++) given[i] = collected[i] = i;
    for (size_t done = 0; done < count;) {
        size_t before = done;
        for (size_t i = 0; i < RING_SERVERS; i++) {
            while (given[i] < count && given[i] - collected[i] < RING * RING_SERVERS &&
                   ring_put(&rings_[i].asked, values[given[i]]))
                given[i] += RING_SERVERS;
            while (collected[i] < count && ring_try_get(&rings_[i].answered, &results[collected[i]]))
                collected[i] += RING_SERVERS, done++;
        }
        if (done == before) sched_yield();
    }
}

int main(void)
{
    rings_start(4000);
    double tasks = tasks_measure(run);
    bench_report("submit_per_s", tasks);
    bench_report("map_per_s", tasks);
    rings_stop();
    bench_report_version(BENCH_COMPILER);
    return 0;
}
