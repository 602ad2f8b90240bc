/* engage.c: a pool's workers are woken and started. What must hold is told in pool.h. */
#include "executor/pool.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "park/thread_parker.h"
#include "thread/thread.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_PAUSE (10 * PLAIT_MILLISECOND)
#define LONGEST_PAUSE PLAIT_SECOND

void plait_pool_count_active(struct plait_pool *p, size_t active)
{
    p->active = active;
    bool hungry = active < p->most;
    if (hungry != atomic_load_explicit(&p->hungry, memory_order_relaxed))
        atomic_store_explicit(&p->hungry, hungry, memory_order_seq_cst);
    atomic_store_explicit(&p->crowded, active > p->most, memory_order_relaxed);
}

/* Whether to start nobody, though there would be work: a thread was refused just now. The clock is read under the spin
   bit, but only then. */
static bool pauses(struct plait_pool *p) { return p->pause && p->active && plait_time() < p->pause_until; }

struct plait_decision plait_pool_decide(struct plait_pool *p, plait_waiter **last, bool work)
{
    struct plait_decision d = { 0 };
    if (p->active >= p->most || (plait_lanes_mark(&p->lanes) && !work)) return d;
    if (p->closed && !p->alive) {
        d.strand = true; /* a submit that came after the end */
        return d;
    }
    *last = plait_ring_claim(*last, &d.wake);
    if (d.wake) p->idle_count--;
    else if (pauses(p)) return d;
    d.start = !d.wake;
    plait_pool_count_active(p, p->active + 1);
    p->alive += d.start;
    if (p->alive > p->most && p->alive - p->most > p->spares) p->spares = p->alive - p->most;
    return d;
}

/* No worker is alive: ends what is queued. */
static void strand(struct plait_pool *p, int err)
{
    for (;;) {
        plait_waiter *last = plait_waitlist_hold(&p->idle);
        plait_future *f = p->alive ? NULL : plait_lanes_take(&p->lanes, PLAIT_ABOVE);
        bool through = !f && (p->alive || plait_lanes_mark(&p->lanes));
        p->refused += f != NULL;
        plait_waitlist_release(&p->idle, last);
        if (through) return;
        if (!f) {
            sched_yield(); /* a putter is between its steps */
            continue;
        }
        plait_bound_leave(&p->bound);
        plait_future_fail(f, err, NULL);
        plait_future_release(f);
    }
}

void plait_pool_free_place(struct plait_pool *p, struct plait_worker *w)
{
    w->next_free = NULL;
    *(p->free ? &p->last_free->next_free : &p->free) = w;
    p->last_free = w;
}

/* The place that has been free for longest, if its thread is gone; else NULL. */
static struct plait_worker *take_free_place(struct plait_pool *p)
{
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    struct plait_worker *w = p->free;
    if (w) p->free = w->next_free;
    plait_waitlist_release(&p->idle, last);
    if (!w) return NULL;
    if (atomic_load_explicit(&w->started, memory_order_acquire) && (!w->thread || plait_thread_gone(w->thread))) {
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

/* Under the spin bit. */
static void pause(struct plait_pool *p, int64_t now)
{
    p->pause = !p->pause ? FIRST_PAUSE : p->pause < LONGEST_PAUSE / 2 ? 2 * p->pause : LONGEST_PAUSE;
    p->pause_until = now + p->pause;
    atomic_fetch_or_explicit(&p->pressing, PLAIT_REFUSED, memory_order_relaxed);
}

static void go_on_starting(struct plait_pool *p)
{
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    p->pause = 0;
    atomic_fetch_and_explicit(&p->pressing, ~(unsigned)PLAIT_REFUSED, memory_order_relaxed);
    plait_waitlist_release(&p->idle, last);
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
        if (started && atomic_load_explicit(&p->pressing, memory_order_relaxed) & PLAIT_REFUSED) go_on_starting(p);
        if (started) return 0;
    }
    int err = w && plait_error() ? plait_error()->code : PLAIT_ENOMEM;
    int64_t now = plait_time();
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    pause(p, now);
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

void plait_pool_engage_more(struct plait_pool *p)
{
    plait_waiter *last = plait_waitlist_hold(&p->idle);
    uint64_t queued = atomic_load_explicit(&p->lanes.inbox.count, memory_order_seq_cst) - p->lanes.taken;
    struct plait_decision d = { 0 };
    if (queued > (atomic_load_explicit(&p->pressing, memory_order_seq_cst) & ~(unsigned)PLAIT_REFUSED))
        d = plait_pool_decide(p, &last, true);
    plait_waitlist_release(&p->idle, last);
    plait_pool_carry_out(p, d);
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
