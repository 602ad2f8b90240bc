/* ring.c: slots that are taken by moving a position and published by a number of their own; after Dmitry Vyukov's bounded
   queue for many producers and consumers. What is ours is how one sleeps without a lock.

   What must hold:
   - The slot of position n says 2n when it may be filled, 2n + 1 when it may be emptied, and then 2(n + capacity). Whoever
     moved the position owns the slot until he publishes it; others that come to it meanwhile wait for him a moment.
   - A getter goes to sleep only by setting bit 0 of `tail` in a state in which nothing is there to take: so the next put,
     which must move `tail`, sees the bit. Likewise putters and `head`. No flag beside the word, so no fence.
   - Who finds the bit claims a waiter (and clears the bit when he was the last) *before* he publishes the slot, and wakes
     after: publishing is the last access to the ring, so who takes the last item may free it.
   - Likewise a close: it claims all who wait, first putters, then getters, and says so in `head` and `tail`, each by an
     exchange that fails when somebody has come to the list meanwhile; the one in `tail` is what others see, and its last
     access. So who finds the ring closed and empty may free it.
   - A waiter that was woken looks again before it gives up: the item or room that it was woken for is used, or still there.

   Memory order: publishing a slot releases, finding it published acquires; that orders the items and the reuse of slots.
   Closing releases, and finding it closed acquires. Moving a position is relaxed: it says who, not what. The wait lists order themselves. */
#include "sync/ring.h"
#include "base/hooks.h"
#include "park/thread_parker.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GETTERS ((uint64_t)1)
#define CLOSED ((uint64_t)2)
#define PUTTERS ((uint64_t)1)
#define CLOSING ((uint64_t)2) /* in `head`: no putter goes to sleep any more */
#define PUT ((uint64_t)4)     /* one more in `tail` */
#define GOT ((uint64_t)4)     /* one more in `head` */

struct slot {
    _Atomic uint64_t number;
    unsigned char item[];
};

static struct slot *slot_at(struct plait_ring *r, uint64_t position)
{
    uint64_t index = r->mask ? position & r->mask : position % r->capacity;
    return (struct slot *)(void *)(r->slots + index * r->slot_size);
}

struct plait_ring *plait_ring_new(size_t item_size, size_t capacity)
{
    size_t slot_size = (sizeof(struct slot) + item_size + 7) & ~(size_t)7;
    if (capacity > (PTRDIFF_MAX - sizeof(struct plait_ring)) / slot_size) return NULL;
    size_t size = (sizeof(struct plait_ring) + capacity * slot_size + 63) & ~(size_t)63;
    struct plait_ring *r = plait_refused("memory") ? NULL : aligned_alloc(64, size);
    if (!r) return NULL;
    memset(r, 0, sizeof *r);
    r->item_size = item_size, r->slot_size = slot_size, r->capacity = capacity;
    r->mask = capacity & (capacity - 1) ? 0 : capacity - 1;
    r->put_spins = r->get_spins = PLAIT_FEWEST_SPINS;
    for (size_t i = 0; i < capacity; i++) atomic_init(&slot_at(r, i)->number, 2 * i);
    return r;
}

static uint64_t look(_Atomic uint64_t *word) { return atomic_load_explicit(word, memory_order_relaxed); }

static bool change(_Atomic uint64_t *word, uint64_t *seen, uint64_t next)
{
    return atomic_compare_exchange_weak_explicit(word, seen, next, memory_order_relaxed, memory_order_relaxed);
}

/* Takes one off a list that the bit in `word` announces, and the bit when nobody is left. */
static plait_waiter *claim_one(plait_waitlist *list, _Atomic uint64_t *word, uint64_t bit)
{
    plait_waiter *first, *last = plait_ring_claim(plait_waitlist_hold(list), &first);
    if (!last) atomic_fetch_and_explicit(word, ~bit, memory_order_relaxed);
    plait_waitlist_release(list, last);
    return first;
}

/* The first look comes after about a microsecond, in which the other side gets ahead by a batch: who looks earlier takes
   each item as it comes, and then every line goes to and fro for every item. */
enum { FIRST_PAUSES = 32, MOST_PAUSES = 64 };
enum attempt { DONE, NOT_NOW, BUSY, SHUT }; /* BUSY: somebody is about to publish the slot */

/* What the closer did before he said so has been done: the ring may be freed. */
static enum attempt found_shut(struct plait_ring *r)
{
    (void)atomic_load_explicit(&r->tail, memory_order_acquire);
    return SHUT;
}

static void copy(void *to, const void *from, size_t size)
{
    if (size == sizeof(uint64_t)) memcpy(to, from, sizeof(uint64_t)); /* most are of these sizes, and need no call */
    else if (size == sizeof(uint32_t)) memcpy(to, from, sizeof(uint32_t));
    else memcpy(to, from, size);
}

static enum attempt try_put(struct plait_ring *r, const void *item)
{
    uint64_t tail = look(&r->tail);
    for (;;) {
        if (tail & CLOSED) return found_shut(r);
        uint64_t position = tail / PUT;
        struct slot *s = slot_at(r, position);
        int64_t ahead = (int64_t)(atomic_load_explicit(&s->number, memory_order_acquire) - 2 * position);
        if (ahead == 0) {
            if (!change(&r->tail, &tail, tail + PUT)) continue;
            plait_waiter *getter = tail & GETTERS ? claim_one(&r->getters, &r->tail, GETTERS) : NULL;
            copy(s->item, item, r->item_size);
            atomic_store_explicit(&s->number, 2 * position + 1, memory_order_release);
            plait_wake(getter);
            return DONE;
        }
        uint64_t now = look(&r->tail);
        if (now == tail && ahead < 0) return position - look(&r->head) / GOT < r->capacity ? BUSY : NOT_NOW;
        tail = now;
    }
}

static enum attempt try_get(struct plait_ring *r, void *item)
{
    uint64_t head = look(&r->head);
    for (;;) {
        uint64_t position = head / GOT;
        struct slot *s = slot_at(r, position);
        int64_t ahead = (int64_t)(atomic_load_explicit(&s->number, memory_order_acquire) - (2 * position + 1));
        if (ahead == 0) {
            if (!change(&r->head, &head, head + GOT)) continue;
            plait_waiter *putter = head & PUTTERS ? claim_one(&r->putters, &r->head, PUTTERS) : NULL;
            copy(item, s->item, r->item_size);
            atomic_store_explicit(&s->number, 2 * (position + r->capacity), memory_order_release);
            plait_wake(putter);
            return DONE;
        }
        uint64_t now = look(&r->head);
        if (now == head && ahead < 0) {
            uint64_t tail = look(&r->tail);
            return tail / PUT != position ? BUSY : tail & CLOSED ? found_shut(r) : NOT_NOW;
        }
        head = now;
    }
}

/* On the list and announced, or false: look again. */
static bool enlist_getter(struct plait_ring *r, plait_waiter *node)
{
    plait_waiter *last = plait_waitlist_hold(&r->getters);
    uint64_t tail = look(&r->tail);
    bool nothing;
    do nothing = tail / PUT == look(&r->head) / GOT && !(tail & CLOSED);
    while (nothing && !(tail & GETTERS) && !change(&r->tail, &tail, tail | GETTERS));
    plait_waitlist_release(&r->getters, nothing ? plait_ring_add(last, node, false) : last);
    return nothing;
}

static bool enlist_putter(struct plait_ring *r, plait_waiter *node)
{
    plait_waiter *last = plait_waitlist_hold(&r->putters);
    uint64_t head = look(&r->head);
    bool full;
    do {
        uint64_t tail = look(&r->tail);
        full = tail / PUT - head / GOT == r->capacity && !(tail & CLOSED) && !(head & CLOSING);
    } while (full && !(head & PUTTERS) && !change(&r->head, &head, head | PUTTERS));
    plait_waitlist_release(&r->putters, full ? plait_ring_add(last, node, false) : last);
    return full;
}

/* The whole of a put (or get): try, look out for a while, sleep. */
struct side {
    enum attempt (*attempt)(struct plait_ring *, void *item);
    bool (*enlist)(struct plait_ring *, plait_waiter *);
    plait_waitlist *list;
    _Atomic unsigned *spins;
};

static enum attempt try_put_item(struct plait_ring *r, void *item) { return try_put(r, item); }

static enum attempt look_out(struct plait_ring *r, const struct side *side, void *item)
{
    enum attempt a = side->attempt(r, item);
    if (a != NOT_NOW || !plait_current()->parker->may_spin || !plait_spin_begin()) return a;
    unsigned spins =
        atomic_load_explicit(side->spins, memory_order_relaxed); /* of several that change it any one may win */
    for (unsigned turn = 0, pauses = FIRST_PAUSES; turn < spins && a == NOT_NOW; turn += pauses) {
        for (unsigned i = 0; i < pauses; i++) plait_pause();
        if (pauses < MOST_PAUSES) pauses *= 2;
        a = side->attempt(r, item);
    }
    plait_spin_end(a != NOT_NOW, &spins);
    atomic_store_explicit(side->spins, spins, memory_order_relaxed);
    return a;
}

/* One that was preempted comes back sooner if we yield; one of lower real-time priority only if we sleep. */
static void wait_for_publisher(unsigned turn)
{
    if (turn % 16 != 15) plait_pause();
    else if (turn < 1000) sched_yield();
    else nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
}

static int go_through(struct plait_ring *r, const struct side *side, void *item, plait_deadline deadline)
{
    int err = 0;
    for (unsigned turn = 0;; turn++) {
        enum attempt a = err || plait_is_now(deadline) ? side->attempt(r, item) : look_out(r, side, item);
        if (a == DONE) return 0;
        if (a == SHUT) return PLAIT_ECLOSED;
        if (a == BUSY) {
            wait_for_publisher(turn);
            continue;
        }
        if (err) return err;
        if (plait_is_now(deadline)) return PLAIT_EAGAIN;
        plait_waiter node = plait_waiter_here();
        if (side->enlist(r, &node)) err = plait_wait_in(side->list, &node, deadline, PLAIT_CANCELLABLE);
    }
}

static __attribute__((noinline)) int put_slowly(struct plait_ring *r, const void *item, plait_deadline deadline)
{
    const struct side putters = { try_put_item, enlist_putter, &r->putters, &r->put_spins };
    return plait_failed(go_through(r, &putters, (void *)(uintptr_t)item, deadline)); /* only read from */
}

static __attribute__((noinline)) int get_slowly(struct plait_ring *r, void *item, plait_deadline deadline)
{
    const struct side getters = { try_get, enlist_getter, &r->getters, &r->get_spins };
    return plait_failed(go_through(r, &getters, item, deadline));
}

/* The end of a put or get of items for which memcpy is called. */
static __attribute__((noinline)) int move_large(void *to, const void *from, size_t size, struct slot *s, uint64_t next)
{
    memcpy(to, from, size);
    atomic_store_explicit(&s->number, next, memory_order_release);
    return 0;
}

static inline int move(void *to, const void *from, size_t size, struct slot *s, uint64_t next)
{
    if (size == sizeof(uint64_t)) memcpy(to, from, sizeof(uint64_t));
    else if (size == sizeof(uint32_t)) memcpy(to, from, sizeof(uint32_t));
    else return move_large(to, from, size, s, next);
    atomic_store_explicit(&s->number, next, memory_order_release);
    return 0;
}

/* Where nobody waits, nobody is in the way and there is room, that is try_put without a call, nor a stack frame, whose
   stores the compare-and-swap would wait for. */
int plait_ring_put(struct plait_ring *r, const void *item, plait_deadline deadline)
{
    uint64_t tail = look(&r->tail), position = tail / PUT;
    struct slot *s = slot_at(r, position);
    if ((tail & (CLOSED | GETTERS)) || atomic_load_explicit(&s->number, memory_order_acquire) != 2 * position ||
        !change(&r->tail, &tail, tail + PUT))
        return put_slowly(r, item, deadline);
    return move(s->item, item, r->item_size, s, 2 * position + 1);
}

int plait_ring_get(struct plait_ring *r, void *item, plait_deadline deadline)
{
    uint64_t head = look(&r->head), position = head / GOT;
    struct slot *s = slot_at(r, position);
    if ((head & PUTTERS) || atomic_load_explicit(&s->number, memory_order_acquire) != 2 * position + 1 ||
        !change(&r->head, &head, head + GOT))
        return get_slowly(r, item, deadline);
    return move(item, s->item, r->item_size, s, 2 * (position + r->capacity));
}

/* Claims all on a list, and clears the bit that announces them. */
static plait_waiter *claim_all(plait_waitlist *list, _Atomic uint64_t *word, uint64_t bit)
{
    plait_waiter *last = plait_waitlist_hold(list), *chain = NULL, **end = &chain;
    while (last) {
        last = plait_ring_claim(last, end);
        end = &(*end)->next;
    }
    atomic_fetch_and_explicit(word, ~bit, memory_order_relaxed);
    plait_waitlist_release(list, NULL);
    return chain;
}

/* Adds those who wait to *chain until `flag` is set in `word` while nobody does. */
static void shut(plait_waitlist *list, _Atomic uint64_t *word, uint64_t bit, uint64_t flag, plait_waiter **chain)
{
    uint64_t seen = look(word);
    while (!(seen & flag)) {
        while (*chain) chain = &(*chain)->next;
        if (seen & bit) {
            *chain = claim_all(list, word, bit);
            seen = look(word);
        } else if (atomic_compare_exchange_weak_explicit(word, &seen, seen | flag, memory_order_release,
                                                         memory_order_relaxed)) {
            return;
        }
    }
}

void plait_ring_close(struct plait_ring *r)
{
    plait_waiter *chain = NULL;
    shut(&r->putters, &r->head, PUTTERS, CLOSING, &chain);
    shut(&r->getters, &r->tail, GETTERS, CLOSED, &chain);
    plait_wake(chain);
}

uint64_t plait_ring_put_count(struct plait_ring *r) { return look(&r->tail) / PUT; }

bool plait_ring_quiet(struct plait_ring *r)
{
    return plait_waitlist_empty(&r->getters) && plait_waitlist_empty(&r->putters);
}

size_t plait_ring_count(struct plait_ring *r) { return (size_t)(look(&r->tail) / PUT - look(&r->head) / GOT); }
