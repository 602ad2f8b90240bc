/* fork.c: a forked child is noticed without asking the system on each call: a word on a page that the kernel wipes in a
   child. What must hold: the counter beside it is copied by the fork, so a child's next number is one that no process
   above it had. Where the kernel cannot wipe, the process's id stands in for the word. */
#include "base/fork.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic(_Atomic uint32_t *) mapped; /* 0 there: just forked, or never asked */
static _Atomic uint32_t newest;

static void map_word(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (madvise(page, size, MADV_WIPEONFORK) != 0) munmap(page, size);
    else atomic_store_explicit(&mapped, page, memory_order_release);
}

uint32_t plait_process_generation(void)
{
    _Atomic uint32_t *word = atomic_load_explicit(&mapped, memory_order_acquire);
    if (!word) {
        pthread_once(&once, map_word);
        word = atomic_load_explicit(&mapped, memory_order_acquire);
    }
    if (!word) return (uint32_t)getpid();
    uint32_t seen = atomic_load_explicit(word, memory_order_relaxed);
    if (seen) return seen;
    uint32_t mine = atomic_fetch_add_explicit(&newest, 1, memory_order_relaxed) + 1;
    return atomic_compare_exchange_strong_explicit(word, &seen, mine, memory_order_relaxed, memory_order_relaxed)
               ? mine
               : seen;
}
