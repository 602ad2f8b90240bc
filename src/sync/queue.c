/* queue.c: a queue with a capacity is a ring without a lock (ring.c). One that is unbounded, very large, resizable, in
   another order, or a rendezvous is a stock of items (stock.c) under a mutex, and a list of waiters for each side. What is
   counted as work, and who joins, is kept here for both.

   What must hold under the mutex:
   - Whoever makes room or an item claims one waiter of the other side in the same critical section and wakes it after; a
     waiter that was woken looks again before it gives up, so the room or the item that it was woken for is used, or is
     still there for another to be woken for.
   - With capacity 0 no item rests: it goes from the putter's to the getter's memory under the guard, and whoever came
     second claims and moves for both. A waiter whose item was moved has succeeded, whatever its deadline says.
   - `put` counts the items that were put (of a ring: it does so itself), `finished` those dealt with; when the second has
     reached the first the joiners go. */
#include <plait/queue.h>
#include "base/fork.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/stop.h"
#include "park/scope.h"
#include "sync/ring.h"
#include "sync/shared.h"
#include "sync/stock.h"
#include <plait/mutex.h>
#include <stdlib.h>
#include <string.h>

#define MOST_RING ((size_t)16 << 20) /* bytes: a larger one is not touched as a whole before it is used */

struct plait_queue {
    struct plait_ring *ring; /* or NULL, and then the stock */
    plait_mutex guard;
    plait_waitlist getters, putters, joiners;
    size_t capacity;
    struct plait_stock stock;
    uint64_t put, finished;
    bool resizable, closed, dropping;
    bool shared;         /* then all of it is elsewhere, and the rest here is zero */
    uint32_t generation; /* of the process that made it */
    void (*drop)(void *item, void *context);
    void *context;
    _Alignas(max_align_t) unsigned char dropped[]; /* one item, for whoever drops */
};

struct queue_waiter {
    plait_waiter node; /* first: the two addresses are one */
    void *item;        /* to take from or to put into, when the item goes straight over */
    bool moved;
};

const size_t plait_queue_size = sizeof(plait_queue);
void plait_queue_be_shared(plait_queue *q) { q->shared = true; }

enum { FIRST_ROOM = 32 }; /* items, of an unbounded queue */
static size_t room_for(size_t capacity) { return capacity == PLAIT_UNBOUNDED ? FIRST_ROOM : capacity; }

/* Whether there can be such a queue. */
static int check_shape(const struct plait_stock *s, size_t capacity)
{
    if (s->item_size == 0 || s->item_size > PTRDIFF_MAX / 2 || room_for(capacity) > PTRDIFF_MAX / s->slot_size)
        return plait_fail(PLAIT_EINVAL, "a queue of %zu items of %zu bytes each", capacity, s->item_size);
    if (s->lifo && s->compare) return plait_fail(PLAIT_EINVAL, "a queue that is to be last in, first out and in order");
    if ((s->lifo || s->compare) && capacity == 0)
        return plait_fail(PLAIT_EINVAL, "an order for a queue in which no item rests");
    return 0;
}

static bool may_be_ring(const plait_queue_options *o, size_t item_size, size_t capacity)
{
    return capacity && capacity <= MOST_RING / (item_size + sizeof(uint64_t)) && !o->lifo && !o->compare &&
           !o->resizable;
}

plait_queue *plait_queue_new_sized(size_t item_size, size_t capacity, const plait_queue_options *given,
                                   size_t given_size)
{
    plait_queue_options o;
    if (plait_options_read(&o, sizeof o, given, given_size)) return NULL;
    struct plait_stock stock = plait_stock_of(item_size, &o);
    if (check_shape(&stock, capacity)) return NULL;
    plait_queue *q = plait_allocate(sizeof *q + item_size);
    int err = q ? 0 : PLAIT_ENOMEM;
    if (!err && may_be_ring(&o, item_size, capacity))
        err = (q->ring = plait_ring_new(item_size, capacity)) ? 0 : PLAIT_ENOMEM;
    else if (!err) err = plait_stock_reserve(&stock, room_for(capacity));
    if (err) {
        free(q);
        plait_fail(err, "no memory for a queue of %zu items of %zu bytes each", capacity, item_size);
        return NULL;
    }
    q->stock = stock, q->capacity = capacity, q->resizable = o.resizable;
    q->drop = o.drop, q->context = o.context;
    q->generation = plait_process_generation();
    return q;
}

plait_queue *plait_queue_new(size_t item_size, size_t capacity)
{
    return plait_queue_new_sized(item_size, capacity, NULL, 0);
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
    memcpy(to ? to : w->item, from ? from : w->item, q->stock.item_size);
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
        if (q->stock.count < q->capacity) {
            if ((err = plait_stock_put(&q->stock, item)) != 0) return err;
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
        if (q->stock.count > 0) {
            plait_stock_take(&q->stock, item);
            if (q->stock.count < q->capacity) *putter = plait_waitlist_claim(&q->putters);
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

static __attribute__((noinline)) int put_locked(plait_queue *q, const void *item, plait_deadline deadline)
{
    if (q->shared) return plait_shared->queue_put(q, item, deadline);
    plait_waiter *getter = NULL;
    plait_mutex_lock(&q->guard);
    int err = put(q, item, deadline, &getter);
    plait_mutex_unlock(&q->guard);
    plait_wake(getter);
    return plait_failed(err);
}

static __attribute__((noinline)) int begin_and_put(plait_queue *q, const void *item, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    return q->ring ? plait_ring_put(q->ring, item, deadline) : put_locked(q, item, deadline);
}

int plait_queue_put(plait_queue *q, const void *item, plait_deadline deadline)
{
    if (plait_wait_is_calm() && q->ring) return plait_ring_put(q->ring, item, deadline);
    return begin_and_put(q, item, deadline);
}

static __attribute__((noinline)) int get_locked(plait_queue *q, void *item, plait_deadline deadline)
{
    if (q->shared) return plait_shared->queue_get(q, item, deadline);
    plait_waiter *putter = NULL;
    plait_mutex_lock(&q->guard);
    int err = get(q, item, deadline, &putter);
    plait_mutex_unlock(&q->guard);
    plait_wake(putter);
    return plait_failed(err);
}

static __attribute__((noinline)) int begin_and_get(plait_queue *q, void *item, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    return q->ring ? plait_ring_get(q->ring, item, deadline) : get_locked(q, item, deadline);
}

int plait_queue_get(plait_queue *q, void *item, plait_deadline deadline)
{
    if (plait_wait_is_calm() && q->ring) return plait_ring_get(q->ring, item, deadline);
    return begin_and_get(q, item, deadline);
}

int plait_queue_set_capacity(plait_queue *q, size_t capacity)
{
    if (!q->resizable) return plait_fail(PLAIT_ENOTSUP, "a queue that was not made resizable got another capacity");
    plait_waiter *putters = NULL, **end = &putters;
    plait_mutex_lock(&q->guard);
    int err = check_shape(&q->stock, capacity);
    if (!err && plait_stock_reserve(&q->stock, room_for(capacity)))
        err = plait_fail(PLAIT_ENOMEM, "no memory for a queue of %zu items", capacity);
    if (!err) q->capacity = capacity;
    for (size_t n = q->stock.count; !err && n < capacity && (*end = plait_waitlist_claim(&q->putters)); n++)
        end = &(*end)->next;
    plait_mutex_unlock(&q->guard);
    plait_wake(putters);
    return err;
}

void plait_queue_close(plait_queue *q)
{
    if (q->ring) {
        plait_ring_close(q->ring);
        return;
    }
    if (q->shared) {
        plait_shared->queue_close(q, false);
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

/* So many more have been dealt with: returns those who waited for the last one. With the guard held. */
static plait_waiter *finish(plait_queue *q, uint64_t items)
{
    q->finished += items;
    return items && unfinished(q) == 0 ? plait_waitlist_claim_all(&q->joiners, false) : NULL;
}

int plait_queue_task_done(plait_queue *q)
{
    if (q->shared) return plait_shared->queue_task_done(q);
    plait_mutex_lock(&q->guard);
    bool more = unfinished(q) > 0;
    plait_waiter *joiners = finish(q, more);
    plait_mutex_unlock(&q->guard);
    plait_wake(joiners);
    return more ? 0 : plait_fail(PLAIT_EINVAL, "a queue was told of more work done than was put");
}

/* Of a closed queue; by one at a time. */
static uint64_t drop_all(plait_queue *q)
{
    uint64_t items = 0;
    for (; plait_queue_get(q, q->dropped, PLAIT_NOW) == 0; items++)
        if (q->drop) q->drop(q->dropped, q->context);
    return items;
}

void plait_queue_close_now(plait_queue *q)
{
    if (q->shared) {
        plait_shared->queue_close(q, true);
        return;
    }
    plait_queue_close(q);
    plait_mutex_lock(&q->guard);
    bool ours = !q->dropping;
    q->dropping = true;
    plait_mutex_unlock(&q->guard);
    if (!ours) return;
    uint64_t items = drop_all(q);
    plait_mutex_lock(&q->guard);
    q->dropping = false;
    plait_waiter *joiners = finish(q, items);
    plait_mutex_unlock(&q->guard);
    plait_wake(joiners);
}

int plait_queue_join(plait_queue *q, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    if (q->shared) return plait_failed(plait_shared->queue_join(q, deadline));
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
    if (q->shared) return plait_shared->queue_count(q);
    PLAIT_LOCKED(&q->guard);
    return q->stock.count;
}

void plait_queue_free(plait_queue *q)
{
    if (!q) return;
    if (q->shared) {
        plait_shared->queue_free(q);
        return;
    }
    bool ours =
        q->generation == plait_process_generation(); /* else those who wait, or have the guard, are the parent's */
    if (ours && (!plait_waitlist_empty(&q->getters) || !plait_waitlist_empty(&q->putters) ||
                 !plait_waitlist_empty(&q->joiners) || (q->ring && !plait_ring_quiet(q->ring))))
        plait_stop("a queue was freed while somebody waits in it: close it and let them go first");
    if (q->drop && ours) plait_queue_close(q), drop_all(q);
    free(q->ring);
    free(q->stock.slots);
    free(q);
}
