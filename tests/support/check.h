/* check.h: assertions for any thread and any coroutine (cmocka's leave by longjmp, which works on the test's own stack
   alone): the first that fails says where and ends the program. */
#ifndef PLAIT_TEST_CHECK_H
#define PLAIT_TEST_CHECK_H
#include <plait/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define check(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))
#define check_code(actual, expected) check_code_at(__FILE__, __LINE__, #actual, (long long)(actual), (expected))
#define check_number(actual, expected)                                                                                 \
    check_number_at(__FILE__, __LINE__, #actual, (long long)(actual), (long long)(expected))
#define check_string(actual, expected) check_string_at(__FILE__, __LINE__, #actual, (actual), (expected))
#define check_contains(actual, part) check_contains_at(__FILE__, __LINE__, #actual, (actual), (part))

_Noreturn static inline void check_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    abort();
}

static inline void check_code_at(const char *file, int line, const char *what, long long actual, int expected)
{
    if (actual == expected) return;
    fprintf(stderr, "%s:%d: %s gave %lld (%s), not %d (%s)\n", file, line, what, actual, plait_error_name((int)actual),
            expected, plait_error_name(expected));
    abort();
}

static inline void check_number_at(const char *file, int line, const char *what, long long actual, long long expected)
{
    if (actual == expected) return;
    fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, actual, expected);
    abort();
}

static inline void check_string_at(const char *file, int line, const char *what, const char *actual,
                                   const char *expected)
{
    if (actual && strcmp(actual, expected) == 0) return;
    fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", file, line, what, actual ? actual : "(null)", expected);
    abort();
}

static inline void check_contains_at(const char *file, int line, const char *what, const char *actual, const char *part)
{
    if (actual && strstr(actual, part)) return;
    fprintf(stderr, "%s:%d: %s is \"%s\", without \"%s\"\n", file, line, what, actual ? actual : "(null)", part);
    abort();
}

#endif
