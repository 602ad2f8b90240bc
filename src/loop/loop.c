/* loop.c: opening and closing a loop, and its passes. See loop.h for what must hold.

   Memory order: a push into the inbox releases what was written before it, and taking the inbox acquires it. A push also
   acquires what the opening of the loop has released: its thread. */
#include "loop/loop.h"
#include "base/fork.h"
#include "base/hooks.h"
#include "base/stop.h"
#include "park/thread_parker.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 128 };

_Thread_local plait_loop *plait_loop_here;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static plait_loop *unused;

static void before_fork(void) { pthread_mutex_lock(&guard); }
static void after_fork(void) { pthread_mutex_unlock(&guard); }
static void in_forked_child(void)
{
    after_fork();
    if (plait_loop_here) plait_loop_here->forked = true;
}
static void prepare(void) { pthread_atfork(before_fork, after_fork, in_forked_child); }

/* Not all that are due at once: by the time the last of very many would run, the first would be out of the caches. */
static void serve_times(plait_loop *l)
{
    if (!l->due.count) return;
    int64_t now = plait_time();
    struct plait_due *d;
    for (unsigned n = BATCH; n && (d = plait_calendar_take(&l->due, now)); n--) {
        if (!d->mark) {
            plait_loop_resume(l, (plait_coroutine *)(void *)((char *)d - offsetof(plait_coroutine, due)));
        } else {
            d->mark |= PLAIT_CALL_QUEUED;
            plait_ready_put(&l->ready, plait_item_call((plait_call *)d));
        }
    }
}

bool plait_loop_send(plait_loop *l, plait_item item)
{
    plait_item head = atomic_load_explicit(&l->inbox, memory_order_acquire);
    do {
        if (head == PLAIT_INBOX_CLOSED) return false;
        plait_item_set_next(item, head);
    } while (
        !atomic_compare_exchange_weak_explicit(&l->inbox, &head, item, memory_order_acq_rel, memory_order_relaxed));
    if (!head) /* else whoever pushed the first of them does */
        plait_unpark(atomic_load_explicit(&l->thread, memory_order_relaxed));
    return true;
}

void plait_loop_empty_inbox(plait_loop *l)
{
    if (!atomic_load_explicit(&l->inbox, memory_order_relaxed)) return;
    plait_item oldest = 0, next, i = atomic_exchange_explicit(&l->inbox, 0, memory_order_acquire);
    for (; i; i = next) next = plait_item_next(i), plait_item_set_next(i, oldest), oldest = i;
    for (i = oldest; i; i = next) {
        next = plait_item_next(i);
        switch (plait_item_kind(i)) {
        case PLAIT_ITEM_FUTURE: plait_loop_take(l, plait_item_address(i)); break;
        case PLAIT_ITEM_KNOCK: plait_loop_wake(l, plait_item_address(i)); break;
        default: plait_ready_put(&l->ready, i);
        }
    }
}

static void stop_in_forked_child(plait_loop *l)
{
    if (l->forked)
        plait_stop(
            "a task ended in a child that it had forked: its loop is the parent's; the child must end by itself");
}

static bool run_ready(plait_loop *l)
{
    bool any = l->ready.first != 0;
    l->budget = BATCH;
    plait_item i;
    for (; l->budget && (i = plait_ready_take(&l->ready)); stop_in_forked_child(l)) {
        plait_coroutine *c = NULL;
        l->budget--;
        switch (plait_item_kind(i)) {
        case PLAIT_ITEM_CALL: plait_call_make(plait_item_address(i)); continue;
        case PLAIT_ITEM_FUTURE: c = plait_loop_begin(l, plait_item_address(i)); break;
        case PLAIT_ITEM_COROUTINE: c = plait_item_address(i); break;
        case PLAIT_ITEM_KNOCK: break; /* is in an inbox only */
        }
        if (!c) continue;
        l->running = c;
        plait_coroutine_switch(&l->own, c);
        if (l->errand) plait_loop_run_errands(l);
    }
    return any;
}

/* Those that have been switched away from, which all spare ones are when the loop's own stack runs. */
static void free_spares(plait_loop *l, size_t keep, size_t most)
{
    for (; l->spares > keep && most; l->spares--, most--) {
        plait_coroutine *c = l->spare;
        if (!plait_loop_part_with(l, c, !keep)) break;
        l->spare = c->older;
        plait_coroutine_free(c);
    }
}

/* A foreign loop's bell is not what a scope around the turn unparks, nor a clock that moves. */
static bool falls_asleep(plait_loop *l)
{
    return plait_thread_parker_sleeps(l->thread, !l->poller.waiting) &&
           (!l->foreign || plait_thread_parker_sleeps(l->host, false));
}

static void wakes_up(plait_loop *l)
{
    plait_thread_parker_woke(l->thread);
    if (l->foreign) plait_thread_parker_woke(l->host);
}

/* A worker of a pool that runs a loop: what its coroutines wait for may be a task of that pool, so while all of them wait
   another thread stands in for it, as when a worker waits by itself. */
static void look_around(plait_loop *l, plait_deadline until)
{
    plait_loop_empty_inbox(l);
    if (l->ready.first) until = PLAIT_NOW;
    struct plait_due *due = plait_is_now(until) ? NULL : plait_calendar_first(&l->due);
    if (due) until = plait_sooner(until, plait_deadline_at_(due->at));
    if (!l->ready.first) {
        free_spares(l, PLAIT_LOOP_SPARES, BATCH); /* not all at once: it takes about a microsecond each */
        plait_calls_rest(&l->calls);
        if (l->spares > PLAIT_LOOP_SPARES) until = PLAIT_NOW;
    }
    plait_executor *pool = plait_is_now(until) ? NULL : plait_worker_sleeps();
    bool asleep = !plait_is_now(until) && falls_asleep(l);
    if (asleep || l->poller.waiting || l->foreign) plait_poller_look(&l->poller, asleep ? until : PLAIT_NOW);
    wakes_up(l);
    plait_worker_resumes(pool);
    plait_loop_empty_inbox(l);
    if (atomic_load_explicit(&l->signals.came, memory_order_relaxed)) plait_signals_serve(l);
    serve_times(l);
}

bool plait_loop_pass(plait_loop *l, plait_deadline until)
{
    stop_in_forked_child(l);
    l->passes++;
    look_around(l, until);
    return run_ready(l);
}

bool plait_loop_shut(plait_loop *l)
{
    plait_item none = 0;
    return !l->tasks && atomic_compare_exchange_strong_explicit(&l->inbox, &none, PLAIT_INBOX_CLOSED,
                                                                memory_order_acquire, memory_order_relaxed);
}

static void put_aside(plait_loop *l)
{
    pthread_mutex_lock(&guard);
    l->unused = unused;
    unused = l;
    pthread_mutex_unlock(&guard);
}

static plait_coroutine *now_running(void)
{
    plait_loop *l = plait_loop_here;
    return l && l->running != &l->own ? l->running : NULL;
}

static plait_loop *record_new(void)
{
    pthread_mutex_lock(&guard);
    plait_loop *l = unused;
    if (l) unused = l->unused;
    pthread_mutex_unlock(&guard);
    if (l || plait_refused("memory")) return l;
    if (!(l = aligned_alloc(_Alignof(plait_loop), sizeof *l))) return NULL;
    memset(l, 0, sizeof *l);
    atomic_init(&l->inbox, PLAIT_INBOX_CLOSED);
    return l;
}

static int open_descriptors(plait_loop *l)
{
    int event = plait_thread_parker_event(l->host), err = event < 0 ? event : plait_poller_open(&l->poller);
    if (err) return err;
    err = plait_poller_hear(&l->poller, event);
    if (!err && l->foreign) err = plait_foreign_open(l);
    if (err) plait_poller_close(&l->poller);
    return err;
}

static void close_descriptors(plait_loop *l)
{
    if (l->foreign) plait_foreign_close(l);
    plait_poller_close(&l->poller);
}

static int watch_overflows(plait_loop *l)
{
    pthread_mutex_lock(&guard);
    int err = plait_overflow_watch(&l->overflow, now_running);
    pthread_mutex_unlock(&guard);
    return err;
}

plait_loop *plait_loop_open(const struct plait_executor_operations *operations, size_t stack_size,
                            enum plait_loop_kind kind)
{
    pthread_once(&once, prepare);
    if (plait_loop_here) {
        plait_fail(PLAIT_EINVAL, "a loop runs on this thread already");
        return NULL;
    }
    plait_loop *l = record_new();
    if (!l) {
        plait_fail(PLAIT_ENOMEM, "no memory for a loop");
        return NULL;
    }
    memset((char *)l + offsetof(plait_loop, ready), 0, sizeof *l - offsetof(plait_loop, ready));
    l->foreign = kind == PLAIT_LOOP_IS_FOREIGN;
    l->host = plait_current()->parker;
    int err = open_descriptors(l);
    if (!err && (err = watch_overflows(l))) close_descriptors(l);
    if (err) {
        put_aside(l);
        if (err == PLAIT_ENOMEM) plait_fail(err, "no memory for a loop");
        else plait_fail(err, "no descriptor for a loop to wait with: %s", plait_error_text(err));
        return NULL;
    }
    if (l->executor.generation != plait_process_generation()) /* else one who comes too late may be looking at it */
        l->executor = (plait_executor){ .operations = operations, .generation = plait_process_generation() };
    atomic_store_explicit(&l->thread, l->foreign ? &l->bell.parker : l->host, memory_order_relaxed);
    l->control = plait_float_control_get();
    l->stack_size = stack_size ? stack_size : PLAIT_STACK_SIZE;
    plait_coroutine_adopt(&l->own);
    l->running = &l->own;
    plait_hosted_add(&l->hosted, &l->executor);
    atomic_store_explicit(&l->inbox, 0, memory_order_release);
    if (!l->foreign) plait_loop_here = l;
    else plait_foreign_leave(l);
    return l;
}

void plait_loop_close(plait_loop *l)
{
    plait_loop_close_locals(l);
    plait_signals_drop(l);
    plait_calls_drop(l);
    plait_hosted_remove(&l->hosted);
    plait_loop_here = NULL;
    free_spares(l, 0, SIZE_MAX);
    close_descriptors(l);
    plait_overflow_leave(&l->overflow);
    put_aside(l);
}

void plait_loop_end(plait_loop *l)
{
    plait_loop_cancel(l);
    plait_loop_pass(l, PLAIT_NOW); /* what was asked for before the end is called */
    while (!plait_loop_shut(l)) {
        if (!l->condemned) plait_loop_cancel(l); /* what they started while they ended, or others brought */
        plait_loop_pass(l, PLAIT_FOREVER);
    }
    plait_loop_close(l);
}

bool plait_loop_is_of_this_thread(plait_loop *l) { return l == plait_loop_here || l->host == plait_current()->parker; }
