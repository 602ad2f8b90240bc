/* currencies.c: reads lists of currency codes. Codes are upper case from here on. */
#include "apps/currencies.h"
#include "apps/rates_2019_04_09.h"
#include <string.h>

static bool read_code(const char *text, size_t length, char *code)
{
    if (length != 3) return false;
    for (size_t i = 0; i < length; i++) {
        code[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
        if (code[i] < 'A' || code[i] > 'Z') return false;
    }
    code[3] = 0;
    return true;
}

bool currencies_read(const char *text, void *to)
{
    struct currencies *list = to;
    list->count = 0;
    if (strcmp(text, "all") == 0) {
        for (; list->count < RATES_2019_04_09_COUNT; list->count++)
            memcpy(list->codes[list->count], rates_2019_04_09[list->count].code, 4);
        return true;
    }
    for (;; text++) {
        size_t length = strcspn(text, ",");
        if (list->count == CURRENCIES_MOST || !read_code(text, length, list->codes[list->count])) return false;
        list->count++;
        text += length;
        if (!*text) return true;
    }
}
