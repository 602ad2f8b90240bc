/* stock.h: where a queue under a mutex keeps its items, and which of them is the next. Whoever uses it holds the mutex. */
#ifndef PLAIT_SYNC_STOCK_H
#define PLAIT_SYNC_STOCK_H
#include <plait/queue.h>

struct plait_stock {
    size_t item_size, slot_size; /* of a heap a slot has the number of its item's coming too */
    size_t room, first, count;   /* slots; of a ring buffer where the oldest is; items */
    unsigned char *slots;
    bool lifo;
    int (*compare)(const void *a, const void *b, void *context); /* then it is a heap */
    void *context;
    uint64_t came;
};

/* An empty one, without room, for items of that size in the order that the options say. */
struct plait_stock plait_stock_of(size_t item_size, const plait_queue_options *);

/* Makes room for `room` items at least. 0; PLAIT_ENOMEM and nothing has changed. */
int plait_stock_reserve(struct plait_stock *, size_t room);

/* Copies an item in, making room as needed. 0; PLAIT_ENOMEM and nothing has changed. */
int plait_stock_put(struct plait_stock *, const void *item);

/* Copies the next one out. There is one. */
void plait_stock_take(struct plait_stock *, void *item);

#endif
