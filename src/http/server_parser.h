/* server_parser.h: from the bytes of a connection to requests, one after the other. It reads nothing itself.

   What must hold:
   - What two programs could understand in two ways is refused: line ends that are not CRLF, folded lines, a space before a
     colon, a length that is said twice or beside chunks, a coding other than chunked. llhttp's own strictness differs
     between releases and builds; what matters is checked here as well.
   - The header lies in one piece, unmoved, until the request has been answered: the request's strings point into it.
   - No more is kept than the limits allow, whatever comes. */
#ifndef PLAIT_HTTP_SERVER_PARSER_H
#define PLAIT_HTTP_SERVER_PARSER_H
#include <llhttp.h>
#include <plait/http.h>

enum plait_http_step {
    PLAIT_HTTP_MORE,     /* bytes are missing */
    PLAIT_HTTP_CONTINUE, /* as MORE, and the client waits to be told to send its body */
    PLAIT_HTTP_COMPLETE, /* `request` is whole */
    PLAIT_HTTP_REFUSED   /* to be answered with `status` and `reason`; nothing further can be understood */
};

struct plait_http_parser {
    plait_http_server_request request; /* all but `peer` */
    int status;
    const char *reason;
    bool keep;    /* the client wants to go on after this request */
    bool old;     /* HTTP/1.0 */
    bool is_head; /* no body is to be sent */

    size_t header_limit, body_limit;
    char *bytes;       /* the header, then what came after it and has not been looked at */
    size_t room, used; /* of bytes */
    size_t scanned;    /* looked at by the scan for the header's end */
    size_t header_end; /* 0 until it is there */
    size_t rest;       /* where the next request's bytes begin, once this one is complete */
    bool line_seen, headers_done, chunked, complete;
    uint32_t tail;  /* the last four bytes of the body as it came */
    size_t framing; /* bytes of its coding that were no data */
    llhttp_t machine;
    plait_http_header *headers;
    size_t header_room;
    char *path;
    size_t path_room;
    char *body;
    size_t body_room;
};

/* Begins; nothing is allocated yet. And the end. */
void plait_http_parser_prepare(struct plait_http_parser *, size_t header_limit, size_t body_limit);
void plait_http_parser_clear(struct plait_http_parser *);

/* Where further bytes are to be put, at least 1 in *size; NULL without memory. Then `used` is to be raised. */
char *plait_http_parser_space(struct plait_http_parser *, size_t *size);

/* Whether the first byte of a request is there: empty lines before it are dropped. */
bool plait_http_parser_begun(struct plait_http_parser *);

/* Looks at what has come. */
enum plait_http_step plait_http_parser_step(struct plait_http_parser *);

/* Makes it REFUSED, for a reason of the caller's. */
enum plait_http_step plait_http_parser_refuse(struct plait_http_parser *, int status, const char *reason);

/* After a complete request: what it held is gone, what came after it is kept. */
void plait_http_parser_next(struct plait_http_parser *);

#endif
