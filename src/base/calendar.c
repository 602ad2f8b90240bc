/* calendar.c: see calendar.h. Times are put together by how far away they are, and told apart when their time comes: a
   radix heap, whose lists are what the wheels of timers have, and whose order is exact.

   A time is a number of eleven digits, of six bits each. Its level is that of the highest digit in which it differs from
   `base`, from 1 for the lowest (and for `base` itself) to 11, and in its level a list is for those who agree in that digit.
   So the lower the level, the sooner; and in a level the lists are in the order of their digits. Times before `base` are
   past: they are in level 0, in one list.

   What must hold:
   - No time in level 1 or above is before `base`. It moves only to the first time of all, and then those of the
     first list, and they alone, have another place: none lies below it. So each moves down eleven times at most.
   - Equal times are in one list, whenever they were added.
   - A list is one of trees, where no node comes before the one above it. It begins with its first node, unless it is marked
     as unsorted: when that one is removed, the next is not looked for before somebody asks. Then all become one tree.
   - Whose time has come lies alone in its list before it is taken out, or in level 1 among equal ones, or in level 0. */
#include "base/calendar.h"

enum { PAST = 0, EXACT = 1 };

static struct plait_due *due(plait_heap_node *node) { return (struct plait_due *)node; }

static bool comes_before(const plait_heap_node *a, const plait_heap_node *b)
{
    const struct plait_due *x = (const struct plait_due *)a, *y = (const struct plait_due *)b;
    return x->at != y->at ? x->at < y->at : x->order < y->order;
}

static void put(plait_heap_node **from, plait_heap_node *node)
{
    *from = node;
    if (node) node->from = from;
}

static void place(plait_calendar *c, plait_heap_node *node)
{
    int64_t at = due(node)->at;
    unsigned level = PAST, slot = 0;
    if (at >= c->base) {
        uint64_t differs = (uint64_t)at ^ (uint64_t)c->base;
        unsigned digit = (63u - (unsigned)__builtin_clzll(differs | 1)) / PLAIT_CALENDAR_DIGIT;
        level = EXACT + digit;
        slot = (unsigned)((uint64_t)at >> digit * PLAIT_CALENDAR_DIGIT) % PLAIT_CALENDAR_SLOTS;
    }
    plait_heap_node **list = &c->lists[level][slot], *first = *list;
    node->child = NULL;
    if (first && !comes_before(node, first)) {
        put(&node->next, first->next);
        put(&first->next, node);
        return;
    }
    put(&node->next, first);
    put(list, node);
    c->occupied[level] |= UINT64_C(1) << slot;
    c->levels |= 1u << level;
}

void plait_calendar_add(plait_calendar *c, struct plait_due *d, int64_t at)
{
    if (!c->count++) c->base = c->seen;
    d->at = at;
    d->order = c->order++;
    place(c, &d->node);
}

/* A list has another beginning, or none. */
static void list_changed(plait_calendar *c, size_t index)
{
    unsigned level = (unsigned)(index / PLAIT_CALENDAR_SLOTS);
    uint64_t bit = UINT64_C(1) << index % PLAIT_CALENDAR_SLOTS;
    const plait_heap_node *first = c->lists[level][index % PLAIT_CALENDAR_SLOTS];
    if (first && first->next) {
        c->unsorted[level] |= bit;
        return;
    }
    c->unsorted[level] &= ~bit;
    if (first) return;
    c->occupied[level] &= ~bit;
    if (!c->occupied[level]) c->levels &= ~(1u << level);
}

void plait_calendar_remove(plait_calendar *c, struct plait_due *d)
{
    plait_heap_node *node = &d->node, **from = node->from, *below = node->child;
    if (below) below = plait_heap_merge(below, comes_before);
    if (below) {
        put(&below->next, node->next);
        put(from, below);
    } else {
        put(from, node->next);
    }
    node->child = node->next = NULL;
    node->from = NULL;
    c->count--;
    uintptr_t offset = (uintptr_t)from - (uintptr_t)&c->lists[0][0]; /* what lies elsewhere is not a list's beginning */
    if (offset < sizeof c->lists) list_changed(c, offset / sizeof *from);
}

/* Of the first list there is; it is sorted. */
static plait_heap_node **first_list(plait_calendar *c, unsigned *level, unsigned *slot)
{
    *level = (unsigned)__builtin_ctz(c->levels);
    *slot = (unsigned)__builtin_ctzll(c->occupied[*level]);
    plait_heap_node **list = &c->lists[*level][*slot];
    if (c->unsorted[*level] >> *slot & 1) {
        put(list, plait_heap_merge(*list, comes_before));
        c->unsorted[*level] &= ~(UINT64_C(1) << *slot);
    }
    return list;
}

struct plait_due *plait_calendar_first(plait_calendar *c)
{
    unsigned level, slot;
    return c->levels ? due(*first_list(c, &level, &slot)) : NULL;
}

/* Each of them to its new place. */
static void scatter(plait_calendar *c, plait_heap_node *node)
{
    while (node) {
        plait_heap_node *next = node->next, *below = node->child, *last = below;
        if (below) {
            while (last->next) last = last->next;
            last->next = next;
            next = below;
        }
        place(c, node);
        node = next;
    }
}

struct plait_due *plait_calendar_take(plait_calendar *c, int64_t now)
{
    unsigned level, slot;
    c->seen = now;
    while (c->levels) {
        plait_heap_node **list = first_list(c, &level, &slot), *first = *list;
        if (due(first)->at > now) return NULL;
        if (level <= EXACT || (!first->next && !first->child)) {
            plait_calendar_remove(c, due(first));
            return due(first);
        }
        *list = NULL;
        list_changed(c, (size_t)level * PLAIT_CALENDAR_SLOTS + slot);
        c->base = due(first)->at;
        scatter(c, first);
    }
    return NULL;
}
