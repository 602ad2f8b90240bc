/* heap.c: see heap.h. What must hold: no node comes before the one above it. */
#include "base/heap.h"

/* Puts the tree of `node` (or NULL) where `from` points to. */
static void put(plait_heap_node **from, plait_heap_node *node)
{
    *from = node;
    if (node) node->from = from;
}

/* Makes one tree of two, neither of them NULL or beside anything. */
static plait_heap_node *pair(plait_heap_node *a, plait_heap_node *b,
                             bool (*before)(const plait_heap_node *, const plait_heap_node *))
{
    plait_heap_node *above = before(b, a) ? b : a, *below = above == a ? b : a;
    put(&below->next, above->child);
    put(&above->child, below);
    return above;
}

/* In pairs from the front, then all pairs from the back. */
plait_heap_node *plait_heap_merge(plait_heap_node *node,
                                  bool (*before)(const plait_heap_node *, const plait_heap_node *))
{
    plait_heap_node *pairs = NULL, *tree = NULL;
    while (node) {
        plait_heap_node *a = node, *b = a->next;
        node = b ? b->next : NULL;
        a->next = NULL;
        if (b) b->next = NULL, a = pair(a, b, before);
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        plait_heap_node *a = pairs;
        pairs = a->next;
        a->next = NULL;
        tree = tree ? pair(tree, a, before) : a;
    }
    return tree;
}

void plait_heap_add(plait_heap *h, plait_heap_node *node)
{
    node->child = node->next = NULL;
    put(&h->first, h->first ? pair(h->first, node, h->before) : node);
}

void plait_heap_remove(plait_heap *h, plait_heap_node *node)
{
    put(node->from, node->next); /* those beside it move up; at the top there is nobody */
    plait_heap_node *below = plait_heap_merge(node->child, h->before);
    if (below) put(&h->first, h->first ? pair(h->first, below, h->before) : below);
    node->child = node->next = NULL;
    node->from = NULL;
}
