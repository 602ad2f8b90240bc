/* figures.c: how things stand in a pool, and what its workers run. */
#include "executor/pool.h"
#include <stdio.h>

void plait_pool_get_statistics(plait_executor *ex, plait_executor_statistics *s)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    *s = (plait_executor_statistics){ .workers = p->alive,
                                      .idle = p->idle_count,
                                      .waiting = p->asleep,
                                      .spares = p->spares,
                                      .refused = p->refused,
                                      .cancelled = p->cancelled };
    uint64_t put = p->lanes.inbox.count;
    s->queued = (size_t)(put - p->lanes.taken);
    plait_waitlist_release(&p->idle, last);
    s->submitted = put - p->moved;
    for (struct plait_worker *w = plait_pool_first_worker(p); w; w = w->next) {
        s->queued += plait_deque_count(&w->deque);
        s->running += plait_shows(&w->shown);
        s->submitted += w->pushed;
        s->finished += w->finished;
        s->failed += w->failed;
        s->cancelled += w->cancelled;
        s->refused += w->refused;
        s->stolen += w->stolen;
    }
}

bool plait_shown_read(struct plait_shown *s, plait_running_task *t)
{
    for (;;) {
        uint32_t turn = atomic_load_explicit(&s->turn, memory_order_acquire);
        const char *name = atomic_load_explicit(&s->name, memory_order_acquire),
                   *file = atomic_load_explicit(&s->file, memory_order_acquire);
        int line = atomic_load_explicit(&s->line, memory_order_acquire);
        int64_t since = atomic_load_explicit(&s->since, memory_order_acquire);
        uint64_t words[PLAIT_SHOWN_WORDS];
        for (int i = 0; i < PLAIT_SHOWN_WORDS; i++) words[i] = atomic_load_explicit(&s->copy[i], memory_order_acquire);
        if (turn % 2 || atomic_load_explicit(&s->turn, memory_order_relaxed) != turn) continue;
        if (!since) return false;
        int64_t now = plait_time();
        *t = (plait_running_task){ .line = line, .duration = now > since ? now - since : 0 };
        snprintf(t->name, sizeof t->name, "%s", name ? name : (const char *)words);
        snprintf(t->file, sizeof t->file, "%s", file);
        return true;
    }
}

size_t plait_pool_list(plait_executor *ex, plait_running_task *list, size_t room)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    size_t count = 0;
    for (struct plait_worker *w = plait_pool_first_worker(p); w; w = w->next) {
        plait_running_task t;
        if (!plait_shown_read(&w->shown, &t)) continue;
        snprintf(t.thread, sizeof t.thread, "%.40s-%u", p->name, w->number);
        if (count++ < room) list[count - 1] = t;
    }
    return count;
}
