/* fetch.c: one request, from the URL to the rates. */
#include "apps/fetch.h"
#include "apps/interrupt.h"
#include "apps/process_status.h"
#include <plait/http.h>
#include <stdio.h>
#include <string.h>

/* The rates of all currencies of the world take 10 KiB. */
#define BODY_LIMIT ((size_t)1 << 20)

static struct fetch_counts own;
struct fetch_counts *fetch_counts = &own;

static void raise_to(_Atomic long *most, const char *what)
{
    long now = process_status(what), before = atomic_load(most);
    while (now > before && !atomic_compare_exchange_weak(most, &before, now)) {}
}

/* A task may not fail with the code that a wait's own deadline has: whoever waits for the task could not tell them apart. */
static int as_failure_of_a_task(int error)
{
    if (error != PLAIT_ETIMEDOUT) return error;
    char words[256];
    plait_error_describe(error, words, sizeof words);
    return plait_fail(-ETIMEDOUT, "%s", words);
}

int fetch_rates(const struct fetch *fetch, struct rates *rates)
{
    if (interrupted()) return plait_fail(FETCH_NOT_BEGUN, "%s: not requested", fetch->url);
    atomic_fetch_add(&fetch_counts->requests, 1);
    raise_to(&fetch_counts->threads, "Threads");
    plait_http_options options = { .deadline = plait_after(fetch->timeout), .body_limit = BODY_LIMIT };
    plait_http_response response = { 0 };
    int error = as_failure_of_a_task(plait_http_get(fetch->url, &options, &response));
    if (!error) {
        struct rates_reply reply = { fetch->url, response.status, response.body.data, response.body.size };
        error = rates_document_read(&reply, fetch->base, &fetch->symbols, rates);
    }
    plait_http_response_clear(&response);
    raise_to(&fetch_counts->threads, "Threads");
    raise_to(&fetch_counts->peak_kib, "VmHWM");
    return error;
}

bool fetch_make_url(char url[FETCH_URL_SIZE], const char *pattern, const char *base)
{
    static const char place[] = "{base}";
    size_t length = 0;
    while (*pattern) {
        bool here = strncmp(pattern, place, sizeof place - 1) == 0;
        const char *part = here ? base : pattern;
        size_t size = here ? strlen(base) : 1;
        if (length + size >= FETCH_URL_SIZE) return false;
        memcpy(url + length, part, size);
        length += size;
        pattern += here ? sizeof place - 1 : 1;
    }
    url[length] = 0;
    return true;
}
