/* shared_heap.c: see shared_heap.h. */
#include "process/shared_heap.h"
#include "base/hooks.h"
#include "base/sanitizers.h"
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define GROWTH ((uint64_t)64 << 20) /* at most at once, of what was not asked for */
enum { TRIES = 16 };

static unsigned bin_of(uint64_t size) { return 63 - (unsigned)__builtin_clzll(size / GRAIN); }

static void add(_Atomic uint64_t *sum, uint64_t more) /* with the lock */
{
    atomic_store_explicit(sum, atomic_load_explicit(sum, memory_order_relaxed) + more, memory_order_relaxed);
}

static void put_into_bin(plait_shared_memory *m, struct block *b)
{
    uint64_t *bin = &m->heap.bins[is_cold(b)][bin_of(size_of(b))];
    b->next = *bin;
    *bin = offset_of(m, b);
    if (!is_cold(b)) add(&m->heap.warm, size_of(b));
}

/* Which `link` names. */
static void take_out_of_bin(plait_shared_memory *m, uint64_t *link)
{
    struct block *b = at(m, *link);
    *link = b->next;
    if (!is_cold(b)) add(&m->heap.warm, 0 - size_of(b));
}

void plait_shared_heap_make_bins(plait_shared_memory *m)
{
    struct plait_shared_heap *h = &m->heap;
    uint64_t top = atomic_load_explicit(&h->top, memory_order_relaxed);
    memset(h->bins, 0, sizeof h->bins);
    h->freed = h->last = 0;
    atomic_store_explicit(&h->warm, 0, memory_order_relaxed);
    uint64_t used = 0;
    for (uint64_t offset = first_block(), size; offset < top; offset += size) {
        struct block *b = at(m, offset);
        size = size_of(b);
        if (word_of(b) & USED) {
            used += size;
            continue;
        }
        uint64_t cold = is_cold(b) ? size : 0;
        for (uint64_t next = offset + size; next < top && !(word_of(at(m, next)) & USED); next = offset + size) {
            if (is_cold(at(m, next))) cold += size_of(at(m, next));
            size += size_of(at(m, next));
        }
        publish(&b->size, size | (cold > size / 2 ? COLD : 0));
        put_into_bin(m, b);
        if (offset + size == top) h->last = offset;
    }
    atomic_store_explicit(&h->used, used, memory_order_relaxed);
}

/* A block that one thread here freed may come to another by way of a process, whose part in it ThreadSanitizer does not see. */
#ifdef TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
void plait_shared_heap_come(plait_shared_memory *m) { __tsan_acquire(m); }
static void tell_tsan(plait_shared_memory *m) { __tsan_release(m); }
#else
void plait_shared_heap_come(plait_shared_memory *m) { (void)m; }
static void tell_tsan(plait_shared_memory *m) { (void)m; }
#endif

void plait_shared_heap_lock(struct plait_shared_member *me)
{
    if (plait_shared_lock(me, &me->memory->heap.lock)) plait_shared_heap_make_bins(me->memory);
}

void plait_shared_heap_unlock(plait_shared_memory *m)
{
    tell_tsan(m);
    plait_shared_unlock(&m->heap.lock);
}

/* A free block of `size` bytes at least, out of its bin; or NULL. */
static struct block *take_from(plait_shared_memory *m, uint64_t *bins, uint64_t size, unsigned most)
{
    for (unsigned bin = bin_of(size); bin < PLAIT_SHARED_BINS; bin++) {
        uint64_t *link = &bins[bin];
        for (unsigned tries = 0; *link && tries < most; tries++) {
            struct block *b = at(m, *link);
            if (size_of(b) >= size) {
                take_out_of_bin(m, link);
                return b;
            }
            link = &b->next;
        }
    }
    return NULL;
}

static struct block *take_free(plait_shared_memory *m, uint64_t size, unsigned most)
{
    struct block *b = take_from(m, m->heap.bins[0], size, most);
    return b ? b : take_from(m, m->heap.bins[1], size, most);
}

/* Of a free block, that is in no bin. */
static void use(plait_shared_memory *m, struct block *b, uint64_t size, uint64_t flags)
{
    uint64_t rest = size_of(b) - size;
    if (rest >= SMALLEST) {
        struct block *second = at(m, offset_of(m, b) + size);
        second->mark = second->back = 0;
        publish(&second->size, rest | (word_of(b) & COLD));
        publish(&b->size, size | flags);
        put_into_bin(m, second);
    } else {
        publish(&b->size, (size + rest) | flags);
    }
}

static int grow(struct plait_shared_member *me, uint64_t needed)
{
    plait_shared_memory *m = me->memory;
    uint64_t room = m->heap.room, more = room < GROWTH ? room : GROWTH, page = (uint64_t)sysconf(_SC_PAGESIZE);
    if (needed > m->limit)
        return plait_fail(PLAIT_ENOMEM, "shared memory is full: it may have %llu bytes", (unsigned long long)m->limit);
    if (needed < room + more) needed = room + more;
    needed = (needed + page - 1) / page * page;
    if (needed > m->limit) needed = m->limit;
    struct rlimit most;
    if (getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur != RLIM_INFINITY && needed > most.rlim_cur)
        return plait_fail(-EFBIG,
                          "shared memory cannot grow to %llu bytes: this process may make files of %llu (ulimit -f)",
                          (unsigned long long)needed, (unsigned long long)most.rlim_cur);
    int err = plait_refused("memory") ? -ENOMEM : ftruncate(me->fd, (off_t)needed) ? -errno : 0;
    if (err)
        return plait_fail(err, "shared memory cannot grow to %llu bytes: %s", (unsigned long long)needed,
                          strerror(-err));
    m->heap.room = needed;
    return 0;
}

/* When all that fits is in use, and the bins are fresh: the free block at the end with what it lacks from beyond it; or NULL.
   That is a free block first, which then becomes part of the one before. */
static struct block *extend_last(struct plait_shared_member *me, uint64_t size)
{
    plait_shared_memory *m = me->memory;
    struct plait_shared_heap *h = &m->heap;
    if (!h->last) return NULL;
    struct block *b = at(m, h->last);
    uint64_t top = h->last + size_of(b), more = size - size_of(b) < SMALLEST ? SMALLEST : size - size_of(b);
    if (top + more > h->room && grow(me, top + more)) return NULL;
    publish(&at(m, top)->size, more);
    publish(&h->top, top + more);
    uint64_t *link = &h->bins[is_cold(b)][bin_of(size_of(b))];
    while (*link != h->last) link = &at(m, *link)->next;
    take_out_of_bin(m, link);
    publish(&b->size, word_of(b) + more);
    return b;
}

int plait_shared_heap_find(struct plait_shared_member *me, uint64_t size, const uint32_t *owner, struct block **found,
                           bool *fresh, bool *cold)
{
    plait_shared_memory *m = me->memory;
    struct plait_shared_heap *h = &m->heap;
    uint64_t top = atomic_load_explicit(&h->top, memory_order_relaxed);
    struct block *b = take_free(m, size, TRIES);
    if (!b && h->freed > top / 4) {
        plait_shared_heap_make_bins(m);
        b = take_free(m, size, TRIES);
    }
    if (!b && top + size > m->limit) {
        plait_shared_heap_make_bins(m);
        b = take_free(m, size, UINT_MAX);
        if (!b) b = extend_last(me, size);
    }
    *fresh = !b;
    *cold = !b || is_cold(b);
    if (!b) {
        int err = top + size > h->room ? grow(me, top + size) : 0;
        if (err) return err;
        b = at(m, top);
        publish(&b->size, size);
    }
    memset(owned_part(b), 0, sizeof(struct plait_shared_owned));
    atomic_store_explicit(&owned_part(b)->owner, owner ? *owner : 0, memory_order_relaxed);
    use(m, b, size, owner ? GIVEN : USED);
    if (*fresh) publish(&h->top, top + size);
    add(&h->used, size_of(b));
    *found = b;
    return 0;
}

void plait_shared_heap_let_go(plait_shared_memory *m, struct block *b, bool cold)
{
    add(&m->heap.used, 0 - size_of(b));
    publish(&b->size, size_of(b) | (cold ? COLD : 0));
    put_into_bin(m, b);
    m->heap.freed += size_of(b);
}

struct block *plait_shared_heap_take_warm(plait_shared_memory *m, uint64_t size)
{
    struct block *b = take_from(m, m->heap.bins[0], size, TRIES);
    if (!b) return NULL;
    use(m, b, size_of(b), USED);
    add(&m->heap.used, size_of(b));
    return b;
}
