/* pipe.h: one end of a pipe, and how messages go in and come out. The kinds of messages are those of pipe_message.c.

   What must hold:
   - `mutex` is over all but the sends, which are one system call each; nothing waits while it is held.
   - The number `fd` stays this end's until it is freed: a close puts something else in its place, so that who is just
     about to use it meets nobody else's file.
   - What was taken in and not received (`first` …) comes before what is in the socket, and is this process's alone: a
     forked child drops its copies. When something comes there, those who wait for the socket are told to look. */
#ifndef PLAIT_PROCESS_PIPE_H
#define PLAIT_PROCESS_PIPE_H
#include "process/packet.h"
#include <plait/mutex.h>
#include <plait/pipe.h>

enum { PLAIT_RECEIVES = 1, PLAIT_SENDS = 2 };

typedef struct plait_packet plait_packet;
struct plait_packet {
    plait_packet *next;
    plait_packet_head head;
    int fd; /* -1: none */
    char content[];
};

struct plait_pipe {
    plait_mutex mutex;
    int fd;
    unsigned directions;
    _Atomic bool closed;
    uint32_t generation;         /* of the process whose the packets are */
    plait_packet *first, **last; /* taken in */
    char room[PLAIT_PACKET_ROOM];
};

/* An end over a socket of packets, which is its own from now on; NULL without memory: the socket stays the caller's. */
plait_pipe *plait_pipe_over(int fd, unsigned directions);

/* Who receives. `accept` says whether a message will do, and where its `size` bytes go (`to`, which it may set to NULL if
   there are none): 0; or what the call gives instead, the message being left, or dropped if `drop` is set. It may be
   called more than once, and must not wait. */
typedef struct plait_reception plait_reception;
struct plait_reception {
    int (*accept)(plait_reception *, const plait_packet_head *);
    void *to;
    int fd; /* the descriptor that was sent, the caller's now; -1: none */
    bool drop;
    plait_packet_head head; /* of what was received */
};
int plait_pipe_take(plait_pipe *, plait_reception *, plait_deadline);

/* Sends a message with `size` bytes of content, or with a descriptor. */
int plait_pipe_put(plait_pipe *, const plait_packet_head *, const void *content, int fd, plait_deadline);

#endif
