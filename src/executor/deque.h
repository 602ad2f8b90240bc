/* deque.h: the futures and forks that a worker has submitted to its own pool: it takes the newest, others steal the oldest.
   A fork is marked by bit 0 of its address.

   After David Chase and Yossi Lev, "Dynamic circular work-stealing deque" (2005), with a fixed ring: what does not fit goes
   to the pool's inbox.

   What must hold: only the owner pushes, pops and looks at the newest; anybody steals. Of the last task either the owner
   or one thief gets hold, by the exchange on `top`.

   Memory order: the owner's store of `bottom` and its next load of `top`, and a thief's loads of `top` and then `bottom`,
   must not pass each other, so these are sequentially consistent; so is the push's store of `bottom` with the owner's look
   at whether somebody rests (pool.h). A thief's load of `bottom` acquires what the push released. */
#ifndef PLAIT_EXECUTOR_DEQUE_H
#define PLAIT_EXECUTOR_DEQUE_H
#include "future/future.h"

enum { PLAIT_DEQUE_ROOM = 1024 };

struct plait_deque {
    _Alignas(64) _Atomic int64_t top;    /* the oldest: the thieves' */
    _Alignas(64) _Atomic int64_t bottom; /* behind the newest: the owner's */
    _Atomic uintptr_t ring[PLAIT_DEQUE_ROOM];
};

static inline _Atomic uintptr_t *plait_deque_slot(struct plait_deque *d, int64_t at)
{
    return &d->ring[at & (PLAIT_DEQUE_ROOM - 1)];
}

static inline bool plait_deque_push(struct plait_deque *d, uintptr_t work)
{
    int64_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed);
    if (bottom - atomic_load_explicit(&d->top, memory_order_acquire) >= PLAIT_DEQUE_ROOM) return false;
    atomic_store_explicit(plait_deque_slot(d, bottom), work, memory_order_relaxed);
    atomic_store_explicit(&d->bottom, bottom + 1, memory_order_seq_cst);
    return true;
}

/* The newest, 0 when there is none. */
static inline uintptr_t plait_deque_pop(struct plait_deque *d)
{
    int64_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed) - 1;
    if (bottom < atomic_load_explicit(&d->top, memory_order_relaxed)) return 0; /* top only grows */
    atomic_store_explicit(&d->bottom, bottom, memory_order_seq_cst);
    int64_t top = atomic_load_explicit(&d->top, memory_order_seq_cst);
    uintptr_t work = 0;
    if (top <= bottom) {
        work = atomic_load_explicit(plait_deque_slot(d, bottom), memory_order_relaxed);
        if (top < bottom) return work;
        if (!atomic_compare_exchange_strong_explicit(&d->top, &top, top + 1, memory_order_seq_cst,
                                                     memory_order_relaxed))
            work = 0;
    }
    atomic_store_explicit(&d->bottom, bottom + 1, memory_order_relaxed);
    return work;
}

/* The oldest, 0 when there is none or another thief was faster. */
static inline uintptr_t plait_deque_steal(struct plait_deque *d)
{
    int64_t top = atomic_load_explicit(&d->top, memory_order_seq_cst);
    if (top >= atomic_load_explicit(&d->bottom, memory_order_seq_cst)) return 0;
    uintptr_t work = atomic_load_explicit(plait_deque_slot(d, top), memory_order_relaxed);
    return atomic_compare_exchange_strong_explicit(&d->top, &top, top + 1, memory_order_seq_cst, memory_order_relaxed)
               ? work
               : 0;
}

/* What the oldest is, without taking it: it may be another's at once. False when there is none. */
static inline bool plait_deque_peek(struct plait_deque *d, uintptr_t *work)
{
    int64_t top = atomic_load_explicit(&d->top, memory_order_seq_cst);
    if (top >= atomic_load_explicit(&d->bottom, memory_order_seq_cst)) return false;
    *work = atomic_load_explicit(plait_deque_slot(d, top), memory_order_relaxed);
    return true;
}

/* Whether what the owner pushed at `at` has been stolen. By the owner. */
static inline bool plait_deque_stolen(struct plait_deque *d, int64_t at)
{
    return atomic_load_explicit(&d->top, memory_order_acquire) > at;
}

static inline size_t plait_deque_count(struct plait_deque *d)
{
    int64_t top = atomic_load_explicit(&d->top, memory_order_seq_cst);
    int64_t count = atomic_load_explicit(&d->bottom, memory_order_seq_cst) - top;
    return count > 0 ? (size_t)count : 0;
}

#endif
