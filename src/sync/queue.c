/* queue.c: a queue with a capacity is a ring without a lock (ring.c); an unbounded one, a rendezvous or a very large one
   is a ring buffer under a mutex, and a list of waiters for each side. What is counted as work, and who joins, is kept here
   for both.

   What must hold under the mutex:
   - Whoever makes room or an item claims one waiter of the other side in the same critical section and wakes it after; a
     waiter that was woken looks again before it gives up, so the room or the item that it was woken for is used, or is
     still there for another to be woken for.
   - With capacity 0 no item rests: it goes from the putter's to the getter's memory under the guard, and whoever came
     second claims and moves for both. A waiter whose item was moved has succeeded, whatever its deadline says.
   - `put` counts the items that were put (of a ring: it does so itself), `finished` those dealt with; when the second has
     reached the first the joiners go. */
#include <plait/queue.h>
#include "base/memory.h"
#include "base/stop.h"
#include "park/scope.h"
#include "sync/ring.h"
#include <plait/mutex.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 32 };            /* items, of an unbounded queue */
#define MOST_RING ((size_t)16 << 20) /* bytes: a larger one is not touched as a whole before it is used */

struct plait_queue {
    struct plait_ring *ring; /* or NULL, and then all that follows */
    plait_mutex guard;
    plait_waitlist getters, putters, joiners;
    size_t item_size, capacity;
    size_t room, first, count; /* the ring: slots, where the oldest is, how many */
    uint64_t put, finished;
    bool closed;
    unsigned char *items;
};

struct queue_waiter {
    plait_waiter node; /* first: the two addresses are one */
    void *item;        /* to take from or to put into, when the item goes straight over */
    bool moved;
};

plait_queue *plait_queue_new(size_t item_size, size_t capacity)
{
    size_t room = capacity == PLAIT_UNBOUNDED ? FIRST_ROOM : capacity;
    if (item_size == 0 || (room && item_size > PTRDIFF_MAX / room)) {
        plait_fail(PLAIT_EINVAL, "a queue of %zu items of %zu bytes each", capacity, item_size);
        return NULL;
    }
    plait_queue *q = plait_allocate(sizeof *q);
    if (q && capacity && capacity <= MOST_RING / (item_size + sizeof(uint64_t))) {
        q->ring = plait_ring_new(item_size, capacity);
        room = 0;
    }
    unsigned char *items = q && room ? plait_allocate(room * item_size) : NULL;
    if (!q || (capacity && !q->ring && !items)) {
        free(q);
        plait_fail(PLAIT_ENOMEM, "no memory for a queue of %zu items of %zu bytes each", capacity, item_size);
        return NULL;
    }
    q->item_size = item_size, q->capacity = capacity, q->room = room, q->items = items;
    return q;
}

static unsigned char *slot(plait_queue *q, size_t i)
{
    i += q->first;
    return q->items + (i < q->room ? i : i - q->room) * q->item_size;
}

static int grow(plait_queue *q)
{
    if (q->room > PTRDIFF_MAX / 2 / q->item_size) return PLAIT_ENOMEM;
    unsigned char *items = plait_reallocate(q->items, 2 * q->room * q->item_size);
    if (!items) return PLAIT_ENOMEM;
    memcpy(items + q->room * q->item_size, items, q->first * q->item_size); /* what had wrapped follows the rest now */
    q->items = items;
    q->room *= 2;
    return 0;
}

/* Called with the guard held, and returns with it held; only 0 promises that something may have changed. */
static int wait_on(plait_queue *q, plait_waitlist *list, struct queue_waiter *me, plait_deadline deadline)
{
    if (plait_is_now(deadline)) return PLAIT_EAGAIN;
    plait_waitlist_add(list, &me->node);
    plait_mutex_unlock(&q->guard);
    int err = plait_wait_in(list, &me->node, deadline, PLAIT_CANCELLABLE);
    plait_mutex_lock(&q->guard);
    return me->moved ? 0 : err;
}

/* With capacity 0: moves the item between us and whoever waits on the other side. */
static bool move_over(plait_queue *q, plait_waitlist *others, void *to, const void *from, plait_waiter **other)
{
    struct queue_waiter *w = (struct queue_waiter *)(*other = plait_waitlist_claim(others));
    if (!w) return false;
    memcpy(to ? to : w->item, from ? from : w->item, q->item_size);
    w->moved = true;
    return true;
}

static int put(plait_queue *q, const void *item, plait_deadline deadline, plait_waiter **getter)
{
    struct queue_waiter me = { .node = plait_waiter_here(), .item = (void *)(uintptr_t)item }; /* only read from */
    for (int err = 0;;) {
        if (q->closed) return PLAIT_ECLOSED;
        if (q->capacity == 0 && move_over(q, &q->getters, NULL, item, getter)) {
            q->put++;
            return 0;
        }
        if (q->count < q->capacity) {
            if (q->count == q->room && (err = grow(q)) != 0) return err;
            memcpy(slot(q, q->count++), item, q->item_size);
            q->put++;
            *getter = plait_waitlist_claim(&q->getters);
            return 0;
        }
        if (err) return err;
        err = wait_on(q, &q->putters, &me, deadline);
        if (me.moved) return 0; /* its getter has counted it */
    }
}

static int get(plait_queue *q, void *item, plait_deadline deadline, plait_waiter **putter)
{
    struct queue_waiter me = { .node = plait_waiter_here(), .item = item };
    for (int err = 0;;) {
        if (q->count > 0) {
            memcpy(item, slot(q, 0), q->item_size);
            q->first = q->first + 1 < q->room ? q->first + 1 : 0;
            q->count--;
            *putter = plait_waitlist_claim(&q->putters);
            return 0;
        }
        if (q->closed) return PLAIT_ECLOSED;
        if (q->capacity == 0 && move_over(q, &q->putters, item, NULL, putter)) {
            q->put++;
            return 0;
        }
        if (err) return err;
        err = wait_on(q, &q->getters, &me, deadline);
        if (me.moved) return 0;
    }
}

int plait_queue_put(plait_queue *q, const void *item, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    if (q->ring) return plait_failed(plait_ring_put(q->ring, item, deadline));
    plait_waiter *getter = NULL;
    plait_mutex_lock(&q->guard);
    err = put(q, item, deadline, &getter);
    plait_mutex_unlock(&q->guard);
    plait_wake(getter);
    return plait_failed(err);
}

int plait_queue_get(plait_queue *q, void *item, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    if (q->ring) return plait_failed(plait_ring_get(q->ring, item, deadline));
    plait_waiter *putter = NULL;
    plait_mutex_lock(&q->guard);
    err = get(q, item, deadline, &putter);
    plait_mutex_unlock(&q->guard);
    plait_wake(putter);
    return plait_failed(err);
}

void plait_queue_close(plait_queue *q)
{
    if (q->ring) {
        plait_ring_close(q->ring);
        return;
    }
    plait_mutex_lock(&q->guard);
    q->closed = true;
    plait_waiter *getters = plait_waitlist_claim_all(&q->getters, false);
    plait_waiter *putters = plait_waitlist_claim_all(&q->putters, false);
    plait_mutex_unlock(&q->guard);
    plait_wake(getters);
    plait_wake(putters);
}

/* Items not yet dealt with. With the guard held: more may be put meanwhile, but none be finished. */
static uint64_t unfinished(plait_queue *q) { return (q->ring ? plait_ring_put_count(q->ring) : q->put) - q->finished; }

int plait_queue_task_done(plait_queue *q)
{
    plait_waiter *joiners = NULL;
    plait_mutex_lock(&q->guard);
    bool more = unfinished(q) > 0;
    q->finished += more;
    if (more && unfinished(q) == 0) joiners = plait_waitlist_claim_all(&q->joiners, false);
    plait_mutex_unlock(&q->guard);
    plait_wake(joiners);
    return more ? 0 : plait_fail(PLAIT_EINVAL, "a queue was told of more work done than was put");
}

int plait_queue_join(plait_queue *q, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    struct queue_waiter me = { .node = plait_waiter_here() };
    plait_mutex_lock(&q->guard);
    while (unfinished(q) > 0 && !err) err = wait_on(q, &q->joiners, &me, deadline);
    if (unfinished(q) == 0) err = 0;
    plait_mutex_unlock(&q->guard);
    return plait_failed(err);
}

size_t plait_queue_count(plait_queue *q)
{
    if (q->ring) return plait_ring_count(q->ring);
    PLAIT_LOCKED(&q->guard);
    return q->count;
}

void plait_queue_free(plait_queue *q)
{
    if (!q) return;
    if (!plait_waitlist_empty(&q->getters) || !plait_waitlist_empty(&q->putters) ||
        !plait_waitlist_empty(&q->joiners) || (q->ring && !plait_ring_quiet(q->ring)))
        plait_stop("a queue was freed while somebody waits in it: close it and let them go first");
    free(q->ring);
    free(q->items);
    free(q);
}
