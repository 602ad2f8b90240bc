/* stock.c: slots in one block: a ring buffer, whose oldest or newest item is the next, or a heap.

   What must hold in a heap: the item in slot n comes no later than those in slots 2n + 1 and 2n + 2. Of two items that compare
   as equal the one that came first comes first: each slot ends with a number for that, which makes all of them differ. */
#include "sync/stock.h"
#include "base/memory.h"
#include <plait/error.h>
#include <string.h>

enum { ALIGNMENT = _Alignof(max_align_t) };

struct plait_stock plait_stock_of(size_t item_size, const plait_queue_options *o)
{
    size_t heap_slot = (item_size + sizeof(uint64_t) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return (struct plait_stock){ .item_size = item_size,
                                 .slot_size = o->compare ? heap_slot : item_size,
                                 .lifo = o->lifo,
                                 .compare = o->compare,
                                 .context = o->context };
}

static unsigned char *slot(struct plait_stock *s, size_t n) { return s->slots + n * s->slot_size; }

/* Of a ring buffer: the slot of the nth oldest item. */
static unsigned char *nth(struct plait_stock *s, size_t n)
{
    n += s->first;
    return slot(s, n < s->room ? n : n - s->room);
}

int plait_stock_reserve(struct plait_stock *s, size_t room)
{
    if (room <= s->room) return 0;
    if (room > PTRDIFF_MAX / s->slot_size) return PLAIT_ENOMEM;
    unsigned char *slots = plait_reallocate(s->slots, room * s->slot_size);
    if (!slots) return PLAIT_ENOMEM;
    if (s->first + s->count > s->room) { /* it wraps: what lay before the old end lies before the new end now */
        size_t moved = s->room - s->first;
        memmove(slots + (room - moved) * s->slot_size, slots + s->first * s->slot_size, moved * s->slot_size);
        s->first = room - moved;
    }
    s->slots = slots;
    s->room = room;
    return 0;
}

static uint64_t number_of(struct plait_stock *s, const unsigned char *at)
{
    uint64_t number;
    memcpy(&number, at + s->slot_size - sizeof number, sizeof number);
    return number;
}

static bool comes_before(struct plait_stock *s, const unsigned char *a, const unsigned char *b)
{
    int order = s->compare(a, b, s->context);
    return order < 0 || (order == 0 && number_of(s, a) < number_of(s, b));
}

/* Into a hole that starts at the end and rises to where no item above it comes later: its number is the highest. */
static void rise(struct plait_stock *s, const void *item)
{
    size_t hole = s->count, above;
    for (; hole && s->compare(item, slot(s, above = (hole - 1) / 2), s->context) < 0; hole = above)
        memcpy(slot(s, hole), slot(s, above), s->slot_size);
    memcpy(slot(s, hole), item, s->item_size);
    memcpy(slot(s, hole + 1) - sizeof s->came, &s->came, sizeof s->came);
    s->came++;
}

/* The last item, which lies beyond the heap now, into a hole that starts at the top and sinks. */
static void sink(struct plait_stock *s)
{
    unsigned char *last = slot(s, s->count);
    size_t hole = 0, below;
    while ((below = 2 * hole + 1) < s->count) {
        if (below + 1 < s->count && comes_before(s, slot(s, below + 1), slot(s, below))) below++;
        if (!comes_before(s, slot(s, below), last)) break;
        memcpy(slot(s, hole), slot(s, below), s->slot_size);
        hole = below;
    }
    if (hole < s->count) memcpy(slot(s, hole), last, s->slot_size);
}

int plait_stock_put(struct plait_stock *s, const void *item)
{
    int err = s->count < s->room ? 0 : plait_stock_reserve(s, 2 * s->room + 1);
    if (err) return err;
    if (s->compare) rise(s, item);
    else memcpy(nth(s, s->count), item, s->item_size);
    s->count++;
    return 0;
}

void plait_stock_take(struct plait_stock *s, void *item)
{
    s->count--;
    memcpy(item, s->lifo ? nth(s, s->count) : slot(s, s->first), s->item_size);
    if (s->compare) sink(s);
    else if (!s->lifo) s->first = s->first + 1 < s->room ? s->first + 1 : 0;
}
