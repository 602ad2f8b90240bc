/* type.h: a described value's parts; and the whole laid out in one block, for who does not want many. */
#ifndef PLAIT_BASE_TYPE_H
#define PLAIT_BASE_TYPE_H
#include <plait/type.h>

/* How many elements an array that a field of `value` points to has. */
size_t plait_type_count(const plait_field *field, const char *value);

/* The bytes that copies of all that the value owns take together, SIZE_MAX when they are too many. */
size_t plait_type_room(const plait_type *type, const void *value);

/* `value` is a copy, byte by byte, of one that was measured: makes it point to copies, in `room`, of what that one owns.
   The room is aligned as malloc's. Such a value is never cleared: its parts go with the room. */
void plait_type_settle(const plait_type *type, void *value, void *room);

#endif
