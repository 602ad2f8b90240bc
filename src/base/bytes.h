/* bytes.h: the blocks of plait_bytes, inside: the mark of one that is handed over, and where large ones may lie beside the
   heap. */
#ifndef PLAIT_BASE_BYTES_H
#define PLAIT_BASE_BYTES_H
#include <plait/bytes.h>
#include <stdatomic.h>

/* In the size: no block is that large. */
#define PLAIT_BYTES_TAKEN ((size_t)1 << (sizeof(size_t) * 8 - 1))

/* Smaller ones are made in the heap: a copy of them costs no more than a place elsewhere. */
enum { PLAIT_BYTES_LARGE = 8 << 10 };

/* Filled in by process/, when there is shared memory. */
struct plait_bytes_store {
    void *(*make)(size_t size);     /* a block, not zeroed; NULL: the heap is to make it. Says nothing of a failure. */
    bool (*give_back)(void *block); /* false: it lies elsewhere */
};
extern _Atomic(const struct plait_bytes_store *) plait_bytes_store;

/* Frees the block of a plait_bytes, wherever it lies. */
void plait_bytes_free(void *block);

#endif
