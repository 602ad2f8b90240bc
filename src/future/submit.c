/* submit.c: from a task and its argument to a future that an executor has. */
#include "base/bytes.h"
#include "base/fork.h"
#include "base/options.h"
#include "future/future.h"

const plait_task *plait_task_given(const plait_task *task)
{
    static const plait_task none = { .name = "(no task)" };
    return task && task->run ? task : &none;
}

int plait_argument_missing(const plait_task *task, const void *argument)
{
    if (!task->run) return plait_fail(PLAIT_EINVAL, "submitted without a task");
    if (argument || !task->argument_size) return 0;
    return plait_fail(PLAIT_EINVAL, "submitted without its argument, a %s",
                      task->argument_type ? task->argument_type : "?");
}

static int take_options(plait_future *f, const plait_submit_options *o)
{
    if (o->limit < 0) return plait_fail(PLAIT_EINVAL, "submitted with a limit of %lld ns", (long long)o->limit);
    if (o->retries < 0) return plait_fail(PLAIT_EINVAL, "submitted with %d retries", o->retries);
    f->deadline = o->deadline;
    f->expires = o->deadline.at != 0;
    f->limited = o->limit || o->retries;
    f->ranked = o->priority != 0;
    if (!f->limited && !f->ranked) return 0;
    struct plait_future_shadow *s = plait_future_shadow(f);
    s->limit = o->limit, s->retries = o->retries, s->priority = o->priority;
    return 0;
}

plait_future *plait_future_for(plait_executor *ex, const plait_task *task, const void *argument, const char *name,
                               const char *file, int line)
{
    const plait_bytes *given = task->argument_kind == PLAIT_KIND_BYTES ? argument : NULL;
    bool there = given && ex && ex->operations->place && ex->generation == plait_process_generation();
    plait_bytes placed;
    if (there && !(given->size & PLAIT_BYTES_TAKEN) && ex->operations->place(ex, given, &placed))
        argument = plait_bytes_take(&placed);
    return plait_future_new(task, argument, name, file, line);
}

plait_future *plait_submit_task(plait_executor *ex, const plait_task *task, const void *argument,
                                const plait_submit_options *options, size_t options_size, const char *file, int line)
{
    plait_submit_options o;
    int err = options ? plait_options_read(&o, sizeof o, options, options_size) : 0;
    task = plait_task_given(task);
    const char *name = options && o.name ? o.name : task->name;
    plait_future *f = plait_future_for(ex, task, argument, name, file, line);
    if (!f) return &plait_no_memory_future;
    if (!err) err = plait_argument_missing(task, argument);
    if (!err && options) err = take_options(f, &o);
    plait_future_start(f, ex, err);
    return f;
}

int plait_exception_(const char *what) { return plait_fail(PLAIT_EEXCEPTION, "%s", what); }
