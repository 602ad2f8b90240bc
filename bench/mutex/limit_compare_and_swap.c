/* The least that a lock with an owner can be: one compare-and-swap to take it and one to give it back, inline. Who finds it
   taken spins and yields the CPU; nobody sleeps.
   subject: limit inline compare-and-swap pair */
#include "mutex/mutex.h"
#include <sched.h>
#include <stdbool.h>

static _Alignas(128) struct {
    uintptr_t owner;
    uintptr_t waiters; /* as in plait's mutex; not used here */
    volatile long count;
} shared;

static inline bool swap(uintptr_t from, uintptr_t to, int order)
{
    return __atomic_compare_exchange_n(&shared.owner, &from, to, false, order, __ATOMIC_RELAXED);
}

static inline void add(void)
{
    static _Thread_local char self;
    for (int turn = 1; !swap(0, (uintptr_t)&self, __ATOMIC_ACQUIRE); turn++)
        if (turn % 64 == 0) sched_yield();
    shared.count++;
    if (!swap((uintptr_t)&self, 0, __ATOMIC_RELEASE)) abort();
}

int main(int argc, char **argv)
{
    mutex_measure(argc, argv, &shared.count);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
