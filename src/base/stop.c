/* stop.c: sentences for people, on stderr. What must hold: one write per line, so that lines of many threads never mix;
   no memory is asked for, so that it works when there is none. */
#include "base/stop.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void write_line(const char *format, va_list arguments)
{
    char line[1024] = "plait: ";
    size_t prefix = sizeof "plait: " - 1, room = sizeof line - prefix - 1;
    int length = vsnprintf(line + prefix, room, format, arguments);
    size_t end = prefix + (length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1);
    line[end++] = '\n';
    if (write(STDERR_FILENO, line, end) < 0) return; /* nobody left to tell */
}

void plait_write_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
}

void plait_stop(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
    abort();
}
