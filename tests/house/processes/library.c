/* library.c: a library with a task of its own, for program.c to load. */
#include <plait.h>

#ifndef BUILD
#define BUILD 1
#endif

static int triples(const int *n, int *result)
{
    *result = 3 * *n * BUILD;
    return 0;
}
PLAIT_TASK(triples, int, int);

plait_process *library_start(int n);
plait_process *library_start(int n) { return plait_process_start(triples, &n); }
