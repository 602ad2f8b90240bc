/* client_pool.h: the sessions of this process that rest between requests, so that a connection made for one thread
   serves another. Some are kept; further ones are closed. */
#ifndef PLAIT_HTTP_CLIENT_POOL_H
#define PLAIT_HTTP_CLIENT_POOL_H
#include "http/client_session.h"

enum { PLAIT_HTTP_IDLE_MOST = 32 }; /* sessions that rest at most */

/* To be called before libcurl is: it is made ready once per process. 0 or PLAIT_ENOMEM. */
int plait_http_start(void);

/* A session for one request, one that lately talked to `origin` if there is one. 0, PLAIT_ENOMEM or -errno. */
int plait_http_session_take(uint64_t origin, plait_http_session **session);

/* Notes that a session has talked to `origin`. */
void plait_http_session_note(plait_http_session *session, uint64_t origin);

/* Gives it back. One that can serve no more (`sound` is false) is closed. */
void plait_http_session_give(plait_http_session *session, bool sound);

#endif
