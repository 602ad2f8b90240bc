/* shared_memory.h: how a shared memory is laid out. For the files of shared memory alone.

   What must hold: all processes that have it have it at the same address, so a pointer into it means the same to all. What
   is in it is read by programs built from the same source: `layout` says so. */
#ifndef PLAIT_PROCESS_SHARED_MEMORY_H
#define PLAIT_PROCESS_SHARED_MEMORY_H
#include "process/shared_lock.h"

#define PLAIT_SHARED_MAGIC UINT64_C(0x706c616974736831) /* plaitsh1 */
enum { PLAIT_SHARED_LAYOUT = 1, PLAIT_SHARED_BINS = 48 };

/* The blocks that are given out (shared_alloc.c). */
struct plait_shared_heap {
    struct plait_shared_lock lock;
    uint64_t room;                    /* of the file, by now */
    _Atomic uint64_t top;             /* where the blocks end */
    uint64_t bins[PLAIT_SHARED_BINS]; /* the free blocks by size; can be made anew from the blocks */
    uint64_t freed;                   /* bytes, since that was done last */
};

struct plait_shared_memory {
    uint64_t magic;
    uint32_t layout, slots;
    uint64_t address, limit;
    struct plait_shared_registry registry;
    struct plait_shared_heap heap;
};

/* Memory of `prefix` and `size` bytes, zeroed: returns the address after the prefix, which plait_shared_free takes. NULL with a
   record. The prefix is a multiple of 16, and its last 8 bytes are the allocator's. */
void *plait_shared_allocate(struct plait_shared_member *, size_t prefix, size_t size);

/* As plait_shared_memory_free, for one that is not in use yet. */
struct plait_shared_member *plait_shared_member_here(plait_shared_memory *);

#endif
