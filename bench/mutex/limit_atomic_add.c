/* No lock at all: an atomic addition.
   subject: limit atomic add */
#include "mutex/mutex.h"

static _Alignas(128) volatile long count;

static inline void add(void) { __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST); }

int main(int argc, char **argv)
{
    mutex_measure(argc, argv, &count);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
