/* shared_queue.c: a ring of items under one lock that survives its holder.

   What must hold, under the lock:
   - `put` and `taken` count items, ever; those between the two are in the ring. An item is written before `put` publishes it by
     one store, and read before `taken` gives its room back by one store. So who dies in between has done it or has not.
   - `finished` counts those dealt with, one store each. To drop all is more than one store, so what it is to come to is written
     down first, and `dropping` set by one store: who comes after one that died there does it over. */
#include "process/shared_face.h"
#include <string.h>

struct queue {
    _Alignas(16) struct plait_shared_lock lock;
    struct plait_shared_place getters, putters, joiners;
    uint64_t item_size, capacity;
    _Atomic uint64_t put, taken, finished;
    uint64_t dropped_to, finished_to;
    _Atomic bool closed, dropping;
};

static struct queue *behind(plait_queue *q) { return plait_behind(struct queue, q); }

static size_t face_size(void) { return (plait_queue_size + 15) & ~(size_t)15; }

static void *item_at(struct queue *q, uint64_t number)
{
    return (char *)q + sizeof *q + PLAIT_LABEL + face_size() + number % q->capacity * q->item_size;
}

plait_queue *plait_shared_queue_new(plait_shared_memory *memory, size_t item_size, size_t capacity)
{
    if (item_size == 0 || capacity == 0) {
        plait_fail(PLAIT_EINVAL, "a queue in shared memory of %zu items of %zu bytes each", capacity, item_size);
        return NULL;
    }
    if (capacity > (PTRDIFF_MAX - face_size()) / item_size) {
        plait_fail(PLAIT_ENOMEM, "a queue in shared memory cannot grow: %zu items of %zu bytes each are too many",
                   capacity, item_size);
        return NULL;
    }
    plait_queue *face = plait_shared_face_new(memory, sizeof(struct queue), face_size() + capacity * item_size);
    if (!face) return NULL;
    struct queue *q = behind(face);
    q->item_size = item_size;
    q->capacity = capacity;
    plait_queue_be_shared(face);
    return face;
}

static uint64_t get(_Atomic uint64_t *count) { return atomic_load_explicit(count, memory_order_relaxed); }
static void set(_Atomic uint64_t *count, uint64_t n) { atomic_store_explicit(count, n, memory_order_release); }
static uint64_t count_of(struct queue *q) { return get(&q->put) - get(&q->taken); }
static uint64_t unfinished(struct queue *q) { return get(&q->put) - get(&q->finished); }
static bool is_closed(struct queue *q) { return atomic_load_explicit(&q->closed, memory_order_relaxed); }

static void drop(struct queue *q)
{
    set(&q->taken, q->dropped_to);
    set(&q->finished, q->finished_to);
    atomic_store_explicit(&q->dropping, false, memory_order_release);
}

static void mend(void *queue)
{
    struct queue *q = queue;
    if (atomic_load_explicit(&q->dropping, memory_order_relaxed)) drop(q);
}

static void lock(struct plait_shared_member *me, struct queue *q)
{
    if (plait_shared_lock(me, &q->lock)) mend(q);
}

/* A close wakes nobody while one that was woken has not looked yet: that one wakes them all then. */
static int pass_on(struct plait_shared_turn *turn, struct queue *q, bool more)
{
    return !turn->slept ? 0 : is_closed(q) ? PLAIT_ALL : more;
}

static int try_put(struct plait_shared_turn *turn, void *queue, void *item)
{
    struct queue *q = queue;
    turn->wake = pass_on(turn, q, false);
    if (is_closed(q)) return PLAIT_ECLOSED;
    uint64_t count = count_of(q);
    if (count == q->capacity) return PLAIT_NOT_YET;
    memcpy(item_at(q, get(&q->put)), item, q->item_size);
    set(&q->put, get(&q->put) + 1);
    turn->wake = pass_on(turn, q, count + 1 < q->capacity);
    turn->wake_others = 1;
    turn->others = &q->getters;
    return 0;
}

static int try_get(struct plait_shared_turn *turn, void *queue, void *item)
{
    struct queue *q = queue;
    uint64_t count = count_of(q);
    turn->wake = pass_on(turn, q, count > 1);
    if (count == 0) return is_closed(q) ? PLAIT_ECLOSED : PLAIT_NOT_YET;
    memcpy(item, item_at(q, get(&q->taken)), q->item_size);
    set(&q->taken, get(&q->taken) + 1);
    turn->wake_others = 1;
    turn->others = &q->putters;
    return 0;
}

static int wait_for_no_more(struct plait_shared_turn *turn, void *queue, void *unused)
{
    (void)turn;
    (void)unused;
    return unfinished(queue) ? PLAIT_NOT_YET : 0;
}

static int wait_at(plait_queue *face, struct plait_shared_place *place,
                   int (*look)(struct plait_shared_turn *, void *, void *), void *item, plait_deadline deadline)
{
    struct queue *q = behind(face);
    const struct plait_shared_attempt attempt = { .look = look, .mend = mend, .object = q, .argument = item };
    return plait_shared_wait(plait_shared_member_of(face), &q->lock, place, &attempt, deadline, PLAIT_CANCELLABLE);
}

int plait_shared_queue_put(plait_queue *q, const void *item, plait_deadline deadline)
{
    return wait_at(q, &behind(q)->putters, try_put, (void *)(uintptr_t)item, deadline); /* only read from */
}

int plait_shared_queue_get(plait_queue *q, void *item, plait_deadline deadline)
{
    return wait_at(q, &behind(q)->getters, try_get, item, deadline);
}

int plait_shared_queue_join(plait_queue *q, plait_deadline deadline)
{
    return wait_at(q, &behind(q)->joiners, wait_for_no_more, NULL, deadline);
}

void plait_shared_queue_close(plait_queue *face, bool now)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct queue *q = behind(face);
    struct plait_shared_wake joiners = { .most = 0 };
    lock(me, q);
    atomic_store_explicit(&q->closed, true, memory_order_relaxed);
    if (now && count_of(q)) {
        q->dropped_to = get(&q->put);
        q->finished_to = get(&q->finished) + count_of(q);
        atomic_store_explicit(&q->dropping, true, memory_order_release);
        drop(q);
        if (unfinished(q) == 0) joiners = plait_shared_summon(&q->joiners, PLAIT_ALL);
    }
    struct plait_shared_wake getters = plait_shared_summon(&q->getters, PLAIT_ALL);
    struct plait_shared_wake putters = plait_shared_summon(&q->putters, PLAIT_ALL);
    plait_shared_unlock(&q->lock);
    plait_shared_wake(me, &q->getters, &getters);
    plait_shared_wake(me, &q->putters, &putters);
    plait_shared_wake(me, &q->joiners, &joiners);
}

int plait_shared_queue_task_done(plait_queue *face)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct queue *q = behind(face);
    struct plait_shared_wake joiners = { .most = 0 };
    lock(me, q);
    bool more = unfinished(q) > 0;
    if (more) set(&q->finished, get(&q->finished) + 1);
    if (more && unfinished(q) == 0) joiners = plait_shared_summon(&q->joiners, PLAIT_ALL);
    plait_shared_unlock(&q->lock);
    plait_shared_wake(me, &q->joiners, &joiners);
    return more ? 0 : plait_fail(PLAIT_EINVAL, "a queue was told of more work done than was put");
}

size_t plait_shared_queue_count(plait_queue *face)
{
    struct queue *q = behind(face);
    lock(plait_shared_member_of(face), q);
    size_t count = (size_t)count_of(q);
    plait_shared_unlock(&q->lock);
    return count;
}

void plait_shared_queue_free(plait_queue *face) { plait_shared_free(plait_shared_member_of(face)->memory, face); }
