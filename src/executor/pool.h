/* pool.h: a pool of threads, inside: pool.c makes and ends it, intake.c takes tasks in, engage.c wakes and starts workers,
   worker.c is the life of one, figures.c tells how things stand, at_exit.c ends what the program has not. Tasks from outside come through one inbox, in order; what
   a worker submits to its own pool goes on a deque of its own, which it empties from the new end and others steal from at
   the old one.

   What must hold, under the spin bit of the list of idle workers, which is the pool's lock:
   - `active` counts the workers that may be running tasks: those alive, less the idle and the sleeping ones. Whoever makes
     a worker active counts it; so it is never above `most` but for those back from a sleep in a wait, which go idle as
     soon as their task has ended, and leave what is on their deques to the others.
   - While `active` is less than `most` either the inbox is empty and marked, so that the next submit engages a worker; or
     a worker has just been engaged. A worker that takes a task engages the next one if there is more to do. So a pool
     whose workers all sleep still goes on, and no task waits without need.
   - `hungry` says whether `active` is less than `most`. Who pushes on a deque looks at it after, who goes to rest sets it
     and then looks at all deques (both sequentially consistent): so one of the two sees the other.
   - Nothing waits for ever behind what keeps coming: what has a priority above 0 goes before the own deque, and that
     before the inbox; but now and then the inbox goes before all, what has a priority below 0 likewise, and others' deques,
     whose owners may be asleep.
   - After a thread was refused none is asked for during a pause, which doubles from refusal to refusal, as long as
     somebody is active: a worker that takes a task, and who puts one when the pause is over, asks again.
   - A closed pool's workers end when inbox and deques are empty; the last tells who waits for that.
   - A broken pool goes on in all things, but a worker fails what it takes in place of running it.
   - A worker that was idle for long ends too, its deque empty. Its place stays among `workers`, for those who steal, and
     is `free`: the next worker takes it over once the thread before is gone, with its number. Nobody waits for that
     end, since what the program does at it may need whoever submits. */
#ifndef PLAIT_EXECUTOR_POOL_H
#define PLAIT_EXECUTOR_POOL_H
#include "executor/at_exit.h"
#include "executor/bound.h"
#include "executor/deque.h"
#include "executor/lanes.h"
#include "executor/shown.h"
#include <plait/thread.h>

static inline void plait_count(_Atomic uint64_t *figure, bool by)
{
    if (by) /* it has one writer */
        atomic_store_explicit(figure, atomic_load_explicit(figure, memory_order_relaxed) + 1, memory_order_relaxed);
}

struct plait_worker {
    struct plait_pool *pool;
    plait_thread *thread;
    _Atomic bool started; /* `thread` has been written, NULL if it was refused; the worker may have ended before */
    struct plait_worker *next, *next_free;
    unsigned number;
    unsigned spins, turn;
    struct plait_shown shown; /* what it runs */
    /* What it has done, written by the worker alone: futures put on its deque; tasks and forks taken from others' deques;
       and what became of the futures that it took from wherever, or ran in place of waiting for them. */
    _Atomic uint64_t pushed, stolen, finished, failed, cancelled, refused;
    struct plait_deque deque;
};

struct plait_pool {
    plait_executor executor;   /* first: the two addresses are one */
    _Atomic bool broken;       /* the initializer failed; set once `reason` is */
    _Atomic unsigned pressing; /* workers in their initializers, and PLAIT_REFUSED: see plait_pool_engage_more */
    plait_record *reason;      /* what it said; perhaps NULL */
    int (*initializer)(void *);
    void *context;
    bool fifo;
    struct plait_bound bound; /* each future in the lanes or on a deque has its room */
    struct plait_lanes lanes;
    _Alignas(64) plait_waitlist idle;  /* workers without work; its spin bit is the pool's lock */
    uint64_t refused, cancelled;       /* tasks for which there was no worker; that a shutdown took off */
    _Atomic uint64_t moved;            /* tasks from a deque to the inbox, where they are counted again */
    _Atomic bool hungry, crowded;      /* `active` is less, is more than `most` */
    size_t most, alive, active;        /* workers */
    size_t idle_count, asleep, spares; /* idle; in a wait for futures; the most ever above `most` */
    bool closed;
    _Atomic bool cancelling; /* what is queued is cancelled, not run; set once closed */
    unsigned draining;       /* who is at that: workers leave the lanes to them, so that it is done when they return */
    int64_t pause, pause_until; /* after a thread was refused; 0: none was lately */
    _Atomic unsigned started;
    _Atomic(struct plait_worker *) workers; /* newest first; none goes before the pool */
    struct plait_worker *free, *last_free;  /* places whose workers have ended, oldest first */
    int64_t idle_timeout;                   /* negative: none */
    plait_waitlist ended;                   /* closed: no worker is alive, nor will be */
    size_t stack_size;
    char *name;
    struct plait_listed listed;
};

static inline struct plait_worker *plait_pool_first_worker(struct plait_pool *p)
{
    return atomic_load_explicit(&p->workers, memory_order_acquire);
}

static inline bool plait_pool_work_on_deques(struct plait_pool *p)
{
    for (struct plait_worker *w = plait_pool_first_worker(p); w; w = w->next)
        if (plait_deque_count(&w->deque)) return true;
    return false;
}

/* What is to be done once the spin bit is free. */
struct plait_decision {
    plait_waiter *wake;
    bool start, strand;
};

/* Under the spin bit. */
void plait_pool_count_active(struct plait_pool *, size_t active);

/* To be called under the spin bit whenever there may be room for one more worker, and work in the inbox, or `work` known
   to be on a deque. */
struct plait_decision plait_pool_decide(struct plait_pool *, plait_waiter **last, bool work);

/* Without the spin bit. 0, or why a worker could not be started. */
int plait_pool_carry_out(struct plait_pool *, struct plait_decision);

/* All three steps: hold, decide, carry out. */
int plait_pool_engage(struct plait_pool *, bool work);

/* A worker in its initializer takes nothing, and so engages nobody: whoever puts while there is one, and who becomes one,
   looks whether more is queued than there are of these (both sequentially consistent). While a thread is wanted that was
   refused, whoever puts looks too. */
enum { PLAIT_REFUSED = 1 << 16 };
void plait_pool_engage_more(struct plait_pool *);

/* Puts a future, with its reference, into the lanes. */
void plait_pool_put(struct plait_pool *, plait_future *);
void plait_pool_move(struct plait_pool *, plait_future *); /* one that was on a deque */

/* Counts what has become of a future that this worker was to run, and did or did not. */
static inline void plait_pool_count_end(struct plait_worker *me, plait_future *f, bool ran)
{
    plait_count(&me->finished, ran);
    plait_count(&me->failed, ran && f->error);
    plait_count(&me->cancelled, !ran && plait_future_withdrawn(f));
}

/* Under the spin bit: the place of a worker that ends, or was refused, is another's to take. */
void plait_pool_free_place(struct plait_pool *, struct plait_worker *);

/* To be called when a deque has got a task, or has more than the one just stolen. */
void plait_pool_offer(struct plait_pool *);

/* Under the spin bit: all that rest are to look again. */
plait_waiter *plait_pool_rouse(struct plait_pool *, plait_waiter **last);

static inline bool plait_pool_broken(struct plait_pool *p)
{
    return atomic_load_explicit(&p->broken, memory_order_acquire);
}

/* Of a broken pool: a record that says so, with the reason as its cause; NULL without memory. */
plait_record *plait_pool_broken_record(struct plait_pool *);

/* What an executor does, by a pool. */
int plait_pool_submit(plait_executor *, plait_future *);
void plait_pool_helped(plait_executor *, plait_future *);
bool plait_pool_take_fork(plait_executor *, plait_fork *);
bool plait_pool_give_fork_back(plait_executor *, plait_fork *);
void plait_pool_get_statistics(plait_executor *, plait_executor_statistics *);
size_t plait_pool_list(plait_executor *, plait_running_task *list, size_t room);

/* shutdown.c */
void plait_pool_close(plait_executor *);
int plait_pool_shutdown(plait_executor *, const plait_shutdown_options *);
void plait_pool_settle(plait_executor *);
void plait_pool_free(plait_executor *);

/* What a worker's thread runs, given its struct plait_worker. */
int plait_worker_run(void *worker);

#endif
