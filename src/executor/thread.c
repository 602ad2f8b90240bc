/* thread.c: a pool of threads. Tasks from outside come through one inbox, in order; what a worker submits to its own pool
   goes on a deque of its own, which it empties from the new end and others steal from at the old one.

   What must hold, under the spin bit of the list of idle workers, which is the pool's lock:
   - `active` counts the workers that may be running tasks: those alive, less the idle and the sleeping ones. Whoever makes
     a worker active counts it; so it is never above `most` but for those back from a sleep in a wait, which go idle as
     soon as their task has ended.
   - While `active` is less than `most` either the inbox is empty and marked, so that the next submit engages a worker; or
     a worker has just been engaged. A worker that takes a task engages the next one if there is more to do. So a pool
     whose workers all sleep still goes on, and no task waits without need.
   - `hungry` says whether `active` is less than `most`. Who pushes on a deque looks at it after, who goes to rest sets it
     and then looks at all deques (both sequentially consistent): so one of the two sees the other.
   - A closed pool's workers end when inbox and deques are empty; the last tells who waits for that. */
#include "base/fork.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/stop.h"
#include "executor/deque.h"
#include "executor/inbox.h"
#include "park/thread_parker.h"
#include <plait/thread.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

struct worker {
    struct pool *pool;
    plait_thread *thread;
    struct worker *next;
    unsigned number;
    unsigned spins, turn;
    _Atomic bool running;
    _Atomic uint64_t done; /* tasks, written by the worker alone */
    struct plait_deque deque;
};

struct pool {
    plait_executor executor; /* first: the two addresses are one */
    struct plait_inbox inbox;
    _Atomic uint64_t submitted;
    _Alignas(64) plait_waitlist idle; /* workers without work; its spin bit is the pool's lock */
    _Atomic uint64_t taken;
    _Atomic uint64_t helped; /* tasks that a worker ran in place of waiting for them */
    _Atomic bool hungry;
    size_t most, alive, active;        /* workers */
    size_t idle_count, asleep, spares; /* idle; in a wait for futures; the most ever above `most` */
    bool closed;
    _Atomic unsigned started;
    _Atomic(struct worker *) workers; /* newest first; none goes before the pool */
    plait_waitlist ended;             /* closed: no worker is alive, nor will be */
    size_t stack_size;
    char *name;
};

static _Atomic unsigned pools;

static int work(void *worker);

/* What is to be done once the spin bit is free. */
struct decision {
    plait_waiter *wake;
    bool start, strand;
};

/* Under the spin bit. */
static void count_active(struct pool *p, size_t active)
{
    p->active = active;
    bool hungry = active < p->most;
    if (hungry != atomic_load_explicit(&p->hungry, memory_order_relaxed))
        atomic_store_explicit(&p->hungry, hungry, memory_order_seq_cst);
}

/* To be called under the spin bit whenever there may be room for one more worker, and work in the inbox, or `work` known
   to be on a deque. */
static struct decision decide(struct pool *p, plait_waiter **last, bool work)
{
    struct decision d = { 0 };
    if (p->active >= p->most || (plait_inbox_mark(&p->inbox) && !work)) return d;
    if (p->closed && !p->alive) {
        d.strand = true; /* a submit that came after the end */
        return d;
    }
    *last = plait_ring_claim(*last, &d.wake);
    if (d.wake) p->idle_count--;
    d.start = !d.wake;
    count_active(p, p->active + 1);
    p->alive += d.start;
    if (p->alive > p->most && p->alive - p->most > p->spares) p->spares = p->alive - p->most;
    return d;
}

/* No worker is alive: ends what is in the inbox. */
static void strand(struct pool *p, int err)
{
    for (;;) {
        plait_waiter *last = plait_waitlist_hold(&p->idle);
        struct plait_link *link = p->alive ? NULL : plait_inbox_take(&p->inbox);
        bool through = !link && (p->alive || plait_inbox_mark(&p->inbox));
        plait_waitlist_release(&p->idle, last);
        if (through) return;
        if (!link) {
            sched_yield(); /* a putter is between its steps */
            continue;
        }
        plait_future_fail((plait_future *)link, err, NULL);
        plait_future_release((plait_future *)link);
    }
}

static int start(struct pool *p)
{
    struct worker *w = plait_refused("memory") ? NULL : aligned_alloc(_Alignof(struct worker), sizeof *w);
    if (w) {
        char name[64];
        memset(w, 0, sizeof *w);
        w->pool = p;
        w->spins = PLAIT_FEWEST_SPINS;
        w->number = atomic_fetch_add_explicit(&p->started, 1, memory_order_relaxed) + 1;
        snprintf(name, sizeof name, "%s-%u", p->name, w->number);
        w->next = atomic_load_explicit(&p->workers, memory_order_acquire); /* w will follow it */
        while (!atomic_compare_exchange_weak_explicit(&p->workers, &w->next, w, memory_order_acq_rel,
                                                      memory_order_acquire)) {}
        w->thread =
            plait_thread_start(work, w, &(plait_thread_start_options){ .name = name, .stack_size = p->stack_size });
        if (w->thread) return 0;
    }
    int err = w && plait_error() ? plait_error()->code : PLAIT_ENOMEM;
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    p->alive--;
    count_active(p, p->active - 1);
    bool none = !p->alive;
    plait_waitlist_release(&p->idle, last);
    if (none) strand(p, err);
    else plait_report("pool %s could not start another worker: %s", p->name, plait_error_text(err));
    return err;
}

/* 0, or why a worker could not be started. */
static int carry_out(struct pool *p, struct decision d)
{
    plait_wake(d.wake);
    if (d.strand) strand(p, PLAIT_ECLOSED);
    return d.start ? start(p) : 0;
}

static void engage(struct pool *p, bool work)
{
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    struct decision d = decide(p, &last, work);
    plait_waitlist_release(&p->idle, last);
    carry_out(p, d);
}

/* To be called when a deque has got a task, or has more than the one just stolen. */
static void offer(struct pool *p)
{
    if (atomic_load_explicit(&p->hungry, memory_order_seq_cst)) engage(p, true);
}

static int submit(plait_executor *ex, plait_future *f)
{
    struct pool *p = (struct pool *)ex;
    plait_context *self = plait_current();
    if (self->worker == p && plait_deque_push(&((struct worker *)self->seat)->deque, f)) {
        offer(p);
        return 0;
    }
    atomic_fetch_add_explicit(&p->submitted, 1, memory_order_relaxed);
    if (plait_inbox_put(&p->inbox, &f->link)) engage(p, false);
    return 0;
}

/* The stack below which a worker does not run others' tasks in place of waiting: the lower half. */
static char *stack_floor(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return NULL;
    if (pthread_attr_getstack(&attributes, &low, &size) != 0) low = NULL;
    pthread_attr_destroy(&attributes);
    return low ? (char *)low + size / 2 : NULL;
}

static struct worker *first_worker(struct pool *p) { return atomic_load_explicit(&p->workers, memory_order_acquire); }

static bool work_on_deques(struct pool *p)
{
    for (struct worker *w = first_worker(p); w; w = w->next)
        if (plait_deque_count(&w->deque)) return true;
    return false;
}

static plait_future *steal(struct pool *p, struct worker *me)
{
    struct worker *w = me->next ? me->next : first_worker(p); /* each begins at his neighbour */
    for (struct worker *begin = w;;) {
        plait_future *f = w == me ? NULL : plait_deque_steal(&w->deque);
        if (f) {
            if (plait_deque_count(&w->deque)) offer(p);
            return f;
        }
        w = w->next ? w->next : first_worker(p);
        if (w == begin) return NULL;
    }
}

/* Looks out for work for a while before it rests: as long as that has paid lately. A submitter then has nobody to wake. */
static void look_out(struct pool *p, struct worker *me)
{
    bool stirs = plait_inbox_stirs(&p->inbox);
    if (stirs || !plait_spin_begin()) return;
    for (unsigned turn = 0; turn < me->spins && !stirs; turn++) {
        plait_pause();
        stirs = plait_inbox_stirs(&p->inbox) || (turn % 8 == 7 && work_on_deques(p));
    }
    plait_spin_end(stirs, &me->spins);
}

/* Rests until engaged, unless there is something to steal now that we are known to rest: that is given back then. */
static plait_future *rest(struct pool *p, struct worker *me, plait_waiter *node, bool surplus)
{
    plait_future *f = surplus ? NULL : steal(p, me);
    if (f) {
        plait_waiter *last = plait_waitlist_hold(&p->idle);
        bool listed = atomic_load_explicit(&node->state, memory_order_relaxed) == PLAIT_LISTED;
        if (listed) {
            last = plait_ring_remove(last, node);
            p->idle_count--;
            count_active(p, p->active + 1);
        }
        plait_waitlist_release(&p->idle, last);
        if (listed) return f;
    }
    (void)!plait_wait_in(&p->idle, node, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE); /* nothing cuts it short */
    if (f) engage(p, work_on_deques(p)); /* what we were engaged for is somebody else's to do */
    return f;
}

enum { INBOX_FIRST = 61 }; /* of so many tasks one comes from the inbox although the own deque has some */

/* The next task; NULL when the worker is to end. */
static plait_future *next_task(struct pool *p, struct worker *me)
{
    plait_future *own = ++me->turn % INBOX_FIRST ? plait_deque_pop(&me->deque) : NULL;
    if (own) return own;
    look_out(p, me);
    for (unsigned turn = 0;; turn++) {
        plait_waiter node, *last = plait_waitlist_hold(&p->idle);
        bool surplus = p->active > p->most && !p->closed;
        struct plait_link *link = surplus ? NULL : plait_inbox_take(&p->inbox);
        if (link) {
            atomic_store_explicit(&p->taken, p->taken + 1, memory_order_relaxed);
            struct decision d = decide(p, &last, false);
            plait_waitlist_release(&p->idle, last);
            carry_out(p, d);
            return (plait_future *)link;
        }
        bool nothing = surplus || plait_inbox_mark(&p->inbox), end = nothing && p->closed && !work_on_deques(p);
        bool resting = nothing && !end && !plait_deque_count(&me->deque);
        if (end || resting) count_active(p, p->active - 1);
        if (end) p->alive--;
        if (resting) {
            p->idle_count++;
            node = plait_waiter_here();
            last = plait_ring_add(last, &node, true); /* the one that rested least is the warmest */
        }
        plait_waitlist_release(&p->idle, last);
        if (end) return NULL;
        plait_future *f = resting ? rest(p, me, &node, surplus) : plait_deque_pop(&me->deque);
        if (f) return f;
        if (!resting && turn % 64 == 63) sched_yield(); /* a putter is between its steps */
    }
}

/* All that rest are to look again. */
static plait_waiter *rouse(struct pool *p, plait_waiter **last)
{
    plait_waiter *chain = NULL, **end = &chain;
    while (*last) {
        *last = plait_ring_claim(*last, end);
        end = &(*end)->next;
    }
    count_active(p, p->active + p->idle_count);
    p->idle_count = 0;
    return chain;
}

static int work(void *worker)
{
    struct worker *me = worker;
    struct pool *p = me->pool;
    plait_context *self = plait_current();
    self->worker = p;
    self->seat = me;
    self->stack_floor = stack_floor();
    for (plait_future *f; (f = next_task(p, me));) {
        atomic_store_explicit(&me->running, true, memory_order_relaxed);
        bool ran = plait_future_run(f, NULL); /* or it was cancelled, or run by one who waited for it */
        plait_future_release(f);
        atomic_store_explicit(&me->running, false, memory_order_relaxed);
        atomic_store_explicit(&me->done, me->done + ran, memory_order_relaxed);
    }
    plait_waiter *last = plait_waitlist_hold(&p->idle), *others = rouse(p, &last);
    bool none = !p->alive;
    plait_waitlist_release(&p->idle, last);
    plait_wake(others);
    if (none) plait_wake(plait_waitlist_claim_all(&p->ended, true));
    return 0;
}

static void close_pool(plait_executor *ex)
{
    struct pool *p = (struct pool *)ex;
    plait_waiter *last = plait_waitlist_hold(&p->idle), *idle = NULL;
    p->closed = true;
    if (plait_inbox_empty(&p->inbox)) idle = rouse(p, &last); /* else whoever finds nothing to do does that */
    bool none = !p->alive;
    plait_waitlist_release(&p->idle, last);
    plait_wake(idle);
    if (none) plait_wake(plait_waitlist_claim_all(&p->ended, true));
}

static void free_workers(struct pool *p, bool join)
{
    for (struct worker *w = p->workers, *next; w; w = next) {
        next = w->next;
        if (join) plait_thread_free(w->thread);
        free(w);
    }
}

static void free_pool(plait_executor *ex)
{
    struct pool *p = (struct pool *)ex;
    bool ours = ex->generation == plait_process_generation();
    if (ours) {
        if (plait_current()->worker == p) plait_stop("pool %s was freed by one of its own tasks", p->name);
        plait_waiter node = plait_waiter_here();
        if (plait_waitlist_add(&p->ended, &node))
            (void)!plait_wait_in(&p->ended, &node, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE); /* nothing cuts it short */
    }
    free_workers(p, ours);
    free(p->name);
    free(p);
}

static void get_statistics(plait_executor *ex, plait_executor_statistics *s)
{
    struct pool *p = (struct pool *)ex;
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    *s = (plait_executor_statistics){ .workers = p->alive,
                                      .idle = p->idle_count,
                                      .waiting = p->asleep,
                                      .spares = p->spares,
                                      .queued = (size_t)(p->submitted - p->taken) };
    plait_waitlist_release(&p->idle, last);
    for (struct worker *w = first_worker(p); w; w = w->next) {
        s->queued += plait_deque_count(&w->deque);
        s->running += w->running;
        s->done += w->done;
    }
    s->done += p->helped;
}

static void worker_sleeps(plait_executor *ex)
{
    struct pool *p = (struct pool *)ex;
    bool work = work_on_deques(p);
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    count_active(p, p->active - 1);
    p->asleep++;
    struct decision d = decide(p, &last, work);
    plait_waitlist_release(&p->idle, last);
    int err = carry_out(p, d);
    if (err)
        plait_report("pool %s has work, a worker that sleeps, and no thread to stand in: %s", p->name,
                     plait_error_text(err));
}

static void worker_resumes(plait_executor *ex)
{
    struct pool *p = (struct pool *)ex;
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    count_active(p, p->active + 1);
    p->asleep--;
    plait_waitlist_release(&p->idle, last);
}

/* What was run in place is still on the deque, most often as the newest: so one that awaits all that it submits leaves
   nothing behind there. */
static void helped(plait_executor *ex)
{
    struct pool *p = (struct pool *)ex;
    struct plait_deque *own = &((struct worker *)plait_current()->seat)->deque;
    atomic_fetch_add_explicit(&p->helped, 1, memory_order_relaxed);
    for (plait_future *f; (f = plait_deque_pop(own));) {
        if (atomic_load_explicit(&f->state, memory_order_relaxed) == PLAIT_PENDING) {
            plait_deque_push(own, f); /* there is room: it was just taken from there */
            return;
        }
        plait_future_release(f);
    }
}

static size_t allowed_cpus(void)
{
    cpu_set_t cpus;
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? (size_t)CPU_COUNT(&cpus) : 1;
}

plait_executor *plait_thread_executor_new_sized(const plait_thread_options *options, size_t options_size)
{
    static const struct plait_executor_operations operations = { submit,         close_pool,    free_pool,
                                                                 get_statistics, worker_sleeps, worker_resumes,
                                                                 helped };
    plait_thread_options o;
    if (plait_options_read(&o, sizeof o, options, options_size)) return NULL;
    if (o.workers < 0) {
        plait_fail(PLAIT_EINVAL, "a pool of %d workers", o.workers);
        return NULL;
    }
    unsigned number = atomic_fetch_add_explicit(&pools, 1, memory_order_relaxed) + 1;
    char numbered[32];
    snprintf(numbered, sizeof numbered, "pool-%u", number);
    struct pool *p = plait_allocate(sizeof *p);
    char *name = p ? plait_copy_string(o.name ? o.name : numbered) : NULL;
    if (!name) {
        free(p);
        plait_fail(PLAIT_ENOMEM, "no memory for a pool of threads");
        return NULL;
    }
    p->executor.operations = &operations;
    plait_inbox_prepare(&p->inbox);
    p->executor.generation = plait_process_generation();
    p->most = o.workers ? (size_t)o.workers : allowed_cpus();
    p->stack_size = o.stack_size;
    p->name = name;
    return &p->executor;
}
