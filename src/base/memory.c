/* memory.c: the one place that asks the system for memory, so that a test can refuse any one request. */
#include "base/memory.h"
#include "base/hooks.h"
#include <stdlib.h>
#include <string.h>

struct plait_hooks plait_hooks;

void *plait_allocate(size_t size) { return plait_refused("memory") ? NULL : calloc(1, size); }

void *plait_reallocate(void *block, size_t size) { return plait_refused("memory") ? NULL : realloc(block, size); }

char *plait_copy_string(const char *string)
{
    size_t size = strlen(string) + 1;
    char *copy = plait_allocate(size);
    return copy ? memcpy(copy, string, size) : NULL;
}
