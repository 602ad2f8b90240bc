/* The least that a trip to a sleeping thread costs: a semaphore there and one back, the threads where the kernel puts them.
   subject: limit asleep */
#include "executor-latency/latency.h"
#include <sched.h>

static sem_t asked;

static void *serve(void *unused)
{
    for (;;) {
        while (sem_wait(&asked) != 0) {}
        latency_answer();
    }
    return unused;
}

static long trip(long value)
{
    latency_.value = value;
    sem_post(&asked);
    return latency_take();
}

int main(void)
{
#ifdef ONE_CPU
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    bench_must(sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");
#endif
    bench_must(sem_init(&asked, 0, 0), "sem_init");
    bench_start(serve, NULL);
    latency_measure(trip);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
