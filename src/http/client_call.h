/* client_call.h: one request of the caller, checked, with where it has got to: the present hop of a chain of redirects.

   What must hold: what the caller gave (body, headers, strings) is used in place and never changed; secrets meant for
   the first origin are not sent to another. */
#ifndef PLAIT_HTTP_CLIENT_CALL_H
#define PLAIT_HTTP_CLIENT_CALL_H
#include "http/client_answer.h"
#include "http/client_transfer.h"

enum { PLAIT_HTTP_REDIRECTS = 5, PLAIT_HTTP_BODY_MOST = 64 << 20 }; /* the defaults */

typedef struct plait_http_call plait_http_call;
struct plait_http_call {
    const char *url;            /* as given, never NULL */
    plait_http_options options; /* with the defaults filled in; redirects is what is left of them */
    int64_t started;
    int hops; /* redirects followed */

    CURLU *first, *at; /* the first URL and the present one */
    uint64_t first_origin, origin;
    bool secure;        /* the present one is https */
    const char *method; /* of the present hop */
    char *proxy;        /* that it goes through, "" or NULL without one */
    bool sends_body;
    struct curl_slist *headers;
    char agent[32];
    char words[CURL_ERROR_SIZE]; /* libcurl's, about a failure */
};

/* Reads and checks what the caller gave. 0, or a code with its record. To be ended in any case. */
int plait_http_call_begin(plait_http_call *call, const char *url, const void *options, size_t options_size,
                          bool only_get);
void plait_http_call_end(plait_http_call *call);

/* Sets up the transfer and the answer for the present hop. 0 or PLAIT_ENOMEM. */
int plait_http_call_prepare(plait_http_call *call, plait_http_transfer *transfer, plait_http_answer *answer);

/* Makes the place that `answer` points to the present hop. 0, or a code with its record. */
int plait_http_call_follow(plait_http_call *call, const plait_http_answer *answer);

#endif
