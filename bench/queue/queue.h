/* queue.h: ITEMS ints through a queue of CAPACITY, from as many producers to as many consumers as the program is told:
   `PROGRAM producers consumers`. Measured: from the start of the threads until all items have come out, per item. Who
   finds the queue full or empty waits, in whatever way the library has. The sum of what came out is checked.

   A program defines put() and get() and calls queue_measure() when the queue is there. */
#ifndef BENCH_QUEUE_H
#define BENCH_QUEUE_H
#include "bench.h"

enum { ITEMS = 10000000, CAPACITY = 1024 };

static inline void put(int item);
static inline int get(void);

static struct {
    pthread_barrier_t start;
    int producers, consumers;
} queue_;

static void *queue_produce_(void *unused)
{
    pthread_barrier_wait(&queue_.start);
    for (int i = 0; i < ITEMS / queue_.producers; i++) put(i);
    return unused;
}

static void *queue_consume_(void *sum)
{
    long long total = 0;
    pthread_barrier_wait(&queue_.start);
    for (int i = 0; i < ITEMS / queue_.consumers; i++) total += get();
    *(long long *)sum = total;
    return NULL;
}

static inline void queue_measure(int argc, char **argv)
{
    enum { MOST = 64 };
    pthread_t threads[2 * MOST];
    long long sums[MOST], sum = 0;
    int p = queue_.producers = argc > 1 ? atoi(argv[1]) : 1, c = queue_.consumers = argc > 2 ? atoi(argv[2]) : 1;
    bench_must(p < 1 || p > MOST || c < 1 || c > MOST || ITEMS % p || ITEMS % c, "PROGRAM producers consumers");
    bench_must(pthread_barrier_init(&queue_.start, NULL, (unsigned)(p + c + 1)), "pthread_barrier_init");
    for (int i = 0; i < p; i++) threads[i] = bench_start(queue_produce_, NULL);
    for (int i = 0; i < c; i++) threads[p + i] = bench_start(queue_consume_, &sums[i]);
    uint64_t start = bench_now();
    pthread_barrier_wait(&queue_.start);
    for (int i = 0; i < p + c; i++) bench_join(threads[i]);
    double seconds = bench_seconds_since(start);
    for (int i = 0; i < c; i++) sum += sums[i];
    bench_check(sum, (long long)ITEMS * (ITEMS / p - 1) / 2);
    bench_report("ns_per_item", seconds * 1e9 / ITEMS);
}

#endif
