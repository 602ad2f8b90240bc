/* thread.c: a pool of threads over one queue.

   What must hold, under the guard:
   - `active` counts the workers that may be running tasks: those alive, less the idle and the sleeping ones. Whoever makes
     a worker active counts it; so it is never above `most` but for those back from a sleep in a wait, which go idle as
     soon as their task has ended.
   - A task waits in the queue only while `active` is at least `most`: whoever adds a task or makes a place free engages
     another worker, an idle one first, else a new one. So a pool whose workers all sleep still goes on.
   - A closed pool's workers end when the queue is empty; the last tells who waits for that. */
#include "base/fork.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/stop.h"
#include "future/future.h"
#include <plait/thread.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

struct worker {
    struct pool *pool;
    plait_thread *thread;
    struct worker *next;
    unsigned number;
};

struct pool {
    plait_executor executor; /* first: the two addresses are one */
    plait_mutex guard;
    plait_future *first, *last;        /* the queue */
    size_t most, alive, active;        /* workers */
    size_t idle_count, asleep, spares; /* idle; in a wait for futures; the most ever above `most` */
    size_t running;                    /* tasks */
    uint64_t done;                     /* tasks */
    bool closed;
    _Atomic size_t helping;  /* tasks that workers run in place of waiting for them */
    _Atomic uint64_t helped; /* the same, ended */
    plait_waitlist idle;     /* workers without work */
    plait_waitlist ended;    /* closed: no worker is alive, nor will be */
    struct worker *workers;
    unsigned started;
    size_t stack_size;
    char *name;
};

static _Atomic unsigned pools;

static int work(void *worker);

/* To be called with the guard held whenever there may be work for one more. What it decides is carried out by `engage`
   once the guard is free. */
struct decision {
    plait_waiter *wake;
    struct worker *start;
    bool no_memory;
};
static struct decision decide(struct pool *p)
{
    struct decision d = { 0 };
    if (!p->first || p->active >= p->most) return d;
    if ((d.wake = plait_waitlist_claim(&p->idle))) {
        p->idle_count--;
        p->active++;
    } else if ((d.start = plait_allocate(sizeof *d.start))) {
        d.start->pool = p;
        d.start->number = ++p->started;
        d.start->next = p->workers;
        p->workers = d.start;
        p->active++;
        p->alive++;
    } else {
        d.no_memory = true;
    }
    return d;
}

static int start(struct worker *w)
{
    struct pool *p = w->pool;
    char name[64];
    snprintf(name, sizeof name, "%s-%u", p->name, w->number);
    plait_thread *t =
        plait_thread_start(work, w, &(plait_thread_start_options){ .name = name, .stack_size = p->stack_size });
    plait_mutex_lock(&p->guard);
    w->thread = t;
    if (!t) p->alive--, p->active--;
    else if (p->alive > p->most && p->alive - p->most > p->spares) p->spares = p->alive - p->most;
    plait_mutex_unlock(&p->guard);
    return t ? 0 : plait_error() ? plait_error()->code : PLAIT_ENOMEM;
}

/* 0, or why a worker could not be started. */
static int engage(struct pool *p, struct decision d)
{
    plait_wake(d.wake);
    if (d.no_memory) return plait_fail(PLAIT_ENOMEM, "no memory for a worker of pool %s", p->name);
    return d.start ? start(d.start) : 0;
}

static void append(struct pool *p, plait_future *f)
{
    f->next = NULL;
    f->previous = p->last;
    *(p->last ? &p->last->next : &p->first) = f;
    p->last = f;
}

static void take_out(struct pool *p, plait_future *f)
{
    *(f->previous ? &f->previous->next : &p->first) = f->next;
    *(f->next ? &f->next->previous : &p->last) = f->previous;
    f->next = f->previous = NULL;
}

static plait_future *pop(struct pool *p)
{
    plait_future *f = p->first;
    if (f) take_out(p, f);
    return f;
}

/* The first worker could not be had: fails what others have queued meanwhile, and says whether f was still there. */
static bool strand(struct pool *p, plait_future *f, int err)
{
    bool there = false;
    for (;;) {
        plait_mutex_lock(&p->guard);
        plait_future *g = p->alive ? NULL : pop(p);
        plait_mutex_unlock(&p->guard);
        if (!g) return there;
        if (g == f) {
            there = true;
            continue;
        }
        plait_future_fail(g, err, NULL);
        plait_future_release(g);
    }
}

static int submit(plait_executor *ex, plait_future *f)
{
    struct pool *p = (struct pool *)ex;
    plait_mutex_lock(&p->guard);
    if (p->closed) {
        plait_mutex_unlock(&p->guard);
        return plait_fail(PLAIT_ECLOSED, "submitted to pool %s, which is closed", p->name);
    }
    append(p, f);
    struct decision d = decide(p);
    plait_mutex_unlock(&p->guard);
    int err = engage(p, d);
    return err && strand(p, f, err) ? err : 0;
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

/* With the guard held. */
static void rest(struct pool *p)
{
    plait_waiter node = plait_waiter_here();
    p->active--;
    p->idle_count++;
    plait_waitlist_add(&p->idle, &node);
    plait_mutex_unlock(&p->guard);
    (void)!plait_wait_in(&p->idle, &node, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE); /* nothing cuts it short */
    plait_mutex_lock(&p->guard);
}

/* With the guard held: all that rest are to look again. */
static plait_waiter *rouse(struct pool *p)
{
    p->active += p->idle_count;
    p->idle_count = 0;
    return plait_waitlist_claim_all(&p->idle, false);
}

static int work(void *worker)
{
    struct pool *p = ((struct worker *)worker)->pool;
    plait_context *self = plait_current();
    self->worker = p;
    self->stack_floor = stack_floor();
    plait_mutex_lock(&p->guard);
    while (!p->closed || p->first) {
        if (p->active > p->most || !p->first) {
            rest(p);
            continue;
        }
        plait_future *f = pop(p);
        p->running++;
        plait_mutex_unlock(&p->guard);
        plait_future_run(f, NULL);
        plait_future_release(f);
        plait_mutex_lock(&p->guard);
        p->running--;
        p->done++;
    }
    plait_waiter *others = rouse(p), *closers = NULL;
    p->active--;
    if (--p->alive == 0) closers = plait_waitlist_claim_all(&p->ended, true);
    plait_mutex_unlock(&p->guard);
    plait_wake(others);
    plait_wake(closers);
    return 0;
}

static void close_pool(plait_executor *ex)
{
    struct pool *p = (struct pool *)ex;
    plait_waiter *idle = NULL, *closers = NULL;
    plait_mutex_lock(&p->guard);
    p->closed = true;
    if (!p->first) idle = rouse(p); /* else whoever empties the queue does that */
    if (!p->alive) closers = plait_waitlist_claim_all(&p->ended, true);
    plait_mutex_unlock(&p->guard);
    plait_wake(idle);
    plait_wake(closers);
}

static void free_workers(struct pool *p, bool join)
{
    while (p->workers) {
        struct worker *w = p->workers;
        p->workers = w->next;
        if (join) plait_thread_free(w->thread);
        free(w);
    }
}

static void end_pool(plait_executor *ex)
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
}

static void destroy_pool(plait_executor *ex)
{
    struct pool *p = (struct pool *)ex;
    free(p->name);
    free(p);
}

static void get_statistics(plait_executor *ex, plait_executor_statistics *s)
{
    struct pool *p = (struct pool *)ex;
    PLAIT_LOCKED(&p->guard);
    *s = (plait_executor_statistics){ .workers = p->alive,
                                      .idle = p->idle_count,
                                      .running = p->running + p->helping,
                                      .waiting = p->asleep,
                                      .spares = p->spares,
                                      .done = p->done + p->helped };
}

static void worker_sleeps(plait_executor *ex)
{
    struct pool *p = (struct pool *)ex;
    plait_mutex_lock(&p->guard);
    p->active--;
    p->asleep++;
    struct decision d = decide(p);
    plait_mutex_unlock(&p->guard);
    int err = engage(p, d);
    if (err)
        plait_report("pool %s has work, a worker that sleeps, and no thread to stand in: %s", p->name,
                     plait_error_text(err));
}

static void worker_resumes(plait_executor *ex)
{
    struct pool *p = (struct pool *)ex;
    plait_mutex_lock(&p->guard);
    p->active++;
    p->asleep--;
    plait_mutex_unlock(&p->guard);
}

static bool take(plait_executor *ex, plait_future *f)
{
    struct pool *p = (struct pool *)ex;
    PLAIT_LOCKED(&p->guard);
    if (!f->previous && p->first != f) return false;
    take_out(p, f);
    atomic_fetch_add_explicit(&p->helping, 1, memory_order_relaxed);
    return true;
}

static void took(plait_executor *ex)
{
    struct pool *p = (struct pool *)ex;
    atomic_fetch_sub_explicit(&p->helping, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&p->helped, 1, memory_order_relaxed);
}

static size_t allowed_cpus(void)
{
    cpu_set_t cpus;
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? (size_t)CPU_COUNT(&cpus) : 1;
}

plait_executor *plait_thread_executor_new_sized(const plait_thread_options *options, size_t options_size)
{
    static const struct plait_executor_operations operations = { submit,         close_pool,     end_pool,
                                                                 destroy_pool,   get_statistics, worker_sleeps,
                                                                 worker_resumes, take,           took };
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
    p->executor.references = 1;
    p->executor.generation = plait_process_generation();
    p->most = o.workers ? (size_t)o.workers : allowed_cpus();
    p->stack_size = o.stack_size;
    p->name = name;
    return &p->executor;
}
