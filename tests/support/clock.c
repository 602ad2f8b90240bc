/* clock.c: see clock.h. */
#include "clock.h"
#include <stdatomic.h>

static _Atomic int64_t time_now;

static int64_t now(void *unused)
{
    (void)unused;
    return atomic_load_explicit(&time_now, memory_order_acquire);
}

void clock_by_hand(void)
{
    static const plait_clock clock = { .now = now };
    atomic_store_explicit(&time_now, 3600 * PLAIT_SECOND, memory_order_release);
    plait_clock_set(&clock);
}

void clock_move(int64_t nanoseconds)
{
    atomic_fetch_add_explicit(&time_now, nanoseconds, memory_order_acq_rel);
    plait_clock_moved();
}

void clock_of_the_system(void) { plait_clock_set(NULL); }
