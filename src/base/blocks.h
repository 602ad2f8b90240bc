/* blocks.h: memory for what is made by one thread and freed by another a million times a second: futures. */
#ifndef PLAIT_BASE_BLOCKS_H
#define PLAIT_BASE_BLOCKS_H
#include <plait/api.h>

enum { PLAIT_BLOCK = 448 }; /* larger ones are malloc's */

/* `size` bytes, not zeroed, or NULL. And back, with the same size; or with PLAIT_BLOCK, if it is no larger. */
void *plait_block_new(size_t size);
void plait_block_free(void *block, size_t size);

#endif
