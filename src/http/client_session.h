/* client_session.h: what carries out a thread's requests: one libcurl multi handle with its easy handle, its connections
   and one epoll descriptor that its sockets are gathered in, so that a transfer is waited for like any one descriptor in
   plait: with a deadline, in a scope.

   What must hold:
   - One request at a time uses a session. A session belongs to no thread and no task.
   - No wait happens inside libcurl, and SIGPIPE never comes out of it.
   - A forked child closes its copies of the parent's descriptors, by `state` and `sockets`, and touches nothing else of
     a session that was in use. */
#ifndef PLAIT_HTTP_CLIENT_SESSION_H
#define PLAIT_HTTP_CLIENT_SESSION_H
#include "http/client_sockets.h"
#include "http/client_transfer.h"

enum plait_http_session_state { PLAIT_HTTP_EMPTY, PLAIT_HTTP_BUSY, PLAIT_HTTP_IDLE };

enum { PLAIT_HTTP_KEPT = 8 }; /* connections and origins that a session keeps */

typedef struct plait_http_session plait_http_session;
struct plait_http_session {
    plait_http_transfer transfer; /* first: the two addresses are one */
    CURLM *multi;
    int64_t timer; /* when libcurl wants to be called, on plait's clock; 0: not */
    bool finished;
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

int plait_http_session_run(plait_http_transfer *, plait_deadline);
int plait_http_session_new_socket(plait_http_transfer *, int family, int type, int protocol);
int plait_http_session_close_socket(void *session, curl_socket_t);
bool plait_http_session_connected(plait_http_transfer *);

#endif
