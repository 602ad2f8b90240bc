/* json_text.c: numbers and strings as JSON. jansson prints numbers with a fixed count of digits, 0.1 as
   0.10000000000000001, so they are written here. */
#include "apps/json_text.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void json_text_number(FILE *to, double number)
{
    char text[40];
    int digits = 15;
    do snprintf(text, sizeof text, "%.*g", digits, number);
    while (digits++ < 17 && strtod(text, NULL) != number);
    fputs(text, to);
    if (!strpbrk(text, ".e")) fputs(".0", to);
}

void json_text_string(FILE *to, const char *text)
{
    json_t *checked = json_string(text); /* refuses what is not UTF-8 */
    fputc('"', to);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') fprintf(to, "\\%c", c);
        else if (c < ' ' || c == 0x7f || (c > 0x7f && !checked)) fprintf(to, "\\u%04x", c);
        else fputc(c, to);
    }
    fputc('"', to);
    json_decref(checked);
}

void json_text_message(FILE *to, const char *name, const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0) text = NULL;
    fprintf(to, "{\"%s\":", name);
    json_text_string(to, text ? text : "");
    fputc('}', to);
    free(text);
}
