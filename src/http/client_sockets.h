/* client_sockets.h: the descriptors of a session: the sockets that were made for libcurl, and the epoll set of those
   that it waits for.

   What must hold:
   - No descriptor is closed or changed whose number may be another's: libcurl 7.88 closes a socket that never came to
     be connected without telling us, or tells us to forget it only afterwards.
   - Nothing that is closed stays in the set. A socket that is closed before it has left the set may: a copy in a forked
     child keeps it alive there, and ready for ever. Where that could be, a new set is made before the next wait.
   - `epoll`, `places` and `inodes` can be read in a forked child, though their writer, another thread, stood still in
     the middle of anything. */
#ifndef PLAIT_HTTP_CLIENT_SOCKETS_H
#define PLAIT_HTTP_CLIENT_SOCKETS_H
#include <plait/api.h>
#include <stdatomic.h>
#include <sys/types.h>

enum { PLAIT_HTTP_SOCKETS = 16 }; /* that a session has at most: the kept ones, and those that race to become one */

typedef struct plait_http_sockets plait_http_sockets;
struct plait_http_sockets {
    _Atomic int epoll;                      /* -1: none */
    _Atomic int places[PLAIT_HTTP_SOCKETS]; /* -1: none */
    ino_t inodes[PLAIT_HTTP_SOCKETS];       /* by which a number that is another's by now is known */
    bool fresh[PLAIT_HTTP_SOCKETS];         /* made for the transfer in progress */
    struct plait_http_watched {
        int fd; /* -1: none */
        uint32_t events;
    } watched[PLAIT_HTTP_SOCKETS];
    bool stale; /* the set is not to be trusted, or not there */
};

void plait_http_sockets_prepare(plait_http_sockets *sockets);

/* A new socket of these kinds. -errno without one. */
int plait_http_sockets_open(plait_http_sockets *sockets, int family, int type, int protocol);
int plait_http_sockets_close(plait_http_sockets *sockets, int fd);

/* Has `fd` watched for `events` (of epoll), or no longer. 0 or -errno. */
int plait_http_sockets_watch(plait_http_sockets *sockets, int fd, uint32_t events);
void plait_http_sockets_unwatch(plait_http_sockets *sockets, int fd);

/* The epoll set, made if need be, for one wait. -errno without one. */
int plait_http_sockets_set(plait_http_sockets *sockets);

/* A transfer begins, and ends; `used`: it came to send a request on a connection that it made. */
void plait_http_sockets_begin(plait_http_sockets *sockets);
void plait_http_sockets_end(plait_http_sockets *sockets, bool used);

/* Whether a socket that was made for this transfer is connected. */
bool plait_http_sockets_connected(plait_http_sockets *sockets);

/* Closes the set, when nothing is watched any more. */
void plait_http_sockets_clear(plait_http_sockets *sockets);

/* For the child of a fork: closes our copies of the parent's descriptors, or with `keep` has them lead nowhere, so that
   libcurl can be made to close them. Whether that could be done for all. */
bool plait_http_sockets_disown(plait_http_sockets *sockets, bool keep);

#endif
