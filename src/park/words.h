/* words.h: sleeping on 32-bit words in memory that other processes share: the kernel's futexes, several at once where it can
   (Linux 5.16 and later). Times are points on the system's CLOCK_MONOTONIC, 0 for none.

   What must hold: whoever changes a word wakes those that sleep on it afterwards. A sleep may end for no reason, and never
   says for which. */
#ifndef PLAIT_PARK_WORDS_H
#define PLAIT_PARK_WORDS_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { PLAIT_MOST_WORDS = 128 };

struct plait_word {
    _Atomic uint32_t *at;
    uint32_t value; /* sleeps only while it is this */
    bool own;       /* of this process alone */
};

/* Whether one can sleep on several at once. If not, a sleep looks at the first word alone. */
bool plait_words_together(void);

void plait_words_sleep(const struct plait_word *words, unsigned count, int64_t until);

/* Wakes at most so many that sleep on a word that is shared, and returns how many. */
int plait_word_wake(_Atomic uint32_t *, int most);

#endif
