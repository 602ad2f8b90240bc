/* parcel.c: see parcel.h. */
#include "process/parcel.h"
#include "base/encode.h"
#include "base/type.h"
#include "process/said.h"
#include "process/shared_block.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void say_it_is_full(plait_shared_memory *memory, size_t size)
{
    plait_shared_memory_usage usage;
    if (plait_error_code() != PLAIT_ENOMEM) return; /* of the system's */
    plait_shared_memory_get_usage(memory, &usage);
    plait_fail(
        PLAIT_ENOMEM,
        "no room for a value of %zu bytes on its way: the shared memory may have %zu (.shared_limit), and %zu are "
        "used",
        size, usage.limit, usage.used);
}

/* Where `size` bytes and a NUL are to be written; NULL without memory. */
static char *make_room(plait_parcel *p, plait_shared_memory *memory, size_t size)
{
    bool small = size < PLAIT_PARCEL_ROOM;
    p->size = size, p->none = p->lent = false;
    p->block = small ? NULL : plait_shared_block_new(memory, size + 1);
    if (p->block) plait_shared_block_pass(memory, p->block);
    else if (!small) say_it_is_full(memory, size);
    return small ? (char *)p->inside : p->block;
}

static const void *content(const plait_parcel *p) { return p->block ? p->block : p->inside; }

static bool makes_sense(const plait_parcel *p, plait_shared_memory *memory)
{
    return p->block ? p->size < SIZE_MAX && plait_shared_block_fits(memory, p->block, p->size + 1)
                    : p->size < PLAIT_PARCEL_ROOM;
}

static int put_bytes(plait_parcel *p, plait_shared_memory *memory, const void *from, size_t size)
{
    char *to = make_room(p, memory, size);
    if (!to) return PLAIT_ENOMEM;
    if (size) memcpy(to, from, size);
    to[size] = 0;
    p->copied = size;
    return 0;
}

/* With all that it owns behind it, at the addresses that it has in both processes. */
static int lay_out(plait_parcel *p, plait_shared_memory *memory, const plait_type *type, const void *value)
{
    size_t pieces_at = (type->size + 15) / 16 * 16, pieces = plait_type_room(type, value);
    char *to = pieces < SIZE_MAX / 2 ? make_room(p, memory, pieces_at + pieces) : NULL;
    if (!to)
        return pieces < SIZE_MAX / 2 ? PLAIT_ENOMEM : plait_fail(PLAIT_ENOMEM, "a value is larger than any memory");
    memcpy(to, value, type->size);
    plait_type_settle(type, to, to + pieces_at);
    p->copied = p->size;
    return 0;
}

static int encode(plait_parcel *p, plait_shared_memory *memory, const plait_type *type, const void *value)
{
    ssize_t size = plait_type_encoded_size(type, value);
    if (size < 0) return (int)size;
    char *to = make_room(p, memory, (size_t)size);
    if (!to) return PLAIT_ENOMEM;
    plait_type_encode(type, value, to);
    p->copied = (size_t)size;
    return 0;
}

static int copy_bytes(plait_parcel *p, plait_shared_memory *memory, const plait_bytes *bytes)
{
    int err = put_bytes(p, memory, bytes->data, bytes->data ? bytes->size : 0);
    p->none = !bytes->data;
    return err;
}

/* Whether the block can stay where it is. */
static bool lies_there(plait_shared_memory *memory, const plait_bytes *bytes)
{
    return plait_shared_block_is_mine(memory, bytes->data) &&
           plait_shared_block_fits(memory, bytes->data, bytes->size + 1);
}

static void let_lie(plait_parcel *p, const plait_bytes *bytes, bool lent)
{
    p->size = bytes->size;
    p->copied = 0;
    p->none = false;
    p->lent = lent;
    p->block = bytes->data;
}

int plait_parcel_put(plait_parcel *p, plait_shared_memory *memory, uint32_t kind, const plait_type *type, size_t size,
                     const void *value)
{
    if (kind == PLAIT_KIND_STRUCT) return lay_out(p, memory, type, value);
    if (kind == PLAIT_KIND_PLAIN) return put_bytes(p, memory, value, size);
    if (!lies_there(memory, value)) return copy_bytes(p, memory, value);
    let_lie(p, value, true);
    return 0;
}

bool plait_parcel_has_room(plait_shared_memory *memory, uint32_t kind, const plait_type *type, size_t size,
                           const void *value)
{
    if (kind == PLAIT_KIND_STRUCT) {
        if (plait_shared_block_room(memory, 0, 2)) return true; /* it need not be measured */
        size += plait_type_room(type, value);
    } else if (kind == PLAIT_KIND_BYTES) {
        size = lies_there(memory, value) ? 0 : ((const plait_bytes *)value)->size;
    }
    return size < PLAIT_PARCEL_ROOM || plait_shared_block_room(memory, size, 3);
}

static int pass(plait_parcel *p, plait_shared_memory *memory, uint32_t kind, const plait_type *type, size_t size,
                void *value)
{
    if (kind == PLAIT_KIND_STRUCT) return encode(p, memory, type, value);
    if (kind == PLAIT_KIND_PLAIN) return put_bytes(p, memory, value, size);
    plait_bytes *bytes = value;
    if (!lies_there(memory, bytes)) return copy_bytes(p, memory, bytes);
    ((char *)bytes->data)[bytes->size] = 0;
    let_lie(p, bytes, false);
    plait_shared_block_pass(memory, bytes->data); /* from here on it would be freed with the parcel */
    *bytes = (plait_bytes){ 0 };
    return 0;
}

int plait_parcel_pass(plait_parcel *p, plait_shared_memory *memory, uint32_t kind, const plait_type *type, size_t size,
                      void *value)
{
    for (int turn = 0;; turn++) {
        int err = pass(p, memory, kind, type, size, value);
        if (err != PLAIT_ENOMEM || turn == PLAIT_PARCEL_PATIENCE || !plait_shared_block_may_fit(memory, p->size))
            return err;
        nanosleep(&(struct timespec){ .tv_nsec = PLAIT_MILLISECOND }, NULL);
    }
}

static int check(const plait_parcel *p, plait_shared_memory *memory, uint32_t kind, size_t size)
{
    bool fits = kind != PLAIT_KIND_PLAIN || p->size == size;
    if (fits && makes_sense(p, memory)) return 0;
    return plait_fail(PLAIT_EPROTOCOL, "what came from another process makes no sense");
}

int plait_parcel_look(const plait_parcel *p, plait_shared_memory *memory, uint32_t kind, size_t size, void *value)
{
    int err = check(p, memory, kind, size);
    if (err) return err;
    if (kind == PLAIT_KIND_BYTES)
        *(plait_bytes *)value = p->none ? (plait_bytes){ 0 } : (plait_bytes){ (void *)(uintptr_t)content(p), p->size };
    else if (size) memcpy(value, content(p), size);
    return 0;
}

int plait_parcel_take(plait_parcel *p, plait_shared_memory *memory, uint32_t kind, const plait_type *type, size_t size,
                      void *value)
{
    int err = check(p, memory, kind, size);
    if (err || p->none) return err;
    if (kind == PLAIT_KIND_STRUCT) return plait_type_decode(type, value, content(p), p->size);
    if (kind == PLAIT_KIND_PLAIN) {
        if (size) memcpy(value, content(p), size);
        return 0;
    }
    if (!p->block || p->lent || !plait_shared_block_room(memory, 0, 2)) {
        p->copied += p->size;
        return plait_bytes_copy(value, content(p), p->size);
    }
    plait_shared_block_take(memory, p->block);
    *(plait_bytes *)value = (plait_bytes){ p->block, p->size };
    p->block = NULL;
    return 0;
}

void plait_parcel_say(plait_parcel *p, plait_shared_memory *memory, const plait_record *record)
{
    struct plait_said said[PLAIT_MOST_SAID];
    size_t count = plait_say_all(said, record);
    void *to = count ? make_room(p, memory, count * sizeof *said) : NULL;
    p->none = !to;
    if (to) memcpy(to, said, count * sizeof *said);
}

plait_record *plait_parcel_said(const plait_parcel *p, plait_shared_memory *memory)
{
    size_t count = p->size / sizeof(struct plait_said);
    return p->none || count > PLAIT_MOST_SAID || !makes_sense(p, memory) ? NULL : plait_records_said(content(p), count);
}

void plait_parcel_clear(plait_parcel *p, plait_shared_memory *memory)
{
    if (p->block && !p->lent && plait_shared_block_fits(memory, p->block, 0) &&
        !plait_shared_block_is_mine(memory, p->block)) /* which none is in a parcel that is not lent */
        plait_shared_free(memory, p->block);
    *p = (plait_parcel){ .size = 0 };
}
