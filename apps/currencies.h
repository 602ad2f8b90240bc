/* currencies.h: lists of currency codes. */
#ifndef PLAIT_APPS_CURRENCIES_H
#define PLAIT_APPS_CURRENCIES_H

#include <stdbool.h>
#include <stddef.h>

enum { CURRENCIES_MOST = 200 };
#define CURRENCIES_EXPECTS "a list of at most 200 currency codes of three letters, such as USD,EUR, or \"all\""

/* Plain data: it travels as part of a task's argument. */
struct currencies {
    size_t count;
    char codes[CURRENCIES_MOST][4];
};

/* Reads "USD,EUR" (codes in any case), or "all": the currencies of the built-in rates in the order of the alphabet. False for
   anything else, and *to is then spoilt. For tables of options. */
bool currencies_read(const char *text, void *to);

#endif
