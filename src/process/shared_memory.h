/* shared_memory.h: how a shared memory is laid out. For the files of shared memory alone.

   What must hold: all processes that have it have it at the same address, so a pointer into it means the same to all. What
   is in it is read by programs built from the same source: `layout` says so. */
#ifndef PLAIT_PROCESS_SHARED_MEMORY_H
#define PLAIT_PROCESS_SHARED_MEMORY_H
#include "process/shared_lock.h"

#define PLAIT_SHARED_MAGIC UINT64_C(0x706c616974736831) /* plaitsh1 */
enum { PLAIT_SHARED_LAYOUT = 4, PLAIT_SHARED_BINS = 48 };

/* The blocks that are given out (shared_alloc.c). */
struct plait_shared_heap {
    struct plait_shared_lock lock;
    uint64_t room;                       /* of the file, by now */
    _Atomic uint64_t top;                /* where the blocks end */
    uint64_t bins[2][PLAIT_SHARED_BINS]; /* the free blocks, warm and cold, by size; can be made anew from the blocks */
    uint64_t freed;                      /* bytes, since that was done last */
    uint64_t last;                       /* the block before `top`, if it was free then; or 0 */
    _Atomic uint64_t used;               /* bytes given out */
    _Atomic uint64_t warm;               /* bytes of the warm free blocks */
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

/* What lies right before a block that has an owner: the id of a process, or 0, when somebody keeps account of it. Such a block
   is not zeroed. plait_shared_free gives it back, or, when the owner has died, a reap with its id. */
struct plait_shared_owned {
    _Atomic uint32_t owner;
    uint32_t forks;      /* shared_block.c */
    uint64_t allocators; /* the last 8 bytes of the prefix */
};
void *plait_shared_allocate_owned(struct plait_shared_member *, uint32_t owner, size_t size);
void plait_shared_reap(struct plait_shared_member *, uint32_t owner);

/* Gives the pages of free blocks back to the system. */
void plait_shared_trim(struct plait_shared_member *);

/* The owner's part of such a block that begins at this address, and its size at least; NULL: it is none, whatever was
   written there. */
struct plait_shared_owned *plait_shared_owned_at(plait_shared_memory *, const void *address, size_t *room);

/* The member of this process, which joins now if it has not. NULL with a record. */
struct plait_shared_member *plait_shared_member_here(plait_shared_memory *);

/* Drops a reference of this process's to a memory: the last takes it out. */
void plait_shared_release(struct plait_shared_member *);

#endif
