/* server_listen.c: the listening sockets of a server, and what they say of themselves.

   What must hold: nobody else can listen where a server does, even the same user's next server. So the first socket is
   bound and listens without SO_REUSEPORT, which fails if anybody is there, and gets it then, for the others to join it. Who
   comes later asks without it first, and is refused. */
#include "base/memory.h"
#include "http/server.h"
#include "io/address.h"
#include <plait/io.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -1 with errno set where the system does not share a port out. */
static int listen_on(int first, const struct plait_address *a)
{
    static const int yes = 1;
    int only = 0;
    socklen_t size = sizeof only;
    if (setsockopt(first, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0) return -1;
    int fd = socket(a->name.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    bool is_v6 = a->name.any.sa_family == AF_INET6;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) == 0 &&
        (!is_v6 || (getsockopt(first, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size) == 0 &&
                    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, size) == 0)) &&
        bind(fd, &a->name.any, a->size) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    close(fd);
    return -1;
}

int plait_http_listen_beside(int listener)
{
    struct plait_address a = { .size = sizeof a.name };
    if (getsockname(listener, &a.name.any, &a.size) != 0) return -errno;
    int fd = a.name.any.sa_family == AF_UNIX ? -1 : listen_on(listener, &a);
    if (fd < 0) fd = fcntl(listener, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

size_t plait_http_in_line(int listener)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return SOMAXCONN;
    return info.tcpi_unacked; /* which for a listening socket is that */
}

void plait_http_remove_file(struct plait_http_server *s)
{
    struct stat status;
    if (!s->inode) return;
    const char *path = s->url + sizeof "unix:" - 1;
    if (lstat(path, &status) == 0 && status.st_ino == s->inode && status.st_dev == s->device) unlink(path);
}

char *plait_http_url_of(int listener, const char *address)
{
    struct plait_address a = { .size = sizeof a.name };
    char host[INET6_ADDRSTRLEN + 2] = "127.0.0.1", url[sizeof host + 32];
    if (getsockname(listener, &a.name.any, &a.size) != 0) return NULL;
    if (a.name.any.sa_family == AF_UNIX) return plait_copy_string(address);
    if (a.name.any.sa_family == AF_INET) {
        if (a.name.v4.sin_addr.s_addr != htonl(INADDR_ANY)) inet_ntop(AF_INET, &a.name.v4.sin_addr, host, sizeof host);
    } else {
        bool any = IN6_IS_ADDR_UNSPECIFIED(&a.name.v6.sin6_addr);
        int only = 0;
        socklen_t size = sizeof only;
        getsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size);
        if (!any || only) {
            host[0] = '[';
            inet_ntop(AF_INET6, any ? &in6addr_loopback : &a.name.v6.sin6_addr, host + 1, sizeof host - 2);
            strcat(host, "]");
        }
    }
    snprintf(url, sizeof url, "http://%s:%d", host, plait_socket_port(listener));
    return plait_copy_string(url);
}
