/* rates_server.h: the APIs of rates_api.h over HTTP. */
#ifndef PLAIT_APPS_RATES_SERVER_H
#define PLAIT_APPS_RATES_SERVER_H

#include <plait/http.h>

/* What it runs on: so many processes (0: this one), each with so many loops or so many threads; neither: with as many loops as
   there are CPUs for it. */
struct rates_server_way {
    int processes, loops, threads;
};

/* Starts a server on `host` (without brackets) and `port` (0: a free one) that takes `latency` nanoseconds for each answer of
   an API. NULL with a record when it cannot. The caller ends it with plait_http_server_free. One at a time. */
plait_http_server *rates_server_start(const char *host, int port, int64_t latency, struct rates_server_way way);

#endif
