/* http.h: HTTP from both ends; a library of its own, libplait-http. The client is libcurl, the server's parser llhttp;
   the waiting is plait's: in a thread a call blocks, in a coroutine it yields, and scopes and deadlines cut it short. */
#ifndef PLAIT_HTTP_H
#define PLAIT_HTTP_H

#include <plait/bytes.h>
#include <plait/error.h>
#include <plait/task.h>
#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_http_header {
    const char *name, *value;
} plait_http_header;

/* Zero bytes are the defaults. */
typedef struct plait_http_options {
    plait_deadline deadline; /* for the whole request, redirects and body included; default none. PLAIT_NOW or one that
                                has passed makes one try, then PLAIT_ETIMEDOUT */
    const char *method;      /* default GET; plait_http_get takes no other */
    const plait_http_header *headers; /* to send besides the usual ones; not Content-Length, not Transfer-Encoding */
    size_t header_count;
    plait_bytes body;       /* to send, with a method; stays the caller's */
    int redirects;          /* the most that are followed; default 5; -1: none, the 3xx response is the result */
    size_t body_limit;      /* bytes of the response's body, decoded; default 64 MiB; more is PLAIT_ETOOLARGE */
    const char *ca_file;    /* certificates to trust instead of the system's */
    const char *user_agent; /* default "plait/VERSION" */
} plait_http_options;

/* What came back. The caller ends it with plait_http_response_clear. Zero bytes are an empty one. */
typedef struct plait_http_response {
    int status;
    plait_bytes body;
    char *url; /* the last one, after redirects; without user and password */
    plait_http_header *headers;
    size_t header_count;
    void *reserved[4];
} plait_http_response;

/* Sends a request and waits for the whole response. Any status is a success: look at response->status. Connections are
   kept and used again: those that the coroutines of one loop share until the loop ends, those of threads by any thread.
   A loop has no more than half of the descriptors that the process may have open (RLIMIT_NOFILE when its first request is
   made); further requests wait until a connection is free, as do those that get no descriptor while others are in use.
   TLS certificates are verified; redirects go to http and https only, never from https to http.
   With an error *response is empty and the record's message is one line "URL: phase: cause", the phase being one of url,
   resolve, connect, tls, send, wait, receive, redirect.
   PLAIT_EADDRESS (a bad URL or another scheme), PLAIT_ERESOLVE, PLAIT_ECONNECT, PLAIT_ETLS, PLAIT_EREDIRECT,
   PLAIT_EPROTOCOL, PLAIT_ETOOLARGE (the body, or more than 256 KiB of headers), PLAIT_ETIMEDOUT (options' deadline),
   PLAIT_ECANCELED, PLAIT_EINVAL, PLAIT_ENOMEM. A request that is not idempotent (POST, PATCH) is sent once.
   The environment names a proxy: http_proxy for http (not HTTP_PROXY); https_proxy or HTTPS_PROXY for https; else
   all_proxy or ALL_PROXY. localhost, 127.0.0.0/8, ::1 and what no_proxy or NO_PROXY lists are reached without one: names,
   which stand for all in their domain, addresses, also as 10.0.0.0/8, or "*"; between commas or spaces. */
PLAIT_API int plait_http_get_sized(const char *url, const plait_http_options *options, size_t options_size,
                                   plait_http_response *response) PLAIT_MUST_CHECK;
PLAIT_API int plait_http_request_sized(const char *url, const plait_http_options *options, size_t options_size,
                                       plait_http_response *response) PLAIT_MUST_CHECK;
PLAIT_MUST_CHECK static inline int plait_http_get(const char *url, const plait_http_options *options,
                                                  plait_http_response *response)
{
    return plait_http_get_sized(url, options, sizeof *options, response);
}
PLAIT_MUST_CHECK static inline int plait_http_request(const char *url, const plait_http_options *options,
                                                      plait_http_response *response)
{
    return plait_http_request_sized(url, options, sizeof *options, response);
}

/* The value of the first header of that name (case does not count), or NULL. Valid until the response is cleared. */
PLAIT_API const char *plait_http_response_header(const plait_http_response *response, const char *name);

/* Frees what the response holds and makes it empty. NULL is nothing. */
PLAIT_API void plait_http_response_clear(plait_http_response *response);

/* Closes connections that are kept and not in use: those of threads, and those of the loop that it is called in; where
   requests of that loop are under way, when they have ended, and no new request goes over them. For the end of a program,
   or after a change of network. */
PLAIT_API void plait_http_close_idle(void);

typedef struct plait_http_server plait_http_server;

/* A request as a handler sees it. All of it lives as long as the handler's call. */
typedef struct plait_http_server_request {
    const char *method; /* "GET"; HEAD is seen as HEAD, its body is dropped by the server */
    const char *target; /* as sent: "/latest?base=USD" */
    const char *path;   /* decoded: "/latest" */
    const char *query;  /* as sent, without '?'; "" when there is none */
    const plait_http_header *headers;
    size_t header_count;
    plait_bytes body;
    const char *peer; /* "127.0.0.1:41532", "" for a unix socket */
    void *reserved[4];
} plait_http_server_request;

/* What a handler fills in; it begins as 200 with an empty body. */
typedef struct plait_http_server_response {
    int status;
    const char *content_type; /* default "text/plain; charset=utf-8"; not copied: best a literal */
    plait_bytes body;         /* made by plait_bytes_copy or plait_bytes_format; the server clears it */
    void *reserved[4];
} plait_http_server_response;

/* Answers a request; on several threads at once. It may wait, in any way that plait waits; its scope is cancelled when
   the server's stop will wait no longer. On a loop, all connections of that loop stand still while it computes, or blocks in
   what is not plait's (a file, a database's own client): what does so for long is submitted to a pool of threads and
   awaited, or the server is one on threads. It is not run for a client that has reset the connection; one that goes away
   meanwhile is not noticed. 0, or a negative code: the client then gets a plain 500, and the error is reported on
   stderr. */
typedef int plait_http_handler(const plait_http_server_request *request, plait_http_server_response *response,
                               void *context);

/* Adds a header to the response. The strings are copied. 0; PLAIT_ENOMEM; PLAIT_EINVAL for what is no header, for those
   that the server itself says (Content-Length, Connection, Transfer-Encoding, Date), and for Content-Type. */
PLAIT_API int plait_http_server_response_add(plait_http_server_response *response, const char *name, const char *value);

/* The decoded value of the query's first parameter of that name, "" for one without a value, in *value, which the caller
   clears. 0; PLAIT_EDONE when it is not there; PLAIT_ENOMEM; either with a record. */
PLAIT_API int plait_http_query(const char *query, const char *name, plait_bytes *value) PLAIT_MUST_CHECK;

/* A server on threads: a connection keeps a thread as long as it is open. When more clients come than there are threads,
   connections that rest between requests are closed, the longest resting first, and answers say that theirs closes.

   A server on loops: a connection is a coroutine, on the loop that accepted it. Each loop has a thread and a listening
   socket of its own; the system shares new connections out among the sockets without looking which loop is busy.

   A server on processes: so many, each with that many loops or threads, started afresh from the program's own file
   (<plait/process.h>: the program calls plait_init() first in main, and WHAT MAIN HAS SET IN GLOBAL VARIABLES IS NOT THERE).
   They take connections from the same sockets: one that dies takes with it the requests that it was answering, is replaced,
   which is reported, and others answer meanwhile. The next comes at once, or after 0.1 s where the last one has not lived for
   a second; one that could not even serve is followed after a while, which grows. A SIGTERM to one of them ends that one as
   a stop of the server would, within 30 s, and another takes its place. They may start no processes themselves, and die
   with this process, however it ends. */
enum { PLAIT_HTTP_LOOP_PER_CPU = -1 };

/* Zero bytes are the defaults. */
typedef struct plait_http_server_options {
    int threads;             /* that serve, the most; default 64. Not with `loops` */
    int connections;         /* open at once, the most: further ones wait to be accepted; default 1024 */
    size_t header_limit;     /* bytes of request line and headers; default 16 KiB; more is a 431 */
    size_t body_limit;       /* bytes of a request's body; default 1 MiB; more is a 413 */
    int64_t idle_timeout;    /* nanoseconds a connection may rest between requests; default 60 s */
    int64_t request_timeout; /* from a request's first byte (the first one's: from the accept on, and when no thread is
                                free by then, it is a 503) to its last; default 30 s */
    int64_t write_timeout;   /* for the client to take a response; default 30 s */
    int loops;               /* that serve; PLAIT_HTTP_LOOP_PER_CPU: as many as CPUs that this process may use; default
                                none: the server is one on threads */
    size_t stack_size;       /* bytes of each coroutine's stack, on which the handler runs; default 64 KiB */
    int processes;           /* that serve, each with all that is above; default none: this process does. With them: */
    size_t context_size; /* bytes of *context, plain data: the handler's context is a copy of it, each process's own, in
                                which pointers mean something if they point into shared memory. Default: it is NULL */
    const plait_task
        *initializer; /* &f_plait_task of a PLAIT_TASK(f, …, void), run in each process before it serves, on
                                      the context, or on void. When it fails, so does that process */
} plait_http_server_options;

/* Starts a server on `address` (see plait_listen; port 0 takes a free one). Returns at once; NULL with a record when
   the address cannot be had, the options are bad, or memory or threads are missing. With processes it returns when all
   of them serve; NULL too when one of them fails before, and PLAIT_ENOTSUP where plait_init was not called. */
PLAIT_API plait_http_server *plait_http_serve_sized(const char *address, plait_http_handler *handler, void *context,
                                                    const plait_http_server_options *options, size_t options_size);
static inline plait_http_server *plait_http_serve(const char *address, plait_http_handler *handler, void *context,
                                                  const plait_http_server_options *options)
{
    return plait_http_serve_sized(address, handler, context, options, sizeof *options);
}

/* Where it listens: "http://127.0.0.1:41357", or "unix:PATH". Valid as long as the server. */
PLAIT_API const char *plait_http_server_url(plait_http_server *server);

/* Takes no more connections but those in line already, as far as `connections` allows, and closes those at rest; requests
   that have come or begun to come are answered until `deadline`, then their handlers are cancelled and their connections
   closed. Waits for the end of it all, so it is not for handlers. 0, or PLAIT_ETIMEDOUT when some had to be cut off. May be
   repeated. No cancellation point. A process that has not ended 2 s after the deadline, since a handler still computes, is
   killed. */
PLAIT_API int plait_http_server_stop(plait_http_server *server, plait_deadline deadline);

/* Stops at once if that has not been done, and frees. NULL is nothing. */
PLAIT_API void plait_http_server_free(plait_http_server *server);

PLAIT_END_DECLARATIONS
#endif
