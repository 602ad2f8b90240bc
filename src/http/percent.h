/* percent.h: %XX in targets and queries. */
#ifndef PLAIT_HTTP_PERCENT_H
#define PLAIT_HTTP_PERCENT_H
#include <plait/api.h>

/* Decodes `size` bytes into `to`, which has room for as many, and returns how many they are then. A '+' is a space with
   `form`. What is no escape stays as it is, and *whole (unless NULL) says whether there was none of that. */
size_t plait_percent_decode(char *to, const char *from, size_t size, bool form, bool *whole);

#endif
