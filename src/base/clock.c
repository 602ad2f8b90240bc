/* clock.c: reads the system's clock, or the one that a test has set. */
#include "base/clock.h"
#include <stdatomic.h>
#include <time.h>

static _Atomic(const plait_clock *) other;

int64_t plait_time(void)
{
    const plait_clock *clock = atomic_load_explicit(&other, memory_order_acquire);
    if (clock) return clock->now(clock->context);
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * PLAIT_SECOND + t.tv_nsec;
}

int64_t plait_time_roughly(void)
{
    if (!plait_clock_is_system()) return plait_time();
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return t.tv_sec * PLAIT_SECOND + t.tv_nsec;
}

plait_deadline plait_after(int64_t nanoseconds)
{
    int64_t now = plait_time();
    if (nanoseconds > INT64_MAX - now) return plait_deadline_at_(INT64_MAX);
    return plait_deadline_at_(nanoseconds > -now ? now + nanoseconds : 1); /* never FOREVER and never NOW by accident */
}

void plait_clock_set(const plait_clock *clock) { atomic_store_explicit(&other, clock, memory_order_release); }

bool plait_clock_is_system(void) { return !atomic_load_explicit(&other, memory_order_relaxed); }
