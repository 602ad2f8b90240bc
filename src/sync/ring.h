/* ring.h: a bounded queue, first in, first out, without a lock: what plait_queue is made of when it has a capacity. */
#ifndef PLAIT_SYNC_RING_H
#define PLAIT_SYNC_RING_H
#include "park/scope.h"

struct plait_ring {
    _Alignas(
        64) _Atomic uint64_t tail; /* the putters': how many were put, times 4; bit 1: closed; bit 0: getters wait */
    _Atomic unsigned put_spins;    /* how long it is worth to look out before going to sleep */
    _Alignas(
        64) _Atomic uint64_t head; /* the getters': how many were taken, times 4; bit 1: closing; bit 0: putters wait */
    _Atomic unsigned get_spins;
    _Alignas(64) size_t item_size, slot_size;
    uint64_t capacity, mask; /* the mask is 0 when the capacity is no power of two */
    plait_waitlist getters, putters;
    _Alignas(64) unsigned char slots[]; /* each a number and an item */
};

/* Memory for a ring, or NULL. capacity > 0. */
struct plait_ring *plait_ring_new(size_t item_size, size_t capacity);

/* As plait_queue_put (of which it is the end: a failure is the running task's), _get, _close, _count. */
int plait_ring_put(struct plait_ring *, const void *item, plait_deadline);
int plait_ring_get(struct plait_ring *, void *item, plait_deadline);
void plait_ring_close(struct plait_ring *);
size_t plait_ring_count(struct plait_ring *);

uint64_t plait_ring_put_count(struct plait_ring *); /* ever */
bool plait_ring_quiet(struct plait_ring *);         /* nobody waits in it */

#endif
