/* fetch.h: the task of `plait fx`: the rates of one base, by one HTTP request. All its models run this one function. */
#ifndef PLAIT_APPS_FETCH_H
#define PLAIT_APPS_FETCH_H

#include "apps/currencies.h"
#include "apps/rates_document.h"
#include <plait/error.h>
#include <plait/task.h>
#include <stdatomic.h>

enum { FETCH_URL_SIZE = 2048, FETCH_NOT_BEGUN = PLAIT_EUSER - 1 };

/* Plain data, so that the task may run anywhere. */
struct fetch {
    char base[4];
    char url[FETCH_URL_SIZE];
    int64_t timeout; /* nanoseconds, for the whole request */
    struct currencies symbols;
};

/* 0; or what the request or the answer failed with, the words being one line "URL: phase: cause"; -ETIMEDOUT when its
   time was up; FETCH_NOT_BEGUN when the program had been asked to stop. */
int fetch_rates(const struct fetch *fetch, struct rates *rates);
PLAIT_TASK(fetch_rates, struct fetch, struct rates);

/* Makes the URL of `base` from a pattern in which {base} stands for it. False when it is longer than FETCH_URL_SIZE. */
bool fetch_make_url(char url[FETCH_URL_SIZE], const char *pattern, const char *base);

/* How many requests a process has made, the most threads that it had at the beginning or end of one, and its peak memory
   (VmHWM) at the end of one. It may lie in shared memory: another process reads it. */
struct fetch_counts {
    _Atomic long requests, threads, peak_kib;
};

/* Where this process counts: from the call on there, before it in a place of its own. */
extern struct fetch_counts *fetch_counts;

#endif
