/* server_response.h: how an answer looks on the wire. */
#ifndef PLAIT_HTTP_SERVER_RESPONSE_H
#define PLAIT_HTTP_SERVER_RESPONSE_H
#include <plait/http.h>

struct plait_http_head {
    char *text;
    size_t size, room;
};

enum plait_http_end {
    PLAIT_HTTP_GOES_ON,     /* HTTP/1.1: need not be said */
    PLAIT_HTTP_GOES_ON_OLD, /* HTTP/1.0: must be said */
    PLAIT_HTTP_CLOSES
};

/* NULL, or what is wrong with what a handler has filled in. */
const char *plait_http_response_fault(const plait_http_server_response *response);

/* Writes the status line and all headers to *head, with the empty line. *with_body: whether the response's body follows
   (unless the request was HEAD). 0; PLAIT_ENOMEM. */
int plait_http_head_write(struct plait_http_head *head, const plait_http_server_response *response,
                          enum plait_http_end end, bool *with_body);

/* Frees what plait_http_server_response_add and the handler have put in. */
void plait_http_server_response_clear(plait_http_server_response *response);

const char *plait_http_status_text(int status);

#endif
