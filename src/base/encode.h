/* encode.h: a described value as bytes without addresses, for another process of the same build. See encode.c. */
#ifndef PLAIT_BASE_ENCODE_H
#define PLAIT_BASE_ENCODE_H
#include <plait/type.h>
#include <sys/types.h>

enum { PLAIT_DEEPEST = 128 }; /* structs inside of structs that a value may have */

/* How many bytes it takes; or PLAIT_ETOOLARGE with words: it is nested too deep. */
ssize_t plait_type_encoded_size(const plait_type *type, const void *value);

/* Writes them; `value` has not changed since it was measured. */
void plait_type_encode(const plait_type *type, const void *value, void *bytes);

/* Makes *value what was encoded, with pieces of its own; fields that are not described are zero. What it held before is
   not looked at. 0; PLAIT_ENOMEM; PLAIT_EPROTOCOL with words for bytes that are no such value: *value is zero bytes. */
int plait_type_decode(const plait_type *type, void *value, const void *bytes, size_t size);

#endif
