/* process_pool.h: a pool of worker processes, inside. process_pool.c makes and ends it, process_intake.c takes tasks in,
   process_turn.c is what whoever is at hand does for all: process_giving.c gives the tasks to workers, process_cells.c packs
   them and what comes back. process_manager.c is the thread for what takes long: process_workers.c starts workers and buries
   them. process_worker.c is the life of a worker. Parent and worker share memory and no lock but that of its heap: so one that
   dies or is stopped, at whatever step, holds up nobody. The heap's is taken from a holder that died; one that is stopped
   (SIGSTOP) in its few instructions is killed by a parent that has waited for a second.

   What must hold:
   - A worker's cells are a ring, given, run and answered in one order: the word `state` of each is all that says whose it
     is. FREE → GIVEN by the parent; → RUNNING → DONE by the worker; → FREE by the parent. So when a worker has died it is
     known which task it died in, which it had not begun (another gets those), and which it had finished. The newest that
     is GIVEN the parent may make FREE again, any that is GIVEN it may make SKIPPED, which the worker passes: → DONE.
   - Short tasks are given ahead, so that neither side waits for the other: never more than AHEAD of work. One that then
     waits behind a task that goes on and on is taken back.
   - Who makes a cell GIVEN looks, after that, at whether the worker sleeps; a worker about to sleep says so, and then looks
     at its next cell. Who makes one DONE looks, after that, at whether the manager wants to be rung; a manager about to
     sleep says so, and then looks at the cells. All are sequentially consistent: so one of the two sees the other.
   - All that is here, but for what is atomic, is under `guard`. A turn (process_turn.c) is done by whoever gets it at once;
     who does not has asked: the holder looks at `asked` after it has let go. Neither tasks' ends nor waits are under it.
   - A future is counted in `entered` when it is taken in, in `ended` when all has been done that its end asks for, by
     whoever does that: his last access to the pool, unless the pool waits for him in another way. The two are equal, and
     `entered` closed: nothing is inside, nor will be.
   - The memory of a pool is type-stable, since who waits for a future looks at its pool, which may have gone as soon as the
     future is done: he counts himself `attending`, then looks whether it is done. Who frees a pool, whose futures all are,
     then waits until nobody attends. Both by one word, so one of the two sees the other. */
#ifndef PLAIT_EXECUTOR_PROCESS_POOL_H
#define PLAIT_EXECUTOR_PROCESS_POOL_H
#include "executor/at_exit.h"
#include "executor/bound.h"
#include "executor/lanes.h"
#include "executor/process_slice.h"
#include "future/future.h"
#include "process/parcel.h"
#include "process/relay.h"
#include "process/task_place.h"
#include <plait/mutex.h>
#include <plait/process_executor.h>
#include <plait/thread.h>
#include <sched.h>

enum { PLAIT_RING = 256 }; /* cells of a worker; a power of two, since the counts of them wrap */

enum plait_cell_state { PLAIT_CELL_FREE, PLAIT_CELL_GIVEN, PLAIT_CELL_RUNNING, PLAIT_CELL_DONE, PLAIT_CELL_SKIPPED };

/* In shared memory, as what follows up to the jobs. */
struct plait_known_task {
    uint32_t number;
    int cpu; /* its own, or -1 */
    struct plait_task_place place;
};

struct plait_cell {
    _Alignas(64) _Atomic uint32_t state;
    _Atomic uint32_t cancelled; /* its scope is to be */
    const struct plait_known_task *task;
    plait_deadline deadline;
    int32_t code;
    uint8_t expired;            /* the scope saw the deadline */
    uint64_t heard;             /* of the channel, when it began */
    struct plait_packed *slice; /* several values, in place of what follows (process_slice.h); or NULL */
    plait_parcel argument, result, said;
};

/* The steps of a worker, at each of which tests kill it: "birth" before it says that it is born; "taken" a cell, not begun;
   "reading" the argument; "writing" the result; "written"; "done" is said; "answered" but nobody woken; "idle" before it
   sleeps; "parting" when it was told to stop. */
struct plait_channel {
    _Alignas(64) _Atomic uint32_t bell; /* the worker sleeps on it */
    _Atomic uint32_t asleep;            /* it does, or is about to */
    _Atomic uint32_t stop;              /* it is to end when it has answered all */
    _Atomic uint32_t born;              /* it has come to its first task */
    _Atomic uint32_t control;           /* a step for each cancel */
    _Atomic uint32_t owner;             /* the worker's id in the shared memory, for what it leaves there */
    uint32_t number;                    /* among the pool's, for the worker */
    _Atomic uint64_t heard;             /* bytes that the parent has had from its stderr */
    int32_t code;                       /* with which it failed before its first task, … */
    uint8_t initializes;                /* … in its initializer */
    uint8_t refused;                    /* when a signal ended it, the system had refused it memory last, … */
    size_t data_at_end;                 /* … and it had so much, where it is limited; 0: it is not known */
    plait_parcel said;
    _Alignas(64) _Atomic uint32_t usual; /* nanoseconds that its tasks take, lately; 0: it is not known */
    struct plait_cell cells[PLAIT_RING];
};

struct plait_pool_board {
    _Atomic uint32_t armed;    /* odd: who has an answer, or is born, rings `event`, once for each value */
    _Atomic uint32_t attended; /* … unless somebody looks out for answers, who looks once more when he leaves */
    _Alignas(64) _Atomic uint64_t spinners; /* a bit for each that looks out, by its channel's number; ATTENDS */
    _Alignas(64) int event;                 /* the same number in all workers; the parent reads its own */
    int most_spinners;
    struct plait_known_task *initializer;
    plait_parcel initializer_argument;
    size_t memory_limit;
    int niceness;
    plait_shared_memory *memory;
};
enum { PLAIT_ATTENDS = 63 }; /* the bit of who waits for an answer */

/* Whether one more may look out, which sets its bit; and clears it, by itself or by who buries it. */
static inline bool plait_spinner_begin(struct plait_pool_board *b, uint32_t bit)
{
    uint64_t now = atomic_load_explicit(&b->spinners, memory_order_relaxed);
    return bit <= PLAIT_ATTENDS && __builtin_popcountll(now) < b->most_spinners &&
           atomic_compare_exchange_strong_explicit(&b->spinners, &now, now | UINT64_C(1) << bit, memory_order_relaxed,
                                                   memory_order_relaxed);
}
static inline void plait_spinner_end(struct plait_pool_board *b, uint32_t bit)
{
    if (bit <= PLAIT_ATTENDS) atomic_fetch_and_explicit(&b->spinners, ~(UINT64_C(1) << bit), memory_order_relaxed);
}

/* What a worker is started with. */
struct plait_worker_place {
    struct plait_pool_board *board;
    struct plait_channel *channel;
    uint64_t has_cpus; /* a word: a file gets it whole */
    cpu_set_t cpus;    /* it is to run on */
};
extern const plait_task plait_pool_worker_plait_task; /* process_worker.c */

/* Beside a cell: what the worker need not know. */
struct plait_job {
    plait_future *future;    /* NULL: none, any more */
    plait_deadline deadline; /* of this attempt */
    int64_t since;           /* of this attempt: when it was given */
    int64_t end_at;          /* when the worker gets its next signal; 0: none */
    void *block;             /* that was made for the argument, to be freed with it; or NULL */
    bool cancelled, terminated;
};

struct plait_process_worker {
    struct plait_process_worker *next;
    plait_process *process;
    struct plait_channel *channel; /* this and its number outlive the worker, for the next one */
    uint32_t number;
    int cpu;                   /* its own, or -1 */
    uint32_t given, collected; /* cells, ever: the next to be given, the oldest that is not collected */
    size_t inside;             /* jobs: of those in between, the ones that have not been taken back */
    size_t done;               /* tasks since its start */
    int64_t idle_since, end_at;
    int64_t born_by;    /* or it is killed; 0: it is, or may take for ever */
    bool too_slow;      /* it was */
    bool was_born;      /* by when the manager last looked */
    bool birth_noted;   /* by what is known of failed ones */
    bool leaving;       /* told to stop */
    bool stuck;         /* with its oldest for so long that it gets nothing ahead */
    bool given_now;     /* in this turn */
    uint32_t looked_at; /* `collected`, when the manager last looked, and since when it has been that; 0: no matter */
    int64_t looked_since;
    struct plait_job jobs[PLAIT_RING];
};

/* What is to be done once the guard is free: futures, by `link`, that are to end as their `error` and `record` say, or that
   others have ended; workers to be woken. */
enum { PLAIT_MOST_BELLS = 8 };
struct plait_endings {
    plait_future *ended, *last_ended, *gone;
    size_t bell_count;
    struct plait_channel *bells[PLAIT_MOST_BELLS];
    bool tell; /* the manager */
};

struct plait_process_pool {
    plait_executor executor; /* first: the two addresses are one */
    plait_process_options options;
    char *name;
    plait_shared_memory *memory;
    struct plait_pool_board *board;
    struct plait_relays *relays; /* the workers' output; NULL: it is not passed on */
    const char **environment;    /* or NULL */
    bool has_cpus;
    cpu_set_t cpus;   /* the workers' */
    int epoll, event; /* the board's */
    struct plait_listed listed;
    plait_thread *manager;
    struct plait_bound bound;
    _Atomic(plait_parker *) parker; /* the manager's, once it runs */
    _Atomic uint32_t calls;         /* of it: what it slept over while it waited for a lock, it sees by this */
    _Atomic bool ending;            /* it is to end the workers when nothing is inside, and then itself */
    _Atomic uint64_t bytes_copied, bytes_in_place;
    _Atomic bool cancels; /* what has not begun is to be cancelled */
    _Atomic bool broken;  /* nothing can run any more; set once what follows is */
    plait_record *reason;
    const char *why;

    _Alignas(64) _Atomic uint64_t entered; /* futures; with PLAIT_POOL_CLOSED */
    _Alignas(64) _Atomic uint64_t ended;
    _Atomic(struct plait_link *) called; /* ended, but for their callbacks, which are the manager's … */
    _Atomic(struct plait_link *) unseen; /* … or their report, since nobody will look at their failure: as that is */
    _Atomic uint32_t asked;              /* for a turn */
    unsigned in_vain, left_out;          /* of who is `attended` on the board: tries in vain; waits since without one */

    plait_mutex guard;
    struct plait_lanes lanes; /* tasks as they came … */
    struct plait_link *again; /* … and before those what was taken back, or is tried again */
    plait_executor_statistics figures;
    struct plait_process_worker *workers;
    size_t worker_count;
    unsigned numbers, births_failed;
    size_t looks;       /* for answers, ever */
    size_t collected;   /* answers, ever */
    int64_t due;        /* when the manager will look by itself; 0: not */
    bool sleeps;        /* it does, with no nearer limit than that */
    bool wants_worker;  /* it has been told so */
    int64_t next_birth; /* not before */
    const plait_task **known;
    struct plait_known_task **known_places;
    size_t known_count;
    struct plait_process_worker *free_workers; /* dead ones */
    uint32_t channel_count;

    struct plait_process_pool *next_free;
    _Atomic uint32_t attending; /* last: it goes on when the rest is zeroed for the next pool */
};
#define PLAIT_POOL_CLOSED (UINT64_C(1) << 63)

/* process_intake.c */
int plait_process_pool_submit(plait_executor *, plait_future *);
void plait_process_pool_close(plait_executor *);
int plait_process_pool_shutdown(plait_executor *, const plait_shutdown_options *);
void plait_process_pool_leave(struct plait_process_pool *); /* one that has not begun leaves the queue */
void plait_process_pool_wake_manager(struct plait_process_pool *);
plait_record *plait_process_pool_broken_record(struct plait_process_pool *); /* what is told of one that is */
void plait_process_pool_end_pending(struct plait_process_pool *); /* what waits, of one that cancels or is broken */
static inline bool plait_process_pool_broken(struct plait_process_pool *p)
{
    return atomic_load_explicit(&p->broken, memory_order_acquire);
}

/* What waits is not to be given to workers any more: the manager ends it. */
static inline bool plait_process_pool_ends_pending(struct plait_process_pool *p)
{
    return plait_process_pool_broken(p) || atomic_load_explicit(&p->cancels, memory_order_acquire);
}

/* process_turn.c: does all that can be done now, or sees to it that somebody does. `collect`: looks for answers, too, though
   there is room for what waits. */
void plait_process_pool_turn(struct plait_process_pool *, bool collect);

/* The same in three steps, for who has more to do under the guard. */
void plait_process_pool_lock(struct plait_process_pool *);
void plait_process_pool_work(struct plait_process_pool *, bool collect, struct plait_endings *);
void plait_process_pool_unlock(struct plait_process_pool *, struct plait_endings *);

/* For who waits for a future of a pool that may have gone: looks out for answers for a while, until the node is woken. */
void plait_process_pool_attend(plait_executor *, plait_future *, plait_waiter *);

/* By the manager: calls what futures that others have ended ask for, and reports failures. */
void plait_process_pool_run_callbacks(struct plait_process_pool *);

/* One more future has ended, counts it and all it asks for; without the guard. */
void plait_process_pool_count_ended(struct plait_process_pool *, size_t count);

/* All under the guard. process_cells.c: */

/* The place of a task in shared memory, by its first use; NULL with a record. */
struct plait_known_task *plait_process_pool_know(struct plait_process_pool *, const plait_task *);

/* Fills a cell that is FREE: 0, or a code with a record. And empties it. */
int plait_cell_fill(struct plait_process_pool *, struct plait_cell *, struct plait_job *);
void plait_cell_empty(struct plait_process_pool *, struct plait_cell *, struct plait_job *);

/* Ends a job by what its worker has left in the cell, and empties that. */
void plait_cell_conclude(struct plait_process_pool *, struct plait_cell *, struct plait_job *, struct plait_endings *);

/* A slice is taken from the block in which its worker had it; nothing for what is none. */
void plait_process_pool_unpack(struct plait_process_pool *, plait_future *);

/* After an attempt that gave `code`: tries again, or ends the future. Takes the reference of the record. */
void plait_process_pool_conclude(struct plait_process_pool *, struct plait_job *, int code, bool expired,
                                 plait_record *, struct plait_endings *);

/* To be ended, once the guard is free, as `code` and `record` say: it ran, or did not. */
void plait_process_pool_end(struct plait_process_pool *, plait_future *, bool ran, int code, plait_record *record,
                            struct plait_endings *);
void plait_process_pool_gone(struct plait_process_pool *, plait_future *,
                             struct plait_endings *); /* others have ended it */

/* Somebody wants it to end; whether one of its waits has seen that is known in the worker alone. */
static inline bool plait_job_was_cancelled(const plait_future *f)
{
    return atomic_load_explicit(&f->scope.cancelled, memory_order_acquire);
}

/* Whether it has had an attempt, or all but: it is not pending any more, and ours to end. */
static inline bool plait_job_has_begun(plait_future *f)
{
    return (atomic_load_explicit(&f->state, memory_order_relaxed) & ~(uint32_t)PLAIT_ASKED) == PLAIT_RUNNING;
}

/* process_giving.c: takes what waits, oldest first, or NULL; puts back what was taken, or more. Collects answers: whether there
   were any. Gives what waits to workers. Ends those that came back from one, and were cancelled. Takes back all that a worker
   has not begun; or one of them, to be ended. */
bool plait_process_pool_has_pending(struct plait_process_pool *);
plait_future *plait_process_pool_take_pending(struct plait_process_pool *);
void plait_process_pool_put_first(struct plait_process_pool *, plait_future *);
bool plait_worker_collect(struct plait_process_pool *, struct plait_process_worker *, struct plait_endings *);
bool plait_process_pool_collect(struct plait_process_pool *, struct plait_endings *);
bool plait_process_pool_has_answers(struct plait_process_pool *);
void plait_process_pool_give(struct plait_process_pool *, bool collected, struct plait_endings *);
void plait_process_pool_end_cancelled(struct plait_process_pool *, struct plait_endings *);
void plait_worker_take_back(struct plait_process_pool *, struct plait_process_worker *);
bool plait_worker_skip(struct plait_process_pool *, struct plait_process_worker *, uint32_t at, bool late,
                       struct plait_endings *);
#define PLAIT_BEFORE_IT_RAN "the future was cancelled before it ran"

/* It is to be replaced, and gets nothing any more. Whether one more would help. */
bool plait_worker_is_worn(struct plait_process_pool *, const struct plait_process_worker *);
bool plait_process_pool_wants_worker(struct plait_process_pool *);
void plait_channel_ring(struct plait_channel *); /* without the guard, too */

static inline struct plait_cell *plait_worker_cell(struct plait_process_worker *w, uint32_t at)
{
    return &w->channel->cells[at % PLAIT_RING];
}
static inline struct plait_job *plait_worker_job(struct plait_process_worker *w, uint32_t at)
{
    return &w->jobs[at % PLAIT_RING];
}

/* process_workers.c, by the manager alone: starts one, without the guard; false: no. Buries one that has died, without the
   guard. Tells one to stop, with it. */
bool plait_process_pool_start_worker(struct plait_process_pool *);
void plait_process_pool_bury(struct plait_process_pool *, struct plait_process_worker *);
void plait_worker_stop(struct plait_process_worker *);

/* process_manager.c: the manager's thread. */
int plait_process_pool_manage(void *pool);

/* process_settings.c: takes from the options what they point to: 0, or a code with a record; lets go of it. */
int plait_process_pool_settle(struct plait_process_pool *);
void plait_process_pool_unsettle(struct plait_process_pool *);

/* A worker for this channel; NULL with a record. */
plait_process *plait_process_pool_launch(struct plait_process_pool *, struct plait_process_worker *);

/* Of one that has ended, in words that follow others: how much memory it had, if that was near its limit; and the last
   line that it wrote to stderr after so many bytes. "": nothing. Returns `text`. */
const char *plait_worker_last_words(const struct plait_process_pool *, const struct plait_process_worker *,
                                    uint64_t since, char *text, size_t size);

/* process_limits.c, in the worker: what it may use. 0, or a code with a record. */
int plait_worker_limit(const struct plait_worker_place *);

/* Says of a PLAIT_ENOMEM, if memory is limited, to what; NULL becomes a record then. */
void plait_worker_mention_limit(plait_record **said);
const char *plait_show_bytes(size_t bytes, char text[24]);

#endif
