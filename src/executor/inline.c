/* inline.c: runs each task inside its submit. A child of a group sees the submitter's scopes: it is that one who would
   cancel it, and he is busy. */
#include "executor/process_wide.h"

static int submit(plait_executor *ex, plait_future *f)
{
    (void)ex;
    plait_future_run(f, f->inherits ? plait_current()->scope : NULL);
    plait_future_release(f);
    return 0;
}

plait_executor *plait_inline_executor(void)
{
    static const struct plait_executor_operations operations = {
        .submit = submit, .close = plait_never_closed, .free = plait_never_closed, .get_statistics = plait_no_statistics
    };
    static plait_executor executor = { .operations = &operations };
    return &executor;
}
