/* client_pool.h: the sessions of this process that rest between requests, so that a connection made for one thread
   serves another. Some are kept; further ones are closed. And the records of what loops share (client_hub.h). */
#ifndef PLAIT_HTTP_CLIENT_POOL_H
#define PLAIT_HTTP_CLIENT_POOL_H
#include "http/client_hub.h"
#include "http/client_session.h"

enum { PLAIT_HTTP_IDLE_MOST = 32 }; /* sessions that rest at most */

/* To be called before libcurl is: it is made ready once per process. 0 or PLAIT_ENOMEM. */
int plait_http_start(void);

/* A session for one request, one that lately talked to `origin` if there is one. 0, PLAIT_ENOMEM or -errno. */
int plait_http_session_take(uint64_t origin, plait_http_transfer **transfer);

/* A record that no loop uses, NULL without memory; and it is used no longer. Neither waits. */
plait_http_hub *plait_http_hub_record(void);
void plait_http_hub_record_end(plait_http_hub *);

#endif
