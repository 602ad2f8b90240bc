/* report.h: what plait tells of by itself, since nobody asked: failures that nobody looked at, and the like. It goes to
   stderr as one line, unless the program has said what is to be done with it. */
#ifndef PLAIT_REPORT_H
#define PLAIT_REPORT_H

#include <plait/error.h>
PLAIT_BEGIN_DECLARATIONS

typedef enum plait_report_kind {
    PLAIT_REPORT_NOTICE, /* none of those below: text is all there is */
    PLAIT_REPORT_THREAD, /* a thread failed, and nobody joined it */
    PLAIT_REPORT_TASK,   /* a task failed, and nobody looked at its future */
    PLAIT_REPORT_TIMER,  /* a timer's function failed */
    PLAIT_REPORT_PROCESS /* a process failed, and nobody joined it */
} plait_report_kind;

/* Strings are never NULL ("" when unknown), and like the record valid while the hook runs. */
typedef struct plait_report_info {
    plait_report_kind kind;
    int code;                         /* of the failure, 0 for a notice */
    const char *name;                 /* of the thread, task, timer or process */
    const char *thread;               /* name of the one that it happened on */
    const char *text;                 /* the whole sentence, as it would go to stderr */
    const plait_error_record *record; /* what else is known, file and line of the submit for instance; or NULL */
    void *reserved[4];
} plait_report_info;

/* What is to be done with a report. `report` may call all of plait, from whichever thread or coroutine the report
   comes; best is what does not wait. 0; or a negative code when it failed: then the report goes to stderr after all,
   with a line about that. So does what is reported on a thread while the hook runs there. */
typedef struct plait_report_hook {
    int (*report)(const plait_report_info *info, void *context);
    void *context;
} plait_report_hook;

/* Makes `hook` the hook of the whole process; NULL is stderr again. The struct must live as long as a report may still
   be under way to it: best for ever. Never waits. */
PLAIT_API void plait_report_hook_set(const plait_report_hook *hook);

PLAIT_END_DECLARATIONS
#endif
