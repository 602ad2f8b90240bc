/* cell.h: a rate as a cell of the matrix. */
#ifndef PLAIT_APPS_CELL_H
#define PLAIT_APPS_CELL_H

enum { CELL_SIZE = 330 }; /* holds the largest double with its NUL */

/* Writes `value` (finite, not negative) with three significant digits, at least one of them after the point, right-aligned
   to seven columns: "  0.887", "    1.0", "   22.7", as Python's format(value, "7.03") does. From 99.95 on, where that would
   need an exponent, it is the nearest whole number: "    111", "  14133"; wider ones take the room they need. */
void cell_format(char text[CELL_SIZE], double value);

#endif
