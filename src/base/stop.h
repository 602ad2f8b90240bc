/* stop.h: how a broken rule ends the program. */
#ifndef PLAIT_BASE_STOP_H
#define PLAIT_BASE_STOP_H
#include <plait/api.h>

/* Writes "plait: " and the sentence to stderr, in one write, and aborts. */
PLAIT_API _Noreturn void plait_stop(const char *format, ...) PLAIT_PRINTF_(1, 2);

/* Reports the sentence as a notice, and goes on: to the program's hook, or else to stderr. For what nobody asked about;
   failures that have a name and a code go by base/report.h. With no lock held that the program's hook may want. */
PLAIT_API void plait_report(const char *format, ...) PLAIT_PRINTF_(1, 2);

/* Writes "plait: " and the sentence to stderr, in one write. */
void plait_write_line(const char *format, ...) PLAIT_PRINTF_(1, 2);

#endif
