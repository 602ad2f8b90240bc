/* process_turn.c: the turns of a pool of processes: whoever submits, or waits, does what there is to be done for all, if
   nobody is at it. So a task goes from who submits it straight to a worker, and its result straight to who waits; the
   manager sleeps on. See process_pool.h for what must hold.

   Memory order: who finds the guard held adds to `asked`, and then tries the guard once more; who held it takes `asked`
   after he has let go. Both are read-modify-writes of one word that acquire and release. If the holder's came first, the
   other has seen the guard free by then; else the holder sees that he is asked. Modelled in
   tests/model/turn.pml. */
#include "executor/process_pool.h"
#include "base/record.h"
#include "park/thread_parker.h"
#include <sched.h>

enum { ROUNDS = 16, LOOKS = 400, SOON = 12, LINGER = 24, MOST_IN_VAIN = 5 };

static void ring_bells(struct plait_endings *e)
{
    for (size_t i = 0; i < e->bell_count; i++) plait_channel_ring(e->bells[i]);
    e->bell_count = 0;
}

void plait_process_pool_count_ended(struct plait_process_pool *p, size_t count)
{
    atomic_fetch_add_explicit(&p->ended, count, memory_order_seq_cst);
    if (atomic_load_explicit(&p->ending, memory_order_seq_cst)) plait_process_pool_wake_manager(p);
}

/* For the manager: what a callback does, or the program's hook for reports, and waits for, is no business of who submits or
   waits. */
static void leave(_Atomic(struct plait_link *) *list, plait_future *f, struct plait_endings *e)
{
    struct plait_link *newest = atomic_load_explicit(list, memory_order_relaxed);
    do atomic_store_explicit(&f->link.next, newest, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(list, &newest, &f->link, memory_order_release, memory_order_relaxed));
    e->tell = true;
}

/* Drops the reference; false: it is the last, of a failure at which nobody has looked, and would report that. */
static bool release(plait_future *f)
{
    bool silent = !f->error || atomic_load_explicit(&f->seen, memory_order_relaxed);
    uint32_t count = silent ? 0 : atomic_load_explicit(&f->references, memory_order_relaxed);
    while (count > 1)
        if (atomic_compare_exchange_weak_explicit(&f->references, &count, count - 1, memory_order_acq_rel,
                                                  memory_order_relaxed))
            return true;
    if (silent) plait_future_release(f);
    return silent;
}

static plait_future *after(plait_future *f)
{
    return (plait_future *)atomic_load_explicit(&f->link.next, memory_order_relaxed);
}

static void end_futures(struct plait_process_pool *p, struct plait_endings *e)
{
    size_t count = 0;
    for (plait_future *f = e->ended, *next; f; f = next) {
        next = after(f);
        if (plait_future_end(f, f->error, f->record)) leave(&p->called, f, e);
        else if (!release(f)) leave(&p->unseen, f, e);
        else count++;
    }
    for (plait_future *f = e->gone, *next; f; f = next, count++) { /* they were cancelled, and so have no report */
        next = after(f);
        plait_future_release(f);
    }
    e->ended = e->gone = NULL;
    if (e->tell) plait_process_pool_wake_manager(p);
    e->tell = false;
    if (count) plait_process_pool_count_ended(p, count);
}

/* What was left in one of the lists. */
static void take_over(struct plait_process_pool *p, _Atomic(struct plait_link *) *list)
{
    struct plait_link *newest = atomic_exchange_explicit(list, NULL, memory_order_acquire), *oldest = NULL, *next;
    for (; newest; newest = next) { /* in the order of their ends */
        next = atomic_load_explicit(&newest->next, memory_order_relaxed);
        atomic_store_explicit(&newest->next, oldest, memory_order_relaxed);
        oldest = newest;
    }
    for (; oldest; oldest = next) {
        next = atomic_load_explicit(&oldest->next, memory_order_relaxed);
        if (list == &p->called) plait_callbacks_run((plait_future *)oldest);
        plait_future_release((plait_future *)oldest);
        plait_process_pool_count_ended(p, 1);
    }
}

void plait_process_pool_run_callbacks(struct plait_process_pool *p)
{
    take_over(p, &p->called);
    take_over(p, &p->unseen);
}

void plait_process_pool_work(struct plait_process_pool *p, bool collect, struct plait_endings *e)
{
    plait_record **here = plait_record_here(), *kept = *here;
    *here = NULL; /* what fails here is not the running task's failure */
    if (collect) plait_process_pool_collect(p, e);
    plait_process_pool_give(p, collect, e);
    if (plait_process_pool_ends_pending(p) && plait_process_pool_has_pending(p)) e->tell = true;
    if (!p->wants_worker && plait_process_pool_wants_worker(p)) p->wants_worker = e->tell = true;
    plait_record_unref(*here);
    *here = kept;
}

/* Lets go; true: somebody has asked meanwhile. */
static bool let_go(struct plait_process_pool *p, struct plait_endings *e)
{
    plait_mutex_unlock(&p->guard);
    bool asked = atomic_exchange_explicit(&p->asked, 0, memory_order_acq_rel) != 0;
    ring_bells(e);
    end_futures(p, e);
    return asked;
}

static bool try(struct plait_process_pool *p) { return plait_mutex_lock_until(&p->guard, PLAIT_NOW) == 0; }

static void take_turns(struct plait_process_pool *p, bool collect)
{
    for (unsigned round = 0;; round++, collect = true) {
        if (!try(p)) {
            atomic_fetch_add_explicit(&p->asked, 1, memory_order_acq_rel);
            if (!try(p)) return;
        }
        struct plait_endings e = { .ended = NULL };
        plait_process_pool_work(p, collect, &e);
        if (!let_go(p, &e)) return;
        if (round == ROUNDS) { /* enough for others */
            plait_process_pool_wake_manager(p);
            return;
        }
    }
}

/* What fails in the pool's work, a try for its lock too, is no failure of a call of the program's: its words stay. */
void plait_process_pool_turn(struct plait_process_pool *p, bool collect)
{
    plait_record *words = plait_record_take();
    take_turns(p, collect);
    plait_record_keep(words);
}

void plait_process_pool_lock(struct plait_process_pool *p) { plait_mutex_lock(&p->guard); }

void plait_process_pool_unlock(struct plait_process_pool *p, struct plait_endings *e)
{
    if (let_go(p, e)) plait_process_pool_turn(p, true);
}

/* At most as many look out at once as there are CPUs but one, in all processes of the pool. */
static bool begin_to_spin(struct plait_process_pool *p)
{
    if (!plait_current()->parker->may_spin) return false;
    for (int turn = 0; turn < LINGER; turn++)
        if (plait_spinner_begin(p->board, PLAIT_ATTENDS)) return true;
        else plait_pause();
    return false;
}

/* As long as about two wake-ups take. The worker may wait for this very CPU, so it is let go once. */
static void look_out(struct plait_process_pool *p, plait_waiter *node)
{
    for (unsigned looks = 0; !plait_woken(node) && looks < LOOKS; looks++) {
        for (int i = 0; i < 4 && !plait_woken(node); i++) plait_pause();
        if (looks == SOON) sched_yield();
        plait_process_pool_turn(p, true);
    }
    plait_spinner_end(p->board, PLAIT_ATTENDS);
}

/* Where it was in vain twice and more, some waits are left out before the next try. */
static bool is_worth_it(struct plait_process_pool *p)
{
    if (p->in_vain < 2) return true;
    if (++p->left_out < 1u << p->in_vain) return false;
    p->left_out = 0;
    return true;
}

static void learn(struct plait_process_pool *p, bool came)
{
    if (came) p->in_vain = p->left_out = 0;
    else if (p->in_vain < MOST_IN_VAIN) p->in_vain++;
}

/* Nobody rings meanwhile, so what has come last is looked for when that is over: both sequentially consistent. */
static void attend(struct plait_process_pool *p, plait_waiter *node)
{
    _Atomic uint32_t *attended = &p->board->attended;
    uint32_t nobody = 0;
    if (!atomic_compare_exchange_strong_explicit(attended, &nobody, 1, memory_order_seq_cst, memory_order_relaxed))
        return;
    plait_process_pool_turn(p, true);
    if (!plait_woken(node) && is_worth_it(p) && begin_to_spin(p)) {
        look_out(p, node);
        learn(p, plait_woken(node));
    }
    atomic_store_explicit(attended, 0, memory_order_seq_cst);
    plait_process_pool_turn(p, true);
}

void plait_process_pool_attend(plait_executor *ex, plait_future *f, plait_waiter *node)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    atomic_fetch_add_explicit(&p->attending, 1, memory_order_acq_rel);
    if (!plait_future_done(f)) attend(p, node); /* so the pool is still there, and stays as long as we attend */
    atomic_fetch_sub_explicit(&p->attending, 1, memory_order_release);
}
