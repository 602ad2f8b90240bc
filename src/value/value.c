/* value.c: making, joining, reading and freeing values. See value.h for what must hold. */
#include "value/value.h"
#include "base/memory.h"
#include "base/record.h"
#include "base/stop.h"
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    "none", "a boolean", "an integer", "a real", "a text", "bytes", "a list", "a map"
};

static bool has_parts(const plait_value *v) { return v->kind == PLAIT_VALUE_LIST || v->kind == PLAIT_VALUE_MAP; }
static bool has_block(const plait_value *v) { return v->kind == PLAIT_VALUE_TEXT || v->kind == PLAIT_VALUE_BYTES; }

plait_value *plait_value_new(plait_value_kind kind)
{
    plait_value *v = plait_allocate(sizeof *v);
    if (v) v->kind = kind;
    else plait_failed(PLAIT_ENOMEM);
    return v;
}

plait_value *plait_value_block(plait_value_kind kind, const void *data, size_t size)
{
    plait_value *v = plait_value_new(kind);
    if (!v || plait_bytes_copy(&v->bytes, data, size) == 0) return v;
    free(v);
    return NULL;
}

plait_value *plait_value_none(void) { return plait_value_new(PLAIT_VALUE_NONE); }
plait_value *plait_value_list(void) { return plait_value_new(PLAIT_VALUE_LIST); }
plait_value *plait_value_map(void) { return plait_value_new(PLAIT_VALUE_MAP); }
plait_value *plait_value_text(const char *text) { return plait_value_block(PLAIT_VALUE_TEXT, text, strlen(text)); }

plait_value *plait_value_bytes(const void *data, size_t size)
{
    return plait_value_block(PLAIT_VALUE_BYTES, data, size);
}

plait_value *plait_value_boolean(bool value)
{
    plait_value *v = plait_value_new(PLAIT_VALUE_BOOLEAN);
    if (v) v->boolean = value;
    return v;
}

plait_value *plait_value_integer(int64_t value)
{
    plait_value *v = plait_value_new(PLAIT_VALUE_INTEGER);
    if (v) v->integer = value;
    return v;
}

plait_value *plait_value_real(double value)
{
    plait_value *v = plait_value_new(PLAIT_VALUE_REAL);
    if (v) v->real = value;
    return v;
}

/* Of one that is no part of another. */
static void free_tree(plait_value *v)
{
    while (v) {
        if (has_parts(v) && v->parts.count) {
            v = v->parts.at[--v->parts.count];
            continue;
        }
        plait_value *whole = v->parent;
        if (whole && whole->kind == PLAIT_VALUE_MAP) free(whole->parts.keys[whole->parts.count]);
        if (has_block(v)) plait_bytes_clear(&v->bytes);
        if (has_parts(v)) free(v->parts.at), free(v->parts.keys);
        free(v);
        v = whole;
    }
}

void plait_value_free(plait_value *v)
{
    if (!v) return;
    if (v->parent) plait_stop("a value was freed that is a part of another one: it goes with that");
    free_tree(v);
}

static void check_may_join(const plait_value *whole, const plait_value *part, plait_value_kind kind)
{
    if (!whole || whole->kind != kind) plait_stop("a part was put into a value that is not %s", names[kind]);
    if (part && part->parent) plait_stop("a value is a part of one list or map at most");
    for (const plait_value *v = whole; v; v = v->parent)
        if (v == part) plait_stop("a value cannot be a part of itself");
}

static int make_room(plait_value *v)
{
    size_t room = v->parts.room ? 2 * v->parts.room : 4;
    if (v->parts.count < v->parts.room) return 0;
    plait_value **at = plait_reallocate(v->parts.at, room * sizeof *at);
    if (!at) return plait_failed(PLAIT_ENOMEM);
    v->parts.at = at;
    if (v->kind == PLAIT_VALUE_MAP) {
        char **keys = plait_reallocate(v->parts.keys, room * sizeof *keys);
        if (!keys) return plait_failed(PLAIT_ENOMEM);
        v->parts.keys = keys;
    }
    v->parts.room = room;
    return 0;
}

int plait_value_append(plait_value *list, plait_value *part)
{
    check_may_join(list, part, PLAIT_VALUE_LIST);
    if (!part) return plait_failed(PLAIT_ENOMEM);
    int err = make_room(list);
    if (err) {
        free_tree(part);
        return err;
    }
    part->parent = list;
    list->parts.at[list->parts.count++] = part;
    return 0;
}

static size_t place_of(const plait_value *map, const char *key)
{
    size_t i = 0;
    while (i < map->parts.count && strcmp(map->parts.keys[i], key) != 0) i++;
    return i;
}

int plait_value_set(plait_value *map, const char *key, plait_value *part)
{
    check_may_join(map, part, PLAIT_VALUE_MAP);
    if (!part) return plait_failed(PLAIT_ENOMEM);
    size_t place = place_of(map, key);
    if (place < map->parts.count) {
        plait_value *before = map->parts.at[place];
        before->parent = NULL;
        free_tree(before);
    } else {
        char *copy = make_room(map) == 0 ? plait_copy_string(key) : NULL;
        if (!copy) {
            free_tree(part);
            return plait_failed(PLAIT_ENOMEM);
        }
        map->parts.keys[map->parts.count++] = copy;
    }
    part->parent = map;
    map->parts.at[place] = part;
    return 0;
}

plait_value_kind plait_value_get_kind(const plait_value *v) { return v->kind; }

static int other_kind(const plait_value *v, plait_value_kind kind)
{
    return plait_fail(PLAIT_EINVAL, "%s, where %s is asked for", v ? names[v->kind] : "no value", names[kind]);
}

int plait_value_get_boolean(const plait_value *v, bool *result)
{
    if (!v || v->kind != PLAIT_VALUE_BOOLEAN) return other_kind(v, PLAIT_VALUE_BOOLEAN);
    *result = v->boolean;
    return 0;
}

int plait_value_get_integer(const plait_value *v, int64_t *result)
{
    if (!v || v->kind != PLAIT_VALUE_INTEGER) return other_kind(v, PLAIT_VALUE_INTEGER);
    *result = v->integer;
    return 0;
}

int plait_value_get_real(const plait_value *v, double *result)
{
    if (!v || (v->kind != PLAIT_VALUE_REAL && v->kind != PLAIT_VALUE_INTEGER)) return other_kind(v, PLAIT_VALUE_REAL);
    *result = v->kind == PLAIT_VALUE_REAL ? v->real : (double)v->integer;
    return 0;
}

static int get_block(const plait_value *v, plait_value_kind kind, const void **data, size_t *size)
{
    if (!v || v->kind != kind) return other_kind(v, kind);
    *data = v->bytes.data ? v->bytes.data : "";
    if (size) *size = v->bytes.size;
    return 0;
}

int plait_value_get_text(const plait_value *v, const char **text, size_t *size)
{
    const void *data = NULL;
    int err = get_block(v, PLAIT_VALUE_TEXT, &data, size);
    if (!err) *text = data;
    return err;
}

int plait_value_get_bytes(const plait_value *v, const void **data, size_t *size)
{
    return get_block(v, PLAIT_VALUE_BYTES, data, size);
}

size_t plait_value_count(const plait_value *v) { return has_parts(v) ? v->parts.count : 0; }

const plait_value *plait_value_at(const plait_value *v, size_t place)
{
    return place < plait_value_count(v) ? v->parts.at[place] : NULL;
}

const char *plait_value_key_at(const plait_value *v, size_t place)
{
    return v->kind == PLAIT_VALUE_MAP && place < v->parts.count ? v->parts.keys[place] : NULL;
}

const plait_value *plait_value_find(const plait_value *v, const char *key)
{
    return v->kind == PLAIT_VALUE_MAP ? plait_value_at(v, place_of(v, key)) : NULL;
}
