/* cell.c: formats one rate. */
#include "apps/cell.h"
#include <stdio.h>
#include <string.h>

/* The least double that three digits round to "1e+02". */
#define WHOLE_FROM 99.95

void cell_format(char text[CELL_SIZE], double value)
{
    if (value >= WHOLE_FROM) {
        snprintf(text, CELL_SIZE, "%7.0f", value);
        return;
    }
    char digits[32];
    snprintf(digits, sizeof digits, "%.3g", value);
    snprintf(text, CELL_SIZE, "%7s", strpbrk(digits, ".e") ? digits : strcat(digits, ".0"));
}
