/* error.c: codes, their names and texts, and the public face of the error record. */
#include "base/record.h"
#include <string.h>

static const struct {
    int code;
    const char *name, *text;
} table[] = {
#define ROW(name, number, text) { number, "PLAIT_" #name, text },
    PLAIT_ERRORS_(ROW)
#undef ROW
};

const char *plait_error_name(int code)
{
    if (code == 0) return "PLAIT_OK";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].code == code) return table[i].name;
    const char *name = code < 0 && code > -4096 ? strerrorname_np(-code) : NULL;
    return name ? name : code <= PLAIT_EUSER ? "PLAIT_EUSER" : "unknown error";
}

const char *plait_error_text(int code)
{
    if (code == 0) return "success";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].code == code) return table[i].text;
    const char *text = code < 0 && code > -4096 ? strerrordesc_np(-code) : NULL;
    return text ? text : code <= PLAIT_EUSER ? "an error of the program's own" : "unknown error";
}

const plait_error_record *plait_error(void)
{
    plait_record **here = plait_record_here();
    return here && *here ? &(*here)->public : NULL;
}

int plait_error_code(void)
{
    const plait_error_record *e = plait_error();
    return e ? e->code : PLAIT_ENOMEM;
}

static int fail(int code, plait_record *cause, const char *format, va_list arguments)
{
    plait_record_keep(plait_record_new(code, cause, format, arguments));
    return code;
}

int plait_fail(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail(code, NULL, format, arguments);
    va_end(arguments);
    return code;
}

int plait_fail_because(int code, const char *format, ...)
{
    plait_record **here = plait_record_here();
    va_list arguments;
    va_start(arguments, format);
    fail(code, here ? plait_record_ref(*here) : NULL, format, arguments);
    va_end(arguments);
    return code;
}

size_t plait_error_describe(int code, char *text, size_t size)
{
    const plait_error_record *e = plait_error();
    if (e && e->code == code) return plait_record_describe(e, text, size);
    bool ours = code > PLAIT_EUSER && strcmp(plait_error_text(code), "unknown error") != 0;
    int length = ours ? snprintf(text, size, "%s", plait_error_text(code))
                      : snprintf(text, size, "%s (%d)", plait_error_text(code), code);
    return length > 0 ? (size_t)length : 0;
}

void plait_error_print(FILE *file, int code)
{
    char text[1024];
    if (code == 0) return;
    size_t length = plait_error_describe(code, text, sizeof text - 1);
    if (length > sizeof text - 2) length = sizeof text - 2;
    text[length] = '\n';
    fwrite(text, 1, length + 1, file);
    fflush(file);
}

int plait_exit_status(int code) { return code ? 1 : 0; }
