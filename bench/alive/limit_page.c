/* The least for a stack: one page each is touched for the first time, at the top of every 64 KiB.
   subject: limit one fresh page each */
#include "alive/alive.h"
#include <sys/mman.h>

int main(void)
{
    enum { STACK = 64 << 10, SLAB = 256 };
    uint64_t start = bench_now();
    for (int i = 0; i < ALIVE; i += SLAB) {
        char *slab = (char *)mmap(NULL, SLAB * STACK, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        bench_must(slab == MAP_FAILED, "mmap");
        madvise(slab, SLAB * STACK, MADV_NOHUGEPAGE);
        for (int k = 0; k < SLAB && i + k < ALIVE; k++) {
            slab[k * STACK + STACK - 1] = 1;
            alive_gone_on++;
        }
    }
    alive_report(start);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
