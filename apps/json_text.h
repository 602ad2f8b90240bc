/* json_text.h: JSON written to a stream. */
#ifndef PLAIT_APPS_JSON_TEXT_H
#define PLAIT_APPS_JSON_TEXT_H

#include <stdarg.h>
#include <stdio.h>

/* The shortest digits that give `number` (finite) back when read, always with a point or an exponent: 1.0, 0.1, 1e+22. */
void json_text_number(FILE *to, double number);

/* `text` between quotes, escaped. Bytes that are not UTF-8 are taken for Latin-1, so that the result is JSON in any case. */
void json_text_string(FILE *to, const char *text);

/* The object {"name":"…"} with the text that printf would give. */
void json_text_message(FILE *to, const char *name, const char *format, va_list arguments);

#endif
