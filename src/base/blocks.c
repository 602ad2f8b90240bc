/* blocks.c: blocks of two sizes, kept per thread and exchanged between threads by the magazine. malloc is not slow, but a
   block that one thread frees and another made goes home through the arena's lock; here a lock is taken once in MAGAZINE
   blocks. They are cut from slabs, whose first part are the blocks and whose second their shadows, on pages of their own.

   What must hold: a thread's magazine is its own; full ones pass through `depot` under `guard`; the depot is bounded, and
   what it cannot hold goes back to its slab, which is unmapped when it has all of its blocks. A thread that ends gives its
   blocks back. Sanitizers see each block by itself. */
#include "base/blocks.h"
#include "base/hooks.h"
#include "base/sanitizers.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { MAGAZINE = 64, DEPOT = 64 }; /* so the depot holds 2.4 MB at most */
enum { SMALL, ROOMY, KINDS };

#if defined ASAN || defined TSAN
#define PLAIN_MALLOC 1
#else
#define PLAIN_MALLOC 0
#endif

struct block {
    struct block *next;
};

#define SLAB ((size_t)256 << 10) /* and so aligned, which finds it by its blocks' addresses */
struct slab {
    struct slab *next, *previous; /* of those that have some to give */
    struct block *free;
    size_t fresh, out; /* how many were ever given, and how many are */
    bool listed;
};
#define HEAD ((size_t)64)
_Static_assert(sizeof(struct slab) <= HEAD, "the blocks begin behind it");
static const struct {
    size_t size, count, shadows;
} kinds[KINDS] = { { PLAIT_SMALL_BLOCK, 698, 136 << 10 }, { PLAIT_BLOCK, 470, 172 << 10 } };
_Static_assert(HEAD + (size_t)698 * PLAIT_SMALL_BLOCK <= 136 << 10, "small blocks end before their shadows");
_Static_assert((136 << 10) + (size_t)698 * PLAIT_SHADOW <= SLAB, "which end before the slab");
_Static_assert(HEAD + (size_t)470 * PLAIT_BLOCK <= 172 << 10, "and the others");
_Static_assert((172 << 10) + (size_t)470 * PLAIT_SHADOW <= SLAB, "likewise");

/* Of a thread: those that came back, and a run of those that were never used. */
struct magazine {
    struct block *first;
    char *fresh;
    size_t count, left;
};

static _Thread_local struct magazine mine[KINDS] __attribute__((tls_model("initial-exec")));
static _Thread_local bool known
    __attribute__((tls_model("initial-exec"))); /* the key is set: blocks go back at the end */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct block *depot[KINDS][DEPOT]; /* full magazines */
static unsigned depot_count[KINDS];
static struct slab *slabs[KINDS]; /* that have some to give */

static int kind_of(size_t size) { return size <= PLAIT_SMALL_BLOCK ? SMALL : ROOMY; }
static bool is_malloc_s(size_t size) { return PLAIN_MALLOC || size > PLAIT_BLOCK; }
static size_t aligned(size_t size) { return (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1); }
static struct slab *slab_of(void *block) { return (struct slab *)((uintptr_t)block & ~(uintptr_t)(SLAB - 1)); }

/* The rest is under the guard. */

static void list(struct slab *s, int kind)
{
    s->listed = true;
    s->previous = NULL;
    if ((s->next = slabs[kind])) s->next->previous = s;
    slabs[kind] = s;
}

static void unlist(struct slab *s, int kind)
{
    s->listed = false;
    *(s->previous ? &s->previous->next : &slabs[kind]) = s->next;
    if (s->next) s->next->previous = s->previous;
}

static struct slab *slab_new(int kind)
{
    char *at = mmap(NULL, 2 * SLAB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return NULL;
    /* The upper of two places: the lower end is then beside the next one, and many slabs are one mapping. */
    char *slab = (char *)(((uintptr_t)at + SLAB) & ~(uintptr_t)(SLAB - 1));
    if (slab > at) munmap(at, (size_t)(slab - at));
    if (slab < at + SLAB) munmap(slab + SLAB, (size_t)(at + SLAB - slab));
    madvise(slab, SLAB, MADV_NOHUGEPAGE); /* shadows are not to become memory */
    list((struct slab *)(void *)slab, kind);
    return slabs[kind];
}

static void give_back(void *block, int kind)
{
    struct slab *s = slab_of(block);
    struct block *b = block;
    b->next = s->free;
    s->free = b;
    if (!s->listed) list(s, kind);
    if (--s->out || (slabs[kind] == s && !s->next)) return; /* one stays */
    unlist(s, kind);
    munmap(s, SLAB);
}

/* Up to MAGAZINE blocks of one slab, if there is memory. */
static void take_from_slab(struct magazine *m, int kind)
{
    struct slab *s = slabs[kind] ? slabs[kind] : slab_new(kind);
    if (!s) return;
    for (; s->free && m->count < MAGAZINE; m->count++) {
        struct block *b = s->free;
        s->free = b->next;
        b->next = m->first;
        m->first = b;
    }
    if (!m->count) {
        m->left = kinds[kind].count - s->fresh;
        if (m->left > MAGAZINE) m->left = MAGAZINE;
        m->fresh = (char *)s + HEAD + s->fresh * kinds[kind].size;
        s->fresh += m->left;
    }
    s->out += m->count + m->left;
    if (!s->free && s->fresh == kinds[kind].count) unlist(s, kind);
}

static void give_all_back(struct magazine *m, int kind)
{
    for (struct block *b = m->first, *next; b; b = next) {
        next = b->next;
        give_back(b, kind);
    }
    for (; m->left; m->left--, m->fresh += kinds[kind].size) give_back(m->fresh, kind);
}

/* Without the guard. */

static void thread_ends(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&guard);
    for (int kind = 0; kind < KINDS; kind++) {
        give_all_back(&mine[kind], kind);
        mine[kind] = (struct magazine){ 0 };
    }
    pthread_mutex_unlock(&guard);
    known = false;
}

static void before_fork(void) { pthread_mutex_lock(&guard); }
static void after_fork(void) { pthread_mutex_unlock(&guard); }

static void prepare(void)
{
    if (pthread_key_create(&key, thread_ends) != 0) abort();
    pthread_atfork(before_fork, after_fork, after_fork);
}

static void make_known(void)
{
    pthread_once(&once, prepare);
    known = pthread_setspecific(key, mine) == 0;
}

static void *take(struct magazine *m, int kind)
{
    struct block *b = m->first;
    if (b) {
        m->first = b->next;
        m->count--;
    } else if (m->left) {
        b = (void *)m->fresh;
        m->fresh += kinds[kind].size;
        m->left--;
    }
    return b;
}

/* A thread that cannot be known takes one alone: else what it takes would be lost with it. */
static void *refill(int kind)
{
    if (!known) make_known();
    struct magazine lone = { 0 }, *m = known ? &mine[kind] : &lone;
    pthread_mutex_lock(&guard);
    if (known && depot_count[kind]) *m = (struct magazine){ depot[kind][--depot_count[kind]], NULL, MAGAZINE, 0 };
    else take_from_slab(m, kind);
    void *block = take(m, kind);
    if (m == &lone) give_all_back(m, kind);
    pthread_mutex_unlock(&guard);
    return block;
}

void *plait_block_new(size_t size)
{
    if (plait_refused("memory")) return NULL;
    if (is_malloc_s(size)) return malloc(aligned(size) + PLAIT_SHADOW);
    int kind = kind_of(size);
    void *block = take(&mine[kind], kind);
    return block ? block : refill(kind);
}

void *plait_block_shadow(void *block, size_t size)
{
    if (is_malloc_s(size)) return (char *)block + aligned(size);
    int kind = kind_of(size);
    char *slab = (char *)slab_of(block);
    size_t offset = (size_t)((char *)block - slab) - HEAD;
    size_t index = kind == SMALL ? offset / PLAIT_SMALL_BLOCK : offset / PLAIT_BLOCK;
    return slab + kinds[kind].shadows + index * PLAIT_SHADOW;
}

/* The magazine is full: into the depot, and a new one is begun. */
static void exchange(struct magazine *m, int kind)
{
    pthread_mutex_lock(&guard);
    if (depot_count[kind] < DEPOT) {
        depot[kind][depot_count[kind]++] = m->first;
        m->first = NULL;
    }
    struct magazine full = { .first = m->first };
    give_all_back(&full, kind);
    pthread_mutex_unlock(&guard);
    m->first = NULL;
    m->count = 0;
}

void plait_block_free(void *block, size_t size)
{
    if (is_malloc_s(size)) {
        free(block);
        return;
    }
    if (!known) make_known();
    int kind = kind_of(size);
    struct magazine *m = &mine[kind];
    if (!known) {
        pthread_mutex_lock(&guard);
        give_back(block, kind);
        pthread_mutex_unlock(&guard);
        return;
    }
    if (m->count == MAGAZINE) exchange(m, kind);
    struct block *b = block;
    b->next = m->first;
    m->first = b;
    m->count++;
}
