/* wait_fd.c: waiting for a descriptor, and closing one that others may wait for.

   What must hold:
   - Whoever sleeps on a descriptor is on the list of its bucket, and has looked at the descriptor since it came there.
   - plait_close claims those of its descriptor and wakes them; they never look at it again, its number may be another's.
   - Then it closes. Who came to the list between the two may have seen it open and would sleep for ever; so those that
     are there after the close are claimed too, and look again: at a closed descriptor, or at one that is another by now.
     Who comes later still sees it closed. (So the second claim must take the spin bit, and not only look at the list.) */
#include "park/wait_fd.h"
#include "park/scope.h"
#include <plait/io.h>
#include <poll.h>
#include <unistd.h>

enum { BUCKETS = 64 };
static plait_waitlist buckets[BUCKETS];

plait_waitlist *plait_fd_list(int fd) { return &buckets[(unsigned)fd % BUCKETS]; }

int plait_wait_fd(int fd, short events, plait_deadline deadline)
{
    int got = plait_wait_begin(deadline);
    if (got) return plait_failed(got);
    if (fd < 0) return plait_failed(-EBADF);
    plait_fd_waiter me = { .node = plait_waiter_here(), .fd = fd };
    plait_parker *parker = me.node.parker;
    plait_waitlist *list = plait_fd_list(fd);
    bool closed = false;
    for (;;) {
        plait_waitlist_add(list, &me.node);
        do {
            plait_deadline until = plait_is_now(deadline) ? deadline : plait_nearest(deadline);
            got = parker->operations->park_on(parker, fd, events, until);
            if (!got) got = plait_wait_over(deadline, PLAIT_CANCELLABLE);
        } while (!got && !plait_woken(&me.node));
        if (plait_waitlist_remove(list, &me.node)) break;
        while (!plait_woken(&me.node)) plait_park(parker, PLAIT_FOREVER); /* the closer is at work on our stack */
        if (me.call == PLAIT_FD_ASKED) return events;
        if (me.call == PLAIT_FD_CLOSED) return plait_failed(PLAIT_ECLOSED);
        closed = true;
    }
    if (got > 0 && (got & POLLNVAL)) got = -EBADF;
    if (got == -EBADF && closed) got = PLAIT_ECLOSED;
    return got < 0 ? plait_failed(got) : got;
}

static plait_waiter *claim_those_of(int fd, enum plait_fd_call call)
{
    plait_waitlist *list = plait_fd_list(fd);
    plait_waiter *last = plait_waitlist_hold(list), *node = last ? last->next : NULL, *end = last, *chain = NULL;
    for (bool more = node != NULL; more;) {
        plait_waiter *next = node->next;
        more = node != end;
        plait_fd_waiter *w = (plait_fd_waiter *)node;
        if (w->fd == fd) {
            w->call = call;
            last = plait_ring_remove(last, node);
            atomic_store_explicit(&node->state, PLAIT_CLAIMED, memory_order_relaxed);
            node->next = chain;
            chain = node;
        }
        node = next;
    }
    plait_waitlist_release(list, last);
    return chain;
}

void plait_fd_ask(int fd) { plait_wake(claim_those_of(fd, PLAIT_FD_ASKED)); }

int plait_close(int fd)
{
    if (fd < 0) return plait_failed(-EBADF);
    plait_wake(claim_those_of(fd, PLAIT_FD_CLOSED));         /* first: to close may take long */
    int err = close(fd) == 0 || errno == EINTR ? 0 : -errno; /* Linux has closed it even when interrupted */
    plait_wake(claim_those_of(fd, PLAIT_FD_AGAIN));
    return plait_failed(err);
}

void plait_wait_fd_forked(void)
{
    for (int i = 0; i < BUCKETS; i++) atomic_store_explicit(&buckets[i], 0, memory_order_relaxed);
}
