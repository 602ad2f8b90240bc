/* map.c: one task over many values, with a bounded window of futures. What must hold: futures are ended in the order of
   the input, unless `each` wants them as they come, and none is left when plait_map returns; none is submitted after one
   that is seen to have failed, where failures end the map, or when it is too late. */
#include <plait/map.h>
#include "base/clock.h"
#include "base/memory.h"
#include "base/options.h"
#include "future/chunk.h"
#include "future/value.h"
#include <stdlib.h>
#include <string.h>

/* Two for each worker would keep no pool busy with small tasks, which end faster than one is woken to submit more. */
enum { DEFAULT_WINDOW = 256, LARGEST_CHUNK = 64 };
#define ONE_CHUNK (50 * PLAIT_MICROSECOND) /* what one is meant to take */

/* One that is submitted and not collected. */
struct slot {
    struct plait_watch watch; /* where they are collected as they come */
    plait_future *future;
    size_t index;
    size_t chunk_end; /* the index behind the last that shares its place; for the first of them */
    struct slot *next_free;
};

struct map {
    plait_executor *executor;
    const plait_task *task;
    const char *in, *file;
    char *out;
    int line;
    size_t count, window, submitted, collected;
    size_t chunk_size; /* how many are to share a place in the queue */
    bool adapts;       /* to how fast they come, which is looked at after some time */
    int64_t looked_at;
    size_t collected_then;
    struct plait_chunk chunk;  /* those not yet given to the executor */
    struct slot *slots, *free; /* those in use: by index, or in the set */
    struct plait_set set;
    void *value;  /* for `next` */
    bool stopped; /* no more is to be submitted */
    int halted;   /* the code that said so, where what was submitted goes on */
    plait_record *words;
    plait_map_options options;
};

static bool in_flight(struct map *m) { return m->collected < m->submitted; }

/* What the map does at a code that ends it: 0 to go on with what was submitted. */
static int ends(struct map *m, int code, const char *who)
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

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* A deadline that has passed lets one try. A chunk is begun when there is room for all of it. */
static bool may_submit(struct map *m)
{
    plait_deadline deadline = m->options.deadline;
    size_t room = m->window - (m->submitted - m->collected), left = m->count - m->submitted;
    if (m->stopped || !left || !room) return false;
    if (!m->chunk.first && room < least(m->chunk_size, least(left, m->window))) return false;
    return !m->submitted || plait_is_now(deadline) || !plait_has_passed(deadline);
}

/* 0 and the next value; PLAIT_EDONE; or what `next` said. */
static int next_value(struct map *m, const void **value)
{
    const plait_task *task = m->task;
    if (!m->options.next) {
        *value = m->in ? m->in + m->submitted * task->argument_size : NULL;
        return 0;
    }
    memset(m->value, 0, task->argument_size);
    int err = m->options.next(m->value, m->options.context);
    *value = m->value;
    if (!err && task->argument_kind == PLAIT_KIND_BYTES) *value = plait_bytes_take(m->value); /* saves a copy */
    return err;
}

static struct slot *slot_for(struct map *m, size_t index)
{
    if (!m->options.each) return &m->slots[index % m->window];
    struct slot *s = m->free;
    m->free = s->next_free;
    return s;
}

/* As fast as results have come lately, so many share a place that it takes ONE_CHUNK; but each of the workers has some. */
static void adapt(struct map *m)
{
    int64_t now = plait_time_roughly();
    if (now == m->looked_at) return;
    size_t come = m->collected - m->collected_then;
    plait_executor_statistics s;
    plait_executor_get_statistics(m->executor, &s);
    size_t fair = m->window / (2 * (s.workers > 2 ? s.workers : 2));
    double fitting = m->looked_at ? (double)come * ONE_CHUNK / (double)(now - m->looked_at) : 0;
    m->chunk_size = least(fitting < LARGEST_CHUNK ? (size_t)fitting : LARGEST_CHUNK, fair);
    if (!m->chunk_size) m->chunk_size = 1;
    m->looked_at = now;
    m->collected_then = m->collected;
}

/* Gives those that wait for others to share their place to the executor. */
static void send(struct map *m)
{
    size_t count = m->chunk.count;
    if (!count) return;
    if (!m->options.each) m->slots[(m->submitted - count) % m->window].chunk_end = m->submitted;
    plait_chunk_submit(&m->chunk, m->executor);
}

static plait_future *submit_one(struct map *m, const void *value)
{
    if (!m->chunk.first && m->adapts) adapt(m);
    if (m->chunk_size <= 1) return plait_submit_task(m->executor, m->task, value, NULL, 0, m->file, m->line);
    plait_future *f = plait_future_new(m->task, value, m->task->name, m->file, m->line);
    if (!f) return &plait_no_memory_future;
    int err = plait_argument_missing(m->task, value);
    if (err) plait_future_start(f, m->executor, err);
    else plait_chunk_add(&m->chunk, f);
    return f;
}

static int submit(struct map *m)
{
    const void *value = NULL;
    int err = next_value(m, &value);
    if (err) m->stopped = true;
    if (err == PLAIT_EDONE) return 0;
    if (err) return ends(m, err, "`next`");
    struct slot *s = slot_for(m, m->submitted);
    s->index = m->submitted;
    s->chunk_end = 0;
    s->future = submit_one(m, value);
    m->submitted++;
    if (m->options.next) plait_argument_clear(m->task, m->value);
    if (m->chunk.count >= m->chunk_size) send(m);
    if (m->options.each) plait_set_add(&m->set, &s->watch, s->future);
    else if ((!m->options.errors || m->options.halt) && plait_future_failed(s->future)) m->stopped = true;
    return 0;
}

/* Moves the outcome of a done future to where it belongs, and ends it: the code. */
static int outcome(struct map *m, struct slot *s)
{
    size_t size = m->task->result_size;
    int err = plait_await_until_sized(s->future, m->out ? m->out + s->index * size : NULL, size, PLAIT_NOW);
    m->collected++;
    if (m->options.errors) m->options.errors[s->index] = err;
    return err;
}

/* Its last one ends it; so that we are not woken at each. Who may run them himself does that, in their order. What this
   wait says is said again by that for the first. */
static void wait_for_chunk(struct map *m, struct slot *s)
{
    if (plait_may_help(m->options.deadline)) return;
    plait_future *last = m->slots[(s->chunk_end - 1) % m->window].future;
    (void)!plait_future_wait_or_run(last, m->options.deadline, PLAIT_CANCELLABLE, NULL);
}

static int collect_in_order(struct map *m)
{
    struct slot *s = slot_for(m, m->collected);
    plait_scope *outer = plait_current()->scope;
    if (s->chunk_end && !plait_future_done(s->future)) wait_for_chunk(m, s);
    int err = plait_future_wait_or_run(s->future, m->options.deadline, PLAIT_CANCELLABLE, outer);
    if (!err && s->future->was_cut && outer && plait_cancelled()) err = PLAIT_ECANCELED;
    if (err) return plait_failed(err);
    err = outcome(m, s);
    return err && (!m->options.errors || m->options.halt) ? ends(m, err, "") : 0;
}

static int tell(struct map *m, struct slot *s)
{
    plait_future *f = s->future;
    plait_map_item item = { .index = s->index, .argument = plait_future_argument(f) };
    item.error = plait_future_result_sized(f, NULL, 0);
    if (!item.error && m->task->result_size) item.result = plait_future_result_room(f);
    int err = m->options.each(&item, m->options.context);
    plait_record *words = plait_record_ref(*plait_record_here());
    outcome(m, s); /* what `each` has left of it */
    if (words) plait_record_keep(words);
    s->next_free = m->free;
    m->free = s;
    return err ? ends(m, err, "`each`") : 0;
}

/* The next that has come; or else, with `wait`, that comes. */
static int collect_next(struct map *m, bool wait)
{
    struct plait_watch *watch;
    plait_scope *outer = plait_current()->scope;
    int err = plait_set_next(&m->set, &watch, wait ? m->options.deadline : PLAIT_NOW, PLAIT_CANCELLABLE, outer);
    if (err == PLAIT_EAGAIN && !wait) return 0;
    if (err) return plait_failed(err);
    struct slot *s = (struct slot *)(void *)((char *)watch - offsetof(struct slot, watch));
    if (s->future->was_cut && outer && plait_cancelled()) {
        plait_set_add(&m->set, watch, s->future); /* back to the others, to be abandoned with them */
        return plait_failed(PLAIT_ECANCELED);
    }
    return tell(m, s);
}

static int collect(struct map *m) { return m->options.each ? collect_next(m, true) : collect_in_order(m); }

static void drop(plait_future *f)
{
    atomic_store_explicit(&f->seen, true, memory_order_relaxed);
    plait_future_detach(f); /* it is done, or will never be: in a forked child */
}

/* The newest first: who runs the oldest should find nothing to do when a cancel has made it stop. */
static void abandon(struct map *m)
{
    struct plait_watch *watch;
    plait_chunk_submit(&m->chunk, NULL);
    plait_set_cancel(&m->set);
    while (plait_set_next(&m->set, &watch, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE, NULL) == 0) drop(watch->future);
    if (m->options.each) return;
    for (size_t i = m->submitted; i > m->collected; i--) plait_future_cancel(m->slots[(i - 1) % m->window].future);
    for (; in_flight(m); m->collected++) {
        plait_future *f = m->slots[m->collected % m->window].future;
        (void)!plait_future_wait_or_run(f, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE,
                                        NULL); /* not cancellable, no deadline: 0 */
        drop(f);
    }
}

static int run(struct map *m)
{
    int err = 0;
    for (;;) {
        while (!err && may_submit(m)) {
            err = submit(m);
            if (!err && m->options.each && in_flight(m)) err = collect_next(m, false);
        }
        if (err) return err;
        send(m);
        if (in_flight(m)) err = collect(m);
        else if (m->stopped || m->submitted == m->count) return 0;
        else err = plait_failed(PLAIT_ETIMEDOUT);
        if (err) return err;
    }
}

static int prepare(struct map *m)
{
    const plait_map_options *o = &m->options;
    if (m->in && o->next) return plait_fail(PLAIT_EINVAL, "map of %s over an array and `next`", m->task->name);
    if (o->next && !m->count && (m->out || o->errors))
        return plait_fail(PLAIT_EINVAL, "map of %s with an array for as many outcomes as `next` gives: say how many",
                          m->task->name);
    if (o->next && !m->count) m->count = SIZE_MAX;
    m->window = o->window ? o->window : DEFAULT_WINDOW;
    if (m->window > m->count) m->window = m->count;
    enum plait_sharing sharing = m->executor ? m->executor->operations->sharing : PLAIT_SHARES_NONE;
    m->adapts = sharing == PLAIT_SHARES && !o->chunk;
    m->chunk_size = sharing != PLAIT_SHARES_NONE && o->chunk ? least(o->chunk, m->window ? m->window : 1) : 1;
    m->chunk.stop = !o->each && !o->errors && !o->halt;
    m->slots = m->window < SIZE_MAX / sizeof *m->slots ? plait_allocate((m->window + 1) * sizeof *m->slots) : NULL;
    m->value = m->slots && o->next ? plait_allocate(m->task->argument_size + 1) : NULL;
    if (!m->slots || (o->next && !m->value)) {
        free(m->slots);
        return plait_fail(PLAIT_ENOMEM, "no memory for a map of %s with a window of %zu values", m->task->name,
                          m->window);
    }
    for (size_t i = m->window; i-- > 0; m->free = &m->slots[i]) m->slots[i].next_free = m->free;
    for (size_t i = 0; o->errors && i < m->count; i++) o->errors[i] = PLAIT_ECANCELED;
    return 0;
}

int plait_map_task(plait_executor *ex, const plait_task *task, const void *in, size_t count, void *out,
                   const plait_map_options *options, size_t options_size, const char *file, int line)
{
    struct map m = {
        .executor = ex, .task = plait_task_given(task), .in = in, .count = count, .out = out, .file = file, .line = line
    };
    int err = plait_options_read(&m.options, sizeof m.options, options, options_size);
    if (err) return err;
    if (!m.task->run) return plait_fail(PLAIT_EINVAL, "a map without a task");
    if ((err = plait_wait_begin(m.options.deadline))) return plait_failed(err);
    if (ex && atomic_load_explicit(&ex->closed, memory_order_relaxed))
        return plait_fail(PLAIT_ECLOSED, "map of %s on an executor that is closed", m.task->name);
    if ((err = prepare(&m))) return err;
    err = run(&m);
    if (err || !m.halted) {
        plait_record_unref(m.words);
        m.words = plait_record_ref(*plait_record_here()); /* kept over the clean-up */
    } else {
        err = m.halted;
    }
    abandon(&m);
    free(m.slots);
    free(m.value);
    if (err && m.words) plait_record_keep(m.words);
    else plait_record_unref(m.words);
    return err;
}
