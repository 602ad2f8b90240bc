/* The least between two threads: a ring for one producer and one consumer, each with its index on a cache line of its own
   and a copy of the other's. It spins, and yields the CPU after 64 turns: nobody ever sleeps or is woken.
   subject: limit spinning ring
   workloads: queue-1x1 */
#include "queue/queue.h"
#include <sched.h>

static _Alignas(128) unsigned long in;
static _Alignas(128) unsigned long out;
static _Alignas(128) int ring[CAPACITY];

static inline void look_again(int *turn)
{
    if (++*turn > 64) sched_yield();
}

static inline void put(int item)
{
    static _Thread_local unsigned long mine, other;
    for (int turn = 0; mine - other == CAPACITY; look_again(&turn)) other = __atomic_load_n(&out, __ATOMIC_ACQUIRE);
    ring[mine++ % CAPACITY] = item;
    __atomic_store_n(&in, mine, __ATOMIC_RELEASE);
}

static inline int get(void)
{
    static _Thread_local unsigned long mine, other;
    for (int turn = 0; mine == other; look_again(&turn)) other = __atomic_load_n(&in, __ATOMIC_ACQUIRE);
    int item = ring[mine++ % CAPACITY];
    __atomic_store_n(&out, mine, __ATOMIC_RELEASE);
    return item;
}

int main(int argc, char **argv)
{
    queue_measure(argc, argv);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
