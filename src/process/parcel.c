/* parcel.c: see parcel.h. */
#include "process/parcel.h"
#include "base/encode.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

struct said {
    int32_t code, signal, pid, line;
    char message[240], task[64], thread[32], file[96];
};

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
    size_t count = 0;
    const plait_error_record *r = record ? &record->public : NULL;
    for (const plait_error_record *one = r; one; one = one->cause) count++;
    if (count > PLAIT_MOST_SAID) count = PLAIT_MOST_SAID;
    struct said *to = count ? make_room(p, memory, count * sizeof *to) : NULL;
    p->none = !to;
    if (!to) return;
    for (struct said *s = to; s < to + count; s++, r = r->cause) {
        memset(s, 0, sizeof *s);
        s->code = r->code, s->signal = r->signal, s->pid = r->pid, s->line = r->line;
        strncpy(s->message, r->message, sizeof s->message - 1);
        strncpy(s->task, r->task, sizeof s->task - 1);
        strncpy(s->thread, r->thread, sizeof s->thread - 1);
        strncpy(s->file, r->file, sizeof s->file - 1);
    }
}

plait_record *plait_parcel_said(const plait_parcel *p)
{
    const struct said *from = content(p);
    plait_record *record = NULL;
    if (p->none || !makes_sense(p)) return NULL;
    for (size_t i = p->size / sizeof *from; i-- > 0;) {
        struct said s = from[i];
        s.message[sizeof s.message - 1] = s.task[sizeof s.task - 1] = s.thread[sizeof s.thread - 1] =
            s.file[sizeof s.file - 1] = 0;
        plait_record *one = plait_record_say(s.code, record, "%s", s.message);
        if (!one) return NULL;
        plait_record_set_task(one, s.task, s.file, s.line);
        memcpy(one->thread, s.thread, sizeof one->thread);
        one->public.signal = s.signal;
        one->public.pid = s.pid;
        record = one;
    }
    return record;
}

void plait_parcel_clear(plait_parcel *p, plait_shared_memory *memory)
{
    if (p->block) plait_shared_free(memory, p->block);
    *p = (plait_parcel){ .size = 0 };
}
