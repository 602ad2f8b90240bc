/* poller.c: epoll, each descriptor armed for one event at a time.

   What must hold: a descriptor is armed for all that is waited for on it, and looked at again from the moment on that it
   was armed; so nothing that happens between a try and the sleep is missed. It is armed anew for each wait. Were it left
   armed over several, one that was closed behind our back, and its number used again, would never wake anybody; so the
   kernel itself says that it does not know it. What it tells of a descriptor that nobody waits for is dropped; and what it
   tells of a file that was known by the same number, and lives on under another or in a child: each arming has a number of
   its own (`turn`, never 0), which comes back with what is told. What has 0 there only ends the sleep. */
#include "loop/poller.h"
#include "base/clock.h"
#include "base/hooks.h"
#include "base/memory.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 128 };
_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLPRI == POLLPRI && EPOLLERR == POLLERR &&
                   EPOLLHUP == POLLHUP && EPOLLRDHUP == POLLRDHUP,
               "what one says is what the other says");

/* Not by the functions: ThreadSanitizer takes any close beside them for a race. */
static int control(plait_poller *p, int how, int fd, uint32_t events, uint32_t turn)
{
    struct epoll_event e = { .events = events, .data.u64 = (uint64_t)turn << 32 | (uint32_t)fd };
    return syscall(SYS_epoll_ctl, p->epoll, how, fd, &e) == 0 ? 0 : -errno;
}

int plait_poller_open(plait_poller *p)
{
    *p = (plait_poller){ .epoll = -1 };
    if (plait_refused("descriptor")) return -EMFILE;
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    return p->epoll < 0 ? -errno : 0;
}

int plait_poller_hear(plait_poller *p, int event) { return control(p, EPOLL_CTL_ADD, event, EPOLLIN, 0); }

void plait_poller_close(plait_poller *p)
{
    close(p->epoll);
    free(p->table);
}

static int grow(plait_poller *p, int fd)
{
    size_t size = p->size ? p->size : 64;
    while (size <= (size_t)fd) size *= 2;
    struct plait_fd_entry *table = plait_reallocate(p->table, size * sizeof *table);
    if (!table) return -ENOMEM;
    memset(table + p->size, 0, (size - p->size) * sizeof *table);
    p->table = table;
    p->size = size;
    return 0;
}

static int arm(plait_poller *p, int fd)
{
    uint32_t events = EPOLLONESHOT, *last = &p->table[fd].turn, turn = ++*last ? *last : ++*last;
    for (plait_fd_wait *w = p->table[fd].first; w; w = w->next) events |= (unsigned short)w->events;
    int err = control(p, EPOLL_CTL_MOD, fd, events, turn);
    return err == -ENOENT ? control(p, EPOLL_CTL_ADD, fd, events, turn) : err;
}

int plait_poller_add(plait_poller *p, plait_fd_wait *w)
{
    if (w->fd < 0) return -EBADF;
    if ((size_t)w->fd >= p->size) {
        int err = grow(p, w->fd);
        if (err) return err;
    }
    w->got = 0;
    w->next = p->table[w->fd].first;
    p->table[w->fd].first = w;
    int err = arm(p, w->fd);
    if (err) {
        p->table[w->fd].first = w->next;
        return err == -EPERM ? 1 : err;
    }
    w->listed = true;
    p->waiting++;
    return 0;
}

void plait_poller_remove(plait_poller *p, plait_fd_wait *w)
{
    if (!w->listed) return;
    plait_fd_wait **at = &p->table[w->fd].first;
    while (*at != w) at = &(*at)->next;
    *at = w->next;
    w->listed = false;
    p->waiting--;
}

static void tell(plait_poller *p, int fd, uint32_t events)
{
    plait_fd_wait *ready = NULL, *w, **at = &p->table[fd].first;
    while ((w = *at)) {
        w->got = (short)(events & ((unsigned short)w->events | EPOLLERR | EPOLLHUP));
        if (!w->got) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->listed = false;
        p->waiting--;
        w->next = ready;
        ready = w;
    }
    if (p->table[fd].first && arm(p, fd) < 0) { /* it is not open any more: those look at it themselves */
        w = p->table[fd].first;
        p->table[fd].first = NULL;
        while (w) {
            plait_fd_wait *next = w->next;
            w->listed = false;
            p->waiting--;
            w->next = ready;
            ready = w;
            w = next;
        }
    }
    while ((w = ready)) {
        ready = w->next;
        w->ready(w);
    }
}

static long wait_for(plait_poller *p, struct epoll_event *events, plait_deadline until)
{
    if (plait_is_now(until)) return syscall(SYS_epoll_pwait, p->epoll, events, EVENTS, 0, NULL, (size_t)8);
    int64_t left = until.at ? until.at - plait_time() : 1;
    if (left < 0) left = 0;
    if (!until.at || !plait_clock_is_system())
        return syscall(SYS_epoll_pwait, p->epoll, events, EVENTS, left ? -1 : 0, NULL, (size_t)8);
#ifdef SYS_epoll_pwait2
    struct timespec wait = { left / PLAIT_SECOND, left % PLAIT_SECOND };
    long n = syscall(SYS_epoll_pwait2, p->epoll, events, EVENTS, &wait, NULL, (size_t)8);
    if (n >= 0 || errno == EINTR) return n; /* else it is not there, or not allowed (EPERM) */
#endif
    int64_t milliseconds = (left + PLAIT_MILLISECOND - 1) / PLAIT_MILLISECOND; /* up: not to turn in vain */
    return syscall(SYS_epoll_pwait, p->epoll, events, EVENTS, milliseconds < 1000000 ? (int)milliseconds : 1000000,
                   NULL, (size_t)8);
}

void plait_poller_look(plait_poller *p, plait_deadline until)
{
    struct epoll_event events[EVENTS];
    long n = wait_for(p, events, until);
    for (long i = 0; i < n; i++) {
        int fd = (int)(uint32_t)events[i].data.u64;
        uint32_t turn = (uint32_t)(events[i].data.u64 >> 32);
        uint64_t count;
        if (!turn) (void)!read(fd, &count, sizeof count); /* at 0 already: as good */
        else if ((size_t)fd < p->size && p->table[fd].turn == turn) tell(p, fd, events[i].events);
    }
}
