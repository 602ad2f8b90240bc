/* The least that a task in another process costs: four bytes there and four back, through rings in shared memory, in batches of
   as many as there is room for.
   subject: limit ring in shared memory */
#include "process-tasks/ring.h"
#include "process-tasks/tasks.h"

enum { LOOKS = 200 };

static void run(const int *values, int *results, size_t count)
{
    size_t begin[WORKERS], given[WORKERS] = { 0 }, collected[WORKERS] = { 0 }, share = count / WORKERS;
    for (size_t i = 0; i < WORKERS; i++) begin[i] = i * share; /* each has a part of its own */
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < WORKERS; i++) {
            const int *next = values + begin[i] + given[i];
            size_t room = RING - (given[i] - collected[i]), left = share - given[i];
            given[i] += ring_put(&rings_[i].asked, next, (unsigned)(room < left ? room : left));
        }
        for (size_t i = 0; i < WORKERS; i++) {
            if (collected[i] < given[i])
                collected[i] += ring_get(&rings_[i].answered, results + begin[i] + collected[i], RING, LOOKS);
            more = more || collected[i] < share;
        }
    }
}

int main(void)
{
    rings_start(WORKERS, LOOKS);
    double tasks = tasks_measure(run);
    bench_report("submit_per_s", tasks);
    bench_report("map_per_s", tasks);
    rings_stop();
    bench_report_version(BENCH_COMPILER);
    return 0;
}
