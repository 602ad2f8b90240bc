/* client_late.h: deadlines without a clock in the test: the deadline grows until the request gets as far as the test wants
   to see it cut off; one that never gets there is ended by the test's time-out. */
#ifndef PLAIT_TEST_CLIENT_LATE_H
#define PLAIT_TEST_CLIENT_LATE_H
#include "check.h"
#include <plait/http.h>

/* Checks that the request fails with PLAIT_ETIMEDOUT and an empty response, at last in `phase`. */
static inline void fails_late(const char *url, const plait_http_options *options, const char *phase)
{
    char start[512];
    snprintf(start, sizeof start, "%s: %s: the deadline of ", url, phase);
    for (int64_t time = 20 * PLAIT_MILLISECOND;; time *= 2) {
        plait_http_response r;
        plait_http_options o = { .method = NULL };
        if (options) o = *options;
        o.deadline = plait_after(time);
        memset(&r, 0xa5, sizeof r);
        check_code(plait_http_request(url, &o, &r), PLAIT_ETIMEDOUT);
        check(r.status == 0 && !r.body.data && !r.url && !r.headers);
        const char *message = plait_error()->message;
        check_contains(message, ": the deadline ");
        if (strncmp(message, start, strlen(start)) != 0) continue;
        check_contains(message, " s has passed");
        return;
    }
}

#endif
