/* numbers.h: whole numbers in decimal digits, from a text or from a descriptor, word by word and in constant memory. */
#ifndef PLAIT_APPS_NUMBERS_H
#define PLAIT_APPS_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBERS_EXPECTS "a whole number from 0 to 18446744073709551615"

/* Reads digits, and nothing else, into *number. False, and *number is untouched, for a sign, a blank, no digit, too much. */
bool number_read(const char *text, uint64_t *number);

/* What stands between blanks. */
struct number_word {
    bool good; /* it is a number */
    uint64_t number;
    char text[48]; /* as it stands there, cut to fit; what cannot be printed is '?' */
};

/* To be set to zero but for the descriptor. */
struct number_reader {
    int descriptor;
    size_t words;  /* that were read */
    uint64_t line; /* of the last one, from 1 on */
    uint64_t lines_ended;
    size_t at, end; /* of what has been read and not yet taken */
    char buffer[32768];
};

/* The next word. 0; PLAIT_EDONE at the end; what plait_read gives when it fails. Waits for input, as a thread or a
   coroutine. A word may be of any length. */
int number_reader_next(struct number_reader *reader, struct number_word *word);

#endif
