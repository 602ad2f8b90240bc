/* blocks.h: memory for what is made by one thread and freed by another a million times a second: futures. Each block has a
   shadow, for what few of them need: as long as nobody writes there, it costs no memory. */
#ifndef PLAIT_BASE_BLOCKS_H
#define PLAIT_BASE_BLOCKS_H
#include <plait/api.h>

enum { PLAIT_SMALL_BLOCK = 192, PLAIT_BLOCK = 368, PLAIT_SHADOW = 176 }; /* larger ones are malloc's */

/* `size` bytes, not zeroed, or NULL. And back, with the same size, or that of the next larger block. */
void *plait_block_new(size_t size);
void plait_block_free(void *block, size_t size);

/* The PLAIT_SHADOW bytes of a block of that size, not zeroed. */
void *plait_block_shadow(void *block, size_t size);

#endif
