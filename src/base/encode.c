/* encode.c: described values as bytes, and back. A struct is its fields that lie in place, then the counts of its arrays,
   then these arrays: so a reader knows each count before it makes room, and arrays that share one agree on it, whatever
   was sent. Numbers are as in memory: the reader is of the same build. What is owned is led by a word: 0 for NULL, else
   its size plus one.

   What must hold: a reader looks at nothing behind the end of the bytes, asks for no more memory than they can account
   for, and leaves either a whole value or nothing. */
#include "base/encode.h"
#include "base/memory.h"
#include "base/record.h"
#include "base/type.h"
#include <string.h>

struct writer {
    char *to; /* NULL: measures */
    size_t at;
    unsigned depth;
    bool too_deep;
};

struct reader {
    const char *from;
    size_t left;
    unsigned depth;
    int err;
};

static bool owns(const plait_field *f)
{
    return f->kind == PLAIT_KIND_STRUCT || f->kind == PLAIT_KIND_STRING || f->kind == PLAIT_KIND_BYTES;
}

static void put(struct writer *w, const void *from, size_t size)
{
    if (w->to && size) memcpy(w->to + w->at, from, size);
    w->at += size;
}

/* A piece that is owned; what it holds follows. */
static bool put_piece(struct writer *w, const void *piece, size_t size)
{
    uint64_t word = piece ? size + 1 : 0;
    put(w, &word, sizeof word);
    return piece;
}

static void put_struct(struct writer *w, const plait_type *type, const char *value);

static void put_element(struct writer *w, const plait_field *f, const char *element)
{
    plait_bytes bytes;
    char *text;
    switch (f->kind) {
    case PLAIT_KIND_STRUCT: put_struct(w, f->type, element); break;
    case PLAIT_KIND_STRING:
        memcpy(&text, element, sizeof text);
        bytes = (plait_bytes){ text, text ? strlen(text) : 0 };
        if (put_piece(w, bytes.data, bytes.size)) put(w, bytes.data, bytes.size);
        break;
    case PLAIT_KIND_BYTES:
        memcpy(&bytes, element, sizeof bytes);
        if (put_piece(w, bytes.data, bytes.size)) put(w, bytes.data, bytes.size);
        break;
    default: put(w, element, f->size);
    }
}

static void put_elements(struct writer *w, const plait_field *f, const char *first, size_t count)
{
    if (!owns(f)) put(w, first, count * f->size);
    else
        for (size_t i = 0; i < count && !w->too_deep; i++) put_element(w, f, first + i * f->size);
}

static void put_struct(struct writer *w, const plait_type *type, const char *value)
{
    const plait_field *end = type->fields + type->field_count;
    if (++w->depth > PLAIT_DEEPEST) w->too_deep = true;
    for (const plait_field *f = type->fields; f < end && !w->too_deep; f++)
        if (f->length) put_elements(w, f, value + f->offset, f->length);
    for (const plait_field *f = type->fields; f < end; f++)
        if (!f->length) put(w, value + f->count_offset, f->count_size);
    for (const plait_field *f = type->fields; f < end && !w->too_deep; f++) {
        char *first;
        if (f->length) continue;
        memcpy(&first, value + f->offset, sizeof first);
        if (put_piece(w, first, 0)) put_elements(w, f, first, plait_type_count(f, value));
    }
    w->depth--;
}

ssize_t plait_type_encoded_size(const plait_type *type, const void *value)
{
    struct writer w = { .to = NULL };
    put_struct(&w, type, value);
    if (w.too_deep)
        return plait_fail(PLAIT_ETOOLARGE, "a %s that is nested more than %d deep is not sent", type->name,
                          PLAIT_DEEPEST);
    return (ssize_t)w.at;
}

void plait_type_encode(const plait_type *type, const void *value, void *bytes)
{
    struct writer w = { .to = bytes };
    put_struct(&w, type, value);
}

static const char *get(struct reader *r, size_t size)
{
    const char *from = r->from;
    if (size > r->left) r->err = PLAIT_EPROTOCOL;
    if (r->err) return NULL;
    r->from += size, r->left -= size;
    return from;
}

static bool get_piece(struct reader *r, size_t *size)
{
    uint64_t word = 0;
    const char *from = get(r, sizeof word);
    if (from) memcpy(&word, from, sizeof word);
    if (word > r->left + 1) r->err = PLAIT_EPROTOCOL;
    *size = word - 1;
    return word && !r->err;
}

/* Room for what is owned, held by the value from now on: so that a value that fails midway can be cleared. */
static char *make(struct reader *r, char *place, size_t size)
{
    char *made = plait_allocate(size + 1);
    if (!made) r->err = PLAIT_ENOMEM;
    else memcpy(place, &made, sizeof made);
    return made;
}

static void get_struct(struct reader *r, const plait_type *type, char *value);

static void get_element(struct reader *r, const plait_field *f, char *element)
{
    size_t size;
    char *made;
    if (f->kind == PLAIT_KIND_STRUCT) {
        get_struct(r, f->type, element);
        return;
    }
    if (!get_piece(r, &size)) return;
    char *place = f->kind == PLAIT_KIND_BYTES ? element + offsetof(plait_bytes, data) : element;
    if (!(made = make(r, place, size))) return;
    if (size) memcpy(made, get(r, size), size); /* which are there: the word was checked */
    if (f->kind == PLAIT_KIND_BYTES) memcpy(element + offsetof(plait_bytes, size), &size, sizeof size);
}

static void get_elements(struct reader *r, const plait_field *f, char *first, size_t count)
{
    const char *from = owns(f) ? NULL : get(r, count * f->size);
    if (from && count) memcpy(first, from, count * f->size);
    for (size_t i = 0; owns(f) && i < count && !r->err; i++) get_element(r, f, first + i * f->size);
}

static void get_array(struct reader *r, const plait_field *f, char *value)
{
    size_t none, size, count = plait_type_count(f, value);
    if (!get_piece(r, &none)) return;
    /* Each element takes a byte at least, but for structs without a field, of which there may be as many as bytes. */
    if (count > r->left || __builtin_mul_overflow(count, f->size, &size)) {
        r->err = PLAIT_EPROTOCOL;
        return;
    }
    char *first = make(r, value + f->offset, size);
    if (first) get_elements(r, f, first, count);
}

static void get_struct(struct reader *r, const plait_type *type, char *value)
{
    const plait_field *end = type->fields + type->field_count;
    if (++r->depth > PLAIT_DEEPEST) r->err = PLAIT_EPROTOCOL;
    for (const plait_field *f = type->fields; f < end && !r->err; f++)
        if (f->length) get_elements(r, f, value + f->offset, f->length);
    for (const plait_field *f = type->fields; f < end && !r->err; f++) {
        const char *count = f->length ? NULL : get(r, f->count_size);
        if (count) memcpy(value + f->count_offset, count, f->count_size);
    }
    for (const plait_field *f = type->fields; f < end && !r->err; f++)
        if (!f->length) get_array(r, f, value);
    r->depth--;
}

int plait_type_decode(const plait_type *type, void *value, const void *bytes, size_t size)
{
    struct reader r = { .from = bytes, .left = size };
    memset(value, 0, type->size);
    get_struct(&r, type, value);
    if (!r.err && r.left) r.err = PLAIT_EPROTOCOL;
    if (!r.err) return 0;
    plait_type_clear_value(type, value);
    return r.err == PLAIT_EPROTOCOL ? plait_fail(r.err, "%zu bytes that are no %s", size, type->name)
                                    : plait_failed(r.err);
}
