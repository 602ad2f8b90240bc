/* duration.h: a duration as people write it. */
#ifndef PLAIT_APPS_DURATION_H
#define PLAIT_APPS_DURATION_H

#include <stdbool.h>

#define DURATION_EXPECTS "a duration such as 50ms, 1.5s, 2m or 0"
#define DURATION_EXPECTS_SOME "a duration above 0 such as 50ms, 1.5s or 2m"

/* Reads a number with a unit (ns, us, ms, s, m, h; none is needed for 0) as nanoseconds into the int64_t at `to`. False,
   and nothing written, for anything else and for more than 1000 hours. For tables of options. */
bool duration_read(const char *text, void *to);

/* The same; 0 is refused too. */
bool duration_read_some(const char *text, void *to);

#endif
