/* client_answer.h: what comes back, as it comes: status, headers, body, each within its limit.

   What must hold: a limit ends the transfer with the first byte beyond it, or as soon as the peer announces that byte.
   Only the headers of the final response are kept, neither those before it (1xx) nor those after its body. */
#ifndef PLAIT_HTTP_CLIENT_ANSWER_H
#define PLAIT_HTTP_CLIENT_ANSWER_H
#include <curl/curl.h>
#include <plait/http.h>

enum { PLAIT_HTTP_HEADERS_MOST = 256 << 10 }; /* bytes of all headers that a request may bring */

struct plait_http_block {
    char *data;
    size_t size, room;
};

typedef struct plait_http_answer plait_http_answer;
struct plait_http_answer {
    CURL *easy;
    size_t body_limit;
    bool follows;  /* redirects are to be followed */
    bool bodiless; /* the request was a HEAD */

    enum { PLAIT_HTTP_STATUS_NEXT, PLAIT_HTTP_IN_HEADERS, PLAIT_HTTP_HEADERS_DONE } place;
    int status;
    size_t header_bytes;             /* of all that came, kept or not */
    struct plait_http_block headers; /* name NUL value NUL, header_count times */
    size_t header_count;
    struct plait_http_block body;
    bool redirects;    /* it is a redirect that is followed; its body is of no interest */
    size_t skipped;    /* bytes of that body */
    bool enough;       /* the transfer was ended by us, and that is no failure */
    int error;         /* why we ended it */
    const char *cause; /* the same in words; NULL: the body is too large */
};

/* Prepares for the next response: all is empty, blocks are kept. And frees the blocks. */
void plait_http_answer_begin(plait_http_answer *answer, CURL *easy, bool bodiless);
void plait_http_answer_clear(plait_http_answer *answer);

/* Has libcurl's callbacks fill `answer`. */
CURLcode plait_http_answer_prepare(plait_http_answer *answer);

/* The value of its first header of that name, or NULL. */
const char *plait_http_answer_header(const plait_http_answer *answer, const char *name);

/* Moves all of it into *response. 0 or PLAIT_ENOMEM. Takes `url`, for free(3), in any case. */
int plait_http_answer_move(plait_http_answer *answer, char *url, plait_http_response *response);

#endif
