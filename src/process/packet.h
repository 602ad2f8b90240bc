/* packet.h: a message as one packet of a socket that keeps their bounds: so it is sent whole or not, received by one or
   not, whoever shares the socket. What is small is in the packet; what is large is in a file in memory, whose descriptor is.

   What must hold: none of these calls waits, and none that fails has sent or taken anything. */
#ifndef PLAIT_PROCESS_PACKET_H
#define PLAIT_PROCESS_PACKET_H
#include <plait/api.h>
#include <sys/types.h>

enum { PLAIT_PACKET_ROOM = 16384 }; /* bytes that a packet has in itself at most */

enum plait_packet_kind { PLAIT_PACKET_BYTES = 1, PLAIT_PACKET_VALUE, PLAIT_PACKET_DESCRIPTOR, PLAIT_PACKET_PIPE };

typedef struct plait_packet_head {
    uint32_t mark;       /* of this protocol */
    uint8_t kind;        /* of plait_packet_kind */
    uint8_t directions;  /* of a pipe's end */
    bool has_descriptor; /* the content's file, or what is sent */
    uint8_t reserved;
    uint64_t size; /* of the content */
    uint64_t type; /* of a value: plait_packet_type; 0 for others */
} plait_packet_head;

/* A number by which values of different types are told apart. */
struct plait_type;
uint64_t plait_packet_type(const struct plait_type *type);

/* A file in memory of a content that is larger than the room; or -errno, -EFBIG with words. And what is in one: 0,
   PLAIT_EPROTOCOL when that is less, -errno. */
int plait_packet_file(const void *content, size_t size);
int plait_packet_read_file(int fd, void *content, size_t size);

/* 0; -EAGAIN: there is no room now; -EPIPE: the other side is gone; -errno. `content` is that of small packets; fd -1: none. */
int plait_packet_send(int socket, const plait_packet_head *, const void *content, int fd);

/* What comes next: 0; -EAGAIN: nothing yet; PLAIT_EDONE: nothing any more; PLAIT_EPROTOCOL; -errno. */
int plait_packet_peek(int socket, plait_packet_head *);

/* Takes what comes next, which may be another one than was seen if others take too: 0 or as above. `content` has the room
   of a packet; *fd is -1 or the caller's. */
int plait_packet_take(int socket, plait_packet_head *, void *content, int *fd);

#endif
