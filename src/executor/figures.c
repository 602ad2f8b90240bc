/* figures.c: how things stand in a pool. */
#include "executor/pool.h"

void plait_pool_get_statistics(plait_executor *ex, plait_executor_statistics *s)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    *s = (plait_executor_statistics){ .workers = p->alive,
                                      .idle = p->idle_count,
                                      .waiting = p->asleep,
                                      .spares = p->spares,
                                      .queued = (size_t)(p->submitted - p->taken) };
    plait_waitlist_release(&p->idle, last);
    for (struct plait_worker *w = plait_pool_first_worker(p); w; w = w->next) {
        s->queued += plait_deque_count(&w->deque);
        s->running += w->running;
        s->done += w->done;
    }
    s->done += p->helped;
}
