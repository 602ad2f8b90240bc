/* shared_alloc.c: blocks in a shared memory, given out and taken back by any process.

   What must hold:
   - From the first block to `top` the blocks follow upon each other without a gap: each says how long it is and whether it
     is used, in one word. Every change of that is one store: a new block is written beyond `top` before `top` is moved; a
     block is split by writing the rest, inside of it, before the first part's own word; several free ones become one by the
     first's word; used becomes free by one word.
   - A block that has an owner has its id in it before its word says so: what the dead owned is found (shared_block.c).
   - So whoever dies anywhere leaves whole blocks. All else (bins, links) follows from them, and is made anew by the next
     holder of the lock. What is lost is at most the one block that was just given out to the dead.
   - What lies beyond `top` is zero, as the file was made, but for the head of a block that was not finished; a block that is
     used again is zeroed by its new owner, where that wants it.
   - Blocks that were used last are used first, for their pages are there: those of free blocks are kept up to a bound. */
#include "base/hooks.h"
#include "base/sanitizers.h"
#include "base/stop.h"
#include "process/shared_memory.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* since Linux 5.14 */
#endif

#define USED UINT64_C(1)
#define OWNED UINT64_C(2)
#define COLD UINT64_C(4) /* free, and most of its pages are the system's again */
#define FLAGS (USED | OWNED | COLD)
#define GIVEN (USED | OWNED)
#define MARK UINT32_C(0x706c6169)
#define GROWTH ((uint64_t)64 << 20) /* at most at once, of what was not asked for */
#define WARM                                                                                                           \
    ((uint64_t)256 << 20) /* bytes of free blocks that keep their pages: to get new ones costs more than a copy */
#define WORTH ((uint64_t)64 << 10) /* what is smaller keeps them anyway */
enum { GRAIN = 16, SMALLEST = 48, TRIES = 16 };

struct block {
    _Atomic uint64_t size; /* with its head; and FLAGS */
    uint32_t mark, back;   /* from the address that was given out to the block */
    uint64_t next;         /* of a free one, in its bin: the offset of another, or 0 */
};
enum { HEAD = offsetof(struct block, next) };

/* Right before each address that was given out. */
struct label {
    uint32_t mark, back;
};

static uint64_t first_block(void) { return (sizeof(plait_shared_memory) + 63) & ~UINT64_C(63); }

static struct block *at(plait_shared_memory *m, uint64_t offset)
{
    return (struct block *)(void *)((char *)m + offset);
}

static uint64_t offset_of(plait_shared_memory *m, const void *p) { return (uint64_t)((const char *)p - (char *)m); }

static uint64_t word_of(struct block *b) { return atomic_load_explicit(&b->size, memory_order_relaxed); }
static uint64_t size_of(struct block *b) { return word_of(b) & ~FLAGS; }

/* Of one that is OWNED. */
static struct plait_shared_owned *owned_part(struct block *b) { return (void *)((char *)b + HEAD); }

/* In the order of the program, for whoever comes after one that died in between. */
static void publish(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

static unsigned bin_of(uint64_t size) { return 63 - (unsigned)__builtin_clzll(size / GRAIN); }

static void add(_Atomic uint64_t *sum, uint64_t more) /* with the lock */
{
    atomic_store_explicit(sum, atomic_load_explicit(sum, memory_order_relaxed) + more, memory_order_relaxed);
}

static bool is_cold(struct block *b) { return word_of(b) & COLD; }

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

/* Makes one of each run of free blocks, and all bins anew. */
static void make_bins(plait_shared_memory *m)
{
    struct plait_shared_heap *h = &m->heap;
    uint64_t top = atomic_load_explicit(&h->top, memory_order_relaxed);
    memset(h->bins, 0, sizeof h->bins);
    h->freed = 0;
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
    }
    atomic_store_explicit(&h->used, used, memory_order_relaxed);
}

/* A block that one thread here freed may come to another by way of a process, whose part in it ThreadSanitizer does not see. */
#ifdef TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
static void tell_tsan_it_was_freed(plait_shared_memory *m) { __tsan_release(m); }
static void tell_tsan_it_was_made_again(plait_shared_memory *m) { __tsan_acquire(m); }
#else
static void tell_tsan_it_was_freed(plait_shared_memory *m) { (void)m; }
static void tell_tsan_it_was_made_again(plait_shared_memory *m) { (void)m; }
#endif

static void lock(struct plait_shared_member *me)
{
    if (plait_shared_lock(me, &me->memory->heap.lock)) make_bins(me->memory);
}

static void unlock(plait_shared_memory *m)
{
    tell_tsan_it_was_freed(m);
    plait_shared_unlock(&m->heap.lock);
}

/* A free block of `size` bytes at least, out of its bin; or NULL. */
static struct block *take_from(plait_shared_memory *m, uint64_t *bins, uint64_t size)
{
    for (unsigned bin = bin_of(size); bin < PLAIT_SHARED_BINS; bin++) {
        uint64_t *link = &bins[bin];
        for (unsigned tries = 0; *link && tries < TRIES; tries++) {
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

static struct block *take_free(plait_shared_memory *m, uint64_t size)
{
    struct block *b = take_from(m, m->heap.bins[0], size);
    return b ? b : take_from(m, m->heap.bins[1], size);
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

/* With the lock. `owner` is NULL for a block that has none. */
static int find(struct plait_shared_member *me, uint64_t size, const uint32_t *owner, struct block **found, bool *fresh,
                bool *cold)
{
    plait_shared_memory *m = me->memory;
    struct plait_shared_heap *h = &m->heap;
    uint64_t top = atomic_load_explicit(&h->top, memory_order_relaxed);
    struct block *b = take_free(m, size);
    if (!b && h->freed && (h->freed > top / 4 || top + size > m->limit)) {
        make_bins(m);
        b = take_free(m, size);
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

/* With the lock. */
static void let_go(plait_shared_memory *m, struct block *b, bool cold)
{
    add(&m->heap.used, 0 - size_of(b));
    publish(&b->size, size_of(b) | (cold ? COLD : 0));
    put_into_bin(m, b);
    m->heap.freed += size_of(b);
}

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
    lock(me);
    int err = find(me, whole, owner, &b, &fresh, &cold);
    unlock(m);
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
    lock(me);
    bool used = word_of(b) & USED;
    if (used) {
        ((struct label *)(void *)((char *)allocated - sizeof(struct label)))->mark = 0;
        let_go(m, b, cold);
    }
    unlock(m);
    if (!used) plait_stop("memory at %p was freed twice", allocated);
}

struct plait_shared_owned *plait_shared_owned_at(plait_shared_memory *m, const void *address, size_t *room)
{
    tell_tsan_it_was_made_again(m);
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
    lock(me);
    uint64_t top = atomic_load_explicit(&m->heap.top, memory_order_relaxed);
    for (uint64_t offset = first_block(), size; offset < top; offset += size) {
        struct block *b = at(m, offset);
        size = size_of(b);
        if ((word_of(b) & GIVEN) == GIVEN && atomic_load_explicit(&owned_part(b)->owner, memory_order_relaxed) == owner)
            let_go(m, b, false);
    }
    unlock(m);
}

void plait_shared_trim(struct plait_shared_member *me)
{
    plait_shared_memory *m = me->memory;
    lock(me);
    make_bins(m);
    unlock(m);
    for (struct block *b;;) {
        lock(me);
        if ((b = take_from(m, m->heap.bins[0], WORTH))) use(m, b, size_of(b), USED), add(&m->heap.used, size_of(b));
        unlock(m);
        if (!b) return;
        bool cold = cool(me, b);
        lock(me);
        let_go(m, b, true);
        unlock(m);
        if (!cold) return;
    }
}

void plait_shared_memory_get_usage(plait_shared_memory *m, plait_shared_memory_usage *usage)
{
    struct plait_shared_member *me = plait_shared_member_of(m);
    *usage = (plait_shared_memory_usage){ .limit = m->limit };
    plait_shared_look_for_dead(me); /* one that died before anybody watched over it has nothing, but is counted */
    lock(me);
    uint64_t top = atomic_load_explicit(&m->heap.top, memory_order_relaxed);
    usage->room = m->heap.room;
    for (uint64_t offset = first_block(), size; offset < top; offset += size) {
        struct block *b = at(m, offset);
        size = size_of(b);
        if (word_of(b) & USED) usage->used += size, usage->blocks++;
    }
    unlock(m);
    for (unsigned i = 0; i < PLAIT_SLOTS; i++)
        usage->processes += atomic_load_explicit(&m->registry.slots[i].id, memory_order_relaxed) != 0;
}
