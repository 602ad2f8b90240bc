/* poll.c: waiting for several descriptors at once: they are gathered in an epoll set made for this one wait, and the set
   is what the runner sleeps on. What it then says is what poll(2) says.

   What must hold: whoever sleeps is listed for each of its descriptors, and has looked at all of them since; so that
   plait_close finds it, whichever of them is closed (see wait_fd.c). */
#include "park/wait_fd.h"
#include "base/memory.h"
#include "park/scope.h"
#include <plait/io.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { FEW = 8 };

static int look(struct pollfd *list, size_t count)
{
    int ready;
    do ready = poll(list, count, 0);
    while (ready < 0 && errno == EINTR);
    return ready < 0 ? -errno : ready;
}

/* One that stands there twice is watched for both; a file is ready always, so nobody sleeps for it. */
static int watch(int set, const struct pollfd *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event = { .events = (unsigned short)list[i].events };
        if (list[i].fd < 0 || epoll_ctl(set, EPOLL_CTL_ADD, list[i].fd, &event) == 0 || errno == EPERM) continue;
        if (errno != EEXIST) return -errno;
        for (size_t j = 0; j < i; j++)
            if (list[j].fd == list[i].fd) event.events |= (unsigned short)list[j].events;
        if (epoll_ctl(set, EPOLL_CTL_MOD, list[i].fd, &event) != 0) return -errno;
    }
    return 0;
}

/* Takes the waiters off, and tells what became of them: of a closed one PLAIT_ECLOSED, of one that was asked 1. */
static int leave(struct pollfd *list, plait_fd_waiter *waiters, size_t count)
{
    int told = 0;
    for (size_t i = 0; i < count; i++) {
        plait_fd_waiter *w = &waiters[i];
        if (list[i].fd < 0 || plait_waitlist_remove(plait_fd_list(w->fd), &w->node)) continue;
        while (!plait_woken(&w->node)) plait_park(w->node.parker, PLAIT_FOREVER); /* the waker is at work on it */
        if (w->call == PLAIT_FD_CLOSED) told = PLAIT_ECLOSED;
        if (w->call != PLAIT_FD_ASKED) continue;
        list[i].revents = list[i].events;
        if (!told) told = 1;
    }
    return told;
}

static bool none_woken(plait_fd_waiter *waiters, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (waiters[i].node.parker && plait_woken(&waiters[i].node)) return false;
    return true;
}

/* As long as a sleep may be: what is ready; 0: look again; or a negative code. */
static int sleep_once(int set, struct pollfd *list, plait_fd_waiter *waiters, size_t count, plait_deadline deadline)
{
    plait_parker *parker = plait_current()->parker;
    for (size_t i = 0; i < count; i++) {
        waiters[i] = (plait_fd_waiter){ .fd = list[i].fd };
        if (list[i].fd < 0) continue;
        waiters[i].node = plait_waiter_here();
        plait_waitlist_add(plait_fd_list(list[i].fd), &waiters[i].node);
    }
    int err = 0, got = look(list, count), told;
    while (!got && !err && none_woken(waiters, count)) {
        got = parker->operations->park_on(parker, set, POLLIN, plait_nearest(deadline));
        if (got > 0) got = look(list, count);
        if (!got) err = plait_wait_over(deadline, PLAIT_CANCELLABLE);
    }
    told = leave(list, waiters, count);
    return told ? told : got ? got : err;
}

int plait_poll(struct pollfd *list, size_t count, plait_deadline deadline)
{
    plait_fd_waiter few[FEW], *waiters = few;
    int got = plait_wait_begin(deadline);
    if (!got && (got = look(list, count)) == 0 && plait_is_now(deadline)) got = PLAIT_EAGAIN;
    if (got) return got < 0 ? plait_failed(got) : got;
    int set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) return plait_failed(-errno);
    if (count > FEW) waiters = plait_allocate(count * sizeof *waiters);
    got = waiters ? watch(set, list, count) : PLAIT_ENOMEM;
    if (got == -EBADF) got = look(list, count); /* closed by another meanwhile: it is told as POLLNVAL */
    while (!got) got = sleep_once(set, list, waiters, count, deadline);
    if (waiters != few) free(waiters);
    close(set);
    return got < 0 ? plait_failed(got) : got;
}
