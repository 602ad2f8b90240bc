/* client_transfer.h: one transfer by libcurl: an easy handle, and how far it has come. Who carries it out is either a
   session, for a thread (client_session.h), or what the coroutines of a loop share (client_hub.h).

   What must hold: libcurl calls back only with what its carrier knows; no wait happens inside libcurl. */
#ifndef PLAIT_HTTP_CLIENT_TRANSFER_H
#define PLAIT_HTTP_CLIENT_TRANSFER_H
#include <curl/curl.h>
#include <plait/time.h>

/* How far a request had come when it failed. */
enum plait_http_phase {
    PLAIT_HTTP_URL,
    PLAIT_HTTP_RESOLVE,
    PLAIT_HTTP_CONNECT,
    PLAIT_HTTP_TLS,
    PLAIT_HTTP_SEND,
    PLAIT_HTTP_WAIT,
    PLAIT_HTTP_RECEIVE,
    PLAIT_HTTP_REDIRECT
};

typedef struct plait_http_transfer plait_http_transfer;
struct plait_http_carrier {
    /* Runs the transfer that `easy` is set up for. 0 when libcurl has finished with it: look at `result`. Otherwise the
       wait's code: the transfer was given up. PLAIT_EFORKED: it is no longer ours. */
    int (*run)(plait_http_transfer *, plait_deadline);

    /* Gives it back. One that can serve no more (`sound` is false) is closed. */
    void (*give)(plait_http_transfer *, bool sound);

    int (*open)(plait_http_transfer *, int family, int type, int protocol); /* a socket, or -errno */
    int (*close)(void *connections, curl_socket_t);
    bool (*connected)(plait_http_transfer *); /* a socket that was made for it is */
};

struct plait_http_transfer {
    /* Set before it is run. */
    uint64_t origin; /* where it goes */
    bool secure;     /* that is https */
    bool once;       /* a request that was sent is not sent again, though nothing came back */
    size_t to_send;  /* bytes of its body */
    /* What became of it. */
    CURLcode result;             /* when the run gives 0 */
    enum plait_http_phase phase; /* the last one that was reached */
    bool held_back;              /* `once` ended it */
    bool opened;                 /* a socket could be had */
    int system_error;            /* errno when one could not, or could not be waited for */
    long queued;                 /* it was never begun: there were as many connections as may be, so many; else 0 */

    CURL *easy;
    const struct plait_http_carrier *carrier;
    void *connections;          /* what carrier->close is called with: they live longer than a transfer */
    enum plait_http_phase told; /* the last one that a callback told of */
    bool begun;                 /* a callback told of any */
    bool requested;             /* the request went out, or began to */
};

/* Nothing has become of it yet. */
void plait_http_transfer_begin(plait_http_transfer *);

/* Has libcurl's callbacks tell of the transfer's progress. */
CURLcode plait_http_transfer_prepare(plait_http_transfer *);

/* Notes where it is. To be done while its sockets are open: what was closed by a failure does not look connected any more. */
void plait_http_transfer_look(plait_http_transfer *);

/* What libcurl says of the whole, in plait's words: 0, or why it cannot go on. */
int plait_http_multi_failed(const plait_http_transfer *, CURLMcode);

#endif
