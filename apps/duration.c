/* duration.c: reads durations. No sign, no exponent, no blanks: what looks odd is a mistake of the writer. */
#include "apps/duration.h"
#include <plait/time.h>
#include <string.h>

#define LONGEST (1000.0 * 3600 * 1e9)

bool duration_read(const char *text, void *to)
{
    static const struct {
        const char *name;
        double nanoseconds;
    } units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 } };
    double number = 0, place = 1;
    int digits = 0;
    for (; *text >= '0' && *text <= '9'; text++, digits++) number = number * 10 + (*text - '0');
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++, digits++) number += (*text - '0') * (place /= 10);
    if (digits == 0) return false;
    double nanoseconds = -1;
    if (*text == 0 && number == 0) nanoseconds = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(text, units[i].name) == 0) nanoseconds = number * units[i].nanoseconds;
    if (!(nanoseconds >= 0 && nanoseconds <= LONGEST)) return false;
    *(int64_t *)to = (int64_t)(nanoseconds + 0.5);
    return true;
}

bool duration_read_some(const char *text, void *to)
{
    int64_t nanoseconds;
    if (!duration_read(text, &nanoseconds) || nanoseconds == 0) return false;
    *(int64_t *)to = nanoseconds;
    return true;
}
