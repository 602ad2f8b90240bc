/* map.c: one task over an array, with a bounded window of futures. What must hold: futures are ended in the order of the
   input, and none is left when plait_map returns; none is submitted after one that is seen to have failed, or when it is
   too late. */
#include <plait/map.h>
#include "base/memory.h"
#include "base/options.h"
#include "future/future.h"
#include <stdlib.h>

enum { DEFAULT_WINDOW = 256 };

struct map {
    plait_future **ring; /* submitted, not collected */
    size_t window, submitted, collected;
    plait_deadline deadline;
    bool failed; /* one of those submitted is seen to have */
};

/* Whether another may be submitted. A deadline that has passed lets one try. */
static bool may_submit(struct map *m, size_t count)
{
    if (m->failed || m->submitted == count || m->submitted - m->collected == m->window) return false;
    return !m->submitted || plait_is_now(m->deadline) || !plait_has_passed(m->deadline);
}

static int collect(struct map *m, void *out, size_t size)
{
    plait_future *f = m->ring[m->collected % m->window];
    plait_scope *outer = plait_current()->scope;
    int err = plait_future_wait_or_run(f, m->deadline, PLAIT_CANCELLABLE, outer);
    if (!err && f->was_cut && outer && plait_cancelled()) err = PLAIT_ECANCELED;
    if (err) return plait_failed(err);
    m->collected++;
    return plait_await_until_sized(f, out, size, PLAIT_NOW); /* it is done: gives the outcome and ends it */
}

/* The newest first: who runs the oldest should find nothing to do when a cancel has made it stop. */
static void abandon(struct map *m)
{
    for (size_t i = m->submitted; i > m->collected; i--) plait_future_cancel(m->ring[(i - 1) % m->window]);
    for (; m->collected < m->submitted; m->collected++) {
        plait_future *f = m->ring[m->collected % m->window];
        (void)!plait_future_wait_or_run(f, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE,
                                        NULL); /* not cancellable, no deadline: 0 */
        atomic_store_explicit(&f->seen, true, memory_order_relaxed);
        plait_future_unref(f);
    }
}

int plait_map_task(plait_executor *ex, const plait_task *task, const void *in, size_t count, void *out,
                   const plait_map_options *options, size_t options_size, const char *file, int line)
{
    plait_map_options o;
    int err = plait_options_read(&o, sizeof o, options, options_size);
    if (err) return err;
    if ((err = plait_wait_begin(o.deadline))) return plait_failed(err);
    if (ex && atomic_load_explicit(&ex->closed, memory_order_relaxed))
        return plait_fail(PLAIT_ECLOSED, "map of %s on an executor that is closed", task->name);
    struct map m = { .window = o.window ? o.window : DEFAULT_WINDOW, .deadline = o.deadline };
    if (m.window > count) m.window = count;
    m.ring = m.window < SIZE_MAX / sizeof *m.ring ? plait_allocate((m.window + 1) * sizeof *m.ring) : NULL;
    if (!m.ring) return plait_fail(PLAIT_ENOMEM, "no memory for a map of %s over %zu values", task->name, count);
    while (!err && m.collected < count) {
        while (may_submit(&m, count)) {
            const char *argument = in ? (const char *)in + m.submitted * task->argument_size : NULL;
            plait_future *f = plait_submit_task(ex, task, argument, NULL, 0, file, line);
            m.ring[m.submitted++ % m.window] = f;
            m.failed = plait_future_failed(f);
        }
        char *to = out ? (char *)out + m.collected * task->result_size : NULL;
        err = m.collected < m.submitted ? collect(&m, to, task->result_size) : plait_failed(PLAIT_ETIMEDOUT);
    }
    plait_record *words = plait_record_ref(*plait_record_here()); /* kept over the clean-up */
    abandon(&m);
    free(m.ring);
    if (err && words) plait_record_keep(words);
    else plait_record_unref(words);
    return err;
}
