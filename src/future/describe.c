/* describe.c: a future in words, for logs and debuggers. What must hold: nothing is waited for, and an outcome is only
   read of a future that is done. */
#include "future/future.h"

size_t plait_future_describe(plait_future *f, char *text, size_t size)
{
    static const char *const names[] = { [PLAIT_FUTURE_PENDING] = "pending",
                                         [PLAIT_FUTURE_RUNNING] = "running",
                                         [PLAIT_FUTURE_FINISHED] = "finished",
                                         [PLAIT_FUTURE_CANCELLED] = "cancelled" };
    plait_future_state state = plait_future_get_state(f);
    const char *how = "", *what = "";
    char number[16];
    if (state == PLAIT_FUTURE_FINISHED && f->error) {
        snprintf(number, sizeof number, "%d", f->error);
        how = " failed ", what = plait_error_name(f->error);
        if (f->error <= PLAIT_EUSER) what = number; /* the program's own, which have no names */
    } else if (state == PLAIT_FUTURE_FINISHED) {
        how = " returned ", what = f->task->result_type ? f->task->result_type : "?";
    }
    int length = snprintf(text, size, "%s (%s:%d) %s%s%s", f->name, f->file, f->line, names[state], how, what);
    return length < 0 ? 0 : (size_t)length;
}
