/* listen.c: sockets that wait for connections, and taking these. What must hold: sockets that are made here do not block
   and are closed by an exec. */
#include "base/clock.h"
#include "base/hooks.h"
#include "io/address.h"
#include "park/scope.h"
#include <plait/io.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the file at the path is a socket that nobody listens on any more: what a program that died has left. */
static bool is_left_behind(const struct plait_address *a)
{
    struct stat status;
    if (lstat(a->name.local.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    int fd = plait_stream_socket(a);
    if (fd < 0) return false;
    bool refused = connect(fd, &a->name.any, a->size) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int bind_to(int fd, const struct plait_address *a)
{
    if (bind(fd, &a->name.any, a->size) == 0) return 0;
    if (errno != EADDRINUSE || a->name.any.sa_family != AF_UNIX) return -errno;
    if (!is_left_behind(a)) return -EADDRINUSE;
    return unlink(a->name.local.sun_path) == 0 && bind(fd, &a->name.any, a->size) == 0 ? 0 : -errno;
}

/* A listening socket or -errno. `both`: an IPv6 one takes IPv4 connections as well. */
static int listen_on(const struct plait_address *a, int backlog, bool both)
{
    static const int yes = 1, no = 0;
    int fd = plait_stream_socket(a), err = 0;
    if (fd < 0) return fd;
    if (a->name.any.sa_family != AF_UNIX && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
        err = -errno;
    if (!err && both && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) != 0) err = -errno;
    if (!err) err = bind_to(fd, a);
    if (!err && listen(fd, backlog) != 0) err = -errno;
    if (!err) return fd;
    close(fd);
    return err;
}

/* The machine has no such family of addresses. */
static bool is_missing(int err) { return err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL; }

int plait_listen(const char *address, int backlog)
{
    struct plait_endpoint e;
    int fd = plait_endpoint_parse(&e, address);
    if (fd) return fd;
    if (backlog <= 0) backlog = SOMAXCONN;
    switch (e.kind) {
    case PLAIT_HOST_NUMBER:
    case PLAIT_HOST_PATH: fd = listen_on(&e.address, backlog, false); break;
    case PLAIT_HOST_NONE: {
        struct plait_address all6 = plait_address_v6(in6addr_any, e.port), all4 = plait_address_v4(INADDR_ANY, e.port);
        fd = listen_on(&all6, backlog, true);
        if (is_missing(fd)) fd = listen_on(&all4, backlog, false);
        break;
    }
    case PLAIT_HOST_LOCAL: {
        struct plait_address v4 = plait_address_v4(INADDR_LOOPBACK, e.port),
                             v6 = plait_address_v6(in6addr_loopback, e.port);
        fd = listen_on(&v4, backlog, false);
        if (is_missing(fd)) fd = listen_on(&v6, backlog, false);
        break;
    }
    case PLAIT_HOST_NAME:
        return plait_fail(PLAIT_EADDRESS,
                          "'%s' is not an address to listen on: its host is neither a number nor localhost", address);
    }
    return fd < 0 ? plait_fail(fd, "cannot listen on %s: %s", address, plait_error_text(fd)) : fd;
}

int plait_socket_port(int fd)
{
    struct plait_address a = { .size = sizeof a.name };
    if (getsockname(fd, &a.name.any, &a.size) != 0) return plait_failed(-errno);
    switch (a.name.any.sa_family) {
    case AF_INET: return ntohs(a.name.v4.sin_port);
    case AF_INET6: return ntohs(a.name.v6.sin6_port);
    default: return 0;
    }
}

/* An error of the connection that was about to be taken, which is gone now, and not of the listening socket. */
static bool is_of_connection(int error)
{
    switch (error) {
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET: return true;
    default: return false;
    }
}

/* The next connection, or -errno; -EAGAIN: there is none. */
static int take(int fd)
{
    static const int yes = 1;
    if (plait_refused("descriptor")) return -EMFILE;
    int got;
    while ((got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0)
        if (errno != EINTR) return -errno;
    setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* does nothing, and fails, for other than TCP */
    return got;
}

int plait_accept(int fd, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    int flags = err ? 0 : fcntl(fd, F_GETFL);
    if (flags < 0) err = -errno;
    bool blocks = !(flags & O_NONBLOCK); /* then it may be asked only when there is a connection */
    for (bool wait = blocks; !err;) {
        int got = wait ? plait_wait_fd(fd, POLLIN, deadline) : 0;
        if (got < 0) return got;
        got = take(fd);
        if (got >= 0) return got;
        wait = blocks || got == -EAGAIN;
        if (is_of_connection(-got)) err = plait_wait_begin(deadline);
        else if (got != -EAGAIN) err = got;
    }
    return plait_failed(err);
}
