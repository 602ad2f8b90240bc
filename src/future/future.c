/* future.c: the life of a future: made, started, cancelled, ended, freed. See future.h for what must hold.

   Memory order: leaving PENDING acquires and releases, so the runner sees the argument and a cancel sees a scope that is
   set up; closing the wait list releases the outcome to whoever finds it closed. References as usual: the last to go
   acquires what the others released. */
#include "future/future.h"
#include "base/blocks.h"
#include "base/bytes.h"
#include "base/fork.h"
#include "base/report.h"
#include "base/stop.h"
#include "future/value.h"
#include <stdlib.h>
#include <string.h>

static const plait_task unknown_task = { .name = "task" };
plait_future plait_no_memory_future = { .references = 1u << 30,
                                        .owners = 1u << 30,
                                        .state = PLAIT_RUNNING,
                                        .seen = true,
                                        .waiters = (uintptr_t)2 /* closed */,
                                        .task = &unknown_task,
                                        .error = PLAIT_ENOMEM,
                                        .name = "task",
                                        .file = "" };

_Static_assert(sizeof(struct plait_future_shadow) <= PLAIT_SHADOW, "it lies in a block's shadow");

static size_t aligned(size_t size) { return (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1); }

plait_future *plait_future_new(const plait_task *task, const void *argument, const char *name, const char *file,
                               int line)
{
    const plait_bytes *given = task->argument_kind == PLAIT_KIND_BYTES ? argument : NULL;
    bool taken = given && given->size & PLAIT_BYTES_TAKEN;
    size_t owned = plait_argument_owns(task) && !taken ? plait_argument_room(task, argument) : 0;
    size_t result_at = aligned(task->argument_size), owned_at = result_at + aligned(task->result_size);
    size_t size = sizeof(plait_future) + owned_at + owned;
    plait_future *f = result_at <= UINT32_MAX && owned < SIZE_MAX / 2 ? plait_block_new(size) : NULL;
    if (f) {
        memset(f, 0, offsetof(plait_future, scope));
        memset(&f->name, 0, offsetof(plait_future, data) - offsetof(plait_future, name));
        atomic_init(&f->references, 2);
        atomic_init(&f->owners, 1);
        f->task = task, f->name = name, f->file = file, f->line = line;
        f->result_at = (uint32_t)result_at, f->size = size, f->taken = taken;
        f->large = size > PLAIT_BLOCK, f->small = size <= PLAIT_SMALL_BLOCK;
        memset(f->data + result_at, 0, task->result_size);
        if (task->argument_size && argument) memcpy(f->data, argument, task->argument_size);
        if (taken) ((plait_bytes *)f->data)->size &= ~PLAIT_BYTES_TAKEN;
        if (owned) plait_argument_settle(task, f->data, f->data + owned_at);
    } else if (taken) {
        plait_bytes_free(given->data);
    }
    if (taken) *(plait_bytes *)(uintptr_t)argument = (plait_bytes){ 0 }; /* plait_bytes_take had it as not const */
    return f;
}

static void *result_of(plait_future *f) { return f->data + f->result_at; }

/* Counts one off; whether it was the last. Who finds himself alone need not write. */
static bool last(_Atomic uint32_t *count)
{
    return atomic_load_explicit(count, memory_order_acquire) == 1 ||
           atomic_fetch_sub_explicit(count, 1, memory_order_acq_rel) == 1;
}

void plait_future_release(plait_future *f)
{
    if (f == &plait_no_memory_future || !last(&f->references)) return;
    bool silent =
        atomic_load_explicit(&f->seen, memory_order_relaxed) || !f->error ||
        (f->error == PLAIT_ETASK && atomic_load_explicit(&f->state, memory_order_relaxed) >= PLAIT_WAS_CANCELLED);
    if (!silent) plait_report_failure(PLAIT_REPORT_TASK, f->name, f->error, f->record ? &f->record->public : NULL);
    if (f->taken) plait_bytes_clear((plait_bytes *)f->data);
    if (plait_result_owns(f->task)) plait_result_clear(f->task, result_of(f));
    if (f->error) plait_record_unref(f->record);
    if (atomic_load_explicit(&f->called, memory_order_relaxed))
        plait_callbacks_free(atomic_load_explicit(&f->callbacks, memory_order_relaxed));
    plait_block_free(f, f->small ? PLAIT_SMALL_BLOCK : f->large ? f->size : PLAIT_BLOCK);
}

bool plait_future_done(plait_future *f) { return plait_waitlist_closed(&f->waiters); }

bool plait_future_failed(plait_future *f)
{
    return plait_future_done(f) && f->error && plait_future_get_state(f) != PLAIT_FUTURE_CANCELLED;
}

static bool leave_pending(plait_future *f, uint32_t next)
{
    uint32_t state = PLAIT_PENDING;
    if (!atomic_compare_exchange_strong_explicit(&f->state, &state, next, memory_order_acq_rel, memory_order_acquire))
        return false;
    return true;
}

bool plait_future_end(plait_future *f, int error, plait_record *record)
{
    f->error = error;
    f->record = record;
    plait_waiter *waiters = plait_waitlist_claim_all(&f->waiters, true);
    if (!waiters) return false;
    bool callbacks = atomic_load_explicit(&f->called, memory_order_relaxed); /* their node, if any, is among those */
    plait_wake(waiters);
    return callbacks;
}

void plait_future_finish(plait_future *f, int error, plait_record *record)
{
    if (plait_future_end(f, error, record)) plait_callbacks_run(f);
}

/* In the context and the scope that were made for it: its code, and the record of a failure. */
static int run_entered(plait_future *f, plait_context *self, plait_deadline deadline, plait_record **record)
{
    int error = f->task->run(f->data, result_of(f));
    if (self->scope != &f->scope)
        plait_stop("task %s (%s:%d) ended inside a scope that it had entered", f->name, f->file, f->line);
    *record = plait_context_leave(self, f->name);
    if (error || *record) plait_future_conclude(f, &error, plait_scope_expired(&f->scope), deadline, record);
    return error;
}

/* One run of the task: its code, and the record of a failure. */
static int attempt(plait_future *f, plait_scope *outer, plait_record **record)
{
    plait_context *self = plait_context_enter(f);
    *record = NULL;
    if (!self) return PLAIT_ENOMEM;
    int64_t limit = plait_future_limit(f);
    plait_deadline deadline = limit ? plait_sooner(f->deadline, plait_after(limit)) : f->deadline;
    plait_scope_prepare(&f->scope, outer, self->parker, deadline, 0);
    self->scope = &f->scope;
    if (atomic_fetch_xor_explicit(&f->state, PLAIT_STARTING ^ PLAIT_RUNNING, memory_order_acq_rel) & PLAIT_ASKED)
        plait_scope_cancel(&f->scope);
    return run_entered(f, self, deadline, record);
}

void plait_future_conclude(plait_future *f, int *error, bool expired, plait_deadline deadline, plait_record **record)
{
    if (*error == PLAIT_ECANCELED && (f->expires || plait_future_limit(f)) && expired)
        *record = plait_record_say(*error = PLAIT_ETIMEDOUT, *record, "its %s passed while it ran",
                                   deadline.at == f->deadline.at ? "deadline" : "limit");
    *record = plait_conclude((struct plait_site){ f->name, f->file, f->line }, error, &f->was_cut, *record);
}

/* After a failure: whether it is to be tried again, for which all is made as it was. A cancel that comes from here on finds
   STARTING, and leaves the scope alone. */
static bool try_again(plait_future *f, plait_scope *outer)
{
    int *retries = f->limited ? &plait_future_shadow(f)->retries : NULL;
    if (!retries || !*retries || plait_scope_cancelled(&f->scope) || plait_has_passed(f->deadline) ||
        (outer && plait_cancelled()) ||
        atomic_fetch_xor_explicit(&f->state, PLAIT_STARTING ^ PLAIT_RUNNING, memory_order_acq_rel) & PLAIT_ASKED)
        return false;
    --*retries;
    if (plait_result_owns(f->task)) plait_result_clear(f->task, result_of(f));
    memset(result_of(f), 0, f->task->result_size);
    return true;
}

/* Whether its deadline passed before its turn came; then what its outcome is to be. */
static bool is_too_late(plait_future *f, int *error, plait_record **record)
{
    if (!f->expires || !plait_has_passed(f->deadline)) return false;
    *error = PLAIT_ETIMEDOUT;
    *record = plait_record_say(*error, NULL, "its deadline passed before its turn came");
    *record = plait_wrap(error, *record, "was not started in time");
    if (*record) plait_record_set_task(*record, f->name, f->file, f->line);
    return true;
}

static bool begin(plait_future *f)
{
    int error;
    plait_record *record;
    if (!leave_pending(f, PLAIT_STARTING)) return false;
    if (!is_too_late(f, &error, &record)) return true;
    plait_future_finish(f, error, record);
    return false;
}

bool plait_future_run(plait_future *f, plait_scope *outer)
{
    if (!begin(f)) return false;
    plait_record *record;
    int error;
    while ((error = attempt(f, outer, &record)) && try_again(f, outer)) plait_record_unref(record);
    plait_future_finish(f, error, record);
    return true;
}

enum plait_begin plait_future_begin(plait_future *f, plait_parker *parker, int *error, plait_record **record)
{
    if (!leave_pending(f, PLAIT_STARTING)) return PLAIT_HAS_ENDED;
    if (is_too_late(f, error, record)) return PLAIT_IS_TOO_LATE;
    plait_scope_prepare(&f->scope, NULL, parker, f->deadline, 0);
    if (atomic_fetch_xor_explicit(&f->state, PLAIT_STARTING ^ PLAIT_RUNNING, memory_order_acq_rel) & PLAIT_ASKED)
        plait_scope_cancel(&f->scope);
    return PLAIT_HAS_BEGUN;
}

bool plait_future_run_alone(plait_future *f)
{
    plait_context *self = f->expires || f->limited ? NULL : plait_context_enter(f);
    if (!self) return plait_future_run(f, NULL);
    plait_scope_prepare(&f->scope, NULL, self->parker, f->deadline, 0);
    self->scope = &f->scope;
    if (!leave_pending(f, PLAIT_RUNNING)) { /* it was cancelled */
        plait_context_leave(self, f->name);
        return false;
    }
    plait_record *record;
    int error = run_entered(f, self, f->deadline, &record);
    while (error && try_again(f, NULL)) {
        plait_record_unref(record);
        error = attempt(f, NULL, &record);
    }
    plait_future_finish(f, error, record);
    return true;
}

void plait_future_fail(plait_future *f, int error, plait_record *record)
{
    if (!leave_pending(f, PLAIT_STARTING)) return;
    record = plait_wrap(&error, record, "could not be started");
    if (record) plait_record_set_task(record, f->name, f->file, f->line);
    plait_future_finish(f, error, record);
}

void plait_future_start(plait_future *f, plait_executor *ex, int err)
{
    if (err) {
        /* its words are there */
    } else if (!ex) {
        err = plait_fail(PLAIT_EINVAL,
                         "submitted to no executor: did its constructor fail, or does no loop run on this thread?");
    } else if (ex->generation && ex->generation != plait_process_generation()) {
        err = plait_fail(PLAIT_EFORKED, "submitted in a forked child to an executor of its parent");
    } else if (atomic_load_explicit(&ex->closed, memory_order_relaxed)) {
        err = plait_fail(PLAIT_ECLOSED, "submitted to an executor that is closed");
    } else {
        f->executor = ex;
        f->generation = plait_process_generation();
        err = ex->operations->submit(ex, f);
    }
    if (!err) return;
    plait_record *record = plait_record_take(); /* the words are the future's, not the submitter's */
    if (record && record->public.code != err) {
        plait_record_unref(record);
        record = NULL;
    }
    plait_future_fail(f, err, record);
    plait_future_release(f); /* the executor's */
}

bool plait_future_forked(plait_future *f)
{
    return !plait_future_done(f) && f->generation != plait_process_generation();
}

bool plait_future_withdraw(plait_future *f)
{
    if (!leave_pending(f, PLAIT_WAS_CANCELLED))
        return atomic_load_explicit(&f->state, memory_order_acquire) == PLAIT_WAS_CANCELLED;
    plait_record *cause = plait_record_say(PLAIT_ECANCELED, NULL, "%s", "the future was cancelled before it ran");
    plait_record *record = plait_record_say(PLAIT_ETASK, cause, "the task was cancelled");
    if (record) plait_record_set_task(record, f->name, f->file, f->line);
    plait_future_finish(f, PLAIT_ETASK, record);
    return true;
}

bool plait_future_cancel(plait_future *f)
{
    if (plait_future_forked(f)) return false; /* who waits for it, or runs it, is the parent's */
    if (plait_future_withdraw(f)) return true;
    if (plait_future_done(f)) return false;
    if (atomic_fetch_or_explicit(&f->state, PLAIT_ASKED, memory_order_acq_rel) == PLAIT_RUNNING)
        plait_scope_cancel(&f->scope);
    return false;
}

bool plait_future_withdrawn(plait_future *f)
{
    uint32_t state = atomic_load_explicit(&f->state, memory_order_acquire);
    return state == PLAIT_WAS_CANCELLED || (state == PLAIT_STARTING && plait_future_done(f));
}

plait_future_state plait_future_get_state(plait_future *f)
{
    uint32_t state = atomic_load_explicit(&f->state, memory_order_acquire);
    if (state == PLAIT_PENDING) return PLAIT_FUTURE_PENDING;
    if (state == PLAIT_WAS_CANCELLED) return PLAIT_FUTURE_CANCELLED;
    return plait_future_done(f) ? PLAIT_FUTURE_FINISHED : PLAIT_FUTURE_RUNNING;
}

plait_future *plait_future_ref(plait_future *f)
{
    atomic_fetch_add_explicit(&f->owners, 1, memory_order_relaxed);
    return f;
}

static void drop(plait_future *f, bool let_it_run)
{
    if (f == &plait_no_memory_future || !last(&f->owners)) return;
    if (!let_it_run && !plait_future_done(f))
        plait_stop("task %s (%s:%d) was dropped before it was done: await it, or plait_future_detach it", f->name,
                   f->file, f->line);
    plait_future_release(f);
}

void plait_future_unref(plait_future *f) { drop(f, false); }
void plait_future_detach(plait_future *f) { drop(f, true); }

const void *plait_future_argument(plait_future *f) { return f->task->argument_size ? f->data : NULL; }
const char *plait_future_name(plait_future *f) { return f->name; }

/* The outcome, marked as seen, its words made the running task's. `move`: a result that owns memory is moved, not copied. */
static int take(plait_future *f, void *out, size_t size, bool move)
{
    if (out && size != f->task->result_size && f != &plait_no_memory_future)
        plait_stop("the result of task %s (%s:%d) is %zu bytes (%s), and room for %zu was given", f->name, f->file,
                   f->line, f->task->result_size, f->task->result_type ? f->task->result_type : "?", size);
    if (!atomic_load_explicit(&f->seen, memory_order_relaxed))
        atomic_store_explicit(&f->seen, true, memory_order_relaxed);
    if (f->error) {
        plait_record_keep(plait_record_ref(f->record));
        return f->error;
    }
    if (!out) return 0;
    bool owns = move && plait_result_owns(f->task);
    if (owns && atomic_load_explicit(&f->owners, memory_order_acquire) != 1)
        return plait_result_copy(f->task, out, result_of(f));
    memcpy(out, result_of(f), size);
    if (owns) memset(result_of(f), 0, size);
    return 0;
}

int plait_future_result_sized(plait_future *f, void *out, size_t size)
{
    return plait_future_done(f) ? take(f, out, size, false) : plait_failed(PLAIT_EAGAIN);
}

static int end(plait_future *f, void *out, size_t size)
{
    int err = take(f, out, size, true);
    plait_future_unref(f);
    return err;
}

int plait_await_sized(plait_future *f, void *out, size_t size)
{
    plait_scope *scope = plait_current()->scope;
    int cut = plait_future_wait_or_run(f, PLAIT_FOREVER, PLAIT_CANCELLABLE, scope);
    if (!cut && f->was_cut && scope && plait_cancelled()) cut = PLAIT_ECANCELED; /* we ran it, and our scope ended it */
    if (!cut) return end(f, out, size);
    atomic_store_explicit(&f->seen, true, memory_order_relaxed);
    plait_future_cancel(f);
    plait_future_detach(f);
    return plait_failed(cut);
}

int plait_take_task(plait_future *f, const plait_task *task, void *out)
{
    const char *type = task->result_type ? task->result_type : "?", *own = f->task->result_type;
    if (f->task != task && f != &plait_no_memory_future && own && strcmp(own, type) != 0)
        plait_stop("the result of task %s (%s:%d) is a %s, and was taken as that of %s, a %s", f->name, f->file,
                   f->line, own, task->name, type);
    return plait_await_sized(f, out, task->result_size);
}

int plait_await_until_sized(plait_future *f, void *out, size_t size, plait_deadline deadline)
{
    int cut = plait_future_wait_or_run(f, deadline, PLAIT_CANCELLABLE, NULL);
    if (!cut) return end(f, out, size);
    if (cut == PLAIT_EFORKED) plait_future_detach(f); /* as if it had failed so at its submit */
    return plait_failed(cut);
}

int plait_future_wait(plait_future *f, plait_deadline deadline)
{
    return plait_failed(plait_future_wait_or_run(f, deadline, PLAIT_CANCELLABLE, NULL));
}
