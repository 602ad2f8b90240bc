/* suggest.c: the nearest name by the number of mistypings that lie between. */
#include "apps/suggest.h"
#include <stdbool.h>
#include <string.h>

enum { LONGEST = 40 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* How many letters must be added, removed, replaced or exchanged with their neighbour to make one text of the other;
   LONGEST for what is longer than that. */
static size_t distance(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b);
    if (m >= LONGEST || n >= LONGEST) return LONGEST;
    size_t d[LONGEST][LONGEST];
    for (size_t i = 0; i <= m; i++) d[i][0] = i;
    for (size_t j = 0; j <= n; j++) d[0][j] = j;
    for (size_t i = 1; i <= m; i++)
        for (size_t j = 1; j <= n; j++) {
            d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[m][n];
}

const char *suggest(const char *text, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t length = strlen(text), nearest_distance = LONGEST;
    if (length >= LONGEST) return NULL;
    for (size_t i = 0; i < count && length >= 3; i++)
        if (strncmp(text, names[i], length) == 0) return names[i];
    for (size_t i = 0; i < count; i++) {
        char beginning[LONGEST] = "";
        memcpy(beginning, names[i], strnlen(names[i], length));
        size_t longer = strlen(names[i]) > length ? strlen(names[i]) : length;
        size_t whole = distance(text, names[i]), begun = distance(text, beginning);
        bool is_near = whole <= (longer + 2) / 3 || (length >= 4 && begun <= length / 3);
        if (is_near && least(whole, begun) < nearest_distance) {
            nearest = names[i];
            nearest_distance = least(whole, begun);
        }
    }
    return nearest;
}
