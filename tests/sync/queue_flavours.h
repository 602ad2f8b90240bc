/* queue_flavours.h: the kinds of queues that there are behind the same calls. */
#ifndef PLAIT_TEST_QUEUE_FLAVOURS_H
#define PLAIT_TEST_QUEUE_FLAVOURS_H
#include "queue_sides.h"

static inline int by_size(const void *a, const void *b, void *context)
{
    (void)context;
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

enum flavour { FIFO, RESIZABLE, LIFO, PRIORITY, FLAVOURS };

/* `more` has other options to be set, or is NULL. */
static inline plait_queue *flavour_with(enum flavour flavour, size_t capacity, const plait_queue_options *more)
{
    plait_queue_options o = more ? *more : (plait_queue_options){ .lifo = false };
    o.resizable |= flavour == RESIZABLE;
    o.lifo = flavour == LIFO;
    o.compare = flavour == PRIORITY ? by_size : NULL;
    plait_queue *q = plait_queue_new_with(sizeof(int), capacity, &o);
    check(q);
    return q;
}

static inline plait_queue *flavour_of(enum flavour flavour, size_t capacity)
{
    return flavour_with(flavour, capacity, NULL);
}

/* The nth to come out of 0 … count - 1, put in this order. */
static inline int nth_of(enum flavour flavour, int n, int count) { return flavour == LIFO ? count - 1 - n : n; }

#endif
