/* body.c: the task, in the process that was started for it. What must hold: the outcome is written as soon as the task has
   returned, before any of the program's own clean-up, which may fail. */
#include "base/memory.h"
#include "future/value.h"
#include "process/area.h"
#include "process/process.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

int plait_body_run(const plait_task *task, const void *argument, const char *file, int line, int area)
{
    bool was_cut;
    void *result = plait_allocate(task->result_size + 1);
    plait_context *context = result ? plait_context_enter(NULL) : NULL;
    int code = PLAIT_ENOMEM;
    plait_record *record = NULL;
    if (context) {
        code = task->run(argument, result);
        record = plait_context_leave(context, task->name);
        record = plait_conclude((struct plait_site){ task->name, file, line }, &code, &was_cut, record);
    }
    plait_area_end(area, task, code, record, result);
    plait_record_unref(record);
    if (result && plait_result_owns(task)) plait_result_clear(task, result);
    free(result);
    signal(SIGPIPE, SIG_IGN); /* what is still to be flushed may have nobody left to read it: that is no failure */
    return plait_exit_status(code);
}
