/* map_input.c: the input of a map is divided and submitted. See map.h.

   What must hold: nothing is submitted after one that is seen to have failed, where failures end the map, or when it is too
   late. As fast as tasks have been lately, a slice takes SHORT; but each worker has some, and what a slice has not begun
   when the map has waited for it a while goes to others (plait_map_split): so even where that guess is wrong a value
   waits for none that is not its equal for long. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "future/map.h"
#include "future/value.h"
#include <stdlib.h>
#include <string.h>

#define SHORT (100 * PLAIT_MICROSECOND)
/* Two for each worker would keep no pool busy with small tasks, which end faster than one is woken to submit more. */
enum {
    OWNED = 128,  /* bytes, as it is reckoned, of what a value owns … */
    LARGE = 4096, /* … unless that is so much that it goes alone */
    DEFAULT_WINDOW = 256,
    MOST_VALUES = 4096,
    MOST_BYTES = 64 * 1024,
    PLACES_FOR_EACH = 4,
    PLACES = 64,
    PARTS = 4,
    TURNS = 64
};

static size_t least(size_t a, size_t b) { return a < b ? a : b; }
static size_t most(size_t a, size_t b) { return a > b ? a : b; }

void plait_map_divide(struct plait_mapping *m)
{
    const plait_map_options *o = &m->options;
    enum plait_sharing sharing = m->executor ? m->executor->operations->sharing : PLAIT_SHARES_NONE;
    if (sharing != PLAIT_SHARES_NONE && m->executor->operations->may_share &&
        !m->executor->operations->may_share(m->executor, m->task))
        sharing = PLAIT_SHARES_NONE;
    if (o->next && plait_argument_owns(m->task) && sharing != PLAIT_SHARES_NONE && m->executor->operations->may_share)
        sharing = PLAIT_SHARES_NONE; /* how large they are is not known before they are there */
    m->window = least(o->window ? o->window : DEFAULT_WINDOW, m->count);
    m->adapts = sharing == PLAIT_SHARES && !o->chunk;
    m->size = sharing != PLAIT_SHARES_NONE && o->chunk
                  ? most((o->window ? least(o->chunk, m->window) : least(o->chunk, m->count)), 1)
                  : 1;
    m->in_slices = m->adapts || m->size > 1;
    m->slices.task = m->task;
    m->slices.site = (struct plait_site){ m->task->name, m->file, m->line };
    m->slices.ends = !o->each && !o->errors && !o->halt;
    atomic_store_explicit(&m->slices.first_failed, SIZE_MAX, memory_order_relaxed);
}

/* How many are to be in the next slice. */
static size_t fitting(struct plait_mapping *m)
{
    uint64_t picoseconds = atomic_load_explicit(&m->slices.picoseconds, memory_order_relaxed);
    size_t left = m->count - m->submitted, bytes = m->task->argument_size + m->task->result_size;
    bytes += (size_t)(plait_argument_owns(m->task) + plait_result_owns(m->task)) * OWNED;
    if (!m->adapts) return least(m->size, left);
    if (!picoseconds) return 1;
    if (m->looks++ % TURNS == 0) {
        plait_executor_statistics s;
        plait_executor_get_statistics(m->executor, &s);
        m->workers = most(s.workers, 2);
    }
    size_t size =
        least((size_t)(SHORT * 1000 / picoseconds), 4 * atomic_load_explicit(&m->slices.largest, memory_order_relaxed));
    if (bytes) size = least(size, MOST_BYTES / bytes);
    size = least(size, least(MOST_VALUES, left / (2 * m->workers)));
    if (m->options.window) size = least(size, m->window / (2 * m->workers));
    return most(size, 1);
}

/* Makes `free` a place with room for the next slice. */
static bool has_place(struct plait_mapping *m, size_t size)
{
    struct plait_place *p = m->free;
    if (!p && !(p = plait_allocate(sizeof *p))) return false;
    if (p != m->free) m->free = p; /* the only one */
    if (!m->in_slices || (p->slice && p->slice->capacity >= size)) return true;
    if (p->slice) plait_slice_free(p->slice);
    return (p->slice = plait_slice_new(&m->slices, size, m->options.next != NULL)) != NULL;
}

/* A window that is not given bounds values while each has its place, and places where they are shared. */
static bool has_room(struct plait_mapping *m)
{
    size_t inside = m->submitted - m->collected, room = m->window > inside ? m->window - inside : 0;
    size_t places = m->adapts ? PLACES_FOR_EACH * most(m->workers, 2) : PLACES;
    if (m->in_slices && !m->options.window && m->places < places) return true;
    if (m->hurries && room) m->size = least(m->size, room);
    m->hurries = false;
    m->held_back = room && m->size > room;
    return m->size <= room;
}

bool plait_map_may_submit(struct plait_mapping *m)
{
    plait_deadline deadline = m->options.deadline;
    if (m->submitted > atomic_load_explicit(&m->slices.first_failed, memory_order_relaxed)) m->stopped = true;
    m->held_back = false;
    if (m->stopped || m->submitted == m->count) return false;
    m->size = fitting(m);
    if (!has_room(m)) return false;
    if (m->submitted && !plait_is_now(deadline) && plait_has_passed(deadline)) return false; /* it lets one try */
    m->no_memory = !has_place(m, m->size);
    return !m->no_memory;
}

/* 0 and the next value; PLAIT_EDONE; or what `next` said. */
static int next_value(struct plait_mapping *m, void *value)
{
    memset(value, 0, m->task->argument_size);
    return m->options.next(value, m->options.context);
}

static struct plait_place *take_place(struct plait_mapping *m)
{
    struct plait_place *p = m->free;
    m->free = p->next;
    return p;
}

static void put_back(struct plait_mapping *m, struct plait_place *p)
{
    p->next = m->free;
    m->free = p;
}

/* `before`: NULL for the first. */
static void list_behind(struct plait_mapping *m, struct plait_place *before, struct plait_place *p)
{
    p->previous = before;
    p->next = before ? before->next : m->first;
    *(before ? &before->next : &m->first) = p;
    *(p->next ? &p->next->previous : &m->last) = p;
    p->taken = 0;
    m->places++;
}

void plait_map_drop(struct plait_mapping *m, struct plait_place *p)
{
    atomic_store_explicit(&p->future->seen, true, memory_order_relaxed);
    plait_future_detach(p->future);
    if (p->slice) plait_slice_empty(p->slice);
    *(p->previous ? &p->previous->next : &m->first) = p->next;
    *(p->next ? &p->next->previous : &m->last) = p->previous;
    m->places--;
    put_back(m, p);
}

void plait_map_free_places(struct plait_mapping *m)
{
    for (struct plait_place *p = m->free, *next; p; p = next) {
        next = p->next;
        if (p->slice) plait_slice_free(p->slice);
        free(p);
    }
}

/* Gives a slice to the executor. */
static void start_slice(struct plait_mapping *m, struct plait_place *p)
{
    p->future = plait_future_new(&plait_slice_task, &p->slice, m->task->name, m->file, m->line);
    if (!p->future) p->future = &plait_no_memory_future;
    else plait_future_start(p->future, m->executor, plait_argument_missing(m->task, p->slice->arguments));
    if (m->options.each) plait_set_add(&m->set, &p->watch, p->future);
}

/* One value, with a future of its own. */
static int submit_one(struct plait_mapping *m)
{
    const void *value = m->in ? m->in + m->submitted * m->task->argument_size : NULL;
    int err = m->options.next ? next_value(m, m->value) : 0;
    if (err) return err;
    if (m->options.next) value = m->value;
    if (m->options.next && m->task->argument_kind == PLAIT_KIND_BYTES)
        value = plait_bytes_take(m->value); /* saves a copy */
    struct plait_place *p = take_place(m);
    if (p->slice) plait_slice_free(p->slice);
    p->slice = NULL;
    p->first = m->submitted++;
    list_behind(m, m->last, p);
    p->future = plait_submit_task(m->executor, m->task, value, NULL, 0, m->file, m->line);
    if (m->options.next) plait_argument_clear(m->task, m->value);
    if (m->options.each) plait_set_add(&m->set, &p->watch, p->future);
    return 0;
}

/* Asks for the values of a slice, fewer where they do not come at once. */
static int gather(struct plait_mapping *m, char *values, size_t *count)
{
    int err = 0;
    int64_t since = m->adapts && m->size > 1 ? plait_time() : 0;
    for (*count = 0; *count < m->size; ++*count) {
        if (*count && since && plait_time() - since > SHORT) break;
        if (*count && !plait_is_now(m->options.deadline) && plait_has_passed(m->options.deadline)) break;
        if ((err = next_value(m, values ? values + *count * m->task->argument_size : m->value))) break;
    }
    return err;
}

static int submit_slice(struct plait_mapping *m)
{
    struct plait_place *p = take_place(m);
    size_t count = m->size;
    int err = m->options.next ? gather(m, p->slice->own, &count) : 0;
    bool drop = !count || (err && err != PLAIT_EDONE && !m->options.halt);
    plait_slice_begin(p->slice, m->submitted, count, m->in ? m->in + m->submitted * m->task->argument_size : NULL);
    p->first = m->submitted;
    if (drop) {
        plait_slice_empty(p->slice);
        put_back(m, p);
        return err;
    }
    plait_record *words = err ? plait_record_ref(*plait_record_here()) : NULL;
    m->submitted += count;
    list_behind(m, m->last, p);
    start_slice(m, p);
    if (err) plait_record_keep(words);
    return err;
}

/* What is large goes alone to an executor that has to pack it. */
static bool is_large(struct plait_mapping *m)
{
    return m->executor->operations->may_share && m->in && plait_argument_owns(m->task) &&
           plait_argument_room(m->task, m->in + m->submitted * m->task->argument_size) > LARGE;
}

int plait_map_submit(struct plait_mapping *m)
{
    int err = m->in_slices && !is_large(m) ? submit_slice(m) : submit_one(m);
    if (err) m->stopped = true;
    if (err) return err == PLAIT_EDONE ? 0 : plait_map_ends(m, err, "`next`");
    if (!m->options.each && (!m->options.errors || m->options.halt) && plait_future_failed(m->last->future))
        m->stopped = true;
    return 0;
}

/* Where another process has it, it is looked at there. */
static bool take_back(struct plait_mapping *m, struct plait_slice *s, size_t count)
{
    const struct plait_executor_operations *o = m->executor->operations;
    return o->take_back ? o->take_back(m->executor, s, count) : !count || plait_slice_take_back(s, count);
}

void plait_map_look_at(struct plait_mapping *m, struct plait_place *p)
{
    if (p->slice) (void)!take_back(m, p->slice, 0);
}

/* The last `count` values of a slice that runs, if it has not come to them, get a place behind it. */
static bool split_off(struct plait_mapping *m, struct plait_place *p, size_t count)
{
    if (!has_place(m, count)) return false;
    struct plait_slice *from = p->slice;
    size_t size = m->task->argument_size, end = plait_slice_end(from);
    if (!take_back(m, from, count)) return true;
    struct plait_place *rest = take_place(m);
    const char *values = from->arguments ? from->arguments + (end - count) * size : NULL;
    if (rest->slice->own && values) memcpy(rest->slice->own, values, count * size);
    rest->first = p->first + end - count;
    plait_slice_begin(rest->slice, rest->first, count, values);
    list_behind(m, p, rest);
    start_slice(m, rest);
    return true;
}

void plait_map_split(struct plait_mapping *m, int64_t waited)
{
    for (struct plait_place *p = m->first, *next; p; p = next) {
        next = p->next;
        plait_map_look_at(m, p);
        size_t begun = p->slice ? plait_slice_begun(p->slice) : 0, part = 0;
        if (!begun || begun == plait_slice_end(p->slice) || plait_future_done(p->future)) continue;
        plait_slice_measure(&m->slices, waited, begun);
        for (size_t left; (left = plait_slice_end(p->slice) - plait_slice_begun(p->slice));) {
            part = part ? least(part, left) : (left + PARTS - 1) / PARTS;
            if (!split_off(m, p, part)) return;
        }
    }
}
