/* shared_heap.h: how the blocks of a shared memory lie, and which of them are free. For shared_heap.c, and for shared_alloc.c,
   which gives them out: what has no prefix is theirs alone.

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
#ifndef PLAIT_PROCESS_SHARED_HEAP_H
#define PLAIT_PROCESS_SHARED_HEAP_H
#include "process/shared_memory.h"

#define USED UINT64_C(1)
#define OWNED UINT64_C(2)
#define COLD UINT64_C(4) /* free, and most of its pages are the system's again */
#define FLAGS (USED | OWNED | COLD)
#define GIVEN (USED | OWNED)
#define MARK UINT32_C(0x706c6169)
enum { GRAIN = 16, SMALLEST = 48 };

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

static inline uint64_t first_block(void) { return (sizeof(plait_shared_memory) + 63) & ~UINT64_C(63); }

static inline struct block *at(plait_shared_memory *m, uint64_t offset)
{
    return (struct block *)(void *)((char *)m + offset);
}

static inline uint64_t offset_of(plait_shared_memory *m, const void *p)
{
    return (uint64_t)((const char *)p - (char *)m);
}

static inline uint64_t word_of(struct block *b) { return atomic_load_explicit(&b->size, memory_order_relaxed); }
static inline uint64_t size_of(struct block *b) { return word_of(b) & ~FLAGS; }

/* Of one that is OWNED. */
static inline struct plait_shared_owned *owned_part(struct block *b) { return (void *)((char *)b + HEAD); }

/* In the order of the program, for whoever comes after one that died in between. */
static inline void publish(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

static inline bool is_cold(struct block *b) { return word_of(b) & COLD; }

void plait_shared_heap_lock(struct plait_shared_member *);
void plait_shared_heap_unlock(plait_shared_memory *);

/* All below with the lock. */

/* Makes one of each run of free blocks, and all bins anew. */
void plait_shared_heap_make_bins(plait_shared_memory *);

/* A block of `size` bytes with its head, used by now. `owner` is NULL for one that has none. *fresh: it was never used. *cold:
   most of its pages are not there. 0 or a code with a record. */
int plait_shared_heap_find(struct plait_shared_member *, uint64_t size, const uint32_t *owner, struct block **found,
                           bool *fresh, bool *cold);
void plait_shared_heap_let_go(plait_shared_memory *, struct block *, bool cold);

/* A free block whose pages are there, of `size` bytes at least, used by now; or NULL. */
struct block *plait_shared_heap_take_warm(plait_shared_memory *, uint64_t size);

/* Without the lock, before a look at a block that another process may have made. */
void plait_shared_heap_come(plait_shared_memory *);

#endif
