/* mutex.h: as many threads as the program is told (`PROGRAM threads`) add one to a count under a lock, 20 million times
   together (10 million for one thread). Measured: from the start of the threads to the end of the last, per addition.
   One more thread is alive and asleep from before, since libraries skip their atomics while there is only one. Lock and
   count lie side by side, as in a program's own struct. The count is checked.

   A program defines add() and calls mutex_measure() with the count. */
#ifndef BENCH_MUTEX_H
#define BENCH_MUTEX_H
#include "bench.h"
#include <semaphore.h>

enum { ONE_THREADS = 10000000, ALL_THREADS = 20000000 };

static inline void add(void);

static struct {
    pthread_barrier_t start;
    sem_t never;
    long each;
} mutex_;

static void *mutex_work_(void *unused)
{
    long each = mutex_.each;
    pthread_barrier_wait(&mutex_.start);
    for (long i = 0; i < each; i++) add();
    return unused;
}

static void *mutex_sleep_(void *unused)
{
    while (sem_wait(&mutex_.never) != 0) {}
    return unused;
}

static inline void mutex_measure(int argc, char **argv, volatile long *count)
{
    enum { MOST = 64 };
    pthread_t workers[MOST];
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    bench_must(threads < 1 || threads > MOST, "PROGRAM threads");
    mutex_.each = threads == 1 ? ONE_THREADS : ALL_THREADS / threads;
    bench_must(sem_init(&mutex_.never, 0, 0), "sem_init");
    bench_must(pthread_barrier_init(&mutex_.start, NULL, (unsigned)threads + 1), "pthread_barrier_init");
    pthread_t sleeper = bench_start(mutex_sleep_, NULL);
    for (int i = 0; i < threads; i++) workers[i] = bench_start(mutex_work_, NULL);
    uint64_t start = bench_now();
    pthread_barrier_wait(&mutex_.start);
    for (int i = 0; i < threads; i++) bench_join(workers[i]);
    double seconds = bench_seconds_since(start);
    sem_post(&mutex_.never);
    bench_join(sleeper);
    bench_check(*count, mutex_.each * threads);
    bench_report("ns_per_lock", seconds * 1e9 / (double)(mutex_.each * threads));
}

#endif
