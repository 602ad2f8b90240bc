/* The least that a trip to another thread costs: a cache line there and back, both sides awake all the while.
   subject: limit spinning */
#include "executor-latency/latency.h"

static _Alignas(128) long question;
static _Alignas(128) long answer;

static inline void pause_briefly(void)
{
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("isb");
#endif
}

static void *serve(void *unused)
{
    for (long i = 0; i < WARM + TRIPS; i++) {
        while (__atomic_load_n(&question, __ATOMIC_ACQUIRE) != i + 1) pause_briefly();
        __atomic_store_n(&answer, i + 1, __ATOMIC_RELEASE);
    }
    return unused;
}

static long trip(long value)
{
    __atomic_store_n(&question, value + 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&answer, __ATOMIC_ACQUIRE) != value + 1) pause_briefly();
    return answer;
}

int main(void)
{
    pthread_t server = bench_start(serve, NULL);
    latency_measure(trip);
    bench_join(server);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
