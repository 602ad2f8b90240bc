/* query.c: the parameters of a query, a=1&b=2, as browsers send them. */
#include "http/percent.h"
#include <plait/error.h>
#include <plait/http.h>
#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

size_t plait_percent_decode(char *to, const char *from, size_t size, bool form, bool *whole)
{
    size_t length = 0;
    if (whole) *whole = true;
    for (size_t i = 0; i < size; i++) {
        char c = from[i];
        if (c == '%') {
            int high = i + 2 < size ? digit(from[i + 1]) : -1, low = high >= 0 ? digit(from[i + 2]) : -1;
            if (low >= 0) {
                c = (char)(high << 4 | low);
                i += 2;
            } else if (whole) {
                *whole = false;
            }
        } else if (c == '+' && form) {
            c = ' ';
        }
        to[length++] = c;
    }
    return length;
}

int plait_http_query(const char *query, const char *name, plait_bytes *value)
{
    *value = (plait_bytes){ 0 };
    size_t name_size = strlen(name), size;
    for (const char *part = query; part && *part; part += size + (part[size] == '&')) {
        size = strcspn(part, "&");
        if (size == 0) continue;
        const char *equals = memchr(part, '=', size);
        size_t key_size = equals ? (size_t)(equals - part) : size;
        plait_bytes text;
        int err = plait_bytes_copy(&text, NULL, size);
        if (err) return plait_fail(err, "no memory for a parameter of the query");
        bool found = plait_percent_decode(text.data, part, key_size, true, NULL) == name_size &&
                     memcmp(text.data, name, name_size) == 0;
        if (!found) {
            plait_bytes_clear(&text);
            continue;
        }
        text.size = equals ? plait_percent_decode(text.data, equals + 1, size - key_size - 1, true, NULL) : 0;
        ((char *)text.data)[text.size] = 0;
        *value = text;
        return 0;
    }
    return plait_fail(PLAIT_EDONE, "the query has no parameter %.60s", name);
}
