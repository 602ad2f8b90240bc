/* pool.c: the executor that is a pool of threads: made, and told when its workers sleep. What must hold is told in pool.h. */
#include "executor/pool.h"
#include "base/cpus.h"
#include "base/fork.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/stop.h"
#include <stdlib.h>
#include <string.h>

#define IDLE_TIMEOUT (10 * PLAIT_SECOND)

static _Atomic unsigned pools;

static void worker_sleeps(plait_executor *ex)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    plait_pool_count_active(p, p->active - 1);
    p->asleep++;
    plait_waitlist_release(&p->idle, last);
    int err = plait_pool_engage(p, plait_pool_work_on_deques(p)); /* looked at only now that we are known to be away */
    if (err)
        plait_report("pool %s has work, a worker that sleeps, and no thread to stand in: %s", p->name,
                     plait_error_text(err));
}

static void worker_resumes(plait_executor *ex)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    plait_pool_count_active(p, p->active + 1);
    p->asleep--;
    plait_waitlist_release(&p->idle, last);
}

plait_executor *plait_thread_executor_new_sized(const plait_thread_options *options, size_t options_size)
{
    static const struct plait_executor_operations operations = { .sharing = PLAIT_SHARES,
                                                                 .submit = plait_pool_submit,
                                                                 .close = plait_pool_close,
                                                                 .free = plait_pool_free,
                                                                 .get_statistics = plait_pool_get_statistics,
                                                                 .list = plait_pool_list,
                                                                 .shutdown = plait_pool_shutdown,
                                                                 .sleep = worker_sleeps,
                                                                 .resume = worker_resumes,
                                                                 .helped = plait_pool_helped,
                                                                 .take_fork = plait_pool_take_fork,
                                                                 .give_fork_back = plait_pool_give_fork_back };
    plait_thread_options o;
    if (plait_options_read(&o, sizeof o, options, options_size)) return NULL;
    if (o.workers < 0) {
        plait_fail(PLAIT_EINVAL, "a pool of %d workers", o.workers);
        return NULL;
    }
    unsigned number = atomic_fetch_add_explicit(&pools, 1, memory_order_relaxed) + 1;
    char numbered[32];
    snprintf(numbered, sizeof numbered, "pool-%u", number);
    struct plait_pool *p = plait_refused("memory") ? NULL : aligned_alloc(_Alignof(struct plait_pool), sizeof *p);
    char *name = p ? plait_copy_string(o.name ? o.name : numbered) : NULL;
    if (!name) {
        free(p);
        plait_fail(PLAIT_ENOMEM, "no memory for a pool of threads");
        return NULL;
    }
    memset(p, 0, sizeof *p);
    p->executor.operations = &operations;
    plait_lanes_prepare(&p->lanes);
    p->executor.generation = plait_process_generation();
    p->most = o.workers ? (size_t)o.workers : (size_t)plait_allowed_cpus();
    p->bound.capacity = o.capacity;
    p->bound.refuse = o.refuse;
    p->fifo = o.fifo;
    p->initializer = o.initializer;
    p->context = o.context;
    p->stack_size = o.stack_size;
    p->idle_timeout = o.idle_timeout ? o.idle_timeout : IDLE_TIMEOUT;
    p->name = name;
    p->listed = (struct plait_listed){ .executor = &p->executor, .name = name, .settle = plait_pool_settle };
    if (plait_list_for_exit(&p->listed) == 0) return &p->executor;
    free(name);
    free(p);
    plait_fail(PLAIT_ENOMEM, "no memory for a pool of threads");
    return NULL;
}
