/* ready.h: a queue of what is ready, first in, first out, linked through what is in it: coroutines, futures to begin, and
   calls, told apart by the low bits of their addresses. It allocates nothing, so nothing that is ready can be lost. */
#ifndef PLAIT_LOOP_READY_H
#define PLAIT_LOOP_READY_H
#include "coroutine/coroutine.h"
#include "future/future.h"
#include "loop/call.h"

typedef uintptr_t plait_item; /* 0: none */
/* A knock is in an inbox only: of a coroutine that another thread has woken. */
enum plait_item_kind { PLAIT_ITEM_COROUTINE, PLAIT_ITEM_FUTURE, PLAIT_ITEM_CALL, PLAIT_ITEM_KNOCK };
#define PLAIT_ITEM_KINDS ((plait_item)3)

typedef struct plait_ready {
    plait_item first, last;
} plait_ready;

static inline enum plait_item_kind plait_item_kind(plait_item i)
{
    return (enum plait_item_kind)(i & PLAIT_ITEM_KINDS);
}
static inline void *plait_item_address(plait_item i) { return (void *)(i & ~PLAIT_ITEM_KINDS); }
static inline plait_item plait_item_coroutine(plait_coroutine *c) { return (plait_item)c | PLAIT_ITEM_COROUTINE; }
static inline plait_item plait_item_knock(struct plait_knock *k) { return (plait_item)k | PLAIT_ITEM_KNOCK; }
static inline plait_item plait_item_future(plait_future *f) { return (plait_item)f | PLAIT_ITEM_FUTURE; }
static inline plait_item plait_item_call(plait_call *c) { return (plait_item)c | PLAIT_ITEM_CALL; }

static inline plait_item plait_item_next(plait_item i)
{
    void *at = plait_item_address(i);
    switch (plait_item_kind(i)) {
    case PLAIT_ITEM_COROUTINE: return ((plait_coroutine *)at)->next;
    case PLAIT_ITEM_CALL: return ((plait_call *)at)->next;
    case PLAIT_ITEM_KNOCK: return ((struct plait_knock *)at)->next;
    default: return (plait_item)atomic_load_explicit(&((plait_future *)at)->link.next, memory_order_relaxed);
    }
}

static inline void plait_item_set_next(plait_item i, plait_item next)
{
    void *at = plait_item_address(i);
    struct plait_link *link = (struct plait_link *)next;
    switch (plait_item_kind(i)) {
    case PLAIT_ITEM_COROUTINE: ((plait_coroutine *)at)->next = next; break;
    case PLAIT_ITEM_CALL: ((plait_call *)at)->next = next; break;
    case PLAIT_ITEM_KNOCK: ((struct plait_knock *)at)->next = next; break;
    default: atomic_store_explicit(&((plait_future *)at)->link.next, link, memory_order_relaxed);
    }
}

static inline void plait_ready_put(plait_ready *q, plait_item i)
{
    plait_item_set_next(i, 0);
    if (q->first) plait_item_set_next(q->last, i);
    else q->first = i;
    q->last = i;
}

static inline plait_item plait_ready_take(plait_ready *q)
{
    plait_item i = q->first;
    if (i) q->first = plait_item_next(i);
    return i;
}

#endif
