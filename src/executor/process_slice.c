/* process_slice.c: see process_slice.h. */
#include "executor/process_slice.h"
#include "base/stop.h"
#include <stdlib.h>
#include <string.h>

static size_t aligned(size_t size) { return (size + 63) & ~(size_t)63; }

static char *arguments_of(struct plait_packed *p) { return (char *)p + aligned(sizeof *p); }
static char *results_of(struct plait_packed *p) { return (char *)p + p->results_at; }
static int32_t *codes_of(struct plait_packed *p) { return (int32_t *)(void *)((char *)p + p->codes_at); }

int plait_slice_pack(struct plait_slice *s, plait_shared_memory *memory)
{
    const plait_task *task = s->all->task;
    size_t from = plait_slice_ran(s), count = plait_slice_end(s) - from; /* sizes were checked when it was made */
    size_t results_at = aligned(aligned(sizeof *s->packed) + count * task->argument_size);
    size_t codes_at = aligned(results_at + count * task->result_size);
    struct plait_packed *p = plait_shared_alloc(memory, codes_at + count * sizeof(int32_t));
    if (!p) return plait_error_code();
    *p = (struct plait_packed){ .count = (uint32_t)count, .ends = s->all->ends };
    p->results_at = results_at, p->codes_at = codes_at;
    atomic_store_explicit(&p->claims, (uint64_t)count << 32, memory_order_relaxed);
    if (task->argument_size)
        memcpy(arguments_of(p), s->arguments + from * task->argument_size, count * task->argument_size);
    memset(results_of(p), 0, count * task->result_size);
    memset(codes_of(p), 0, count * sizeof(int32_t));
    s->packed = p;
    s->packed_from = from;
    return 0;
}

static struct plait_packed_words *load(_Atomic(struct plait_packed_words *) *at)
{
    return atomic_load_explicit(at, memory_order_acquire);
}

/* What the worker has left may be anything, should it have run wild: so no more is taken than was packed. */
void plait_slice_sync(struct plait_slice *s, plait_shared_memory *memory)
{
    struct plait_packed *p = s->packed;
    if (!p) return;
    size_t size = s->all->task->result_size, from = s->packed_from, count = plait_slice_end(s) - from;
    size_t ran = atomic_load_explicit(&p->ran, memory_order_acquire), known = plait_slice_ran(s) - from;
    size_t begun = (uint32_t)atomic_load_explicit(&p->claims, memory_order_acquire), looks = 0;
    if (ran > count) ran = count;
    if (begun > count) begun = count;
    if (size && ran > known)
        memcpy(s->results + (from + known) * size, results_of(p) + known * size, (ran - known) * size);
    struct plait_packed_words *w = load(&p->words);
    for (size_t i = known; i < ran; i++) {
        bool cut;
        int code = codes_of(p)[i];
        plait_record *said = NULL;
        while (code && w && w->index < i && looks++ < p->count) w = load(&w->next);
        if (code && w && w->index == i) said = plait_parcel_said(&w->said, memory);
        if (code) said = plait_conclude(s->all->site, &code, &cut, said);
        plait_slice_note(s, code, said);
    }
    plait_slice_set_begun(s, from + begun);
}

void plait_slice_unpack(struct plait_slice *s, plait_shared_memory *memory)
{
    struct plait_packed *p = s->packed;
    if (!p) return;
    plait_slice_sync(s, memory);
    plait_slice_measure(s->all, p->nanoseconds, atomic_load_explicit(&p->ran, memory_order_relaxed));
    size_t looks = 0;
    for (struct plait_packed_words *w = load(&p->words), *next; w && looks++ < p->count; w = next) {
        next = load(&w->next);
        plait_parcel_clear(&w->said, memory);
        plait_shared_free(memory, w);
    }
    plait_shared_free(memory, p);
    s->packed = NULL;
}

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
    return plait_slice_ran(s) < end &&
           s->first + plait_slice_ran(s) <= atomic_load_explicit(&s->all->first_failed, memory_order_relaxed);
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
    plait_slice_sync(s, memory);
    if (!count) return true;
    do
        if (p && (claims >> 32) - (uint32_t)claims < count) return false;
    while (p && !atomic_compare_exchange_weak_explicit(&p->claims, &claims, claims - ((uint64_t)count << 32),
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

/* Without memory it has its code alone. */
static void say(struct plait_packed *p, size_t i, plait_shared_memory *memory, const plait_record *said)
{
    struct plait_packed_words *w = said ? plait_shared_alloc(memory, sizeof *w) : NULL;
    if (!w) return;
    *w = (struct plait_packed_words){ .index = (uint32_t)i };
    plait_parcel_say(&w->said, memory, said);
    atomic_store_explicit(p->last ? &p->last->next : &p->words, w, memory_order_release);
    p->last = w;
}

void plait_packed_run(struct plait_packed *p, const plait_task *task, plait_context *self, plait_shared_memory *memory,
                      const _Atomic uint32_t *cancelled)
{
    plait_scope *scope = self->scope;
    int64_t since = plait_time();
    for (size_t i; !atomic_load_explicit(cancelled, memory_order_relaxed) && claim(p, &i);) {
        int code = task->run(arguments_of(p) + i * task->argument_size, results_of(p) + i * task->result_size);
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
}
