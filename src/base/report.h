/* report.h: for those who have something to report that nobody asked about. */
#ifndef PLAIT_BASE_REPORT_H
#define PLAIT_BASE_REPORT_H
#include <plait/report.h>

/* Reports that a thread, task or timer of this name failed with a code, of which `record` (or NULL) says more, and that
   this went unseen. To be called with no lock held that the program's hook may want. */
void plait_report_failure(plait_report_kind kind, const char *name, int code, const plait_error_record *record);

#endif
