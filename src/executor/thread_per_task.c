/* thread_per_task.c: starts a thread for each task. The thread owns the executor's reference. */
#include "executor/process_wide.h"
#include <plait/thread.h>

static int run(void *future)
{
    plait_future_run(future, NULL);
    plait_future_release(future);
    return 0;
}

static int submit(plait_executor *ex, plait_future *f)
{
    (void)ex;
    plait_thread *t = plait_thread_start(run, f, &(plait_thread_start_options){ .name = f->name });
    if (!t) return plait_error() ? plait_error()->code : PLAIT_ENOMEM;
    plait_thread_detach(t);
    return 0;
}

plait_executor *plait_thread_per_task_executor(void)
{
    static const struct plait_executor_operations operations = {
        .submit = submit, .close = plait_never_closed, .free = plait_never_closed, .get_statistics = plait_no_statistics
    };
    static plait_executor executor = { .operations = &operations };
    return &executor;
}
