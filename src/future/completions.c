/* completions.c: a set of futures that are given back as they end. Futures that could not be made for want of memory are
   one and the same object, which no set can hold twice: they are counted instead. */
#include <plait/completions.h>
#include "base/memory.h"
#include "base/stop.h"
#include "future/future.h"
#include <stdlib.h>

struct plait_completions {
    struct plait_set set;
    _Atomic size_t no_memory;
};

plait_completions *plait_completions_new(void)
{
    plait_completions *c = plait_allocate(sizeof *c);
    if (!c) plait_fail(PLAIT_ENOMEM, "no memory for completions");
    return c;
}

void plait_completions_add(plait_completions *c, plait_future *f)
{
    if (f == &plait_no_memory_future) {
        atomic_fetch_add_explicit(&c->no_memory, 1, memory_order_relaxed);
        return;
    }
    if (f->watched) plait_stop("task %s (%s:%d) was added to a second set of futures", f->name, f->file, f->line);
    f->watched = true;
    plait_set_add(&c->set, &plait_future_shadow(f)->watch, f);
}

size_t plait_completions_pending(plait_completions *c)
{
    PLAIT_LOCKED(&c->set.guard);
    return c->set.pending + atomic_load_explicit(&c->no_memory, memory_order_relaxed);
}

static bool take_no_memory(plait_completions *c)
{
    size_t n = atomic_load_explicit(&c->no_memory, memory_order_relaxed);
    while (n)
        if (atomic_compare_exchange_weak_explicit(&c->no_memory, &n, n - 1, memory_order_relaxed, memory_order_relaxed))
            return true;
    return false;
}

int plait_completions_next(plait_completions *c, plait_future **future, plait_deadline deadline)
{
    struct plait_watch *watch = NULL;
    int err = plait_wait_begin(deadline);
    bool unmade = !err && take_no_memory(c);
    if (!err && !unmade) err = plait_set_next(&c->set, &watch, deadline, PLAIT_CANCELLABLE, NULL);
    if (err == PLAIT_EDONE && (unmade = take_no_memory(c))) err = 0; /* added while we waited */
    if (unmade) *future = &plait_no_memory_future;
    if (watch) {
        *future = watch->future;
        watch->future->watched = false;
    }
    return plait_failed(err);
}

void plait_completions_free(plait_completions *c)
{
    if (!c) return;
    struct plait_watch *watch;
    plait_set_cancel(&c->set);
    while (plait_set_next(&c->set, &watch, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE, NULL) == 0)
        plait_future_unref(watch->future);
    free(c);
}
