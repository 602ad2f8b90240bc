/* value.h: values whose shape is known only when the program runs: nothing, numbers, texts, bytes, lists and maps of these.
   For messages to other processes, also of other programs: they travel as CBOR (RFC 8949). Belongs to libplait-value.
   What has a fixed shape is better a struct (<plait/pipe.h>, <plait/type.h>).

       plait_value *v = plait_value_map();
       int err = plait_value_set(v, "one", plait_value_integer(1));
       if (!err) err = plait_value_send(pipe, v, PLAIT_FOREVER);
       plait_value_free(v);

   A value is used by one task at a time. It belongs to whoever made it, until it is put into a list or a map: then it is
   a part of that one, and goes with it. */
#ifndef PLAIT_VALUE_H
#define PLAIT_VALUE_H

#include <plait/pipe.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_value plait_value;
typedef enum plait_value_kind {
    PLAIT_VALUE_NONE,
    PLAIT_VALUE_BOOLEAN,
    PLAIT_VALUE_INTEGER,
    PLAIT_VALUE_REAL,
    PLAIT_VALUE_TEXT,
    PLAIT_VALUE_BYTES,
    PLAIT_VALUE_LIST,
    PLAIT_VALUE_MAP
} plait_value_kind;

/* Makes one; NULL without memory. What is given is copied. */
PLAIT_API plait_value *plait_value_none(void);
PLAIT_API plait_value *plait_value_boolean(bool value);
PLAIT_API plait_value *plait_value_integer(int64_t value);
PLAIT_API plait_value *plait_value_real(double value);
PLAIT_API plait_value *plait_value_text(const char *value);
PLAIT_API plait_value *plait_value_bytes(const void *data, size_t size);
PLAIT_API plait_value *plait_value_list(void);
PLAIT_API plait_value *plait_value_map(void);

/* Frees a value with all its parts. NULL is nothing. A part of another value stops the program. */
PLAIT_API void plait_value_free(plait_value *value);

/* Puts `part` at the end of a list; or into a map under `key`, which is copied, in place of what was there. Takes `part`
   in any case: when the call fails it is freed. 0; PLAIT_ENOMEM, also for NULL, so that a part can be made in the call.
   A value that is no list (no map), or a part that is a part already, or that would contain itself, stops the program. */
PLAIT_API int plait_value_append(plait_value *list, plait_value *part) PLAIT_MUST_CHECK;
PLAIT_API int plait_value_set(plait_value *map, const char *key, plait_value *part) PLAIT_MUST_CHECK;

/* What it is. */
PLAIT_API plait_value_kind plait_value_get_kind(const plait_value *value);

/* Reads one: 0; or PLAIT_EINVAL with words when it is of another kind, or NULL. An integer may be read as a real. Texts
   and bytes stay the value's; a text ends in a NUL and may have others inside, which its size tells (NULL: not wanted). */
PLAIT_API int plait_value_get_boolean(const plait_value *value, bool *result) PLAIT_MUST_CHECK;
PLAIT_API int plait_value_get_integer(const plait_value *value, int64_t *result) PLAIT_MUST_CHECK;
PLAIT_API int plait_value_get_real(const plait_value *value, double *result) PLAIT_MUST_CHECK;
PLAIT_API int plait_value_get_text(const plait_value *value, const char **text, size_t *size) PLAIT_MUST_CHECK;
PLAIT_API int plait_value_get_bytes(const plait_value *value, const void **data, size_t *size) PLAIT_MUST_CHECK;

/* How many parts a list or a map has (others: 0); the part at a place, and its key in a map, in the order of the first
   set; the part under a key. NULL when there is none. */
PLAIT_API size_t plait_value_count(const plait_value *value);
PLAIT_API const plait_value *plait_value_at(const plait_value *value, size_t place);
PLAIT_API const char *plait_value_key_at(const plait_value *map, size_t place);
PLAIT_API const plait_value *plait_value_find(const plait_value *map, const char *key);

/* Writes it as JSON text would have it, bytes as hexadecimal digits in <>, cut at `size` bytes with its NUL. Returns the
   full length; `text` may be NULL with size 0. */
PLAIT_API size_t plait_value_describe(const plait_value *value, char *text, size_t size);

/* To CBOR and back. *bytes becomes the caller's, by plait_bytes_clear; so does *value, by plait_value_free. 0;
   PLAIT_ENOMEM; PLAIT_ETOOLARGE for a value nested more than 128 deep; PLAIT_EPROTOCOL, with words and the place, for
   bytes that are no such value: not whole or with something behind, of kinds that are not here, numbers that do not fit,
   keys that are no text or come twice, or nested too deep. */
PLAIT_API int plait_value_encode(const plait_value *value, plait_bytes *bytes) PLAIT_MUST_CHECK;
PLAIT_API int plait_value_decode(const void *data, size_t size, plait_value **value) PLAIT_MUST_CHECK;

/* Sends and receives one as a message of bytes. `limit`: of its bytes, 0 is any. Errors as above and as for
   plait_pipe_send_bytes and plait_pipe_receive_bytes; what is no value is dropped. */
PLAIT_API int plait_value_send(plait_pipe *pipe, const plait_value *value, plait_deadline deadline) PLAIT_MUST_CHECK;
PLAIT_API int plait_value_receive(plait_pipe *pipe, plait_value **value, size_t limit,
                                  plait_deadline deadline) PLAIT_MUST_CHECK;

PLAIT_END_DECLARATIONS
#endif
