/* inbox.h: tasks from outside, in the order of their submits: many put at once, one takes at a time. The put is one
   exchange on one word, which also says whether somebody is to be told.

   After Dmitry Vyukov's intrusive multi-producer, single-consumer queue; the mark in the tail is ours.

   What must hold:
   - `tail` is the newest link, or the stub when it is empty; bit 0 is the mark, set only on the stub, by a taker that found
     the inbox empty: the next put finds it, and tells (for a pool: engages a worker).
   - All but `put` is done by one at a time (the holder of the pool's spin bit).
   - Between a putter's two steps the links behind it cannot be seen: the inbox is then not empty, but gives nothing. */
#ifndef PLAIT_EXECUTOR_INBOX_H
#define PLAIT_EXECUTOR_INBOX_H
#include "future/future.h"

struct plait_inbox {
    _Alignas(64) _Atomic uintptr_t tail;  /* on a line of their own: the putters', … */
    _Atomic uint64_t count;               /* … who count here what they have put, for whoever wants to know */
    _Alignas(64) struct plait_link *head; /* the takers' */
    struct plait_link stub;
};

static inline void plait_inbox_prepare(struct plait_inbox *in)
{
    in->head = &in->stub;
    atomic_init(&in->tail, (uintptr_t)&in->stub | 1);
}

/* Puts; true when the mark was there. */
static inline bool plait_inbox_put(struct plait_inbox *in, struct plait_link *link)
{
    atomic_store_explicit(&link->next, NULL, memory_order_relaxed);
    uintptr_t before = atomic_exchange_explicit(&in->tail, (uintptr_t)link, memory_order_acq_rel);
    atomic_store_explicit(&((struct plait_link *)(before & ~(uintptr_t)1))->next, link, memory_order_release);
    return before & 1;
}

/* The oldest, or NULL: empty, or a putter is between its steps. */
static inline struct plait_link *plait_inbox_take(struct plait_inbox *in)
{
    struct plait_link *head = in->head, *next = atomic_load_explicit(&head->next, memory_order_acquire);
    if (head == &in->stub) {
        if (!next) return NULL;
        in->head = head = next;
        next = atomic_load_explicit(&head->next, memory_order_acquire);
    }
    if (!next) {
        if (atomic_load_explicit(&in->tail, memory_order_relaxed) != (uintptr_t)head) return NULL;
        plait_inbox_put(in, &in->stub); /* so that the last one can be taken off */
        if (!(next = atomic_load_explicit(&head->next, memory_order_acquire))) return NULL;
    }
    in->head = next;
    return head;
}

static inline bool plait_inbox_empty(struct plait_inbox *in)
{
    return in->head == &in->stub &&
           (atomic_load_explicit(&in->tail, memory_order_relaxed) & ~(uintptr_t)1) == (uintptr_t)&in->stub;
}

/* May be asked without the lock: something has been put, or is being put. */
static inline bool plait_inbox_stirs(struct plait_inbox *in)
{
    return (atomic_load_explicit(&in->tail, memory_order_relaxed) & ~(uintptr_t)1) != (uintptr_t)&in->stub;
}

/* Sets the mark; false when it is not empty (any more). */
static inline bool plait_inbox_mark(struct plait_inbox *in)
{
    uintptr_t tail = (uintptr_t)&in->stub;
    return in->head == &in->stub && (atomic_compare_exchange_strong_explicit(
                                         &in->tail, &tail, tail | 1, memory_order_acq_rel, memory_order_relaxed) ||
                                     tail == ((uintptr_t)&in->stub | 1));
}

#endif
