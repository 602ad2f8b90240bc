/* map.c: one task over many values: what comes is collected, in the order of the input, unless `each` wants it as it comes.
   See map.h. What must hold: no future is left when plait_map returns, and no value runs. */
#include "base/clock.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/options.h"
#include "future/map.h"
#include "future/value.h"
#include <stdlib.h>
#include <string.h>

#define PATIENCE (5 * PLAIT_MILLISECOND) /* with a slice, before what it has not begun goes to others */

int plait_map_ends(struct plait_mapping *m, int code, const char *who)
{
    if (code > 0)
        code = plait_fail(PLAIT_EINVAL, "%s of a map of %s returned %d, which is neither 0 nor a negative code", who,
                          m->task->name, code);
    if (!m->options.halt) return code;
    m->stopped = true;
    if (m->halted) return 0;
    m->halted = code;
    m->words = plait_record_ref(*plait_record_here());
    return 0;
}

struct outcome {
    const void *argument;
    void *result;
    int code;
    plait_record *record;
};

/* Of a value of a place that has one. */
static struct outcome outcome_of(struct plait_mapping *m, struct plait_place *p, size_t i)
{
    plait_future *f = p->future;
    struct plait_slice *s = p->slice;
    size_t argument_size = m->task->argument_size, result_size = m->task->result_size;
    if (!s)
        return (struct outcome){ plait_future_argument(f), result_size ? plait_future_result_room(f) : NULL, f->error,
                                 f->error ? f->record : NULL };
    struct outcome o = { .argument = argument_size && s->arguments ? s->arguments + i * argument_size : NULL };
    if (i >= plait_slice_ran(s)) { /* its place was never run */
        o.code = f->error, o.record = f->record;
        return o;
    }
    o.code = s->codes[i];
    if (o.code && s->records) o.record = s->records[i];
    if (s->results) o.result = s->results + i * result_size;
    return o;
}

/* To be called first where a value has failed: the words are there. */
static void tell_why(const struct outcome *o)
{
    if (o->code) plait_record_keep(plait_record_ref(o->record));
}

/* Moves an outcome to where it belongs. */
static void store(struct plait_mapping *m, size_t index, const struct outcome *o)
{
    size_t size = m->task->result_size;
    m->collected++;
    if (m->options.errors) m->options.errors[index] = o->code;
    if (o->code || !m->out || !o->result) return;
    memcpy(m->out + index * size, o->result, size);
    if (plait_result_owns(m->task)) memset(o->result, 0, size);
}

/* A whole slice in which nothing has failed, and whose results are plain. */
static bool collect_at_once(struct plait_mapping *m, struct plait_place *p, size_t count)
{
    struct plait_slice *s = p->slice;
    size_t size = m->task->result_size;
    if (!s || p->taken || !plait_future_done(p->future) || !s->begun || s->failed || plait_result_owns(m->task))
        return false;
    if (m->out && size) memcpy(m->out + p->first * size, s->results, count * size);
    if (m->options.errors) memset(m->options.errors + p->first, 0, count * sizeof *m->options.errors);
    p->taken = count;
    m->collected += count;
    return true;
}

/* Those up to `count`. */
static int collect_values(struct plait_mapping *m, struct plait_place *p, size_t count)
{
    if (collect_at_once(m, p, count)) return 0;
    for (int err = 0; p->taken < count && !err; p->taken++) {
        struct outcome o = outcome_of(m, p, p->taken);
        store(m, p->first + p->taken, &o);
        if (!o.code || (m->options.errors && !m->options.halt)) continue;
        tell_why(&o);
        if ((err = plait_map_ends(m, o.code, ""))) return err;
    }
    return 0;
}

/* How many values of a place have an outcome. The others of one that is done were cut off: by a cancel, or since this is
   another process. One that was never run has an outcome for all. */
static size_t known(struct plait_mapping *m, struct plait_place *p, plait_scope *outer)
{
    struct plait_slice *s = p->slice;
    bool done = plait_future_done(p->future);
    if (!done && !plait_future_forked(p->future)) plait_map_look_at(m, p);
    if (!s) return done && !(p->future->was_cut && outer && plait_cancelled());
    return done && !s->begun ? plait_slice_end(s) : plait_slice_ran(s);
}

static int what_cut(struct plait_mapping *m)
{
    return m->generation == plait_process_generation() ? PLAIT_ECANCELED : PLAIT_EFORKED;
}

static int is_time(plait_look *l) { return plait_has_passed(l->at) ? PLAIT_EAGAIN : 0; }

enum { SLOW = 1 };

/* Waits for a place in order, or for the next that comes: 0; SLOW when that takes long, and our guess of how long is in the
   way of something; or why the wait was cut. */
static int wait_for_some(struct plait_mapping *m, plait_future *f, struct plait_watch **watch, plait_scope *outer)
{
    plait_deadline deadline = m->options.deadline;
    bool looks = m->adapts && !plait_is_now(deadline) && (m->held_back || m->submitted - m->collected > m->places);
    plait_look look = { .look = is_time };
    if (looks) look.at = plait_after(PATIENCE);
    int err = f ? plait_future_wait_looking(f, deadline, PLAIT_CANCELLABLE, outer, looks ? &look : NULL)
                : plait_set_next_looking(&m->set, watch, deadline, PLAIT_CANCELLABLE, outer, looks ? &look : NULL);
    if (err != PLAIT_EAGAIN || !looks) return err;
    plait_map_split(m, PATIENCE);
    m->hurries = true;
    return SLOW;
}

static int collect_in_order(struct plait_mapping *m)
{
    struct plait_place *p = m->first;
    plait_scope *outer = plait_current()->scope;
    int cut = wait_for_some(m, p->future, NULL, outer), err = collect_values(m, p, known(m, p, outer));
    if (err || cut == SLOW) return err;
    if (cut) return plait_failed(cut);
    if (p->taken < plait_place_end(p)) return plait_failed(what_cut(m));
    plait_map_drop(m, p);
    return 0;
}

static int tell(struct plait_mapping *m, struct plait_place *p, size_t i)
{
    struct outcome o = outcome_of(m, p, i);
    plait_map_item item = { .index = p->first + i, .argument = o.argument, .error = o.code };
    if (!o.code) item.result = o.result;
    tell_why(&o);
    int err = m->options.each(&item, m->options.context);
    store(m, item.index, &o); /* what `each` has left of it */
    return err ? plait_map_ends(m, err, "`each`") : 0;
}

static int tell_known(struct plait_mapping *m, struct plait_place *p, plait_scope *outer)
{
    int err = 0;
    for (size_t count = known(m, p, outer); p->taken < count && !err; p->taken++) err = tell(m, p, p->taken);
    return err;
}

/* The next place that has come; or else, with `wait`, that comes; or what is there of those that take long. */
static int collect_next(struct plait_mapping *m, bool wait)
{
    struct plait_watch *watch;
    plait_scope *outer = plait_current()->scope;
    int err = wait ? wait_for_some(m, NULL, &watch, outer)
                   : plait_set_next(&m->set, &watch, PLAIT_NOW, PLAIT_CANCELLABLE, outer);
    if (err == PLAIT_EAGAIN && !wait) return 0;
    if (err == SLOW) {
        err = 0;
        for (struct plait_place *p = m->first; p && !err; p = p->next)
            if (!plait_future_done(p->future)) err = tell_known(m, p, outer);
        return err;
    }
    if (err) return plait_failed(err);
    struct plait_place *p = (struct plait_place *)(void *)((char *)watch - offsetof(struct plait_place, watch));
    if ((err = tell_known(m, p, outer))) return err;
    if (p->taken < plait_place_end(p)) return plait_failed(what_cut(m));
    plait_map_drop(m, p);
    return 0;
}

/* The newest first: who runs the oldest should find nothing to do when a cancel has made it stop. */
static void abandon(struct plait_mapping *m)
{
    struct plait_watch *watch;
    plait_set_cancel(&m->set);
    while (plait_set_next(&m->set, &watch, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE, NULL) == 0) {}
    for (struct plait_place *p = m->last; p && !m->options.each; p = p->previous) plait_future_cancel(p->future);
    while (m->first) {
        if (!m->options.each) /* not cancellable, no deadline: 0 */
            (void)!plait_future_wait_or_run(m->first->future, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE, NULL);
        plait_map_drop(m, m->first); /* it is done, or will never be: in a forked child */
    }
}

static int no_memory(struct plait_mapping *m)
{
    return plait_fail(PLAIT_ENOMEM, "no memory for a map of %s with a window of %zu values", m->task->name, m->window);
}

static int run(struct plait_mapping *m)
{
    int err = 0;
    for (;;) {
        while (!err && plait_map_may_submit(m)) {
            err = plait_map_submit(m);
            if (!err && m->options.each && m->first) err = collect_next(m, false);
        }
        if (err) return err;
        if (m->first) err = m->options.each ? collect_next(m, true) : collect_in_order(m);
        else if (m->stopped || m->submitted == m->count) return 0;
        else err = m->no_memory ? no_memory(m) : plait_failed(PLAIT_ETIMEDOUT);
        if (err) return err;
    }
}

static int prepare(struct plait_mapping *m)
{
    const plait_map_options *o = &m->options;
    if (m->in && o->next) return plait_fail(PLAIT_EINVAL, "map of %s over an array and `next`", m->task->name);
    if (o->next && !m->count && (m->out || o->errors))
        return plait_fail(PLAIT_EINVAL, "map of %s with an array for as many outcomes as `next` gives: say how many",
                          m->task->name);
    if (o->next && !m->count) m->count = SIZE_MAX;
    plait_map_divide(m);
    if (m->window > SIZE_MAX / sizeof(struct plait_place)) return no_memory(m);
    if (o->next && !(m->value = plait_allocate(m->task->argument_size + 1))) return no_memory(m);
    return 0;
}

int plait_map_task(plait_executor *ex, const plait_task *task, const void *in, size_t count, void *out,
                   const plait_map_options *options, size_t options_size, const char *file, int line)
{
    struct plait_mapping m = {
        .executor = ex, .task = plait_task_given(task), .in = in, .count = count, .out = out, .file = file, .line = line
    };
    int err = plait_options_read(&m.options, sizeof m.options, options, options_size);
    if (err) return err;
    if (!m.task->run) return plait_fail(PLAIT_EINVAL, "a map without a task");
    for (size_t i = 0; m.options.errors && i < count; i++) m.options.errors[i] = PLAIT_ECANCELED;
    if ((err = plait_wait_begin(m.options.deadline))) return plait_failed(err);
    if (ex && atomic_load_explicit(&ex->closed, memory_order_relaxed))
        return plait_fail(PLAIT_ECLOSED, "map of %s on an executor that is closed", m.task->name);
    if (ex && ex->operations->sharing != PLAIT_SHARES_NONE && plait_hosts(ex)) return plait_failed(PLAIT_EDEADLK);
    if ((err = prepare(&m))) return err;
    m.generation = plait_process_generation();
    err = run(&m);
    if (err || !m.halted) {
        plait_record_unref(m.words);
        m.words = plait_record_ref(*plait_record_here()); /* kept over the clean-up */
    } else {
        err = m.halted;
    }
    abandon(&m);
    plait_map_free_places(&m);
    free(m.value);
    if (err && m.words) plait_record_keep(m.words);
    else plait_record_unref(m.words);
    return err;
}
