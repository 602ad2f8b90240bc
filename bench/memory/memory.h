/* memory.h: ASLEEP coroutines on one thread that all sleep for an hour, each on a timer of its own. Measured: the memory
   that the process has gained by then, its page tables included (VmRSS and VmPTE), per coroutine. How many had gone to
   sleep is checked. The limit on mappings is the system's: a library whose stacks need two each ends at some 32,000. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H
#include "bench.h"
#include <string.h>
#include <unistd.h>

enum { ASLEEP = 1000000 };

static long memory_asleep, memory_before_;

static inline long memory_bytes_(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kilobytes = 0, rss = 0, tables = 0;
    bench_must(!file, "/proc/self/status");
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "VmRSS: %ld", &kilobytes) == 1) rss = kilobytes;
        if (sscanf(line, "VmPTE: %ld", &kilobytes) == 1) tables = kilobytes;
    }
    fclose(file);
    return (rss + tables) * 1024;
}

static inline void memory_begin(void) { memory_before_ = memory_bytes_(); }

/* To be called when all sleep; ends the program, since nobody wants to wait for the end of a million. */
static inline void memory_report(const char *version)
{
    long gained = memory_bytes_() - memory_before_;
    bench_check(memory_asleep, ASLEEP);
    bench_report("bytes_each", (double)gained / ASLEEP);
    bench_report_version(version);
    fflush(stdout);
    _exit(0);
}

#endif
