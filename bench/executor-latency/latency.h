/* latency.h: one task at a time: submit, wait for its result, look at it. Measured: each round trip; half and 99 of 100
   of them took no longer than the two figures.

   A program calls latency_measure() with a function that makes one trip: it gets a value and returns the task's result,
   the value plus one. Libraries without futures bring the result back with latency_answer() and latency_take(). */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H
#include "bench.h"
#include <semaphore.h>

enum { TRIPS = 20000, WARM = 2000, WORKERS = 2 };

static struct {
    long value;
    sem_t there;
} latency_;

static inline void latency_answer(void)
{
    latency_.value++;
    sem_post(&latency_.there);
}

static inline long latency_take(void)
{
    while (sem_wait(&latency_.there) != 0) {}
    return latency_.value;
}

static inline __attribute__((always_inline)) void latency_measure(long (*trip)(long))
{
    static uint64_t samples[WARM + TRIPS];
    bench_must(sem_init(&latency_.there, 0, 0), "sem_init");
    for (long i = 0; i < WARM + TRIPS; i++) {
        uint64_t start = bench_now();
        long result = trip(i);
        samples[i] = bench_now() - start;
        bench_check(result, i + 1);
    }
    bench_report_latency(samples + WARM, TRIPS);
}

#endif
