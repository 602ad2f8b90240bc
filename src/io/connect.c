/* connect.c: connecting to an address: to each that a name has, one after the other, until one answers.

   What must hold: one address that swallows what is sent to it does not use up the time of those after it. The code and
   words of a failure are those of the first address, the one that the system thought best. */
#include "base/clock.h"
#include "io/address.h"
#include "io/resolve.h"
#include "park/scope.h"
#include <plait/io.h>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The listener's backlog is full. Linux tells a unix socket no more than that: there is nothing to be waited for. */
static int connect_to_full(int fd, const struct plait_address *a, plait_deadline deadline)
{
    int64_t pause = PLAIT_MILLISECOND;
    for (;;) {
        if (plait_is_now(deadline)) return PLAIT_EAGAIN;
        if (plait_has_passed(deadline)) return PLAIT_ETIMEDOUT;
        int err = plait_sleep_until(plait_sooner(deadline, plait_after(pause)));
        if (err) return err;
        if (connect(fd, &a->name.any, a->size) == 0) return 0;
        if (errno != EAGAIN && errno != EINTR) return -errno;
        if (pause < 50 * PLAIT_MILLISECOND) pause *= 2;
    }
}

static int finish(int fd, const struct plait_address *a, plait_deadline deadline)
{
    int events = plait_wait_fd(fd, POLLOUT, deadline), error = 0;
    socklen_t size = sizeof error;
    if (events < 0) return events;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return -errno;
    if (error) return -error;
    /* A port out of the range for clients, where nobody listens, may be given to this socket itself, which then talks to
       itself. */
    struct plait_address self = { .size = sizeof self.name };
    if (getsockname(fd, &self.name.any, &self.size) != 0) return -errno;
    bool same =
        a->name.any.sa_family == AF_INET
            ? self.name.v4.sin_port == a->name.v4.sin_port && self.name.v4.sin_addr.s_addr == a->name.v4.sin_addr.s_addr
            : self.name.v6.sin6_port == a->name.v6.sin6_port &&
                  memcmp(&self.name.v6.sin6_addr, &a->name.v6.sin6_addr, sizeof(struct in6_addr)) == 0;
    return same ? -ECONNREFUSED : 0;
}

static int connect_one(const struct plait_address *a, plait_deadline deadline)
{
    static const int yes = 1;
    int fd = plait_stream_socket(a);
    if (fd < 0) return fd;
    bool unix_socket = a->name.any.sa_family == AF_UNIX;
    if (!unix_socket) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    int err = connect(fd, &a->name.any, a->size) == 0 ? 0 : -errno;
    if (unix_socket && (err == -EAGAIN || err == -EINTR)) err = connect_to_full(fd, a, deadline);
    else if (!unix_socket && (err == -EINPROGRESS || err == -EINTR || err == 0)) err = finish(fd, a, deadline);
    if (!err) return fd;
    plait_close(fd);
    return err;
}

/* An equal share of the time that is left, but no less than two seconds of it, which a lost packet may cost. */
static plait_deadline share(plait_deadline deadline, size_t left)
{
    if (left <= 1 || !deadline.at || plait_is_now(deadline)) return deadline;
    int64_t part = (deadline.at - plait_time()) / (int64_t)left;
    return plait_sooner(deadline, plait_after(part > 2 * PLAIT_SECOND ? part : 2 * PLAIT_SECOND));
}

static const char *cause(int err)
{
    switch (err) {
    case PLAIT_ETIMEDOUT: return "no answer in time";
    case PLAIT_ECANCELED: return "cancelled while connecting";
    case PLAIT_EAGAIN: return "not connected at once";
    default: return plait_error_text(err);
    }
}

static int failed(int err, const char *address, const struct plait_address *a, size_t count)
{
    char host[INET6_ADDRSTRLEN] = "";
    if (a->name.any.sa_family == AF_INET) inet_ntop(AF_INET, &a->name.v4.sin_addr, host, sizeof host);
    if (a->name.any.sa_family == AF_INET6) inet_ntop(AF_INET6, &a->name.v6.sin6_addr, host, sizeof host);
    if (!host[0] || strstr(address, host)) return plait_fail(err, "%s: %s", address, cause(err));
    if (count == 1) return plait_fail(err, "%s (%s): %s", address, host, cause(err));
    return plait_fail(err, "%s (%s, the first of %zu addresses): %s", address, host, count, cause(err));
}

/* Whether the reason lies in the whole call, so that other addresses need not be tried. */
static bool is_final(int err, plait_deadline deadline)
{
    return err == PLAIT_ECANCELED || err == PLAIT_EAGAIN || err == PLAIT_ECLOSED || err == -EMFILE || err == -ENFILE ||
           err == PLAIT_ENOMEM || plait_has_passed(deadline);
}

static int connect_any(const char *address, const struct plait_address *addresses, size_t count,
                       plait_deadline deadline)
{
    int first = 0;
    for (size_t i = 0; i < count; i++) {
        int got = connect_one(&addresses[i], share(deadline, count - i));
        if (got >= 0) return got;
        if (is_final(got, deadline)) return failed(got, address, &addresses[i], 1);
        if (got == PLAIT_ETIMEDOUT) got = -ETIMEDOUT; /* its share of the time; the call's own has not passed */
        if (!i) first = got;
    }
    return failed(first, address, &addresses[0], count);
}

static int connect_name(const char *address, const struct plait_endpoint *e, plait_deadline deadline)
{
    struct plait_address addresses[32];
    struct addrinfo *list;
    size_t count = 0;
    int err = plait_resolve(address, e->host, e->port, deadline, &list);
    if (err) return err;
    for (struct addrinfo *i = list; i && count < sizeof addresses / sizeof *addresses; i = i->ai_next) {
        if (i->ai_addrlen > sizeof addresses->name) continue;
        addresses[count].size = i->ai_addrlen;
        memcpy(&addresses[count++].name, i->ai_addr, i->ai_addrlen);
    }
    freeaddrinfo(list);
    if (!count) return plait_fail(PLAIT_ERESOLVE, "%s: the name has no address", address);
    return connect_any(address, addresses, count, deadline);
}

int plait_connect(const char *address, plait_deadline deadline)
{
    struct plait_endpoint e;
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    if ((err = plait_endpoint_parse(&e, address))) return err;
    if (e.kind != PLAIT_HOST_PATH && e.port == 0)
        return plait_fail(PLAIT_EADDRESS, "'%s' is no address to connect to: port 0 takes no connections", address);
    if (e.kind == PLAIT_HOST_NAME) return connect_name(address, &e, deadline);
    if (e.kind == PLAIT_HOST_NUMBER || e.kind == PLAIT_HOST_PATH) return connect_any(address, &e.address, 1, deadline);
    struct plait_address here[] = { plait_address_v4(INADDR_LOOPBACK, e.port),
                                    plait_address_v6(in6addr_loopback, e.port) };
    return connect_any(address, here, 2, deadline);
}
