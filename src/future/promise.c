/* promise.c: futures that the program ends itself. The promise is the future, by the name of the reference that an executor
   would have.

   What must hold: only who moves the future to SETTLING writes its outcome. A started promise stays in STARTING, with ASKED
   once it was cancelled: a cancel touches no scope then, of which a promise has none. */
#include <plait/promise.h>
#include "base/fork.h"
#include "base/stop.h"
#include "future/future.h"
#include <string.h>

static plait_future *future_of(plait_promise *p) { return (plait_future *)(void *)p; }

plait_promise *plait_promise_new_task(const plait_task *task, plait_future **future, const char *file, int line)
{
    plait_future *f = plait_future_new(task, NULL, task->name, file, line);
    *future = f ? f : &plait_no_memory_future;
    if (f) f->generation = plait_process_generation();
    else plait_fail(PLAIT_ENOMEM, "no memory for a promise of %s", task->name);
    return (plait_promise *)(void *)f;
}

/* Acquires what a cancel has done before; a success releases nothing but the claim: the outcome comes after. */
static bool claim(plait_future *f)
{
    uint32_t state = atomic_load_explicit(&f->state, memory_order_acquire);
    while (state == PLAIT_PENDING || (state & ~(uint32_t)PLAIT_ASKED) == PLAIT_STARTING)
        if (atomic_compare_exchange_weak_explicit(&f->state, &state, PLAIT_SETTLING | (state & PLAIT_ASKED),
                                                  memory_order_acq_rel, memory_order_acquire))
            return true;
    return false;
}

static int refused(plait_future *f)
{
    if (!f) return plait_fail(PLAIT_EINVAL, "the promise was not made, for want of memory");
    if (plait_future_forked(f))
        return plait_fail(PLAIT_EFORKED, "promise %s (%s:%d) is one of the parent process", f->name, f->file, f->line);
    bool cancelled = plait_future_get_state(f) == PLAIT_FUTURE_CANCELLED;
    return plait_fail(PLAIT_EINVAL, "promise %s (%s:%d) %s", f->name, f->file, f->line,
                      cancelled ? "was cancelled" : "has its outcome already");
}

static bool may_end(plait_future *f) { return f && !plait_future_forked(f) && claim(f); }

bool plait_promise_start(plait_promise *p)
{
    uint32_t state = PLAIT_PENDING;
    return p && !plait_future_forked(future_of(p)) &&
           atomic_compare_exchange_strong_explicit(&future_of(p)->state, &state, PLAIT_STARTING, memory_order_acq_rel,
                                                   memory_order_acquire);
}

bool plait_promise_cancelled(plait_promise *p)
{
    uint32_t state = p ? atomic_load_explicit(&future_of(p)->state, memory_order_acquire) : PLAIT_PENDING;
    return state == PLAIT_WAS_CANCELLED || state & PLAIT_ASKED;
}

int plait_promise_set_task(plait_promise *p, const plait_task *task, const void *value)
{
    plait_future *f = future_of(p);
    const char *type = task->result_type ? task->result_type : "?";
    if (f && f->task != task && f->task->result_type && strcmp(f->task->result_type, type) != 0)
        plait_stop("promise %s (%s:%d) gives %s, and was set as one of %s, which gives %s", f->name, f->file, f->line,
                   f->task->result_type, task->name, type);
    if (!value && task->result_size)
        return plait_fail(PLAIT_EINVAL, "promise %s was set without its value, a %s", task->name, type);
    if (!may_end(f)) return refused(f);
    if (task->result_size) memcpy(plait_future_result_room(f), value, task->result_size);
    plait_future_finish(f, 0, NULL);
    return 0;
}

int plait_promise_fail(plait_promise *p, int code)
{
    plait_future *f = future_of(p);
    if (code >= 0) return plait_fail(PLAIT_EINVAL, "a promise cannot fail with %d, which is no error", code);
    if (!may_end(f)) return refused(f);
    plait_record *record = plait_record_take(); /* the words become the future's */
    record = plait_conclude((struct plait_site){ f->name, f->file, f->line }, &code, &f->was_cut, record);
    plait_future_finish(f, code, record);
    return 0;
}

void plait_promise_free(plait_promise *p)
{
    plait_future *f = future_of(p);
    if (!f) return;
    if (may_end(f)) {
        plait_record *record = plait_record_say(PLAIT_EBROKEN, NULL, "its promise was freed without an outcome");
        if (record) plait_record_set_task(record, f->name, f->file, f->line);
        plait_future_finish(f, PLAIT_EBROKEN, record);
    }
    plait_future_release(f);
}
