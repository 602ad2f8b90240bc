/* words.c: see words.h. Whether the kernel knows the call is found out by behaviour, once: a sandbox may refuse what the
   kernel has. */
#include "park/words.h"
#include "base/hooks.h"
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#define NANOSECONDS 1000000000

struct waiter { /* as the kernel wants it; headers older than the call do not have it */
    uint64_t value, at;
    uint32_t flags, reserved;
};
enum { IS_32_BITS = 2 };

/* Each that finds it not known asks, and all get the same answer: a once would hold up a child that was forked in its midst. */
bool plait_words_together(void)
{
    static _Atomic(enum { NOT_KNOWN, NOT_TOGETHER, TOGETHER }) known;
    if (known == NOT_KNOWN) {
        _Atomic uint32_t word = 1; /* is not 0: so the call comes back at once */
        struct waiter w = { .at = (uintptr_t)&word, .flags = IS_32_BITS | FUTEX_PRIVATE_FLAG };
        bool can = !plait_refused("words") && syscall(SYS_futex_waitv, &w, 1, 0, NULL, 0) < 0 && errno == EAGAIN;
        known = can ? TOGETHER : NOT_TOGETHER;
    }
    return known == TOGETHER;
}

void plait_words_sleep(const struct plait_word *words, unsigned count, int64_t until)
{
    struct timespec at = { until / NANOSECONDS, until % NANOSECONDS };
    int before = errno;
    if (count == 1 || !plait_words_together()) {
        syscall(SYS_futex, words->at, FUTEX_WAIT_BITSET | (words->own ? FUTEX_PRIVATE_FLAG : 0), words->value,
                until ? &at : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
    } else {
        struct waiter all[PLAIT_MOST_WORDS];
        for (unsigned i = 0; i < count; i++)
            all[i] = (struct waiter){ .value = words[i].value,
                                      .at = (uintptr_t)words[i].at,
                                      .flags = IS_32_BITS | (words[i].own ? FUTEX_PRIVATE_FLAG : 0) };
        syscall(SYS_futex_waitv, all, count, 0, until ? &at : NULL, CLOCK_MONOTONIC);
    }
    errno = before;
}

int plait_word_wake(_Atomic uint32_t *word, int most)
{
    int before = errno;
    long woken = syscall(SYS_futex, word, FUTEX_WAKE, most);
    errno = before;
    return woken > 0 ? (int)woken : 0;
}
