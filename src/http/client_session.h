/* client_session.h: one libcurl multi handle with its easy handle, its connections and one epoll descriptor that its
   sockets are gathered in, so that a transfer is waited for like any one descriptor in plait: with a deadline, in a
   scope, in whatever runs.

   What must hold:
   - One request at a time uses a session. A session belongs to no thread and no task.
   - No wait happens inside libcurl, and SIGPIPE never comes out of it.
   - A forked child closes its copies of the parent's descriptors, by `state` and `sockets`, and touches nothing else of
     a session that was in use. */
#ifndef PLAIT_HTTP_CLIENT_SESSION_H
#define PLAIT_HTTP_CLIENT_SESSION_H
#include "http/client_sockets.h"
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

enum plait_http_session_state { PLAIT_HTTP_EMPTY, PLAIT_HTTP_BUSY, PLAIT_HTTP_IDLE };

enum { PLAIT_HTTP_KEPT = 8 }; /* connections and origins that a session keeps */

typedef struct plait_http_session plait_http_session;
struct plait_http_session {
    /* The transfer in progress, set before it is run. */
    bool secure;    /* it goes to https */
    bool once;      /* a request that was sent is not sent again, though nothing came back */
    size_t to_send; /* bytes of its body */
    /* What became of it. */
    CURLcode result;             /* when the run gives 0 */
    enum plait_http_phase phase; /* the last one that was reached */
    bool held_back;              /* `once` ended it */
    bool opened;                 /* a socket could be had */
    int system_error;            /* errno when one could not, or could not be waited for */

    CURLM *multi;
    CURL *easy;
    int64_t timer;              /* when libcurl wants to be called, on plait's clock; 0: not */
    enum plait_http_phase told; /* the last one that a callback told of */
    bool finished;
    bool requested;      /* the request went out, or began to */
    uint32_t generation; /* of the process that it belongs to */
    plait_http_sockets sockets;

    /* The pool's. */
    _Atomic int state;
    uint64_t origins[PLAIT_HTTP_KEPT]; /* that it last talked to */
    unsigned next_origin;
    plait_http_session *all; /* the next of all records */
};

/* Fills an empty record. 0, PLAIT_ENOMEM or -errno. */
int plait_http_session_open(plait_http_session *session);

/* Closes its connections and makes the record empty. */
void plait_http_session_close(plait_http_session *session);

/* For the child of a fork: closes our copies of the parent's descriptors without a word to the peers. A session that
   was idle is then taken apart; one that was in use is left as it is for ever. */
void plait_http_session_disown(plait_http_session *session);

/* Has libcurl's callbacks tell this session of the transfer's progress. */
CURLcode plait_http_session_prepare(plait_http_session *session);

/* Runs the transfer that `easy` is set up for. 0 when libcurl has finished with it: look at `result`. Otherwise the
   wait's code: the transfer was given up. PLAIT_EFORKED: the session is no longer ours. */
int plait_http_session_run(plait_http_session *session, plait_deadline deadline);

#endif
