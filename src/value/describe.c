/* describe.c: a value as a line of text, for people: as JSON has it, where JSON has it. */
#include "value/value.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
    char *text;
    size_t size, length; /* what there would be with room for all */
};

static void add(struct line *l, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (l->length + i + 1 < l->size) l->text[l->length + i] = text[i];
    l->length += length;
}

static void add_text(struct line *l, const char *text, size_t size)
{
    add(l, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        char escaped[8];
        const char *letter = c == '"'    ? "\""
                             : c == '\\' ? "\\"
                             : c == '\n' ? "n"
                             : c == '\r' ? "r"
                             : c == '\t' ? "t"
                                         : NULL;
        if (letter) {
            add(l, "\\", 1), add(l, letter, 1);
        } else if (c < ' ' || c == 0x7f) {
            add(l, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
        } else {
            add(l, &text[i], 1);
        }
    }
    add(l, "\"", 1);
}

/* The fewest digits that give the number back; with a point, to be told from an integer. */
static void add_real(struct line *l, double value)
{
    char digits[40];
    int length = 0;
    for (int precision = 1; precision <= 17; precision++) {
        length = snprintf(digits, sizeof digits - 2, "%.*g", precision, value);
        if (isnan(value) || strtod(digits, NULL) == value) break;
    }
    if (strchr(digits, 'e') && fabs(value) >= 1 &&
        fabs(value) < 1e16) /* a whole number with few digits that are not 0 */
        length = snprintf(digits, sizeof digits - 2, "%.0f", value);
    if (isfinite(value) && !strpbrk(digits, ".e")) length += snprintf(digits + length, 3, ".0");
    add(l, digits, (size_t)length);
}

static void describe(struct line *l, const plait_value *v)
{
    char digits[32];
    bool map = v->kind == PLAIT_VALUE_MAP;
    switch (v->kind) {
    case PLAIT_VALUE_NONE: add(l, "null", 4); break;
    case PLAIT_VALUE_BOOLEAN: add(l, v->boolean ? "true" : "false", v->boolean ? 4 : 5); break;
    case PLAIT_VALUE_INTEGER:
        add(l, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)v->integer));
        break;
    case PLAIT_VALUE_REAL: add_real(l, v->real); break;
    case PLAIT_VALUE_TEXT: add_text(l, v->bytes.data, v->bytes.size); break;
    case PLAIT_VALUE_BYTES:
        add(l, "<", 1);
        for (size_t i = 0; i < v->bytes.size; i++)
            add(l, digits, (size_t)snprintf(digits, sizeof digits, "%02x", ((unsigned char *)v->bytes.data)[i]));
        add(l, ">", 1);
        break;
    default:
        add(l, map ? "{" : "[", 1);
        for (size_t i = 0; i < v->parts.count; i++) {
            if (i) add(l, ", ", 2);
            if (map) add_text(l, v->parts.keys[i], strlen(v->parts.keys[i])), add(l, ": ", 2);
            describe(l, v->parts.at[i]);
        }
        add(l, map ? "}" : "]", 1);
    }
}

size_t plait_value_describe(const plait_value *v, char *text, size_t size)
{
    struct line l = { text, size, 0 };
    describe(&l, v);
    if (size) text[l.length < size ? l.length : size - 1] = 0;
    return l.length;
}
