/* slice.c: see slice.h.

   Memory order: a claim and a taking back meet in one word, and what is to be run was written before the place was
   submitted, so relaxed steps would do; that a taker acquires makes it see no more than it needs. `ran` is released behind
   each outcome. */
#include "future/slice.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/stop.h"
#include "future/value.h"
#include <stdlib.h>
#include <string.h>

/* The low half: begun; the high half: the end. */
#define BEGUN(claims) ((claims)&UINT32_MAX)
#define END(claims) ((claims) >> 32)
#define CLAIMS(begun, end) ((uint64_t)(end) << 32 | (begun))

/* Without wrapping: SIZE_MAX for what is too much. */
static size_t add(size_t a, size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }
static size_t times(size_t count, size_t size) { return size && count > SIZE_MAX / size ? SIZE_MAX : count * size; }
static size_t aligned(size_t size) { return add(size, _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1); }

struct plait_slice *plait_slice_new(struct plait_slices *all, size_t capacity, bool own)
{
    size_t own_at = aligned(sizeof(struct plait_slice));
    size_t results_at = aligned(add(own_at, own ? times(capacity, all->task->argument_size) : 0));
    size_t codes_at = aligned(add(results_at, times(capacity, all->task->result_size)));
    size_t size = add(codes_at, times(capacity, sizeof(int)));
    if (capacity > UINT32_MAX / 2 || size > SIZE_MAX / 2) return NULL;
    struct plait_slice *s = plait_allocate(size);
    if (!s) return NULL;
    s->all = all;
    s->capacity = capacity;
    s->own = own && all->task->argument_size ? (char *)s + own_at : NULL;
    s->results = all->task->result_size ? (char *)s + results_at : NULL;
    s->codes = (int *)(void *)((char *)s + codes_at);
    return s;
}

void plait_slice_begin(struct plait_slice *s, size_t first, size_t count, const char *arguments)
{
    s->first = first;
    atomic_store_explicit(&s->claims, CLAIMS(0, count), memory_order_relaxed);
    atomic_store_explicit(&s->ran, 0, memory_order_relaxed);
    s->begun = s->failed = false;
    s->arguments = s->own ? s->own : arguments;
    if (s->results) memset(s->results, 0, count * s->all->task->result_size);
    memset(s->codes, 0, count * sizeof *s->codes);
}

void plait_slice_empty(struct plait_slice *s)
{
    const plait_task *task = s->all->task;
    size_t end = plait_slice_end(s);
    for (size_t i = 0; i < end && s->own && plait_argument_owns(task); i++)
        plait_argument_clear(task, s->own + i * task->argument_size);
    for (size_t i = 0; i < end && plait_result_owns(task); i++)
        plait_result_clear(task, s->results + i * task->result_size);
    for (size_t i = 0; i < end && s->records; i++) plait_record_unref(s->records[i]);
    free(s->records);
    s->records = NULL;
}

void plait_slice_free(struct plait_slice *s) { free(s); }

size_t plait_slice_end(struct plait_slice *s) { return END(atomic_load_explicit(&s->claims, memory_order_acquire)); }

size_t plait_slice_begun(struct plait_slice *s)
{
    return BEGUN(atomic_load_explicit(&s->claims, memory_order_acquire));
}

void plait_slice_set_begun(struct plait_slice *s, size_t count)
{
    uint64_t claims = atomic_load_explicit(&s->claims, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&s->claims, &claims, CLAIMS(count, END(claims)), memory_order_acq_rel,
                                                  memory_order_relaxed)) {}
}

bool plait_slice_claim(struct plait_slice *s, size_t *i)
{
    uint64_t claims = atomic_load_explicit(&s->claims, memory_order_relaxed);
    do {
        *i = BEGUN(claims);
        if (*i >= END(claims)) return false;
        if (s->first + *i > atomic_load_explicit(&s->all->first_failed, memory_order_relaxed)) return false;
    } while (!atomic_compare_exchange_weak_explicit(&s->claims, &claims, claims + 1, memory_order_acq_rel,
                                                    memory_order_relaxed));
    return true;
}

bool plait_slice_take_back(struct plait_slice *s, size_t count)
{
    uint64_t claims = atomic_load_explicit(&s->claims, memory_order_relaxed);
    do
        if (END(claims) - BEGUN(claims) < count) return false;
    while (!atomic_compare_exchange_weak_explicit(&s->claims, &claims, CLAIMS(BEGUN(claims), END(claims) - count),
                                                  memory_order_acq_rel, memory_order_relaxed));
    return true;
}

/* A failure without memory for its words keeps its code. */
static void note_failure(struct plait_slice *s, size_t i, int code, plait_record *said)
{
    s->failed = true;
    s->codes[i] = code;
    if (said && !s->records) s->records = plait_allocate(s->capacity * sizeof *s->records);
    if (s->records) s->records[i] = said;
    else plait_record_unref(said);
    if (!s->all->ends) return;
    size_t index = s->first + i, first = atomic_load_explicit(&s->all->first_failed, memory_order_relaxed);
    while (index < first && !atomic_compare_exchange_weak_explicit(&s->all->first_failed, &first, index,
                                                                   memory_order_relaxed, memory_order_relaxed)) {}
}

void plait_slice_note(struct plait_slice *s, int code, plait_record *said)
{
    uint32_t i = atomic_load_explicit(&s->ran, memory_order_relaxed);
    if (code) note_failure(s, i, code, said);
    atomic_store_explicit(&s->ran, i + 1, memory_order_release);
}

/* One that is out of all proportion was held up by something else, until there are more of them. */
void plait_slice_measure(struct plait_slices *all, int64_t nanoseconds, size_t count)
{
    uint64_t before = atomic_load_explicit(&all->picoseconds, memory_order_relaxed);
    if (nanoseconds <= 0 || !count) return; /* the clock stands still */
    uint64_t now = (uint64_t)nanoseconds < UINT64_MAX / 1000 ? (uint64_t)nanoseconds * 1000 / count : UINT64_MAX / 8;
    if (before && now > 8 * before) now = 8 * before;
    if (before) now = before - before / 4 + now / 4;
    atomic_store_explicit(&all->picoseconds, now ? now : 1, memory_order_relaxed);
    if (count > atomic_load_explicit(&all->largest, memory_order_relaxed))
        atomic_store_explicit(&all->largest, count, memory_order_relaxed);
}

/* A copy of what the caller's argument owns is the task's; what is the slice's own was handed over. */
static int run_one(struct plait_slice *s, size_t i, plait_context *self, plait_record **said)
{
    const plait_task *task = s->all->task;
    const void *argument = task->argument_size ? s->arguments + i * task->argument_size : NULL;
    void *result = s->results ? s->results + i * task->result_size : NULL, *copy = NULL;
    if (argument && !s->own && plait_argument_owns(task)) {
        size_t room = plait_argument_room(task, argument), at = aligned(task->argument_size);
        copy = room < SIZE_MAX / 2 - at ? plait_allocate(at + room) : NULL;
        if (!copy) return PLAIT_ENOMEM;
        memcpy(copy, argument, task->argument_size);
        if (room) plait_argument_settle(task, copy, (char *)copy + at);
        argument = copy;
    }
    plait_scope *scope = self->scope;
    int code = task->run(argument, result);
    if (self->scope != scope)
        plait_stop("task %s (%s:%d) ended inside a scope that it had entered", s->all->site.name, s->all->site.file,
                   s->all->site.line);
    *said = plait_context_between(self, s->all->site.name);
    free(copy);
    return code;
}

static int run(const void *argument, void *result)
{
    struct plait_slice *s = *(struct plait_slice *const *)argument;
    plait_context *self = plait_current();
    uint32_t generation = plait_process_generation();
    int64_t since = plait_time();
    int first_code = 0;
    bool cut = false;
    (void)result;
    s->begun = true;
    for (size_t i; (plait_wait_is_calm() || !plait_cancelled()) && plait_slice_claim(s, &i);) {
        plait_record *said = NULL;
        int code = run_one(s, i, self, &said);
        if (code || said) said = plait_conclude(s->all->site, &code, &cut, said);
        if (code && cut && plait_cancelled()) { /* it says nothing of the value */
            plait_record_unref(said);
            break;
        }
        if (code && !first_code) first_code = code;
        plait_slice_note(s, code, said);
        if (plait_process_generation() != generation) break; /* in a child, where the others are not its own */
    }
    plait_slice_measure(s->all, plait_time() - since, plait_slice_ran(s));
    return first_code;
}

const plait_task plait_slice_task = { .run = run, .argument_size = sizeof(struct plait_slice *), .name = "slice" };
