/* shared_block.h: blocks of a plait_bytes in shared memory, which are handed from one process to another without a copy.

   What must hold:
   - A block is somebody's account (owner 0: a parcel's, whose keeper frees it) or a process's (owner: its id). Each block
     that this process owns holds the memory here: so it is read also when all others have let go of that.
   - Who hands a block over first says where it is, then that it is his no more. So whatever he dies in, it is found: in the
     account, or by plait_shared_block_reap.
   - A forked child has what its parent had, and owns nothing of it: there, nothing is freed. And what its parent had at the
     fork is not used again for as long as the memory is there, since the child may read it. */
#ifndef PLAIT_PROCESS_SHARED_BLOCK_H
#define PLAIT_PROCESS_SHARED_BLOCK_H
#include "base/bytes.h"
#include <plait/shared.h>

/* Of `size` bytes, not zeroed, this process's own. NULL with a record. */
void *plait_shared_block_new(plait_shared_memory *, size_t size);

/* A block of a plait_bytes, this process's own. False, without a word: it is small, or there is no room; then it may lie in the
   heap. */
bool plait_shared_block_copy(plait_shared_memory *, plait_bytes *to, const plait_bytes *from);

/* Whether a block begins at `data` in this memory that is used and has `size` bytes. The address may be any. */
bool plait_shared_block_fits(plait_shared_memory *, const void *data, size_t size);

/* Whether it is this process's; then from now on it is the account's. And the other way round. */
bool plait_shared_block_is_mine(plait_shared_memory *, const void *data);
void plait_shared_block_pass(plait_shared_memory *, void *data);
void plait_shared_block_take(plait_shared_memory *, void *data);

/* Frees what a dead process owned. */
void plait_shared_block_reap(plait_shared_memory *, uint32_t id);

/* Gives back to the system what is free. */
void plait_shared_block_trim(plait_shared_memory *);

/* For one process alone that others look after: before it owns anything there its id is told in *id, for the reap. */
void plait_shared_block_tell(plait_shared_memory *, _Atomic uint32_t *id);

/* From now on large blocks of plait_bytes are made there, as this process's own; NULL: in the heap again. */
void plait_shared_block_home(plait_shared_memory *);

/* Whether, with `size` bytes more, less than so many quarters of the memory are given out. What might lie elsewhere lies there
   while it is less than two. */
bool plait_shared_block_room(plait_shared_memory *, size_t size, unsigned quarters);

/* Whether a block of that size can be had at all. */
bool plait_shared_block_may_fit(plait_shared_memory *, size_t size);

#endif
