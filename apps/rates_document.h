/* rates_document.h: what a rates API answered, read as rates: a function of the answer alone. */
#ifndef PLAIT_APPS_RATES_DOCUMENT_H
#define PLAIT_APPS_RATES_DOCUMENT_H

#include "apps/currencies.h"
#include <plait/api.h>

/* One unit of the base in each of the symbols, in their order. Plain data: the result of a task. */
struct rates {
    double values[CURRENCIES_MOST];
};

struct rates_reply {
    const char *url; /* for the words of an error */
    int status;
    const void *body;
    size_t size;
};

/* Reads the rates of `base` for `symbols`. Takes the shapes of the APIs in use: {"base" or "base_code", "rates": {…}} (the
   rates may also be called conversion_rates; quotes with names like "USDEUR"; multiplied by an "amount"), and an array of
   {"base", "quote", "rate"}. The base's own rate is 1 where it is left out.
   0; or PLAIT_EPROTOCOL with the words "URL: response: …" (a status other than 200, with what the server says), "URL: json:
   …" (not JSON), "URL: rates: …" (an error inside a 200; another base; a rate missing, or none that a rate can be). */
int rates_document_read(const struct rates_reply *reply, const char *base, const struct currencies *symbols,
                        struct rates *rates) PLAIT_MUST_CHECK;

#endif
