/* server.h: a server and its connections.

   A server has lanes: each takes connections from a listening socket of its own and keeps a roster of them. One that serves
   on threads has one lane; one that serves on loops has one for each, and a connection stays with the loop that has
   accepted it. One on processes has lanes for the sockets' sake alone, and the processes serve: server_crew.h.

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

struct plait_http_crew;

struct plait_http_lane {
    struct plait_http_roster roster;
    struct plait_http_server *server;
    int listener;
    plait_future *acceptor;
};

struct plait_http_server {
    plait_http_server_options options; /* with the defaults filled in */
    plait_http_handler *handler;
    void *context;
    char *url;
    plait_semaphore room;         /* a permit for each connection that may still be accepted */
    plait_executor *workers;      /* of all connections; NULL: the loop that has accepted one serves it */
    plait_executor *executor;     /* the server's own */
    uint32_t generation;          /* of the process that made it */
    uint64_t device, inode;       /* of a unix socket's file; 0 without one */
    struct plait_http_crew *crew; /* the processes that serve; NULL: this one does */
    size_t lane_count;
    struct plait_http_lane lanes[];
};

struct plait_http_connection {
    struct plait_http_entry entry;
    struct plait_http_lane *lane;
    struct plait_http_parser parser;
    struct plait_http_head head;
    plait_deadline until; /* when the present request must be there; the first one's time runs from the accept on */
    unsigned turns;       /* since it has begun: see give_way */
    char peer[64];
};

/* What plait_http_serve does: `options` are filled in, the acceptors run on `acceptors`, one for each loop that the options
   ask for, or one; the connections on `workers`, which is the server's from here on, also when this fails. `workers` NULL:
   each connection is served by the loop that has accepted it, and it is `acceptors` that is the server's. `listeners`, unless
   NULL, are sockets that listen already, one for each lane, to be the server's; then `address` is its URL. */
plait_http_server *plait_http_serve_on(plait_executor *acceptors, plait_executor *workers, const char *address,
                                       const int *listeners, plait_http_handler *handler, void *context,
                                       const plait_http_server_options *options);

/* The same on executors of its own, as the options say. */
plait_http_server *plait_http_serve_handed(const char *address, const int *listeners, plait_http_handler *handler,
                                           void *context, const plait_http_server_options *options);

/* Starts the task of a lane, which accepts until the server is stopped, then closes the lane's socket. 0; or why it does not
   run, with a record. */
int plait_http_lane_start(struct plait_http_lane *, plait_executor *);

/* Serves `fd` as one of the lane's connections and closes it in the end. Gives the permit back, then and when it cannot. */
void plait_http_connection_start(struct plait_http_lane *, int fd);

/* server_listen.c: a socket that listens where `listener` does, which is the first of several: the system shares out new
   connections among them, where it can, or else whoever comes first takes them. Or -errno. */
int plait_http_listen_beside(int listener);

/* How many connections a listening socket has in line; for one that does not tell, as many as it may have. */
size_t plait_http_in_line(int listener);

/* A URL that a client on this machine can use, to be freed; NULL without memory. `address` is what was asked for. */
char *plait_http_url_of(int listener, const char *address);

/* Removes the file of a server's unix socket, if it is still that. */
void plait_http_remove_file(struct plait_http_server *);

#endif
