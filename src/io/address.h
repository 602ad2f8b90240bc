/* address.h: what a text like "HOST:PORT" or "unix:PATH" means, without asking anybody.

   What must hold: parsing never waits and never looks a name up; a path always fits, with its NUL. */
#ifndef PLAIT_IO_ADDRESS_H
#define PLAIT_IO_ADDRESS_H
#include <plait/api.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A socket address as the system wants it. */
struct plait_address {
    socklen_t size;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } name;
};

enum plait_host {
    PLAIT_HOST_NUMBER, /* address is set */
    PLAIT_HOST_PATH,   /* of a unix socket; address is set */
    PLAIT_HOST_NONE,   /* ":PORT" */
    PLAIT_HOST_LOCAL,  /* "localhost:PORT" */
    PLAIT_HOST_NAME    /* host is set */
};

struct plait_endpoint {
    enum plait_host kind;
    uint16_t port;
    char host[256]; /* a name has 253 bytes at most */
    struct plait_address address;
};

/* 0; PLAIT_EADDRESS, with a record. */
int plait_endpoint_parse(struct plait_endpoint *endpoint, const char *text);

/* The two special addresses of each family, in network form. */
struct plait_address plait_address_v4(uint32_t host, uint16_t port); /* host as INADDR_LOOPBACK */
struct plait_address plait_address_v6(struct in6_addr host, uint16_t port);

/* A stream socket for the address's family, non-blocking and close-on-exec; or -errno. */
int plait_stream_socket(const struct plait_address *address);

#endif
