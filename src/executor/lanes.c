/* lanes.c: what waits in a pool's queue, plain or with a priority, and who of it is next. What must hold is told in pool.h;
   all but `put` is called under the spin bit. */
#include "executor/pool.h"

static plait_future *future_of(const plait_heap_node *node)
{
    return ((const struct plait_future_shadow *)node)->future;
}

static bool before(const plait_heap_node *a, const plait_heap_node *b)
{
    const struct plait_future_shadow *s = (const struct plait_future_shadow *)a;
    const struct plait_future_shadow *t = (const struct plait_future_shadow *)b;
    return s->priority != t->priority ? s->priority > t->priority : s->number < t->number;
}

void plait_lanes_prepare(struct plait_lanes *l)
{
    l->above.before = l->below.before = before;
    plait_inbox_prepare(&l->inbox);
}

static void say_what_is_there(struct plait_lanes *l)
{
    unsigned there = (l->above.first ? PLAIT_ABOVE : 0) | (l->below.first ? PLAIT_BELOW : 0);
    atomic_store_explicit(&l->there, there, memory_order_relaxed);
}

void plait_lanes_rank(struct plait_lanes *l, plait_future *f)
{
    struct plait_future_shadow *s = plait_future_shadow(f);
    s->future = f;
    s->number = l->number++;
    plait_heap_add(s->priority > 0 ? &l->above : &l->below, &s->rank);
    say_what_is_there(l);
}

static plait_future *take_ranked(struct plait_lanes *l, plait_heap *from)
{
    if (!from->first) return NULL;
    plait_future *f = future_of(from->first);
    plait_heap_remove(from, from->first);
    say_what_is_there(l);
    return f;
}

plait_future *plait_lanes_take(struct plait_lanes *l, enum plait_lane first)
{
    plait_future *f = first == PLAIT_PLAIN ? NULL : take_ranked(l, first == PLAIT_BELOW ? &l->below : &l->above);
    if (!f) f = (plait_future *)plait_inbox_take(&l->inbox);
    if (!f) f = take_ranked(l, &l->above);
    if (!f) f = take_ranked(l, &l->below);
    if (f) atomic_store_explicit(&l->taken, l->taken + 1, memory_order_relaxed);
    return f;
}
