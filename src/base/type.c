/* type.c: values of described structs: measured, copied, laid out, cleared. All of these are one walk over what a value
   owns, piece by piece: the same table and the same order, so that what was measured is what is laid out.

   What must hold: a copy is at first the value's bytes, and each pointer in it is replaced when the walk meets it, by NULL
   once memory has failed. So, when the walk is over, a copy owns what it points to or points to nothing. */
#include "base/type.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/record.h"
#include <plait/error.h>
#include <stdlib.h>
#include <string.h>

struct walk {
    /* What becomes of one piece: gives what is to be pointed to instead. A text has a NUL behind its `size` bytes. */
    void *(*piece)(struct walk *, void *piece, size_t size, bool text);
    bool inner_first; /* the pieces that a piece points to come before it */
    char *room;
    size_t at; /* in the room */
    bool failed;
};

static void walk_struct(struct walk *w, const plait_type *type, char *value);

/* Fields are of many pointer types: they are read and written as bytes. */
static void *pointer_at(const char *field)
{
    void *pointer;
    memcpy(&pointer, field, sizeof pointer);
    return pointer;
}

static void *visit(struct walk *w, char *field, size_t size, bool text)
{
    void *was = pointer_at(field), *now = w->piece(w, was, size, text);
    if (now != was) memcpy(field, &now, sizeof now); /* a value that is measured may be constant */
    return now;
}

static void walk_element(struct walk *w, const plait_field *f, char *element)
{
    plait_bytes bytes;
    switch (f->kind) {
    case PLAIT_KIND_STRUCT: walk_struct(w, f->type, element); break;
    case PLAIT_KIND_STRING:
        if (pointer_at(element)) visit(w, element, strlen(pointer_at(element)), true);
        break;
    case PLAIT_KIND_BYTES:
        memcpy(&bytes, element, sizeof bytes);
        if (bytes.data) visit(w, element + offsetof(plait_bytes, data), bytes.size, true);
        break;
    default: break;
    }
}

static void walk_elements(struct walk *w, const plait_field *f, char *first, size_t count)
{
    bool owns = f->kind == PLAIT_KIND_STRUCT || f->kind == PLAIT_KIND_STRING || f->kind == PLAIT_KIND_BYTES;
    for (size_t i = 0; owns && i < count; i++) walk_element(w, f, first + i * f->size);
}

size_t plait_type_count(const plait_field *f, const char *value)
{
    union {
        uint8_t of_1;
        uint16_t of_2;
        uint32_t of_4;
        uint64_t of_8;
    } n = { .of_8 = 0 };
    memcpy(&n, value + f->count_offset, f->count_size);
    uint64_t count = f->count_size == 1 ? n.of_1 : f->count_size == 2 ? n.of_2 : f->count_size == 4 ? n.of_4 : n.of_8;
    bool negative = f->count_kind == PLAIT_KIND_SIGNED && count >> (8 * f->count_size - 1);
    return negative ? 0 : count;
}

static void walk_field(struct walk *w, const plait_field *f, char *value)
{
    char *field = value + f->offset, *first = field;
    size_t count = f->length, size;
    if (count) {
        walk_elements(w, f, first, count);
        return;
    }
    if (!(first = pointer_at(field))) return;
    count = plait_type_count(f, value);
    if (__builtin_mul_overflow(count, f->size, &size)) size = SIZE_MAX;
    if (w->inner_first) walk_elements(w, f, first, count);
    first = visit(w, field, size, false);
    if (!w->inner_first && first) walk_elements(w, f, first, count);
}

static void walk_struct(struct walk *w, const plait_type *type, char *value)
{
    for (size_t i = 0; i < type->field_count; i++) walk_field(w, &type->fields[i], value);
}

/* Where the next piece of the room begins; SIZE_MAX stays what it is. */
static size_t reserve(struct walk *w, size_t size, bool text)
{
    size_t mask = text ? 0 : _Alignof(max_align_t) - 1, begin, end;
    begin = w->at > SIZE_MAX - mask ? SIZE_MAX : (w->at + mask) & ~mask;
    if (__builtin_add_overflow(begin, size, &end) || __builtin_add_overflow(end, (size_t)text, &end)) end = SIZE_MAX;
    w->at = end;
    return begin;
}

static void *fill(char *to, const void *from, size_t size, bool text)
{
    if (size) memcpy(to, from, size);
    if (text) to[size] = 0;
    return to;
}

static void *measure(struct walk *w, void *piece, size_t size, bool text)
{
    reserve(w, size, text);
    return piece;
}

static void *settle(struct walk *w, void *piece, size_t size, bool text)
{
    return fill(w->room + reserve(w, size, text), piece, size, text);
}

static void *duplicate(struct walk *w, void *piece, size_t size, bool text)
{
    char *copy = w->failed || size == SIZE_MAX ? NULL : plait_allocate(size + 1);
    w->failed = !copy;
    return copy ? fill(copy, piece, size, text) : NULL;
}

static void *let_go(struct walk *w, void *piece, size_t size, bool text)
{
    (void)w, (void)size, (void)text;
    plait_bytes_free(piece); /* of a plait_bytes, or of the heap */
    return NULL;
}

size_t plait_type_room(const plait_type *type, const void *value)
{
    struct walk w = { .piece = measure };
    walk_struct(&w, type, (char *)(uintptr_t)value); /* which a measure leaves as it is */
    return w.at;
}

void plait_type_settle(const plait_type *type, void *value, void *room)
{
    struct walk w = { .piece = settle, .room = room };
    walk_struct(&w, type, value);
}

int plait_type_copy_value(const plait_type *type, void *to, const void *from)
{
    struct walk w = { .piece = duplicate };
    memcpy(to, from, type->size);
    walk_struct(&w, type, to);
    if (!w.failed) return 0;
    plait_type_clear_value(type, to);
    return plait_failed(PLAIT_ENOMEM);
}

void plait_type_clear_value(const plait_type *type, void *value)
{
    struct walk w = { .piece = let_go, .inner_first = true };
    if (!value) return;
    walk_struct(&w, type, value);
    memset(value, 0, type->size);
}
