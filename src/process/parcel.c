/* parcel.c: see parcel.h. */
#include "process/parcel.h"
#include "base/encode.h"
#include "process/said.h"
#include "process/shared_block.h"
#include <stdlib.h>
#include <string.h>

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

static int put(plait_parcel *p, plait_shared_memory *memory, uint32_t kind, const plait_type *type, size_t size,
               const void *value)
{
    const void *from = value;
    if (kind == PLAIT_KIND_BYTES) {
        const plait_bytes *bytes = value;
        from = bytes->data, size = bytes->data ? bytes->size : 0;
    } else if (kind == PLAIT_KIND_STRUCT) {
        ssize_t encoded = plait_type_encoded_size(type, value);
        if (encoded < 0) return (int)encoded;
        size = (size_t)encoded;
    }
    char *to = make_room(p, memory, size);
    if (!to) return PLAIT_ENOMEM;
    p->none = kind == PLAIT_KIND_BYTES && !from;
    if (kind == PLAIT_KIND_STRUCT) plait_type_encode(type, value, to);
    else if (size) memcpy(to, from, size);
    to[size] = 0;
    p->copied = size;
    return 0;
}

/* Whether the value's block can stay where it is. */
static bool lies_there(plait_shared_memory *memory, uint32_t kind, const void *value)
{
    const plait_bytes *bytes = value;
    return kind == PLAIT_KIND_BYTES && plait_shared_block_is_mine(memory, bytes->data) &&
           plait_shared_block_fits(memory, bytes->data, bytes->size + 1);
}

static void let_lie(plait_parcel *p, const plait_bytes *bytes)
{
    p->size = bytes->size;
    p->block = bytes->data;
    p->copied = 0;
    p->none = false;
}

int plait_parcel_put(plait_parcel *p, plait_shared_memory *memory, uint32_t kind, const plait_type *type, size_t size,
                     const void *value)
{
    if (!lies_there(memory, kind, value)) return put(p, memory, kind, type, size, value);
    p->lent = true;
    let_lie(p, value);
    return 0;
}

int plait_parcel_pass(plait_parcel *p, plait_shared_memory *memory, uint32_t kind, const plait_type *type, size_t size,
                      void *value)
{
    if (!lies_there(memory, kind, value)) return put(p, memory, kind, type, size, value);
    plait_bytes *bytes = value;
    ((char *)bytes->data)[bytes->size] = 0;
    p->lent = false;
    let_lie(p, bytes);
    plait_shared_block_pass(memory, bytes->data); /* from here on it would be freed with the parcel */
    *bytes = (plait_bytes){ 0 };
    return 0;
}

static int check(const plait_parcel *p, plait_shared_memory *memory, uint32_t kind, size_t size)
{
    bool fits = kind != PLAIT_KIND_PLAIN || p->size == size;
    if (fits && makes_sense(p, memory)) return 0;
    return plait_fail(PLAIT_EPROTOCOL, "what came from another process makes no sense");
}

int plait_parcel_look(const plait_parcel *p, plait_shared_memory *memory, uint32_t kind, const plait_type *type,
                      size_t size, void *value)
{
    int err = check(p, memory, kind, size);
    if (err) return err;
    if (kind == PLAIT_KIND_STRUCT) return plait_type_decode(type, value, content(p), p->size);
    if (kind == PLAIT_KIND_BYTES)
        *(plait_bytes *)value = p->none ? (plait_bytes){ 0 } : (plait_bytes){ (void *)(uintptr_t)content(p), p->size };
    else if (size) memcpy(value, content(p), size);
    return 0;
}

int plait_parcel_take(plait_parcel *p, plait_shared_memory *memory, uint32_t kind, const plait_type *type, size_t size,
                      void *value)
{
    if (kind != PLAIT_KIND_BYTES) return plait_parcel_look(p, memory, kind, type, size, value);
    int err = check(p, memory, kind, size);
    if (err || p->none) return err;
    if (!p->block || p->lent || !plait_shared_block_room(memory, 0)) {
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
    if (p->block && !p->lent && plait_shared_block_fits(memory, p->block, 0)) plait_shared_free(memory, p->block);
    *p = (plait_parcel){ .size = 0 };
}
