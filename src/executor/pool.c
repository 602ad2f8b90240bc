/* pool.c: the executor that is a pool of threads: taking work in, engaging workers, closing. What must hold is told in
   pool.h. */
#include "executor/pool.h"
#include "base/fork.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/stop.h"
#include "executor/fork.h"
#include "park/thread_parker.h"
#include "thread/thread.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_TIMEOUT (10 * PLAIT_SECOND)

static _Atomic unsigned pools;

void plait_pool_count_active(struct plait_pool *p, size_t active)
{
    p->active = active;
    bool hungry = active < p->most;
    if (hungry != atomic_load_explicit(&p->hungry, memory_order_relaxed))
        atomic_store_explicit(&p->hungry, hungry, memory_order_seq_cst);
    atomic_store_explicit(&p->crowded, active > p->most, memory_order_relaxed);
}

struct plait_decision plait_pool_decide(struct plait_pool *p, plait_waiter **last, bool work)
{
    struct plait_decision d = { 0 };
    if (p->active >= p->most || (plait_inbox_mark(&p->inbox) && !work)) return d;
    if (p->closed && !p->alive) {
        d.strand = true; /* a submit that came after the end */
        return d;
    }
    *last = plait_ring_claim(*last, &d.wake);
    if (d.wake) p->idle_count--;
    d.start = !d.wake;
    plait_pool_count_active(p, p->active + 1);
    p->alive += d.start;
    if (p->alive > p->most && p->alive - p->most > p->spares) p->spares = p->alive - p->most;
    return d;
}

/* No worker is alive: ends what is in the inbox. */
static void strand(struct plait_pool *p, int err)
{
    for (;;) {
        plait_waiter *last = plait_waitlist_hold(&p->idle);
        struct plait_link *link = p->alive ? NULL : plait_inbox_take(&p->inbox);
        if (link) atomic_store_explicit(&p->taken, p->taken + 1, memory_order_relaxed);
        bool through = !link && (p->alive || plait_inbox_mark(&p->inbox));
        plait_waitlist_release(&p->idle, last);
        if (through) return;
        if (!link) {
            sched_yield(); /* a putter is between its steps */
            continue;
        }
        plait_bound_leave(&p->bound);
        plait_future_fail((plait_future *)link, err, NULL);
        plait_future_release((plait_future *)link);
    }
}

void plait_pool_free_place(struct plait_pool *p, struct plait_worker *w)
{
    w->next_free = NULL;
    *(p->free ? &p->last_free->next_free : &p->free) = w;
    p->last_free = w;
}

/* Never waits; and the words of the running task stay as they are. */
static bool has_ended(plait_thread *thread)
{
    plait_record **here = plait_record_here(), *record = *here;
    *here = NULL;
    bool ended = plait_thread_join(thread, NULL, PLAIT_NOW) == 0;
    *here = record;
    return ended;
}

/* The place that has been free for longest, if its thread has ended; else NULL. */
static struct plait_worker *take_free_place(struct plait_pool *p)
{
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    struct plait_worker *w = p->free;
    if (w) p->free = w->next_free;
    plait_waitlist_release(&p->idle, last);
    if (!w) return NULL;
    if (atomic_load_explicit(&w->started, memory_order_acquire) && (!w->thread || has_ended(w->thread))) {
        plait_thread_free(w->thread);
        atomic_store_explicit(&w->started, false, memory_order_relaxed);
        return w;
    }
    last = plait_waitlist_hold(&p->idle);
    plait_pool_free_place(p, w);
    plait_waitlist_release(&p->idle, last);
    return NULL;
}

static struct plait_worker *new_place(struct plait_pool *p)
{
    struct plait_worker *w = plait_refused("memory") ? NULL : aligned_alloc(_Alignof(struct plait_worker), sizeof *w);
    if (!w) return NULL;
    memset(w, 0, sizeof *w);
    w->pool = p;
    w->spins = PLAIT_FEWEST_SPINS;
    w->number = atomic_fetch_add_explicit(&p->started, 1, memory_order_relaxed) + 1;
    w->next = atomic_load_explicit(&p->workers, memory_order_acquire); /* w will follow it */
    while (
        !atomic_compare_exchange_weak_explicit(&p->workers, &w->next, w, memory_order_acq_rel, memory_order_acquire)) {}
    return w;
}

static int start(struct plait_pool *p)
{
    struct plait_worker *w = take_free_place(p);
    if (!w) w = new_place(p);
    if (w) {
        char name[64];
        snprintf(name, sizeof name, "%s-%u", p->name, w->number);
        w->thread = plait_thread_start(
            plait_worker_run, w,
            &(plait_thread_start_options){ .name = name, .stack_size = p->stack_size, .life = PLAIT_SERVICE });
        bool started = w->thread != NULL;
        atomic_store_explicit(&w->started, true, memory_order_release); /* it may be another's place from here on */
        if (started) return 0;
    }
    int err = w && plait_error() ? plait_error()->code : PLAIT_ENOMEM;
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    p->alive--;
    plait_pool_count_active(p, p->active - 1);
    if (w) plait_pool_free_place(p, w);
    bool none = !p->alive;
    plait_waitlist_release(&p->idle, last);
    if (none) strand(p, err);
    return err;
}

int plait_pool_carry_out(struct plait_pool *p, struct plait_decision d)
{
    plait_wake(d.wake);
    if (d.strand) strand(p, PLAIT_ECLOSED);
    return d.start ? start(p) : 0;
}

int plait_pool_engage(struct plait_pool *p, bool work)
{
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    struct plait_decision d = plait_pool_decide(p, &last, work);
    plait_waitlist_release(&p->idle, last);
    return plait_pool_carry_out(p, d);
}

void plait_pool_offer(struct plait_pool *p)
{
    if (atomic_load_explicit(&p->hungry, memory_order_seq_cst)) plait_pool_engage(p, true);
}

void plait_pool_put(struct plait_pool *p, plait_future *f)
{
    atomic_fetch_add_explicit(&p->submitted, 1, memory_order_seq_cst);
    if (plait_inbox_put(&p->inbox, &f->link)) plait_pool_engage(p, false);
    else if (atomic_load_explicit(&p->initializing, memory_order_seq_cst)) plait_pool_engage_more(p);
}

void plait_pool_engage_more(struct plait_pool *p)
{
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    uint64_t queued = atomic_load_explicit(&p->submitted, memory_order_seq_cst) - p->taken;
    struct plait_decision d = { 0 };
    if (queued > atomic_load_explicit(&p->initializing, memory_order_seq_cst)) d = plait_pool_decide(p, &last, true);
    plait_waitlist_release(&p->idle, last);
    plait_pool_carry_out(p, d);
}

plait_record *plait_pool_broken_record(struct plait_pool *p)
{
    return plait_record_say(PLAIT_EBROKEN, p->reason ? plait_record_ref(p->reason) : NULL,
                            "pool %s is broken: its initializer failed", p->name);
}

/* Room for one more. Or a code, with words; or *in_place: the running task, a worker's, is to run it itself. */
static int make_room(struct plait_pool *p, bool own, bool *in_place)
{
    int err = plait_bound_enter(&p->bound, !own && !p->bound.refuse);
    if (err == PLAIT_ECANCELED)
        return plait_fail(err, "the wait for room in the queue of pool %s was cut short", p->name);
    if (err && p->bound.refuse)
        return plait_fail(err, "the queue of pool %s is full, with %zu tasks", p->name, p->bound.capacity);
    if (err) *in_place = plait_may_run_in_place();
    if (err && !*in_place) plait_bound_force(&p->bound);
    if (!atomic_load_explicit(&p->executor.closed, memory_order_relaxed)) return 0;
    if (!*in_place) plait_bound_leave(&p->bound);
    return plait_fail(PLAIT_ECLOSED, "pool %s was closed while a submit waited for room in its queue", p->name);
}

static int submit(plait_executor *ex, plait_future *f)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    if (plait_pool_broken(p)) {
        plait_record_keep(plait_pool_broken_record(p));
        return PLAIT_EBROKEN;
    }
    plait_context *self = plait_current();
    bool own = self->worker == p, in_place = false;
    int err = p->bound.capacity ? make_room(p, own, &in_place) : 0;
    if (err) return err;
    if (in_place) {
        if (plait_future_run(f, NULL)) atomic_fetch_add_explicit(&p->helped, 1, memory_order_relaxed);
        plait_future_release(f);
    } else if (!own || p->fifo || !plait_deque_push(&((struct plait_worker *)self->seat)->deque, (uintptr_t)f)) {
        plait_pool_put(p, f);
    } else {
        plait_pool_offer(p);
    }
    return 0;
}

plait_waiter *plait_pool_rouse(struct plait_pool *p, plait_waiter **last)
{
    plait_waiter *chain = NULL, **end = &chain;
    size_t count = 0; /* not all that are idle: one that has rested long enough has left the ring */
    for (; *last; count++) {
        *last = plait_ring_claim(*last, end);
        end = &(*end)->next;
    }
    plait_pool_count_active(p, p->active + count);
    p->idle_count -= count;
    return chain;
}

static void close_pool(plait_executor *ex)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    plait_waiter *last = plait_waitlist_hold(&p->idle), *idle = NULL;
    p->closed = true;
    if (plait_inbox_empty(&p->inbox))
        idle = plait_pool_rouse(p, &last); /* else whoever finds nothing to do does that */
    bool none = !p->alive;
    plait_waitlist_release(&p->idle, last);
    plait_wake(idle);
    if (none) plait_wake(plait_waitlist_claim_all(&p->ended, true));
}

static void free_workers(struct plait_pool *p, bool join)
{
    for (struct plait_worker *w = p->workers, *next; w; w = next) {
        next = w->next;
        if (join) plait_thread_free(w->thread);
        free(w);
    }
}

static void free_pool(plait_executor *ex)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    bool ours = ex->generation == plait_process_generation();
    if (ours) {
        if (plait_current()->worker == p) plait_stop("pool %s was freed by one of its own tasks", p->name);
        plait_waiter node = plait_waiter_here();
        if (plait_waitlist_add(&p->ended, &node))
            (void)!plait_wait_in(&p->ended, &node, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE); /* nothing cuts it short */
    }
    free_workers(p, ours);
    plait_record_unref(p->reason);
    free(p->name);
    free(p);
}

static void get_statistics(plait_executor *ex, plait_executor_statistics *s)
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

/* What was run in place is still on the deque, most often as the newest: so one that awaits all that it submits leaves
   nothing behind there. */
static void helped(plait_executor *ex)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    struct plait_deque *own = &((struct plait_worker *)plait_current()->seat)->deque;
    atomic_fetch_add_explicit(&p->helped, 1, memory_order_relaxed);
    for (uintptr_t work; (work = plait_deque_pop(own));) {
        plait_future *f = (plait_future *)work;
        if (work & PLAIT_IS_FORK || atomic_load_explicit(&f->state, memory_order_relaxed) == PLAIT_PENDING) {
            plait_deque_push(own, work); /* there is room: it was just taken from there */
            plait_pool_offer(p);         /* to those who looked meanwhile */
            return;
        }
        plait_bound_leave(&p->bound);
        plait_future_release(f);
    }
}

static bool take_fork(plait_executor *ex, plait_fork *fork)
{
    struct plait_deque *own = &((struct plait_worker *)plait_current()->seat)->deque;
    fork->at = atomic_load_explicit(&own->bottom, memory_order_relaxed);
    if (!plait_deque_push(own, (uintptr_t)fork | PLAIT_IS_FORK)) return false;
    plait_pool_offer((struct plait_pool *)ex);
    return true;
}

/* Above the fork may lie futures submitted since, which then go into the inbox, and forks that are not joined yet, which
   may as well be run now. */
static bool give_fork_back(plait_executor *ex, plait_fork *fork)
{
    struct plait_pool *p = (struct plait_pool *)ex;
    struct plait_deque *own = &((struct plait_worker *)plait_current()->seat)->deque;
    while (!plait_deque_stolen(own, fork->at)) {
        uintptr_t work = plait_deque_pop(own);
        if (work == ((uintptr_t)fork | PLAIT_IS_FORK)) return true;
        if (!work) break; /* a thief was faster */
        if (work & PLAIT_IS_FORK) plait_fork_run((plait_fork *)(work & ~PLAIT_IS_FORK));
        else plait_pool_put(p, (plait_future *)work);
    }
    return false;
}

static size_t allowed_cpus(void)
{
    cpu_set_t cpus;
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? (size_t)CPU_COUNT(&cpus) : 1;
}

plait_executor *plait_thread_executor_new_sized(const plait_thread_options *options, size_t options_size)
{
    static const struct plait_executor_operations operations = { .submit = submit,
                                                                 .close = close_pool,
                                                                 .free = free_pool,
                                                                 .get_statistics = get_statistics,
                                                                 .sleep = worker_sleeps,
                                                                 .resume = worker_resumes,
                                                                 .helped = helped,
                                                                 .take_fork = take_fork,
                                                                 .give_fork_back = give_fork_back };
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
    plait_inbox_prepare(&p->inbox);
    p->executor.generation = plait_process_generation();
    p->most = o.workers ? (size_t)o.workers : allowed_cpus();
    p->bound.capacity = o.capacity;
    p->bound.refuse = o.refuse;
    p->fifo = o.fifo;
    p->initializer = o.initializer;
    p->context = o.context;
    p->stack_size = o.stack_size;
    p->idle_timeout = o.idle_timeout ? o.idle_timeout : IDLE_TIMEOUT;
    p->name = name;
    return &p->executor;
}
