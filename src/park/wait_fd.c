/* wait_fd.c: waiting for a descriptor, and closing one that others may wait for.

   What must hold: whoever sleeps on a descriptor is on the list of its bucket; plait_close claims those of its descriptor
   there, closes, and wakes them, and a waiter that was woken by that never looks at the descriptor again: its number may
   be another's by then. */
#include "park/scope.h"
#include <plait/io.h>
#include <unistd.h>

enum { BUCKETS = 64 };
static plait_waitlist buckets[BUCKETS];

struct fd_waiter {
    plait_waiter node; /* first: the two addresses are one */
    int fd;
};

static plait_waitlist *bucket_of(int fd) { return &buckets[(unsigned)fd % BUCKETS]; }

int plait_wait_fd(int fd, short events, plait_deadline deadline)
{
    int got = plait_wait_begin(deadline);
    if (got) return plait_failed(got);
    if (fd < 0) return plait_failed(-EBADF);
    struct fd_waiter me = { .node = plait_waiter_here(), .fd = fd };
    plait_parker *parker = me.node.parker;
    plait_waitlist *list = bucket_of(fd);
    plait_waitlist_add(list, &me.node);
    do {
        plait_deadline until = plait_is_now(deadline) ? deadline : plait_nearest(deadline);
        got = parker->operations->park_on(parker, fd, events, until);
        if (!got) got = plait_wait_over(deadline, PLAIT_CANCELLABLE);
    } while (!got && !plait_woken(&me.node));
    if (!plait_waitlist_remove(list, &me.node)) {
        while (!plait_woken(&me.node)) plait_park(parker, PLAIT_FOREVER); /* the closer is at work on our stack */
        got = PLAIT_ECLOSED;
    }
    return got < 0 ? plait_failed(got) : got;
}

static plait_waiter *claim_those_of(int fd)
{
    plait_waitlist *list = bucket_of(fd);
    plait_waiter *last = plait_waitlist_hold(list), *node = last ? last->next : NULL, *end = last, *chain = NULL;
    for (bool more = node != NULL; more;) {
        plait_waiter *next = node->next;
        more = node != end;
        if (((struct fd_waiter *)node)->fd == fd) {
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

int plait_close(int fd)
{
    if (fd < 0) return plait_failed(-EBADF);
    plait_waiter *waiters = claim_those_of(fd);
    int err = close(fd) == 0 || errno == EINTR ? 0 : -errno; /* Linux has closed it even when interrupted */
    plait_wake(waiters);
    return plait_failed(err);
}

void plait_wait_fd_forked(void)
{
    for (int i = 0; i < BUCKETS; i++) atomic_store_explicit(&buckets[i], 0, memory_order_relaxed);
}
