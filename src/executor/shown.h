/* shown.h: what a worker runs, for whoever asks from outside.

   What must hold: the worker alone writes, and never waits. `turn` is odd while it does; a reader that finds it odd, or
   changed at the end, tries again. Each store of a field releases the store of the odd turn before it, each load of one
   acquires, so that it comes before the second look at the turn. A name that may go with its future is copied. */
#ifndef PLAIT_EXECUTOR_SHOWN_H
#define PLAIT_EXECUTOR_SHOWN_H
#include "base/clock.h"
#include <plait/executor.h>
#include <stdatomic.h>
#include <string.h>

enum { PLAIT_SHOWN_WORDS = 8 };

struct plait_shown {
    _Atomic uint32_t turn;
    _Atomic int line;
    _Atomic(const char *) name, file;
    _Atomic int64_t since; /* on plait's clock, roughly; 0: it runs nothing */
    _Atomic uint64_t copy[PLAIT_SHOWN_WORDS];
};

/* `name`, where it is not NULL nor the task's own, lives as long as the future. */
static inline void plait_show(struct plait_shown *s, const char *task, const char *name, const char *file, int line)
{
    uint32_t turn = atomic_load_explicit(&s->turn, memory_order_relaxed);
    atomic_store_explicit(&s->turn, turn + 1, memory_order_relaxed);
    if (name && name != task) {
        uint64_t words[PLAIT_SHOWN_WORDS] = { 0 };
        memcpy(words, name, strnlen(name, sizeof words - 1));
        for (int i = 0; i < PLAIT_SHOWN_WORDS; i++) atomic_store_explicit(&s->copy[i], words[i], memory_order_release);
        task = NULL;
    }
    atomic_store_explicit(&s->name, task, memory_order_release);
    atomic_store_explicit(&s->file, file, memory_order_release);
    atomic_store_explicit(&s->line, line, memory_order_release);
    atomic_store_explicit(&s->since, plait_time_roughly(), memory_order_release);
    atomic_store_explicit(&s->turn, turn + 2, memory_order_release);
}

static inline void plait_show_nothing(struct plait_shown *s)
{
    atomic_store_explicit(&s->since, 0, memory_order_relaxed);
}

static inline bool plait_shows(struct plait_shown *s)
{
    return atomic_load_explicit(&s->since, memory_order_relaxed) != 0;
}

/* Fills in name, site and duration; false when nothing runs. */
bool plait_shown_read(struct plait_shown *, plait_running_task *);

#endif
