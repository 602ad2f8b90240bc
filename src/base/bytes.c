/* bytes.c: blocks of memory with their size. What must hold: a block that is not empty ends in a NUL beyond its size;
   the mark that plait_bytes_take leaves in the size is looked at by the submit alone, which takes it off. */
#include "base/bytes.h"
#include "base/memory.h"
#include "base/record.h"
#include <plait/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int plait_bytes_copy(plait_bytes *bytes, const void *data, size_t size)
{
    *bytes = (plait_bytes){ 0 };
    char *block = size < PLAIT_BYTES_TAKEN ? plait_allocate(size + 1) : NULL;
    if (!block) return plait_failed(PLAIT_ENOMEM);
    if (data && size) memcpy(block, data, size);
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
    free(bytes->data);
    *bytes = (plait_bytes){ 0 };
}

plait_bytes *plait_bytes_take(plait_bytes *bytes)
{
    bytes->size |= PLAIT_BYTES_TAKEN;
    return bytes;
}
