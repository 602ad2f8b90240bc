/* shared_alloc.c: blocks in a shared memory, given out and taken back by any process. See shared_heap.h for what must hold. */
#include "base/stop.h"
#include "process/shared_heap.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* since Linux 5.14 */
#endif

#define WARM                                                                                                           \
    ((uint64_t)256 << 20) /* bytes of free blocks that keep their pages: to get new ones costs more than a copy */
#define WORTH ((uint64_t)64 << 10) /* what is smaller keeps them anyway */

/* Gives the pages inside of a block back, that nobody but us has. Whether it did. */
static bool cool(struct plait_shared_member *me, struct block *b)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), offset = offset_of(me->memory, b);
    uint64_t from = (offset + SMALLEST + page - 1) / page * page, to = (offset + size_of(b)) / page * page;
    return from < to &&
           fallocate(me->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(to - from)) == 0;
}

static bool is_too_much(plait_shared_memory *m, uint64_t size)
{
    return size >= WORTH && atomic_load_explicit(&m->heap.warm, memory_order_relaxed) + size > WARM;
}

/* All of its pages at once, where it is about to be filled: half of what it costs to get them one by one. */
static void warm_up(struct block *b)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)b / page * page;
    if (size_of(b) >= WORTH) (void)!madvise((void *)from, (uintptr_t)b + size_of(b) - from, MADV_POPULATE_WRITE);
}

/* Behind a prefix, at whose end lies the label. */
static void *allocate(struct plait_shared_member *me, const uint32_t *owner, size_t prefix, size_t size, bool zero)
{
    plait_shared_memory *m = me->memory;
    if (size == 0 || size > m->limit) {
        plait_fail(size ? PLAIT_ENOMEM : PLAIT_EINVAL, "%zu bytes of a shared memory that may have %llu", size,
                   (unsigned long long)m->limit);
        return NULL;
    }
    uint64_t whole = (HEAD + prefix + size + GRAIN - 1) / GRAIN * GRAIN;
    if (whole < SMALLEST) whole = SMALLEST;
    struct block *b;
    bool fresh, cold;
    plait_shared_heap_lock(me);
    int err = plait_shared_heap_find(me, whole, owner, &b, &fresh, &cold);
    plait_shared_heap_unlock(m);
    if (err) return NULL;
    if (cold && owner) warm_up(b);
    char *given = (char *)b + HEAD + prefix;
    b->mark = 0;
    if (zero && !fresh) memset((char *)b + HEAD, 0, prefix + size);
    struct label *label = (struct label *)(void *)(given - sizeof *label);
    *label = (struct label){ .mark = MARK, .back = (uint32_t)(HEAD + prefix) };
    return given;
}

void *plait_shared_allocate(struct plait_shared_member *me, size_t prefix, size_t size)
{
    return allocate(me, NULL, prefix, size, true);
}

void *plait_shared_allocate_owned(struct plait_shared_member *me, uint32_t owner, size_t size)
{
    return allocate(me, &owner, sizeof(struct plait_shared_owned), size, false);
}

void *plait_shared_alloc(plait_shared_memory *m, size_t size)
{
    struct plait_shared_member *me = plait_shared_member_here(m);
    return me ? plait_shared_allocate(me, 0, size) : NULL;
}

static bool is_inside(plait_shared_memory *m, const void *address)
{
    uint64_t offset = offset_of(m, address), top = atomic_load_explicit(&m->heap.top, memory_order_acquire);
    return offset >= first_block() + HEAD && offset < top && offset % GRAIN == 0;
}

/* The block that was given out at this address, which is inside; NULL: none was. */
static struct block *given_at(plait_shared_memory *m, const void *address)
{
    uint64_t offset = offset_of(m, address);
    const struct label *label = (const void *)((const char *)address - sizeof *label);
    return label->mark != MARK || label->back > offset - first_block() ? NULL : at(m, offset - label->back);
}

void plait_shared_free(plait_shared_memory *m, void *allocated)
{
    if (!allocated) return;
    struct plait_shared_member *me = plait_shared_member_of(m);
    if (!is_inside(m, allocated)) plait_stop("memory at %p was freed that is not of this shared memory", allocated);
    struct block *b = given_at(m, allocated);
    if (!b) plait_stop("memory at %p was freed that was not given out, or was freed already", allocated);
    bool cold = word_of(b) & USED && is_too_much(m, size_of(b)) && cool(me, b);
    plait_shared_heap_lock(me);
    bool used = word_of(b) & USED;
    if (used) {
        ((struct label *)(void *)((char *)allocated - sizeof(struct label)))->mark = 0;
        plait_shared_heap_let_go(m, b, cold);
    }
    plait_shared_heap_unlock(m);
    if (!used) plait_stop("memory at %p was freed twice", allocated);
}

struct plait_shared_owned *plait_shared_owned_at(plait_shared_memory *m, const void *address, size_t *room)
{
    plait_shared_heap_come(m);
    struct block *b = is_inside(m, address) ? given_at(m, address) : NULL;
    uint64_t word = b ? word_of(b) : 0, head = HEAD + sizeof(struct plait_shared_owned);
    uint64_t top = atomic_load_explicit(&m->heap.top, memory_order_relaxed);
    if ((word & GIVEN) != GIVEN || (const char *)b + head != (const char *)address) return NULL;
    if (size_of(b) < head || size_of(b) > top - offset_of(m, b)) return NULL;
    *room = size_of(b) - head;
    return owned_part(b);
}

void plait_shared_reap(struct plait_shared_member *me, uint32_t owner)
{
    plait_shared_memory *m = me->memory;
    plait_shared_heap_lock(me);
    uint64_t top = atomic_load_explicit(&m->heap.top, memory_order_relaxed);
    for (uint64_t offset = first_block(), size; offset < top; offset += size) {
        struct block *b = at(m, offset);
        size = size_of(b);
        if ((word_of(b) & GIVEN) == GIVEN && atomic_load_explicit(&owned_part(b)->owner, memory_order_relaxed) == owner)
            plait_shared_heap_let_go(m, b, false);
    }
    plait_shared_heap_unlock(m);
}

void plait_shared_trim(struct plait_shared_member *me)
{
    plait_shared_memory *m = me->memory;
    plait_shared_heap_lock(me);
    plait_shared_heap_make_bins(m);
    plait_shared_heap_unlock(m);
    for (struct block *b;;) {
        plait_shared_heap_lock(me);
        b = plait_shared_heap_take_warm(m, WORTH);
        plait_shared_heap_unlock(m);
        if (!b) return;
        bool cold = cool(me, b);
        plait_shared_heap_lock(me);
        plait_shared_heap_let_go(m, b, true);
        plait_shared_heap_unlock(m);
        if (!cold) return;
    }
}

void plait_shared_memory_get_usage(plait_shared_memory *m, plait_shared_memory_usage *usage)
{
    struct plait_shared_member *me = plait_shared_member_of(m);
    *usage = (plait_shared_memory_usage){ .limit = m->limit };
    plait_shared_look_for_dead(me); /* one that died before anybody watched over it has nothing, but is counted */
    plait_shared_heap_lock(me);
    uint64_t top = atomic_load_explicit(&m->heap.top, memory_order_relaxed);
    usage->room = m->heap.room;
    for (uint64_t offset = first_block(), size; offset < top; offset += size) {
        struct block *b = at(m, offset);
        size = size_of(b);
        if (word_of(b) & USED) usage->used += size, usage->blocks++;
    }
    plait_shared_heap_unlock(m);
    for (unsigned i = 0; i < PLAIT_SLOTS; i++)
        usage->processes += atomic_load_explicit(&m->registry.slots[i].id, memory_order_relaxed) != 0;
}
