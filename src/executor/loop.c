/* loop.c: tasks as coroutines on one loop; and plait_run, which makes a loop and ends it. What must hold: a task that the
   loop has taken keeps it open until it has ended. */
#include "executor/loop.h"
#include "base/options.h"
#include "base/stop.h"
#include <plait/loop.h>
#include <signal.h>

static plait_loop *loop_of(plait_executor *ex) { return (plait_loop *)ex; }

static int submit(plait_executor *ex, plait_future *f)
{
    plait_loop *l = loop_of(ex);
    if (l == plait_loop_here) plait_loop_take(l, f);
    else if (!plait_loop_send(l, plait_item_future(f)))
        return plait_fail(PLAIT_ECLOSED, "submitted to a loop that has ended");
    return 0;
}

static int shut_down(plait_executor *ex, const plait_shutdown_options *o)
{
    (void)o;
    return loop_of(ex) == plait_loop_here ? PLAIT_EDEADLK : PLAIT_ENOTSUP; /* it ends with the loop */
}

static void never(plait_executor *ex)
{
    (void)ex;
    plait_stop("the executor of a loop was closed or freed: it ends with the loop");
}

/* What other threads have brought and the loop has not yet seen is not counted. */
static void statistics(plait_executor *ex, plait_executor_statistics *s)
{
    plait_loop *l = loop_of(ex);
    if (l != plait_loop_here) return;
    s->workers = 1;
    for (plait_coroutine *c = l->newest; c; c = c->older) s->running++;
    s->queued = l->tasks - s->running;
}

const struct plait_executor_operations plait_loop_executor_operations = {
    .submit = submit, .close = never, .free = never, .get_statistics = statistics, .shutdown = shut_down
};

plait_executor *plait_loop_executor(void) { return plait_loop_here ? &plait_loop_here->executor : NULL; }
plait_loop *plait_loop_current(void) { return plait_loop_here; }

struct run {
    plait_future *task;
    bool interrupted;
};

static void interrupt(int number, void *run)
{
    struct run *r = run;
    (void)number;
    r->interrupted = true;
    plait_future_cancel(r->task);
}

static int make_interruptible(plait_loop *l, struct run *r)
{
    struct sigaction now;
    if (sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == SIG_IGN) return 0;
    return plait_signals_watch(l, SIGINT, true, interrupt, r);
}

/* Drives the loop until the task has ended; whether that ended by an interrupt. */
static bool drive(plait_loop *l, struct run *r)
{
    const plait_context *self = plait_current();
    for (bool cut = false; !plait_future_done(r->task);) {
        plait_loop_pass(l, cut ? PLAIT_FOREVER : plait_nearest(PLAIT_FOREVER));
        if (cut || !self->scope || !plait_cancelled()) continue;
        cut = true;
        plait_future_cancel(r->task);
    }
    return r->interrupted && (r->task->was_cut || plait_future_withdrawn(r->task));
}

int plait_run_task_with(const plait_run_options *options, size_t options_size, const plait_task *task,
                        const void *argument, void *result, const char *file, int line)
{
    plait_run_options o;
    int err = plait_options_read(&o, sizeof o, options, options_size);
    if (!err) err = plait_failed(plait_wait_begin(PLAIT_FOREVER));
    if (err) return err;
    task = plait_task_given(task);
    plait_loop *l = plait_loop_open(&plait_loop_executor_operations, o.stack_size, PLAIT_LOOP_RUNS);
    if (!l) return plait_error()->code;
    struct run r = { NULL, false };
    if (o.interruptible && (err = make_interruptible(l, &r))) {
        plait_loop_end(l);
        return err;
    }
    r.task = plait_submit_task(&l->executor, task, argument, NULL, 0, file, line);
    bool by_interrupt = drive(l, &r);
    plait_loop_end(l);
    err = plait_await_sized(r.task, result, task->result_size);
    return by_interrupt && err == PLAIT_ETASK ? plait_fail_because(-EINTR, "interrupted by SIGINT") : err;
}

int plait_run_task(const plait_task *task, const void *argument, void *result, const char *file, int line)
{
    return plait_run_task_with(NULL, 0, task, argument, result, file, line);
}
