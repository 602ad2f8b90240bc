/* memory.h: where all of plait's memory comes from; free(3) gives it back. */
#ifndef PLAIT_BASE_MEMORY_H
#define PLAIT_BASE_MEMORY_H
#include <plait/api.h>

/* Zeroed memory, or NULL. */
PLAIT_API void *plait_allocate(size_t size);

/* As realloc: what is new is not zeroed; NULL, and the old block is as it was. */
PLAIT_API void *plait_reallocate(void *block, size_t size);

/* A copy of a string, or NULL. */
PLAIT_API char *plait_copy_string(const char *string);

#endif
