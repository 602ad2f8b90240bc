/* cpus.h: how many CPUs this process may use. */
#ifndef PLAIT_BASE_CPUS_H
#define PLAIT_BASE_CPUS_H
#include <sched.h>

/* At least 1, which it also is when the system does not tell. */
static inline int plait_allowed_cpus(void)
{
    cpu_set_t cpus;
    int count = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    return count > 0 ? count : 1;
}

#endif
