/* client_descriptors.h: what the client holds open: connections to a server of the test, by their peer's port. */
#ifndef PLAIT_TEST_CLIENT_DESCRIPTORS_H
#define PLAIT_TEST_CLIENT_DESCRIPTORS_H
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

enum { DESCRIPTORS_LOOKED_AT = 4096 };

static inline bool is_connected_to(int fd, int port)
{
    struct sockaddr_in peer = { 0 };
    socklen_t size = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
           ntohs(peer.sin_port) == port;
}

static inline int connections_to(int port)
{
    int count = 0;
    for (int fd = 0; fd < DESCRIPTORS_LOOKED_AT; fd++) count += is_connected_to(fd, port);
    return count;
}

#endif
