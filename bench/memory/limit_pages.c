/* No coroutines at all: one page touched at the top of each stack of 64 KiB, in one mapping, with room for a guard between.
   subject: limit a page each */
#include "memory/memory.h"
#include <sys/mman.h>

int main(void)
{
    size_t stride = 80 << 10;
    memory_begin();
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    char *at = mmap(NULL, stride * ASLEEP, PROT_READ | PROT_WRITE, flags, -1, 0);
    bench_must(at == MAP_FAILED, "mmap");
    madvise(at, stride * ASLEEP, MADV_NOHUGEPAGE);
    for (; memory_asleep < ASLEEP; memory_asleep++) at[stride * (size_t)(memory_asleep + 1) - 1] = 1;
    memory_report(BENCH_COMPILER);
}
