/* parcel.c: see parcel.h. */
#include "process/parcel.h"
#include "base/encode.h"
#include "process/said.h"
#include <stdlib.h>
#include <string.h>

/* Where `size` bytes are to be written; NULL without memory. */
static void *make_room(plait_parcel *p, plait_shared_memory *memory, size_t size)
{
    p->size = size;
    p->none = false;
    p->block = size > PLAIT_PARCEL_ROOM ? plait_shared_alloc(memory, size) : NULL;
    return p->block ? p->block : size > PLAIT_PARCEL_ROOM ? NULL : p->inside;
}

static const void *content(const plait_parcel *p) { return p->block ? p->block : p->inside; }
static bool makes_sense(const plait_parcel *p) { return p->block || p->size <= PLAIT_PARCEL_ROOM; }

int plait_parcel_put(plait_parcel *p, plait_shared_memory *memory, uint32_t kind, const plait_type *type, size_t size,
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
    void *to = make_room(p, memory, size);
    if (!to) return PLAIT_ENOMEM;
    p->none = kind == PLAIT_KIND_BYTES && !from;
    if (kind == PLAIT_KIND_STRUCT) plait_type_encode(type, value, to);
    else if (size) memcpy(to, from, size);
    return 0;
}

int plait_parcel_get(const plait_parcel *p, uint32_t kind, const plait_type *type, size_t size, void *value)
{
    bool fits = kind == PLAIT_KIND_PLAIN ? p->size == size : makes_sense(p);
    if (!fits || !makes_sense(p)) return plait_fail(PLAIT_EPROTOCOL, "what came from another process makes no sense");
    if (kind == PLAIT_KIND_STRUCT) return plait_type_decode(type, value, content(p), p->size);
    if (kind == PLAIT_KIND_BYTES) return p->none ? 0 : plait_bytes_copy(value, content(p), p->size);
    if (size) memcpy(value, content(p), size);
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

plait_record *plait_parcel_said(const plait_parcel *p)
{
    size_t count = p->size / sizeof(struct plait_said);
    return p->none || !makes_sense(p) || count > PLAIT_MOST_SAID ? NULL : plait_records_said(content(p), count);
}

void plait_parcel_clear(plait_parcel *p, plait_shared_memory *memory)
{
    if (p->block) plait_shared_free(memory, p->block);
    *p = (plait_parcel){ .size = 0 };
}
