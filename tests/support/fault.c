/* fault.c: see fault.h. What must hold: the hook is filled in by the first call, before the threads that it concerns. */
#include "fault.h"
#include "base/hooks.h"
#include <stdatomic.h>
#include <string.h>

static const char *_Atomic faulty;
static _Atomic size_t requests, refused;

static bool refuse(const char *point)
{
    const char *at = atomic_load_explicit(&faulty, memory_order_acquire);
    if (!at || strcmp(at, point) != 0) return false;
    size_t number = atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed) + 1, nth = refused;
    return nth == SIZE_MAX || number == nth;
}

void fault_nth(const char *point, size_t nth)
{
    if (plait_hooks.refuse != refuse) plait_hooks.refuse = refuse;
    atomic_store_explicit(&requests, 0, memory_order_relaxed);
    atomic_store_explicit(&refused, nth, memory_order_relaxed);
    atomic_store_explicit(&faulty, point, memory_order_release);
}

void fault_all(const char *point) { fault_nth(point, SIZE_MAX); }

void fault_off(void)
{
    if (plait_hooks.refuse != refuse) plait_hooks.refuse = refuse;
    atomic_store_explicit(&faulty, NULL, memory_order_relaxed);
}

size_t fault_requests(void) { return atomic_load_explicit(&requests, memory_order_relaxed); }
