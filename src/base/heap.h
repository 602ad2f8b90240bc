/* heap.h: which of many comes first: a pairing heap of nodes that live inside of what is ordered. It asks for no
   memory, so it cannot fail. Adding costs a comparison, removing O(log n) of them on average.

   What must hold: a node is in one heap at a time, and what it is ordered by does not change while it is in one. */
#ifndef PLAIT_BASE_HEAP_H
#define PLAIT_BASE_HEAP_H
#include <plait/api.h>

typedef struct plait_heap_node plait_heap_node;
struct plait_heap_node {
    plait_heap_node *child, *next; /* the first of those below, the next beside */
    plait_heap_node **from;        /* what points to this one; NULL: it is in no heap */
};

typedef struct plait_heap {
    plait_heap_node *first;
    bool (*before)(const plait_heap_node *, const plait_heap_node *); /* a strict order */
} plait_heap;

/* Makes one tree of those beside each other, which have their trees below them; NULL of NULL. Its `from` is not set. */
plait_heap_node *plait_heap_merge(plait_heap_node *, bool (*before)(const plait_heap_node *, const plait_heap_node *));

void plait_heap_add(plait_heap *, plait_heap_node *);
void plait_heap_remove(plait_heap *, plait_heap_node *);
static inline bool plait_heap_has(const plait_heap_node *node) { return node->from != NULL; }

#endif
