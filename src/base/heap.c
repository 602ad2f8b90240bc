/* heap.c: see heap.h. What must hold: no node comes before the one above it. */
#include "base/heap.h"

/* Puts the tree of `node` (or NULL) where `from` points to. */
static void put(plait_heap_node **from, plait_heap_node *node)
{
    *from = node;
    if (node) node->from = from;
}

/* Makes one tree of two, neither of them NULL or beside anything. */
static plait_heap_node *pair(plait_heap *h, plait_heap_node *a, plait_heap_node *b)
{
    plait_heap_node *above = h->before(b, a) ? b : a, *below = above == a ? b : a;
    put(&below->next, above->child);
    put(&above->child, below);
    return above;
}

/* Makes one tree of those beside each other: in pairs from the front, then all pairs from the back. */
static plait_heap_node *merge(plait_heap *h, plait_heap_node *node)
{
    plait_heap_node *pairs = NULL, *tree = NULL;
    while (node) {
        plait_heap_node *a = node, *b = a->next;
        node = b ? b->next : NULL;
        a->next = NULL;
        if (b) b->next = NULL, a = pair(h, a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        plait_heap_node *a = pairs;
        pairs = a->next;
        a->next = NULL;
        tree = tree ? pair(h, tree, a) : a;
    }
    return tree;
}

void plait_heap_add(plait_heap *h, plait_heap_node *node)
{
    node->child = node->next = NULL;
    put(&h->first, h->first ? pair(h, h->first, node) : node);
}

void plait_heap_remove(plait_heap *h, plait_heap_node *node)
{
    put(node->from, node->next); /* those beside it move up; at the top there is nobody */
    plait_heap_node *below = merge(h, node->child);
    if (below) put(&h->first, h->first ? pair(h, h->first, below) : below);
    node->child = node->next = NULL;
    node->from = NULL;
}
