/* shared_block.c: see shared_block.h.

   Memory order: who passes a block on releases it, and what it wrote there with it, by the word of the parcel that names
   it; the owner's mark itself is looked at by this process, or when its owner is dead. */
#include "process/shared_block.h"
#include "base/record.h"
#include "base/stop.h"
#include "process/shared_memory.h"
#include <pthread.h>
#include <string.h>

static _Atomic(plait_shared_memory *) home;
static struct {
    plait_shared_memory *memory;
    _Atomic uint32_t *id;
    uint32_t generation;
} told; /* set before home is */
static _Atomic uint32_t forks;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static struct plait_shared_member *member_at(const void *address)
{
    uintptr_t granule = ((uintptr_t)address - PLAIT_SHARED_BASE) >> PLAIT_SHARED_SHIFT;
    return granule < PLAIT_SHARED_GRANULES ? atomic_load_explicit(&plait_shared_at[granule], memory_order_acquire)
                                           : NULL;
}

static struct plait_shared_owned *owned(plait_shared_memory *m, const void *data, size_t size)
{
    size_t room = 0;
    struct plait_shared_owned *o = plait_shared_owned_at(m, data, &room);
    return o && room >= size ? o : NULL;
}

static bool is_owner(struct plait_shared_member *me, struct plait_shared_owned *o)
{
    return o && plait_shared_joined(me) && atomic_load_explicit(&o->owner, memory_order_relaxed) == me->id;
}

/* From now on it is this process's. */
static void own(struct plait_shared_member *me, struct plait_shared_owned *o)
{
    atomic_fetch_add_explicit(&me->references, 1, memory_order_relaxed);
    o->forks = atomic_load_explicit(&forks, memory_order_relaxed);
    atomic_store_explicit(&o->owner, me->id, memory_order_relaxed);
}

/* The store of plait_bytes. */

/* This process, which joins if it has not; NULL with a record. */
static struct plait_shared_member *member(plait_shared_memory *m)
{
    struct plait_shared_member *me = plait_shared_member_here(m);
    if (me && m == told.memory && plait_process_generation() == told.generation)
        atomic_store_explicit(told.id, me->id, memory_order_relaxed);
    return me;
}

void *plait_shared_block_new(plait_shared_memory *m, size_t size)
{
    struct plait_shared_member *me = member(m);
    void *block = me ? plait_shared_allocate_owned(me, me->id, size) : NULL;
    if (block) own(me, owned(m, block, size));
    return block;
}

static void *make(size_t size)
{
    plait_shared_memory *m = atomic_load_explicit(&home, memory_order_relaxed);
    if (!m || plait_process_generation() != told.generation || !plait_shared_block_room(m, size, 2)) return NULL;
    void *block = plait_shared_block_new(m, size);
    if (!block) plait_record_unref(plait_record_take()); /* the heap may have it */
    return block;
}

static bool give_back(void *block)
{
    struct plait_shared_member *me = member_at(block);
    if (!me) return false;
    struct plait_shared_owned *o = owned(me->memory, block, 0);
    if (!o) plait_stop("a plait_bytes at %p was cleared that is none, or was cleared already", block);
    if (!is_owner(me, o)) return true;
    if (o->forks == atomic_load_explicit(&forks, memory_order_relaxed)) plait_shared_free(me->memory, block);
    else atomic_store_explicit(&o->owner, 0, memory_order_relaxed);
    plait_shared_release(me);
    return true;
}

/* Twice, so that it is seen too that one was made while another thread forked. */
static void at_fork(void) { atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed); }

static void prepare(void)
{
    static const struct plait_bytes_store store = { make, give_back };
    pthread_atfork(at_fork, at_fork, NULL);
    atomic_store_explicit(&plait_bytes_store, &store, memory_order_release);
}

/* Blocks and accounts. */

bool plait_shared_block_copy(plait_shared_memory *m, plait_bytes *to, const plait_bytes *from)
{
    if (!from->data || from->size < PLAIT_BYTES_LARGE || !plait_shared_block_room(m, from->size, 2)) return false;
    pthread_once(&once, prepare);
    char *block = plait_shared_block_new(m, from->size + 1);
    if (!block) {
        plait_record_unref(plait_record_take());
        return false;
    }
    memcpy(block, from->data, from->size);
    block[from->size] = 0;
    *to = (plait_bytes){ block, from->size };
    return true;
}

bool plait_shared_block_fits(plait_shared_memory *m, const void *data, size_t size) { return owned(m, data, size); }

bool plait_shared_block_is_mine(plait_shared_memory *m, const void *data)
{
    return data && is_owner(plait_shared_peek(m), owned(m, data, 0));
}

void plait_shared_block_pass(plait_shared_memory *m, void *data)
{
    atomic_store_explicit(&owned(m, data, 0)->owner, 0, memory_order_release);
    plait_shared_release(plait_shared_peek(m));
}

void plait_shared_block_take(plait_shared_memory *m, void *data)
{
    pthread_once(&once, prepare);
    own(plait_shared_member_of(m), owned(m, data, 0));
}

void plait_shared_block_reap(plait_shared_memory *m, uint32_t id)
{
    if (id) plait_shared_reap(plait_shared_member_of(m), id);
}

void plait_shared_block_trim(plait_shared_memory *m) { plait_shared_trim(plait_shared_member_of(m)); }

void plait_shared_block_tell(plait_shared_memory *m, _Atomic uint32_t *id)
{
    told.memory = m, told.id = id, told.generation = plait_process_generation();
}

void plait_shared_block_home(plait_shared_memory *m)
{
    pthread_once(&once, prepare);
    atomic_store_explicit(&home, m, memory_order_relaxed);
}

bool plait_shared_block_room(plait_shared_memory *m, size_t size, unsigned quarters)
{
    uint64_t used = atomic_load_explicit(&m->heap.used, memory_order_relaxed), most = m->limit / 4 * quarters;
    return size < most && used < most - size;
}

bool plait_shared_block_may_fit(plait_shared_memory *m, size_t size) { return size < m->limit / 2; }
