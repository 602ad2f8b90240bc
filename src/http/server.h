/* server.h: a server and its connections.

   What must hold: a connection belongs to its task from the submit on, and its task frees it; who stops the server waits
   until none is open, and who frees it waits for the executor, so that no task outlives what it uses. All waiting is
   plait's, so it makes no difference what the tasks run on. */
#ifndef PLAIT_HTTP_SERVER_H
#define PLAIT_HTTP_SERVER_H
#include "http/server_parser.h"
#include "http/server_response.h"
#include "http/server_roster.h"
#include <plait/executor.h>
#include <plait/semaphore.h>

struct plait_http_server {
    struct plait_http_roster roster;
    plait_http_server_options options; /* with the defaults filled in */
    plait_http_handler *handler;
    void *context;
    int listener;
    char *url;
    plait_semaphore room; /* a permit for each connection that may still be accepted */
    plait_executor *executor;
    plait_future *acceptor;
    uint32_t generation;    /* of the process that made it */
    uint64_t device, inode; /* of a unix socket's file; 0 without one */
};

struct plait_http_connection {
    struct plait_http_entry entry;
    struct plait_http_server *server;
    struct plait_http_parser parser;
    struct plait_http_head head;
    plait_deadline until; /* when the present request must be there; the first one's time runs from the accept on */
    char peer[64];
};

/* What plait_http_serve does: `options` are filled in, the acceptor runs on `acceptors`, the connections on `workers`,
   which is the server's from here on, also when this fails. */
plait_http_server *plait_http_serve_on(plait_executor *acceptors, plait_executor *workers, const char *address,
                                       plait_http_handler *handler, void *context,
                                       const plait_http_server_options *options);

/* Serves `fd` on the server's executor and closes it in the end. Gives the permit back, then and when it cannot. */
void plait_http_connection_start(struct plait_http_server *, int fd);

#endif
