/* cbor.c: values as CBOR (RFC 8949), over libcbor's coder of single items. The tree is ours: so its depth is known before
   anything recurses, and no stack overflows however the bytes were made.

   What must hold: what is being read hangs in the tree from the moment it is made, so one call frees it when the rest turns
   out to be wrong; and no more memory is asked for than the bytes account for. */
#include "value/value.h"
#include "base/memory.h"
#include "base/record.h"
#include <cbor.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_HEAD = 9 };

/* Writing: once to measure, once to fill. */
struct writer {
    unsigned char *to; /* NULL: measures */
    size_t at;
    unsigned depth;
    bool too_deep;
};

static void put(struct writer *w, const void *from, size_t size)
{
    if (w->to && size) memcpy(w->to + w->at, from, size);
    w->at += size;
}

static void put_item(struct writer *w, const plait_value *v);

static void put_text(struct writer *w, const char *text, size_t size)
{
    unsigned char head[LONGEST_HEAD];
    put(w, head, cbor_encode_string_start(size, head, sizeof head));
    put(w, text, size);
}

static void put_parts(struct writer *w, const plait_value *v)
{
    if (++w->depth > PLAIT_VALUE_DEEPEST) w->too_deep = true;
    for (size_t i = 0; i < v->parts.count && !w->too_deep; i++) {
        if (v->kind == PLAIT_VALUE_MAP) put_text(w, v->parts.keys[i], strlen(v->parts.keys[i]));
        put_item(w, v->parts.at[i]);
    }
    w->depth--;
}

static void put_item(struct writer *w, const plait_value *v)
{
    unsigned char head[LONGEST_HEAD];
    size_t size = sizeof head;
    switch (v->kind) {
    case PLAIT_VALUE_NONE: put(w, head, cbor_encode_null(head, size)); break;
    case PLAIT_VALUE_BOOLEAN: put(w, head, cbor_encode_bool(v->boolean, head, size)); break;
    case PLAIT_VALUE_INTEGER: /* a negative one n is written as -1 - n */
        if (v->integer >= 0) put(w, head, cbor_encode_uint((uint64_t)v->integer, head, size));
        else put(w, head, cbor_encode_negint((uint64_t) - (v->integer + 1), head, size));
        break;
    case PLAIT_VALUE_REAL: put(w, head, cbor_encode_double(v->real, head, size)); break;
    case PLAIT_VALUE_TEXT: put_text(w, v->bytes.data, v->bytes.size); break;
    case PLAIT_VALUE_BYTES:
        put(w, head, cbor_encode_bytestring_start(v->bytes.size, head, size));
        put(w, v->bytes.data, v->bytes.size);
        break;
    case PLAIT_VALUE_LIST:
        put(w, head, cbor_encode_array_start(v->parts.count, head, size));
        put_parts(w, v);
        break;
    case PLAIT_VALUE_MAP:
        put(w, head, cbor_encode_map_start(v->parts.count, head, size));
        put_parts(w, v);
        break;
    }
}

int plait_value_encode(const plait_value *v, plait_bytes *bytes)
{
    struct writer w = { .to = NULL };
    *bytes = (plait_bytes){ NULL, 0 };
    put_item(&w, v);
    if (w.too_deep)
        return plait_fail(PLAIT_ETOOLARGE, "a value that is nested more than %d deep is not sent", PLAIT_VALUE_DEEPEST);
    int err = plait_bytes_copy(bytes, NULL, w.at);
    if (err) return err;
    w = (struct writer){ .to = bytes->data };
    put_item(&w, v);
    return 0;
}

/* Reading. */
struct reader {
    const unsigned char *from;
    size_t size, at;
    plait_value *root, *open;              /* the innermost list or map that is not complete */
    uint64_t missing[PLAIT_VALUE_DEEPEST]; /* parts, of each that is open; a map's keys are none */
    bool until_break[PLAIT_VALUE_DEEPEST];
    unsigned depth;
    char *key; /* that was read, for the part that comes */
    int err;
    const char *why;
};

static void refuse(struct reader *r, const char *why)
{
    if (r->err) return;
    r->err = PLAIT_EPROTOCOL;
    r->why = why;
}

static int compare_keys(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void check_keys(struct reader *r, const plait_value *map)
{
    size_t count = map->parts.count;
    char **keys = count > 1 ? plait_allocate(count * sizeof *keys) : NULL;
    if (count < 2 || r->err) return;
    if (!keys) {
        r->err = PLAIT_ENOMEM;
        return;
    }
    memcpy(keys, map->parts.keys, count * sizeof *keys);
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0) refuse(r, "a key that comes twice");
    free(keys);
}

/* What is open and has all its parts is complete, and so may be what it is a part of. */
static void close_complete(struct reader *r)
{
    while (r->depth && !r->until_break[r->depth - 1] && !r->missing[r->depth - 1]) {
        if (r->open->kind == PLAIT_VALUE_MAP) check_keys(r, r->open);
        r->open = r->open->parent;
        r->depth--;
    }
}

/* Room in what is open for one more; a map's takes the key that was read. */
static bool hang(struct reader *r, plait_value *v)
{
    plait_value *whole = r->open;
    if (!whole) {
        r->root = v;
        return true;
    }
    if (whole->parts.count == whole->parts.room) {
        size_t room = whole->parts.room ? 2 * whole->parts.room : 4;
        plait_value **at = plait_reallocate(whole->parts.at, room * sizeof *at);
        if (at) whole->parts.at = at;
        char **keys =
            !at || whole->kind == PLAIT_VALUE_LIST ? NULL : plait_reallocate(whole->parts.keys, room * sizeof *keys);
        if (keys) whole->parts.keys = keys;
        if (!at || (whole->kind == PLAIT_VALUE_MAP && !keys)) return false;
        whole->parts.room = room;
    }
    if (whole->kind == PLAIT_VALUE_MAP) whole->parts.keys[whole->parts.count] = r->key, r->key = NULL;
    whole->parts.at[whole->parts.count++] = v;
    v->parent = whole;
    if (!r->until_break[r->depth - 1]) r->missing[r->depth - 1]--;
    return true;
}

static bool wants_key(const struct reader *r) { return r->open && r->open->kind == PLAIT_VALUE_MAP && !r->key; }

/* One more value: NULL, and it is told why, when it is not wanted here. */
static plait_value *next(struct reader *r, plait_value *v)
{
    if (!v && !r->err) r->err = PLAIT_ENOMEM;
    if (v && wants_key(r)) refuse(r, "a key that is no text");
    if (v && !r->err && !hang(r, v)) r->err = PLAIT_ENOMEM;
    if (!r->err) return v;
    plait_value_free(v);
    return NULL;
}

static void single(struct reader *r, plait_value *v)
{
    if (next(r, v)) close_complete(r);
}

static void open_whole(struct reader *r, plait_value_kind kind, uint64_t count, bool until_break)
{
    if (r->depth == PLAIT_VALUE_DEEPEST) refuse(r, "something nested more than 128 deep");
    if (!until_break && count > r->size - r->at) refuse(r, "a count of more than there is"); /* a part takes a byte */
    plait_value *v = r->err ? NULL : next(r, plait_value_new(kind));
    if (!v) return;
    r->open = v;
    r->missing[r->depth] = count;
    r->until_break[r->depth++] = until_break;
    close_complete(r);
}

static void on_uint8(void *r, uint8_t n) { single(r, plait_value_integer(n)); }
static void on_uint16(void *r, uint16_t n) { single(r, plait_value_integer(n)); }
static void on_uint32(void *r, uint32_t n) { single(r, plait_value_integer(n)); }
static void on_uint64(void *r, uint64_t n)
{
    if (n > INT64_MAX) refuse(r, "a number that is too large");
    else single(r, plait_value_integer((int64_t)n));
}
static void on_negative8(void *r, uint8_t n) { single(r, plait_value_integer(-1 - (int64_t)n)); }
static void on_negative16(void *r, uint16_t n) { single(r, plait_value_integer(-1 - (int64_t)n)); }
static void on_negative32(void *r, uint32_t n) { single(r, plait_value_integer(-1 - (int64_t)n)); }
static void on_negative64(void *r, uint64_t n)
{
    if (n > INT64_MAX) refuse(r, "a number that is too small");
    else single(r, plait_value_integer(-1 - (int64_t)n));
}
static void on_float(void *r, float n) { single(r, plait_value_real((double)n)); }
static void on_double(void *r, double n) { single(r, plait_value_real(n)); }
static void on_boolean(void *r, bool b) { single(r, plait_value_boolean(b)); }
static void on_null(void *r) { single(r, plait_value_none()); }
static void on_bytes(void *r, cbor_data data, size_t size) { single(r, plait_value_bytes(data, size)); }

static void on_text(void *context, cbor_data data, size_t size)
{
    struct reader *r = context;
    if (!wants_key(r)) {
        single(r, plait_value_block(PLAIT_VALUE_TEXT, data, size));
    } else if (memchr(data, 0, size)) {
        refuse(r, "a key with a NUL in it");
    } else {
        if (!(r->key = plait_allocate(size + 1))) r->err = PLAIT_ENOMEM;
        else if (size) memcpy(r->key, data, size);
    }
}

static void on_array(void *r, size_t count) { open_whole(r, PLAIT_VALUE_LIST, count, false); }
static void on_map(void *r, size_t count) { open_whole(r, PLAIT_VALUE_MAP, count, false); }
static void on_open_array(void *r) { open_whole(r, PLAIT_VALUE_LIST, 0, true); }
static void on_open_map(void *r) { open_whole(r, PLAIT_VALUE_MAP, 0, true); }

static void on_break(void *context)
{
    struct reader *r = context;
    if (!r->depth || !r->until_break[r->depth - 1] || r->key) {
        refuse(r, "an end of what has not begun");
        return;
    }
    r->until_break[r->depth - 1] = false;
    close_complete(r);
}

static void on_undefined(void *r) { refuse(r, "an undefined value"); }
static void on_tag(void *r, uint64_t tag) { (void)tag, refuse(r, "a tag"); }
static void on_chunks(void *r) { refuse(r, "a text or bytes in pieces"); }

static const struct cbor_callbacks callbacks = { .uint8 = on_uint8,
                                                 .uint16 = on_uint16,
                                                 .uint32 = on_uint32,
                                                 .uint64 = on_uint64,
                                                 .negint8 = on_negative8,
                                                 .negint16 = on_negative16,
                                                 .negint32 = on_negative32,
                                                 .negint64 = on_negative64,
                                                 .byte_string_start = on_chunks,
                                                 .byte_string = on_bytes,
                                                 .string = on_text,
                                                 .string_start = on_chunks,
                                                 .indef_array_start = on_open_array,
                                                 .array_start = on_array,
                                                 .indef_map_start = on_open_map,
                                                 .map_start = on_map,
                                                 .tag = on_tag,
                                                 .float2 = on_float,
                                                 .float4 = on_float,
                                                 .float8 = on_double,
                                                 .undefined = on_undefined,
                                                 .null = on_null,
                                                 .boolean = on_boolean,
                                                 .indef_break = on_break };

int plait_value_decode(const void *data, size_t size, plait_value **value)
{
    struct reader r = { .from = data, .size = size };
    while (!r.err && (!r.root || r.depth)) {
        struct cbor_decoder_result step = cbor_stream_decode(r.from + r.at, r.size - r.at, &callbacks, &r);
        if (step.status == CBOR_DECODER_NEDATA) refuse(&r, "the end of the bytes");
        if (step.status == CBOR_DECODER_ERROR) refuse(&r, "a byte that means nothing");
        if (!r.err) r.at += step.read;
    }
    if (!r.err && r.at < r.size) refuse(&r, "something behind the value");
    *value = r.err ? NULL : r.root;
    if (!r.err) return 0;
    plait_value_free(r.root);
    free(r.key);
    if (r.err != PLAIT_EPROTOCOL) return plait_failed(r.err);
    return plait_fail(PLAIT_EPROTOCOL, "%zu bytes that are no value: at byte %zu there is %s", size, r.at, r.why);
}

int plait_value_send(plait_pipe *pipe, const plait_value *v, plait_deadline deadline)
{
    plait_bytes bytes;
    int err = plait_value_encode(v, &bytes);
    if (!err) err = plait_pipe_send_bytes(pipe, bytes.data, bytes.size, deadline);
    plait_bytes_clear(&bytes);
    return err;
}

int plait_value_receive(plait_pipe *pipe, plait_value **value, size_t limit, plait_deadline deadline)
{
    plait_bytes bytes;
    *value = NULL;
    int err = plait_pipe_receive_bytes(pipe, &bytes, limit, deadline);
    if (!err) err = plait_value_decode(bytes.data, bytes.size, value);
    plait_bytes_clear(&bytes);
    return err;
}
