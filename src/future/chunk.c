/* chunk.c: see chunk.h. */
#include "future/chunk.h"
#include "base/fork.h"

/* The one after f; NULL at the end. */
static plait_future *after(plait_future *f)
{
    return (plait_future *)atomic_load_explicit(&f->link.next, memory_order_relaxed);
}

void plait_chunk_add(struct plait_chunk *c, plait_future *f)
{
    atomic_store_explicit(&f->link.next, NULL, memory_order_relaxed);
    if (c->last) atomic_store_explicit(&c->last->link.next, &f->link, memory_order_relaxed);
    else c->first = f;
    c->last = f;
    c->count++;
}

static int run(const void *argument, void *result)
{
    const struct plait_chunk *c = argument;
    (void)result;
    bool stopped = false;
    for (plait_future *f = c->first, *next; f; f = next) {
        next = after(f);
        if (stopped) plait_future_withdraw(f);
        else plait_future_run(f, NULL); /* or it was cancelled, or somebody has it */
        stopped = stopped || (c->stop && plait_future_failed(f));
        plait_future_release(f);
    }
    return 0;
}

static const plait_task task = { .run = run, .argument_size = sizeof(struct plait_chunk), .name = "chunk" };

static void fail_all(const struct plait_chunk *c, int error, plait_record *record)
{
    for (plait_future *f = c->first, *next; f; f = next) {
        next = after(f);
        plait_future_fail(f, error, plait_record_ref(record));
        plait_future_release(f);
    }
}

static void withdraw_all(const struct plait_chunk *c)
{
    for (plait_future *f = c->first, *next; f; f = next) {
        next = after(f);
        plait_future_withdraw(f);
        plait_future_release(f);
    }
}

static const struct plait_chunk *chunk_of(plait_future *f) { return f->task == &task ? (const void *)f->data : NULL; }

void plait_chunk_fail(plait_future *f, int error, plait_record *record)
{
    if (chunk_of(f)) fail_all(chunk_of(f), error, record);
}

void plait_chunk_withdraw(plait_future *f)
{
    if (chunk_of(f)) withdraw_all(chunk_of(f));
}

void plait_chunk_submit(struct plait_chunk *c, plait_executor *ex)
{
    struct plait_chunk all = *c;
    plait_future *first = c->first;
    *c = (struct plait_chunk){ .stop = c->stop };
    if (!first) return;
    if (!ex) {
        withdraw_all(&all);
    } else if (all.count == 1) {
        plait_future_start(first, ex, 0);
    } else {
        plait_future *place = plait_future_new(&task, &all, first->name, first->file, first->line);
        if (!place) {
            fail_all(&all, PLAIT_ENOMEM, NULL);
            return;
        }
        for (plait_future *f = first; f; f = after(f)) {
            f->executor = ex;
            f->shares = true;
            f->generation = plait_process_generation();
        }
        atomic_store_explicit(&place->seen, true, memory_order_relaxed); /* its failure is theirs */
        plait_future_start(place, ex, 0);
        plait_future_detach(place);
    }
}
