/* fork.c: tasks in their submitters' frames.

   What must hold:
   - Either its owner gets the fork back from the deque, and runs it as a plain call in its own context; or whoever took it
     runs it, and closes its wait list as the last access. The owner leaves its frame only after one of the two.
   - The state is as a future's: a cancel touches the scope only from RUNNING on, and one that comes before leaves ASKED. */
#include "executor/fork.h"
#include "base/fork.h"
#include "base/stop.h"
#include "future/future.h"
#include "future/value.h"
#include <string.h>

static struct plait_site site_of(plait_fork *f) { return (struct plait_site){ f->task->name, f->file, f->line }; }

static void copy(void *to, const void *from, size_t size)
{
    if (size == sizeof(uint64_t)) memcpy(to, from, sizeof(uint64_t)); /* most are of this size, and need no call */
    else if (size) memcpy(to, from, size);
}

plait_fork *plait_fork_begin(plait_fork *f, plait_executor *ex, const plait_task *task, const void *argument,
                             void *argument_room, void *result_room, const char *file, int line)
{
    plait_context *self = plait_current();
    copy(argument_room, argument, argument ? task->argument_size : 0);
    if (task->result_size == sizeof(uint64_t)) memset(result_room, 0, sizeof(uint64_t));
    else memset(result_room, 0, task->result_size);
    f->task = task;
    f->argument = argument_room;
    f->result = result_room;
    f->file = file;
    f->line = line;
    f->error = 0;
    f->joined = f->was_cut = false;
    f->record = NULL;
    atomic_store_explicit(&f->state, PLAIT_STARTING, memory_order_relaxed);
    atomic_store_explicit(&f->waiters, 0, memory_order_relaxed);
    bool ours = ex && self->worker == ex && ex->operations->take_fork;
    f->executor = ours ? ex : NULL;
    if (!ours) return f;
    f->deadline = plait_nearest(PLAIT_FOREVER);
    if (!ex->operations->take_fork(ex, f)) f->executor = NULL;
    return f;
}

void plait_fork_run(plait_fork *f)
{
    plait_context *self = plait_context_enter(NULL);
    if (self) {
        plait_scope_prepare(&f->scope, NULL, self->parker, f->deadline, 0);
        self->scope = &f->scope;
        if (atomic_fetch_xor_explicit(&f->state, PLAIT_STARTING ^ PLAIT_RUNNING, memory_order_acq_rel) & PLAIT_ASKED)
            plait_scope_cancel(&f->scope);
        f->error = f->task->run(f->argument, f->result);
        if (self->scope != &f->scope)
            plait_stop("fork %s (%s:%d) ended inside a scope that it had entered", f->task->name, f->file, f->line);
        plait_record *said = plait_context_leave(self, f->task->name);
        f->record = plait_conclude(site_of(f), &f->error, &f->was_cut, said);
    } else {
        f->error = PLAIT_ENOMEM;
    }
    plait_wake(plait_waitlist_claim_all(&f->waiters, true));
}

void plait_fork_fail(plait_fork *f, int error, plait_record *record)
{
    struct plait_site site = site_of(f);
    if (record) plait_record_set_task(record, site.name, site.file, site.line);
    f->error = error;
    f->record = record;
    plait_wake(plait_waitlist_claim_all(&f->waiters, true));
}

/* Here and now, as a plain call: the record is the running task's already, but for where it was forked. */
static void run_here(plait_fork *f)
{
    plait_context *self = plait_current();
    plait_scope *scope = self->scope;
    f->error = f->task->run(f->argument, f->result);
    if (self->scope != scope)
        plait_stop("fork %s (%s:%d) ended inside a scope that it had entered", f->task->name, f->file, f->line);
    if (!f->error) return;
    plait_record *said = self->record;
    self->record = NULL;
    f->record = plait_conclude(site_of(f), &f->error, &f->was_cut, said);
}

static void cancel(plait_fork *f)
{
    if (atomic_fetch_or_explicit(&f->state, PLAIT_ASKED, memory_order_acq_rel) == PLAIT_RUNNING)
        plait_scope_cancel(&f->scope);
}

/* Waits for whoever runs it. PLAIT_ECANCELED when our scope ended meanwhile: it was cancelled, and has ended. PLAIT_EFORKED
   in a forked child, where nobody does. */
static int wait_for(plait_fork *f, enum plait_cut cut)
{
    bool forked = f->executor->generation != plait_process_generation();
    if (forked && !plait_waitlist_closed(&f->waiters)) return PLAIT_EFORKED;
    int err = cut == PLAIT_CANCELLABLE ? plait_wait_begin(PLAIT_FOREVER) : 0;
    if (err) cancel(f);
    for (enum plait_cut now = err ? PLAIT_NOT_CANCELLABLE : cut; !plait_waitlist_closed(&f->waiters);
         now = PLAIT_NOT_CANCELLABLE) {
        plait_waiter node = plait_waiter_here();
        plait_executor *pool = plait_worker_sleeps();
        int code = plait_waitlist_add(&f->waiters, &node) ? plait_wait_in(&f->waiters, &node, PLAIT_FOREVER, now) : 0;
        plait_worker_resumes(pool);
        if (!code) break;
        err = code;
        cancel(f);
    }
    return err;
}

/* Its end, by whatever way. */
static int end(plait_fork *f)
{
    f->joined = true;
    if (f->executor && !f->executor->operations->give_fork_back(f->executor, f)) return wait_for(f, PLAIT_CANCELLABLE);
    int err = plait_wait_begin(PLAIT_FOREVER);
    if (!err) run_here(f);
    return err;
}

static void clear(plait_fork *f)
{
    if (plait_result_owns(f->task)) plait_result_clear(f->task, f->result);
    plait_record_unref(f->record);
    f->record = NULL;
}

int plait_join_sized(plait_fork *f, void *out, size_t size)
{
    if (f->joined) plait_stop("fork %s (%s:%d) was joined twice", f->task->name, f->file, f->line);
    if (out && size != f->task->result_size)
        plait_stop("the result of fork %s (%s:%d) is %zu bytes, and room for %zu was given", f->task->name, f->file,
                   f->line, f->task->result_size, size);
    int err = end(f);
    if (!err && f->was_cut && plait_cancelled()) err = PLAIT_ECANCELED;
    if (err || f->error) {
        if (!err) plait_record_keep(plait_record_ref(f->record));
        clear(f);
        return err ? plait_failed(err) : f->error;
    }
    if (out) {
        copy(out, f->result, size);
        if (plait_result_owns(f->task)) memset(f->result, 0, size); /* it is the caller's now */
    } else if (plait_result_owns(f->task)) {
        clear(f);
    }
    return 0;
}

void plait_fork_leave(plait_fork *f)
{
    if (f->joined) return;
    f->joined = true;
    if (f->executor && !f->executor->operations->give_fork_back(f->executor, f)) {
        cancel(f);
        (void)!wait_for(f, PLAIT_NOT_CANCELLABLE); /* nothing cuts it short */
    }
    clear(f);
}
