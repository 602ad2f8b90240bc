/* bytes.c: blocks of memory with their size. What must hold: a block that is not empty ends in a NUL beyond its size;
   the mark that plait_bytes_take leaves in the size is looked at by the submit alone, which takes it off. A block is of the
   heap or of the store, and the store tells by its address. */
#include "base/bytes.h"
#include "base/memory.h"
#include "base/record.h"
#include <plait/error.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Atomic(const struct plait_bytes_store *) plait_bytes_store;

static const struct plait_bytes_store *store(void)
{
    return atomic_load_explicit(&plait_bytes_store, memory_order_acquire);
}

int plait_bytes_copy(plait_bytes *bytes, const void *data, size_t size)
{
    *bytes = (plait_bytes){ 0 };
    if (size >= PLAIT_BYTES_TAKEN) return plait_failed(PLAIT_ENOMEM);
    char *block = size >= PLAIT_BYTES_LARGE && store() ? store()->make(size + 1) : NULL;
    bool zero = !data && block;
    if (!block) block = data ? plait_reallocate(NULL, size + 1) : plait_allocate(size + 1);
    if (!block) return plait_failed(PLAIT_ENOMEM);
    if (zero) memset(block, 0, size);
    if (data && size) memcpy(block, data, size);
    block[size] = 0;
    *bytes = (plait_bytes){ block, size };
    return 0;
}

int plait_bytes_format(plait_bytes *bytes, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    int err = plait_bytes_copy(bytes, NULL, length > 0 ? (size_t)length : 0);
    if (!err) vsnprintf(bytes->data, bytes->size + 1, format, again);
    va_end(again);
    va_end(arguments);
    return err;
}

void plait_bytes_clear(plait_bytes *bytes)
{
    if (!bytes) return;
    plait_bytes_free(bytes->data);
    *bytes = (plait_bytes){ 0 };
}

void plait_bytes_free(void *block)
{
    if (!block || !store() || !store()->give_back(block)) free(block);
}

plait_bytes *plait_bytes_take(plait_bytes *bytes)
{
    bytes->size |= PLAIT_BYTES_TAKEN;
    return bytes;
}
