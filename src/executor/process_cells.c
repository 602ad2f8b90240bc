/* process_cells.c: how a task is packed into a cell, and what comes of what the worker has left there. All under the guard of
   the pool. See process_pool.h for what must hold. */
#include "executor/process_pool.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

struct plait_known_task *plait_process_pool_know(struct plait_process_pool *p, const plait_task *task)
{
    for (size_t i = 0; i < p->known_count; i++)
        if (p->known[i] == task) return p->known_places[i];
    struct plait_known_task *k = plait_shared_alloc(p->memory, sizeof *k);
    const plait_task **tasks = plait_reallocate((void *)p->known, (p->known_count + 1) * sizeof *tasks);
    if (tasks) p->known = tasks;
    struct plait_known_task **places = plait_reallocate(p->known_places, (p->known_count + 1) * sizeof *places);
    if (places) p->known_places = places;
    if (!k || !tasks || !places || plait_task_locate(task, &k->place) != 0) {
        if (k && (!tasks || !places)) plait_failed(PLAIT_ENOMEM);
        plait_shared_free(p->memory, k);
        return NULL;
    }
    k->number = (uint32_t)p->known_count;
    p->known[p->known_count] = task;
    p->known_places[p->known_count++] = k;
    return k;
}

int plait_cell_fill(struct plait_process_pool *p, struct plait_cell *cell, struct plait_job *j)
{
    plait_future *f = j->future;
    struct plait_slice *s = plait_slice_of(f);
    const plait_task *task = s ? s->all->task : f->task;
    cell->task = plait_process_pool_know(p, task);
    if (!cell->task) return plait_error_code();
    atomic_store_explicit(&cell->cancelled, 0, memory_order_relaxed);
    cell->deadline = j->deadline;
    cell->code = 0; /* the worker may have written here though it was not its turn */
    cell->expired = false;
    int code = s ? plait_slice_pack(s, p->memory)
               : task->argument_size
                   ? plait_parcel_put(&cell->argument, p->memory, task->argument_kind, task->argument_description,
                                      task->argument_size, plait_future_argument(f))
                   : 0;
    cell->slice = s ? s->packed : NULL;
    j->block = code || s || !task->argument_size || cell->argument.lent ? NULL : cell->argument.block;
    if (code) plait_cell_empty(p, cell, j);
    return code;
}

/* What lies in the parcel itself may stay: the line is left alone. */
static void clear(struct plait_process_pool *p, plait_parcel *parcel)
{
    if (parcel->block) plait_parcel_clear(parcel, p->memory);
}

void plait_cell_empty(struct plait_process_pool *p, struct plait_cell *cell, struct plait_job *j)
{
    cell->argument.block = j->block; /* whatever the worker has made of it */
    cell->argument.lent = false;
    j->block = NULL;
    clear(p, &cell->argument);
    clear(p, &cell->result);
    if (cell->code) clear(p, &cell->said);
    cell->code = 0;
    cell->expired = false;
    atomic_store_explicit(&cell->state, PLAIT_CELL_FREE, memory_order_relaxed);
}

void plait_process_pool_end(struct plait_process_pool *p, plait_future *f, bool ran, int code, plait_record *record,
                            struct plait_endings *e)
{
    p->figures.finished += ran;
    p->figures.failed += ran && code;
    p->figures.cancelled += !ran;
    f->error = code;
    f->record = record;
    atomic_store_explicit(&f->link.next, NULL, memory_order_relaxed);
    if (e->ended) atomic_store_explicit(&e->last_ended->link.next, &f->link, memory_order_relaxed);
    else e->ended = f;
    e->last_ended = f;
}

void plait_process_pool_gone(struct plait_process_pool *p, plait_future *f, struct plait_endings *e)
{
    p->figures.cancelled++;
    atomic_store_explicit(&f->link.next, e->gone ? &e->gone->link : NULL, memory_order_relaxed);
    e->gone = f;
}

void plait_process_pool_unpack(struct plait_process_pool *p, plait_future *f)
{
    struct plait_slice *s = plait_slice_of(f);
    if (!s || !s->packed) return;
    struct plait_bytes_moved moved = plait_slice_unpack(s, p->memory);
    if (moved.copied) atomic_fetch_add_explicit(&p->bytes_copied, moved.copied, memory_order_relaxed);
    if (moved.in_place) atomic_fetch_add_explicit(&p->bytes_in_place, moved.in_place, memory_order_relaxed);
}

void plait_process_pool_conclude(struct plait_process_pool *p, struct plait_job *j, int code, bool expired,
                                 plait_record *said, struct plait_endings *e)
{
    plait_future *f = j->future;
    plait_process_pool_unpack(p, f);
    j->future = NULL;
    if (code || said) plait_future_conclude(f, &code, expired, j->deadline, &said);
    int *retries = f->limited ? &plait_future_shadow(f)->retries : NULL;
    bool again = code && retries && *retries && !plait_job_was_cancelled(f) &&
                 !atomic_load_explicit(&p->cancels, memory_order_relaxed) && !plait_has_passed(f->deadline);
    if (!again) {
        plait_process_pool_end(p, f, true, code, said, e);
        return;
    }
    --*retries;
    plait_record_unref(said);
    memset(plait_future_result_room(f), 0, f->task->result_size);
    plait_process_pool_put_first(p, f);
}

static void count_bytes(struct plait_process_pool *p, uint32_t kind, const plait_parcel *parcel)
{
    if (kind != PLAIT_KIND_BYTES) return;
    uint64_t in_place = parcel->copied ? 0 : parcel->size;
    if (parcel->copied) atomic_fetch_add_explicit(&p->bytes_copied, parcel->copied, memory_order_relaxed);
    if (in_place) atomic_fetch_add_explicit(&p->bytes_in_place, in_place, memory_order_relaxed);
}

void plait_cell_conclude(struct plait_process_pool *p, struct plait_cell *cell, struct plait_job *j,
                         struct plait_endings *e)
{
    const plait_task *task = j->future->task;
    struct plait_slice *s = plait_slice_of(j->future);
    plait_record *said = cell->code ? plait_parcel_said(&cell->said, p->memory) : NULL;
    int code = cell->code;
    plait_process_pool_unpack(p, j->future);
    if (s && !code && plait_slice_goes_on(s)) {
        plait_cell_empty(p, cell, j);
        plait_process_pool_put_first(p, j->future);
        j->future = NULL;
        return;
    }
    if (s && !code) {
        s->begun = true;
        code = plait_slice_code(s);
    } else if (!code && task->result_size) {
        code = plait_parcel_take(&cell->result, p->memory, task->result_kind, task->result_description,
                                 task->result_size, plait_future_result_room(j->future));
        if (code) said = plait_record_take();
    }
    count_bytes(p, task->argument_kind, &cell->argument);
    count_bytes(p, code ? PLAIT_KIND_PLAIN : task->result_kind, &cell->result);
    bool expired = cell->expired;
    plait_cell_empty(p, cell, j);
    plait_process_pool_conclude(p, j, code, expired, said, e);
}
