/* client_wires.h: the sockets that were made for the libcurl of a loop, and what the loop watches for it, by descriptor.

   What must hold:
   - No descriptor is closed or changed whose number may be another's: libcurl 7.88 closes a socket that never came to be
     connected without telling us, or tells us to forget it only afterwards. Which socket is ours its inode tells.
   - A number that is given again while it is still watched is watched anew: libcurl may see no change. Otherwise, to end
     the watch of what is closed already, or another's by now, does no harm: a loop arms a descriptor for one event at a time.
   - Tables only grow, and are never freed, and so `table` and the inodes can be read in a forked child, though their
     writer, another thread, stood still in the middle of anything. */
#ifndef PLAIT_HTTP_CLIENT_WIRES_H
#define PLAIT_HTTP_CLIENT_WIRES_H
#include <plait/loop.h>
#include <stdatomic.h>
#include <stddef.h>

/* Those that were made for one transfer, while it lasts. Zero bytes: none. */
typedef struct plait_http_fresh {
    int first; /* the descriptor, plus one; the others follow in the table */
} plait_http_fresh;

typedef struct plait_http_wires {
    _Atomic(struct plait_http_wire_table *) table;
    size_t open; /* sockets, as far as we are told */
    void (*ready)(int fd, short revents, void *context);
    void *context;
} plait_http_wires;

/* A new socket of these kinds. -errno without one. */
int plait_http_wires_open(plait_http_wires *, plait_http_fresh *, int family, int type, int protocol);
int plait_http_wires_close(plait_http_wires *, int fd);

/* Whom a socket was made for, if that lasts, or NULL. */
plait_http_fresh *plait_http_wires_owner(plait_http_wires *, int fd);

/* Has wires->ready called when `fd` is ready for `events` (of poll), or no longer. 0 or a code. */
int plait_http_wires_watch(plait_http_wires *, int fd, short events);
void plait_http_wires_unwatch(plait_http_wires *, int fd);

/* The transfer ends: what is still open lives on. */
void plait_http_wires_end(plait_http_wires *, plait_http_fresh *);

/* Whether a socket that was made for it is connected. */
bool plait_http_wires_connected(plait_http_wires *, const plait_http_fresh *);

/* Forgets all, and watches nothing. */
void plait_http_wires_clear(plait_http_wires *);

/* For the child of a fork: closes our copies of the parent's sockets. */
void plait_http_wires_disown(plait_http_wires *);

#endif
