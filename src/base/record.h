/* record.h: error records as plait keeps them: counted, so that a future and those who await it can share one.

   What must hold: a record is changed only by the one holder of it; once shared it is only read. */
#ifndef PLAIT_BASE_RECORD_H
#define PLAIT_BASE_RECORD_H
#include <plait/error.h>
#include <stdarg.h>
#include <stdatomic.h>

typedef struct plait_record plait_record;
struct plait_record {
    plait_error_record public; /* first: the two addresses are one; its strings point into this record or to what lives for ever */
    _Atomic uint32_t references;
    plait_record *cause; /* counted */
    char message[240];
    char task[64], thread[32], file[96];
};

/* A record of `code` with a reference, or NULL without memory. Takes the caller's reference of `cause` in any case. */
plait_record *plait_record_new(int code, plait_record *cause, const char *format, va_list arguments);
plait_record *plait_record_say(int code, plait_record *cause, const char *format, ...) PLAIT_PRINTF_(3, 4);
plait_record *plait_record_ref(plait_record *record);
void plait_record_unref(plait_record *record); /* NULL is nothing */

/* Says where it happened; copied and cut. */
void plait_record_set_task(plait_record *record, const char *task, const char *file, int line);

/* The line that plait_error_print prints. As snprintf. */
size_t plait_record_describe(const plait_error_record *record, char *text, size_t size);

/* The place where the running task keeps its record: filled in by park/, since base knows no tasks. */
plait_record **plait_record_here(void);

/* Takes the running task's record away from it, with its reference; NULL without one. */
plait_record *plait_record_take(void);

/* Makes `record` the running task's, taking the caller's reference. */
void plait_record_keep(plait_record *record);

/* For a call that fails without words: returns `code` and forgets a record of an earlier failure, so that nobody takes
   its words for this one's. */
PLAIT_API int plait_failed(int code);

#endif
