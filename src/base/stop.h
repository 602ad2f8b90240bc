/* stop.h: how a broken rule ends the program. */
#ifndef PLAIT_BASE_STOP_H
#define PLAIT_BASE_STOP_H
#include <plait/api.h>

/* Writes "plait: " and the sentence to stderr, in one write, and aborts. */
PLAIT_API _Noreturn void plait_stop(const char *format, ...) PLAIT_PRINTF_(1, 2);

/* Writes "plait: " and the sentence to stderr, in one write, and goes on: for failures that nobody asked about. */
PLAIT_API void plait_report(const char *format, ...) PLAIT_PRINTF_(1, 2);

#endif
