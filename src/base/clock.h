/* clock.h: the one clock source. */
#ifndef PLAIT_BASE_CLOCK_H
#define PLAIT_BASE_CLOCK_H
#include <plait/time.h>

/* Whether plait's clock is the system's CLOCK_MONOTONIC, so that the kernel can time a sleep. If not, sleepers sleep
   without a time limit and plait_clock_moved wakes them. */
bool plait_clock_is_system(void);

/* plait_time as it was at the system's last tick, some milliseconds ago at most: read in a tenth of the time. */
int64_t plait_time_roughly(void);

/* The nearer of two; PLAIT_NOW is not for this. */
static inline plait_deadline plait_sooner(plait_deadline a, plait_deadline b)
{
    if (!a.at) return b;
    if (!b.at) return a;
    return a.at < b.at ? a : b;
}

static inline bool plait_is_now(plait_deadline deadline) { return deadline.at == -1; }
static inline bool plait_has_passed(plait_deadline deadline) { return deadline.at && deadline.at <= plait_time(); }

#endif
