/* strand.c: how a loop's coroutines run tasks, stop, and go on. See loop.h for what must hold.

   A coroutine that has run its task takes the next one at once, if a task is next; else it lies down among the spare ones
   before it leaves its stack for the last time. That is safe since only this thread takes spare ones, and goes on with one
   from where it left. */
#include "loop/loop.h"
#include "base/fork.h"
#include "base/stop.h"
#include <errno.h>
#include <plait/loop.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Stopping. */

static int go_to(plait_loop *l, plait_coroutine *from, plait_coroutine *to)
{
    if (to == from) return 0;
    l->running = to;
    return plait_coroutine_switch(from, to);
}

/* A task to begin, with a coroutine that lies ready for it; or what the loop's own stack is wanted for. */
static __attribute__((noinline)) int go_on_slowly(plait_loop *l, plait_coroutine *from)
{
    plait_item i = l->budget && !l->forked ? l->ready.first : 0;
    if (!i || plait_item_kind(i) != PLAIT_ITEM_FUTURE || !l->spare) return go_to(l, from, &l->own);
    plait_ready_take(&l->ready);
    l->budget--;
    return go_to(l, from, plait_loop_begin(l, plait_item_address(i)));
}

/* Of very many that are ready, each has been out of the caches for long: its record, and what lies next to that on its stack,
   are fetched while the one before it runs. */
static inline void fetch(plait_item i)
{
    const uintptr_t line = 64, below = 4 * line, above = 2 * line;
    for (uintptr_t at = i - below; at < i + above; at += line) __builtin_prefetch((const void *)at);
}

/* Returns 0, and calls nothing after the switch, so that a function can end with it. */
static inline int go_on(plait_loop *l, plait_coroutine *from)
{
    plait_item i = l->ready.first;
    if (!i || plait_item_kind(i) != PLAIT_ITEM_COROUTINE || !l->budget || l->forked) return go_on_slowly(l, from);
    plait_coroutine *to = plait_item_address(i);
    l->ready.first = to->next;
    if (to->next) fetch(to->next);
    l->budget--;
    return go_to(l, from, to);
}

/* Not by the function ppoll: ThreadSanitizer takes any close beside it for a race. */
static int look(int fd, short events)
{
    struct pollfd on = { .fd = fd, .events = events };
    struct timespec at_once = { 0, 0 };
    long n = syscall(SYS_ppoll, &on, 1, &at_once, NULL, 0);
    return n > 0 ? on.revents : 0;
}

/* In a child that it forked, a coroutine is alone: the others are the parent's, and so is the poller. Its thread sleeps in
   its place. */
static int alone(plait_coroutine *c, int fd, short events, plait_deadline deadline)
{
    plait_parker *thread = c->loop->host;
    uint32_t seen = PLAIT_EMPTY;
    int got = 0;
    if (atomic_compare_exchange_strong_explicit(&c->parker.state, &seen, PLAIT_PARKED, memory_order_release,
                                                memory_order_relaxed)) {
        if (fd < 0) plait_park(thread, deadline);
        else got = thread->operations->park_on(thread, fd, events, deadline);
    } else if (fd >= 0) {
        got = look(fd, events);
    }
    atomic_exchange_explicit(&c->parker.state, PLAIT_EMPTY, memory_order_acquire);
    return got;
}

/* Its loop's thread's: no other writes it, but in a forked child (below, and alone). */
static uint32_t state_of(plait_coroutine *c) { return atomic_load_explicit(&c->parker.state, memory_order_relaxed); }
static void set_state(plait_coroutine *c, enum plait_parker_state state)
{
    atomic_store_explicit(&c->parker.state, state, memory_order_relaxed);
}

static void strand_park(plait_parker *p, plait_deadline deadline)
{
    plait_coroutine *c = (plait_coroutine *)p;
    plait_loop *l = c->loop;
    if (l->errand) plait_stop("a task waited in a function that it had called on its thread's stack");
    if (l->forked) {
        alone(c, -1, 0, deadline);
        return;
    }
    if (state_of(c) == PLAIT_EMPTY) {
        set_state(c, PLAIT_PARKED);
        if (deadline.at) plait_calendar_add(&l->due, &c->due, deadline.at);
        go_on(l, c);
        if (plait_calendar_has(&c->due)) plait_calendar_remove(&l->due, &c->due);
    }
    set_state(c, PLAIT_EMPTY);
}

static void fd_is_ready(plait_fd_wait *w) { plait_loop_resume(plait_loop_here, w->context); }

static int strand_park_on(plait_parker *p, int fd, short events, plait_deadline deadline)
{
    plait_coroutine *c = (plait_coroutine *)p;
    if (plait_is_now(deadline)) return look(fd, events);
    if (c->loop->forked) return alone(c, fd, events, deadline);
    plait_fd_wait wait = { .fd = fd, .events = events, .ready = fd_is_ready, .context = c };
    int err = plait_poller_add(&c->loop->poller, &wait);
    if (err == -EBADF || err > 0) return look(fd, events); /* closed, or of a kind that is always ready */
    if (err) return err;
    strand_park(p, deadline);
    plait_poller_remove(&c->loop->poller, &wait);
    return wait.got ? (unsigned short)wait.got : look(fd, events); /* at least once, token or not */
}

void plait_loop_resume(plait_loop *l, plait_coroutine *c)
{
    if (state_of(c) != PLAIT_PARKED) return;
    set_state(c, PLAIT_EMPTY);
    plait_ready_put(&l->ready, plait_item_coroutine(c));
}

static void wake_here(plait_loop *l, plait_coroutine *c)
{
    if (state_of(c) == PLAIT_PARKED) plait_loop_resume(l, c);
    else set_state(c, PLAIT_NOTIFIED);
}

static plait_loop *loop_of(struct plait_knock *k) { return atomic_load_explicit(&k->loop, memory_order_seq_cst); }
static bool coming(struct plait_knock *k, bool now)
{
    return atomic_exchange_explicit(&k->coming, now, memory_order_seq_cst);
}

/* The exchanges of `coming` acquire and release: who takes a knock sees what all wakers have done, those that relied on
   another, too. With `loop` they are in one order: either who wakes sees that there is no loop, or the loop that gives a
   coroutine away sees that one is coming. */
static void wake_elsewhere(struct plait_knock *k)
{
    plait_loop *l;
    do {
        if (coming(k, true)) return; /* another is bringing it */
        l = loop_of(k);
        if (l && plait_loop_send(l, plait_item_knock(k))) return;
        coming(k, false);
        l = loop_of(k);
    } while (l && atomic_load_explicit(&l->inbox, memory_order_acquire) != PLAIT_INBOX_CLOSED);
}

void plait_loop_wake(plait_loop *l, struct plait_knock *k)
{
    coming(k, false);
    if (loop_of(k) == l) wake_here(l, k->coroutine);
    else wake_elsewhere(k);
}

bool plait_loop_part_with(plait_loop *l, plait_coroutine *c, bool always)
{
    struct plait_knock *k = atomic_load_explicit(&c->knock, memory_order_relaxed);
    atomic_exchange_explicit(&k->loop, NULL, memory_order_seq_cst);
    if (always || !atomic_load_explicit(&k->coming, memory_order_seq_cst)) return true;
    atomic_store_explicit(&k->loop, l, memory_order_seq_cst);
    return false;
}

/* In a child that a coroutine forked, that is the parent's as its loop is: it sleeps by its thread's parker (alone). */
static bool wake_in_child(plait_coroutine *c, plait_loop *l)
{
    if (!l || l->executor.generation == plait_process_generation()) return false;
    if (atomic_exchange_explicit(&c->parker.state, PLAIT_NOTIFIED, memory_order_acq_rel) == PLAIT_PARKED)
        plait_unpark(l->host);
    return true;
}

static void strand_unpark(plait_parker *p)
{
    plait_coroutine *c = (plait_coroutine *)p;
    struct plait_knock *k = atomic_load_explicit(&c->knock, memory_order_relaxed);
    if (!k) return; /* it has been dropped */
    plait_loop *here = plait_loop_here, *l = atomic_load_explicit(&k->loop, memory_order_relaxed);
    if (here && l == here && !here->forked) wake_here(here, c);
    else if (!wake_in_child(c, l)) wake_elsewhere(k);
}

static inline int let_others_run(plait_loop *l, plait_coroutine *c)
{
    if (l->forked || l->errand) return 0; /* alone; or not on its own stack, which cannot be left */
    plait_item i = l->ready.first, own = plait_item_coroutine(c);
    if (i && i == l->ready.last && plait_item_kind(i) == PLAIT_ITEM_COROUTINE && l->budget) {
        l->ready.first = l->ready.last = own; /* we two: nothing is written through the links, and read again */
        c->next = 0;
        l->budget--;
        return go_to(l, c, plait_item_address(i));
    }
    plait_ready_put(&l->ready, own);
    return go_on(l, c);
}

static void strand_yield(plait_parker *p) { let_others_run(plait_loop_here, (plait_coroutine *)p); }

static const struct plait_parker_operations operations = { strand_park, strand_park_on, strand_unpark, strand_yield };

int plait_yield(void)
{
    int err = plait_wait_begin(PLAIT_FOREVER);
    if (err) return plait_failed(err);
    plait_loop *l = plait_loop_here;
    if (l && l->running != &l->own) return let_others_run(l, l->running);
    sched_yield();
    return 0;
}

/* The thread's stack. The function is called in the task's context, while the task's own stack stands still. */

void plait_call_on_thread_stack(void (*function)(void *), void *context)
{
    plait_parker *p = plait_current()->parker;
    plait_loop *l = p->operations == &operations ? ((plait_coroutine *)p)->loop : NULL;
    if (!l || l->forked || l->errand) { /* there already */
        function(context);
        return;
    }
    l->errand = &(struct plait_errand){ function, context };
    plait_coroutine_switch((plait_coroutine *)p, &l->own);
}

void plait_loop_run_errands(plait_loop *l)
{
    while (l->errand) {
        plait_coroutine *c = l->running;
        plait_context *own = plait_switch(c->current);
        l->errand->function(l->errand->context);
        c->current = plait_switch(own);
        l->errand = NULL;
        plait_coroutine_switch(&l->own, c);
    }
}

/* Running. */

void plait_loop_take(plait_loop *l, plait_future *f)
{
    l->tasks++;
    plait_ready_put(&l->ready, plait_item_future(f));
}

/* The list of those that run a task, under its guard where others may look at it. */
static void enlist(plait_loop *l, plait_coroutine *c, plait_future *f)
{
    c->loop = l;
    struct plait_knock *k = atomic_load_explicit(&c->knock, memory_order_relaxed);
    if (atomic_load_explicit(&k->loop, memory_order_relaxed) != l)
        atomic_store_explicit(&k->loop, l, memory_order_seq_cst);
    c->globals = l->own.globals;
    c->parker.home = l->host->home; /* while the thread itself runs, none of its coroutines does */
    c->newer = NULL;
    if (l->account) {
        c->since = plait_time();
        (void)plait_waitlist_hold(&l->account->guard);
    }
    c->future = f;
    c->older = l->newest;
    if (l->newest) l->newest->newer = c;
    l->newest = c;
    if (l->account) plait_waitlist_release(&l->account->guard, NULL);
}

static void delist(plait_loop *l, plait_coroutine *c)
{
    if (l->account) (void)plait_waitlist_hold(&l->account->guard);
    l->condemned -= c->condemned;
    c->condemned = false;
    if (c->newer) c->newer->older = c->older;
    else l->newest = c->older;
    if (c->older) c->older->newer = c->newer;
    if (l->account) plait_waitlist_release(&l->account->guard, NULL);
}

static void count(_Atomic uint64_t *counter) { atomic_fetch_add_explicit(counter, 1, memory_order_relaxed); }

static void task_ended(plait_loop *l, plait_future *f, bool ran)
{
    struct plait_loop_account *a = f->executor == &l->executor ? NULL : l->account;
    if (a) {
        count(ran ? &a->finished : &a->cancelled);
        if (ran && f->error) count(&a->failed);
        atomic_fetch_sub_explicit(&a->load, 1, memory_order_relaxed);
    }
    l->tasks--;
    plait_future_release(f);
}

static void run_tasks(void *coroutine)
{
    plait_coroutine *c = coroutine;
    plait_coroutine_arrived();
    for (;;) {
        plait_loop *l = c->loop;
        plait_future *f = c->future;
        if (!PLAIT_STACK_TELLS_FLOAT_CONTROL) plait_float_control_set(l->control); /* else plait_loop_begin has */
        if (l->account && atomic_load_explicit(&l->account->cancels, memory_order_relaxed)) plait_future_withdraw(f);
        bool ran = plait_future_run_alone(f);
        delist(l, c);
        task_ended(l, f, ran);
        c->older = l->spare;
        l->spare = c;
        l->spares++;
        go_on(l, c); /* returns with the next task, perhaps at once */
    }
}

plait_coroutine *plait_loop_begin(plait_loop *l, plait_future *f)
{
    plait_coroutine *c = l->spare;
    if (c) {
        l->spare = c->older;
        l->spares--;
    } else if (!(c = plait_coroutine_new(l->stack_size, &operations, run_tasks))) {
        plait_future_fail(f, PLAIT_ENOMEM,
                          plait_record_say(PLAIT_ENOMEM, NULL, "no memory for the stack of a coroutine"));
        task_ended(l, f, false);
        return NULL;
    }
    if (c == l->running) plait_float_control_set(l->control); /* not that of whoever was here before */
    else plait_stack_set_float_control(c->left_at, l->control);
    enlist(l, c, f);
    return c;
}

void plait_loop_cancel(plait_loop *l)
{
    plait_loop_empty_inbox(l);
    for (plait_coroutine *c = l->newest; c; c = c->older) {
        l->condemned += !c->condemned;
        c->condemned = true;
        plait_future_cancel(c->future);
    }
    for (plait_item i = l->ready.first; i; i = plait_item_next(i))
        if (plait_item_kind(i) == PLAIT_ITEM_FUTURE) plait_future_withdraw(plait_item_address(i));
}
