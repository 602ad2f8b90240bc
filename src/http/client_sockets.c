/* client_sockets.c: see client_sockets.h for what must hold. */
#include "http/client_sockets.h"
#include "base/hooks.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void plait_http_sockets_prepare(plait_http_sockets *s)
{
    atomic_init(&s->epoll, -1);
    for (int i = 0; i < PLAIT_HTTP_SOCKETS; i++) {
        atomic_init(&s->places[i], -1);
        s->watched[i].fd = -1;
    }
    s->stale = true;
}

/* The table of sockets. */

static int place_of(plait_http_sockets *s, int fd)
{
    for (int i = 0; i < PLAIT_HTTP_SOCKETS; i++)
        if (atomic_load_explicit(&s->places[i], memory_order_relaxed) == fd) return i;
    return -1;
}

static void empty(plait_http_sockets *s, int place)
{
    s->fresh[place] = false;
    atomic_store_explicit(&s->places[place], -1, memory_order_release);
}

static void enter(plait_http_sockets *s, int fd)
{
    struct stat about;
    int place = place_of(s, fd); /* of one that was closed behind our back */
    if (place < 0) place = place_of(s, -1);
    if (place < 0 || fstat(fd, &about) != 0) return;
    empty(s, place);
    s->fresh[place] = true;
    s->inodes[place] = about.st_ino;
    atomic_store_explicit(&s->places[place], fd, memory_order_release);
}

/* The socket of a place, -1 when there is none that is still ours. */
static int socket_of(plait_http_sockets *s, int place)
{
    struct stat about;
    int fd = atomic_load_explicit(&s->places[place], memory_order_acquire);
    return fd >= 0 && fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode) && about.st_ino == s->inodes[place] ? fd : -1;
}

/* The set. */

static int watched_place(plait_http_sockets *s, int fd)
{
    for (int i = 0; i < PLAIT_HTTP_SOCKETS; i++)
        if (s->watched[i].fd == fd) return i;
    return -1;
}

static int put(int epoll, int operation, const struct plait_http_watched *w)
{
    struct epoll_event wanted = { .events = w->events, .data.fd = w->fd };
    return epoll_ctl(epoll, operation, w->fd, &wanted) == 0 ? 0 : -errno;
}

int plait_http_sockets_watch(plait_http_sockets *s, int fd, uint32_t events)
{
    int place = watched_place(s, fd), operation = place < 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (place < 0) place = watched_place(s, -1);
    if (place < 0) return -ENOSPC;
    s->watched[place] = (struct plait_http_watched){ fd, events };
    return s->stale ? 0 : put(atomic_load_explicit(&s->epoll, memory_order_relaxed), operation, &s->watched[place]);
}

static void unwatch(plait_http_sockets *s, int fd, bool open)
{
    int place = watched_place(s, fd);
    if (place < 0) return;
    s->watched[place].fd = -1;
    if (!open) s->stale = true;
    else if (!s->stale) epoll_ctl(atomic_load_explicit(&s->epoll, memory_order_relaxed), EPOLL_CTL_DEL, fd, NULL);
}

void plait_http_sockets_unwatch(plait_http_sockets *s, int fd)
{
    int place = place_of(s, fd);
    unwatch(s, fd, place < 0 || !s->fresh[place]); /* a fresh one may have been closed already */
}

void plait_http_sockets_clear(plait_http_sockets *s)
{
    int epoll = atomic_load_explicit(&s->epoll, memory_order_relaxed);
    atomic_store_explicit(&s->epoll, -1, memory_order_release);
    if (epoll >= 0) close(epoll);
    s->stale = true;
}

int plait_http_sockets_set(plait_http_sockets *s)
{
    if (!s->stale) return atomic_load_explicit(&s->epoll, memory_order_relaxed);
    plait_http_sockets_clear(s);
    int epoll = plait_refused("descriptor") ? (errno = EMFILE, -1) : epoll_create1(EPOLL_CLOEXEC), err = 0;
    if (epoll < 0) return -errno;
    atomic_store_explicit(&s->epoll, epoll, memory_order_release);
    for (int i = 0; i < PLAIT_HTTP_SOCKETS && !err; i++) {
        if (s->watched[i].fd >= 0) err = put(epoll, EPOLL_CTL_ADD, &s->watched[i]);
        if (err == -EBADF) err = 0, s->watched[i].fd = -1;
    }
    s->stale = err != 0;
    return err ? err : epoll;
}

/* Life. */

int plait_http_sockets_open(plait_http_sockets *s, int family, int type, int protocol)
{
    int fd = plait_refused("descriptor") ? (errno = EMFILE, -1) : socket(family, type | SOCK_CLOEXEC, protocol);
    if (fd < 0) return -errno;
    if (watched_place(s, fd) >= 0)
        s->stale = true; /* the last one of this number is closed, and libcurl may see no change */
    enter(s, fd);
    return fd;
}

int plait_http_sockets_close(plait_http_sockets *s, int fd)
{
    int place = place_of(s, fd);
    if (place >= 0) empty(s, place);
    unwatch(s, fd, true);
    return close(fd);
}

void plait_http_sockets_begin(plait_http_sockets *s)
{
    for (int i = 0; i < PLAIT_HTTP_SOCKETS; i++) s->fresh[i] = false;
}

void plait_http_sockets_end(plait_http_sockets *s, bool used)
{
    for (int i = 0; i < PLAIT_HTTP_SOCKETS; i++)
        if (s->fresh[i] && (!used || socket_of(s, i) < 0)) empty(s, i); /* it was closed behind our back */
    for (int i = 0; i < PLAIT_HTTP_SOCKETS; i++)
        if (s->watched[i].fd >= 0) unwatch(s, s->watched[i].fd, false);
    if (s->stale) plait_http_sockets_clear(s); /* the next transfer makes a set */
}

bool plait_http_sockets_connected(plait_http_sockets *s)
{
    for (int i = 0; i < PLAIT_HTTP_SOCKETS; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        int fd = s->fresh[i] ? socket_of(s, i) : -1;
        if (fd >= 0 && getpeername(fd, (struct sockaddr *)&peer, &size) == 0) return true;
    }
    return false;
}

bool plait_http_sockets_disown(plait_http_sockets *s, bool keep)
{
    /* Our copy of the epoll descriptor stands for the parent's own set: never change that. */
    plait_http_sockets_clear(s);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool kept = keep && nowhere >= 0;
    for (int i = 0; i < PLAIT_HTTP_SOCKETS; i++) {
        int fd = socket_of(s, i);
        if (fd < 0 || (kept && dup3(nowhere, fd, O_CLOEXEC) >= 0)) continue;
        close(fd);
        kept = false;
    }
    if (nowhere >= 0) close(nowhere);
    return kept;
}
