/* process_slice.c: see process_slice.h. */
#include "executor/process_slice.h"
#include "base/memory.h"
#include "base/stop.h"
#include "future/value.h"
#include "process/shared_block.h"
#include <stdlib.h>
#include <string.h>

static size_t aligned(size_t size) { return (size + 63) & ~(size_t)63; }

/* What owns memory lies in a parcel. */
static size_t argument_room(const plait_task *task)
{
    return plait_argument_owns(task) ? sizeof(plait_parcel) : task->argument_size;
}
static size_t result_room(const plait_task *task)
{
    return plait_result_owns(task) ? sizeof(plait_parcel) : task->result_size;
}

static void *argument_at(struct plait_packed *p, const plait_task *task, size_t i)
{
    return (char *)p + aligned(sizeof *p) + i * argument_room(task);
}
static void *result_at(struct plait_packed *p, const plait_task *task, size_t i)
{
    return (char *)p + p->results_at + i * result_room(task);
}
static int32_t *codes_of(struct plait_packed *p) { return (int32_t *)(void *)((char *)p + p->codes_at); }

/* As many of the arguments as there is memory for. */
static size_t put_arguments(struct plait_slice *s, struct plait_packed *p, plait_shared_memory *memory, size_t count)
{
    const plait_task *task = s->all->task;
    const char *from = task->argument_size ? s->arguments + s->packed_from * task->argument_size : NULL;
    size_t i = 0;
    if (!plait_argument_owns(task)) {
        if (from) memcpy(argument_at(p, task, 0), from, count * task->argument_size);
        return count;
    }
    memset(argument_at(p, task, 0), 0, count * argument_room(task));
    while (i < count &&
           plait_parcel_put(argument_at(p, task, i), memory, task->argument_kind, task->argument_description,
                            task->argument_size, from + i * task->argument_size) == 0)
        i++;
    return i;
}

int plait_slice_pack(struct plait_slice *s, plait_shared_memory *memory)
{
    const plait_task *task = s->all->task;
    size_t from = plait_slice_ran(s), count = plait_slice_end(s) - from; /* sizes were checked when it was made */
    size_t results_at = aligned(aligned(sizeof *s->packed) + count * argument_room(task));
    size_t codes_at = aligned(results_at + count * result_room(task));
    struct plait_packed *p = plait_shared_alloc(memory, codes_at + count * sizeof(int32_t));
    if (!p) return plait_error_code();
    *p = (struct plait_packed){ .count = (uint32_t)count, .ends = s->all->ends };
    p->results_at = results_at, p->codes_at = codes_at;
    memset(result_at(p, task, 0), 0, count * result_room(task));
    memset(codes_of(p), 0, count * sizeof(int32_t));
    s->packed_from = from;
    p->count = (uint32_t)put_arguments(s, p, memory, count);
    atomic_store_explicit(&p->claims, (uint64_t)p->count << 32, memory_order_relaxed);
    s->packed_end = from + p->count;
    if (!p->count) {
        plait_shared_free(memory, p);
        return plait_error_code();
    }
    s->packed = p;
    return 0;
}

/* NULL where there are none: the address may be any. */
static struct plait_packed_words *words_at(struct plait_packed_words *w, plait_shared_memory *memory)
{
    return plait_shared_block_fits(memory, w, sizeof *w) ? w : NULL;
}

static struct plait_packed_words *load(plait_shared_memory *memory, _Atomic(struct plait_packed_words *) *at)
{
    return words_at(atomic_load_explicit(at, memory_order_acquire), memory);
}

/* What the worker has left may be anything, should it have run wild: so no more is taken than was packed. */
void plait_slice_sync(struct plait_slice *s, plait_shared_memory *memory)
{
    struct plait_packed *p = s->packed;
    if (!p) return;
    const plait_task *task = s->all->task;
    size_t end = plait_slice_end(s), from = s->packed_from, size = task->result_size;
    size_t count = (end < s->packed_end ? end : s->packed_end) - from;
    size_t ran = atomic_load_explicit(&p->ran, memory_order_acquire), known = plait_slice_ran(s) - from;
    size_t begun = (uint32_t)atomic_load_explicit(&p->claims, memory_order_acquire), looks = 0;
    if (ran > count) ran = count;
    if (begun > count) begun = count;
    bool owns = plait_result_owns(task);
    if (size && ran > known && !owns)
        memcpy(s->results + (from + known) * size, result_at(p, task, known), (ran - known) * size);
    struct plait_packed_words *w = load(memory, &p->words);
    for (size_t i = known; i < ran; i++) {
        bool cut;
        int code = codes_of(p)[i];
        plait_record *said = NULL;
        while (code && w && w->index < i && looks++ < count) w = load(memory, &w->next);
        if (code && w && w->index == i) said = plait_parcel_said(&w->said, memory);
        if (!code && owns) {
            code = plait_parcel_take(result_at(p, task, i), memory, task->result_kind, task->result_description, size,
                                     s->results + (from + i) * size);
            if (code) said = plait_record_take();
        }
        if (code) said = plait_conclude(s->all->site, &code, &cut, said);
        plait_slice_note(s, code, said);
    }
    plait_slice_set_begun(s, from + begun);
}

static void clear(plait_parcel *parcel, uint32_t kind, plait_shared_memory *memory, struct plait_bytes_moved *moved)
{
    if (kind == PLAIT_KIND_BYTES) moved->copied += parcel->copied;
    if (kind == PLAIT_KIND_BYTES && !parcel->copied) moved->in_place += parcel->size;
    plait_parcel_clear(parcel, memory);
}

struct plait_bytes_moved plait_slice_unpack(struct plait_slice *s, plait_shared_memory *memory)
{
    struct plait_packed *p = s->packed;
    struct plait_bytes_moved moved = { 0, 0 };
    if (!p) return moved;
    plait_slice_sync(s, memory);
    plait_slice_measure(s->all, p->nanoseconds, atomic_load_explicit(&p->ran, memory_order_relaxed));
    size_t looks = 0, count = s->packed_end - s->packed_from;
    for (struct plait_packed_words *w = load(memory, &p->words), *next; w && looks++ < count;
         w = words_at(next, memory)) { /* not before this one is free: it may name itself */
        next = atomic_load_explicit(&w->next, memory_order_acquire);
        plait_parcel_clear(&w->said, memory);
        plait_shared_free(memory, w);
    }
    const plait_task *task = s->all->task;
    for (size_t i = 0; i < count && plait_argument_owns(task); i++)
        clear(argument_at(p, task, i), task->argument_kind, memory, &moved);
    for (size_t i = 0; i < count && plait_result_owns(task); i++)
        clear(result_at(p, task, i), task->result_kind, memory, &moved);
    plait_shared_free(memory, p);
    s->packed = NULL;
    return moved;
}

static bool wants_more(struct plait_slice *s)
{
    size_t ran = plait_slice_ran(s);
    return ran < plait_slice_end(s) &&
           s->first + ran <= atomic_load_explicit(&s->all->first_failed, memory_order_relaxed);
}

bool plait_slice_goes_on(struct plait_slice *s) { return plait_slice_ran(s) == s->packed_end && wants_more(s); }

bool plait_slice_survives(struct plait_slice *s, int code, plait_record *said)
{
    size_t ran = plait_slice_ran(s), end = plait_slice_end(s);
    bool cut;
    if (ran < end && (ran < plait_slice_begun(s) || ran == s->packed_from)) {
        said = plait_conclude(s->all->site, &code, &cut, said);
        plait_slice_note(s, code, said);
    } else {
        plait_record_unref(said);
    }
    return wants_more(s);
}

int plait_slice_code(struct plait_slice *s)
{
    size_t ran = plait_slice_ran(s);
    for (size_t i = 0; i < ran && s->failed; i++)
        if (s->codes[i]) return s->codes[i];
    return 0;
}

bool plait_slice_take_back_packed(struct plait_slice *s, plait_shared_memory *memory, size_t count)
{
    struct plait_packed *p = s->packed;
    uint64_t claims = p ? atomic_load_explicit(&p->claims, memory_order_relaxed) : 0;
    size_t end = plait_slice_end(s), here = end > s->packed_end ? end - s->packed_end : 0;
    size_t there = p && count > here ? count - here : 0;
    plait_slice_sync(s, memory);
    if (!count) return true;
    do
        if (there && (claims >> 32) - (uint32_t)claims < there) return false;
    while (there && !atomic_compare_exchange_weak_explicit(&p->claims, &claims, claims - ((uint64_t)there << 32),
                                                           memory_order_acq_rel, memory_order_relaxed));
    return plait_slice_take_back(s, count);
}

/* The worker's side. */

static bool claim(struct plait_packed *p, size_t *i)
{
    uint64_t claims = atomic_load_explicit(&p->claims, memory_order_relaxed);
    do
        if ((*i = (uint32_t)claims) >= claims >> 32) return false;
    while (!atomic_compare_exchange_weak_explicit(&p->claims, &claims, claims + 1, memory_order_acq_rel,
                                                  memory_order_relaxed));
    return true;
}

/* Of an argument and a result that lie in parcels. */
static size_t room_for_values(const plait_task *task)
{
    if (!plait_argument_owns(task) && !plait_result_owns(task)) return 0;
    return aligned(task->argument_size) + task->result_size;
}

static int run_one(struct plait_packed *p, const plait_task *task, size_t i, char *values, plait_shared_memory *memory)
{
    void *argument = argument_at(p, task, i), *result = result_at(p, task, i);
    bool owns = plait_result_owns(task);
    int code = values ? 0 : PLAIT_ENOMEM;
    if (values && plait_argument_owns(task)) {
        memset(values, 0, task->argument_size);
        code = plait_parcel_look(argument, memory, task->argument_kind, task->argument_size, values);
        argument = values;
    }
    if (values && owns) result = memset(values + aligned(task->argument_size), 0, task->result_size);
    if (code) return code;
    plait_shared_block_home(owns ? memory : NULL);
    code = task->run(argument, result);
    plait_worker_end_if_forked();
    plait_shared_block_home(NULL);
    if (!owns) return code;
    if (!code)
        code = plait_parcel_pass(result_at(p, task, i), memory, task->result_kind, task->result_description,
                                 task->result_size, result);
    plait_result_clear(task, result);
    return code;
}

/* Without memory it has its code alone. */
static void say(struct plait_packed *p, size_t i, plait_shared_memory *memory, const plait_record *said)
{
    struct plait_packed_words *w = said ? plait_shared_block_new(memory, sizeof *w) : NULL;
    if (!w) return;
    *w = (struct plait_packed_words){ .index = (uint32_t)i };
    atomic_store_explicit(p->last ? &p->last->next : &p->words, w, memory_order_release);
    plait_shared_block_pass(memory, w); /* from now on it is found there, and what it says by it */
    p->last = w;
    plait_parcel_say(&w->said, memory, said);
}

void plait_packed_run(struct plait_packed *p, const plait_task *task, plait_context *self, plait_shared_memory *memory,
                      const _Atomic uint32_t *cancelled)
{
    size_t size = room_for_values(task);
    _Alignas(max_align_t) char few[512];
    char *values = size <= sizeof few ? few : plait_allocate(size);
    plait_scope *scope = self->scope;
    int64_t since = plait_time();
    for (size_t i; !atomic_load_explicit(cancelled, memory_order_relaxed) && claim(p, &i);) {
        int code = run_one(p, task, i, values, memory);
        if (self->scope != scope) plait_stop("task %s ended inside a scope that it had entered", task->name);
        plait_record *said = plait_context_between(self, task->name);
        bool cut = code == PLAIT_ECANCELED && plait_cancelled(); /* it says nothing of the value */
        if (code && !cut) codes_of(p)[i] = code, say(p, i, memory, said);
        plait_record_unref(said);
        if (cut) break;
        atomic_store_explicit(&p->ran, (uint32_t)i + 1, memory_order_release);
        if (code && p->ends) break;
    }
    p->nanoseconds = plait_time() - since;
    if (values != few) free(values);
}
