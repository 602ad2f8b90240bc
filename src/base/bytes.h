/* bytes.h: the mark of a block that is handed over. */
#ifndef PLAIT_BASE_BYTES_H
#define PLAIT_BASE_BYTES_H
#include <plait/bytes.h>

/* In the size: no block is that large. */
#define PLAIT_BYTES_TAKEN ((size_t)1 << (sizeof(size_t) * 8 - 1))

#endif
