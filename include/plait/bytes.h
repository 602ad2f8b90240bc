/* bytes.h: a block of memory with its size, as an argument or result of a task. */
#ifndef PLAIT_BYTES_H
#define PLAIT_BYTES_H

#include <plait/api.h>
PLAIT_BEGIN_DECLARATIONS

/* `size` bytes at `data`, followed by a NUL that size does not count, so that text serves as a string. Zero bytes are
   the empty block: data is NULL then. The owner ends it with plait_bytes_clear.
   As the argument of a task the block is copied at submit, or handed over by plait_bytes_take. As a result it belongs to
   whoever awaits; awaiting into NULL clears it.

   A large block may lie in shared memory: so does the result of a task in a worker process, and what such a task makes by the
   calls below, so that it need not be copied to be handed over. It is used and handed on as any other, also when the pool
   has been freed; but free(3) must not have it. What shared memory has no room for lies in the heap. */
typedef struct plait_bytes {
    void *data;
    size_t size;
} plait_bytes;

/* Makes *bytes a copy of `size` bytes at `data` (NULL: zeroed), with the NUL. What *bytes held before is not looked at.
   0; PLAIT_ENOMEM, and *bytes is empty. */
PLAIT_API int plait_bytes_copy(plait_bytes *bytes, const void *data, size_t size) PLAIT_MUST_CHECK;

/* Makes *bytes the text that printf would give. As above. */
PLAIT_API int plait_bytes_format(plait_bytes *bytes, const char *format, ...) PLAIT_PRINTF_(2, 3) PLAIT_MUST_CHECK;

/* Frees the block and makes *bytes empty. An empty one is left as it is; NULL is nothing. */
PLAIT_API void plait_bytes_clear(plait_bytes *bytes);

/* plait_submit(ex, f, plait_bytes_take(&b)) hands the block over instead of copying it; b is empty afterwards, whatever
   becomes of the submit. The block must be a result, or come from plait_bytes_copy, plait_bytes_format or malloc with room
   for the NUL.
   Returns its argument, marked; to be given to a submit at once and to nothing else. */
PLAIT_API plait_bytes *plait_bytes_take(plait_bytes *bytes);

PLAIT_END_DECLARATIONS
#endif
