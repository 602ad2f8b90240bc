/* future.h: what a future is made of, and the small interface that executors fill in.

   What must hold:
   - Who moves a future out of PENDING decides its fate: a worker, one who awaits it in place, or a cancel. That of a
     promise: whoever moves it to SETTLING, from PENDING or from STARTING, in which it stays while it is said to run.
   - The runner must set the task's scope up before a cancel may touch it: a cancel during STARTING leaves ASKED in the
     state, and the runner obeys it. The scope lives in the future: with a reference one may cancel at any time.
   - "Done" is the closed wait list, nothing else. Outcome and record are written before it is closed, and closing it is
     the finisher's last access but for the reference that it holds.
   - `references` counts who may touch the memory: the executor (queue entry, then runner) and the owners together.
     `owners` counts the owners; the last to go from a future that is not done and not detached is a bug in the program. */
#ifndef PLAIT_FUTURE_FUTURE_H
#define PLAIT_FUTURE_FUTURE_H
#include "base/blocks.h"
#include "base/heap.h"
#include "future/set.h"
#include "park/scope.h"
#include <plait/executor.h>
#include <plait/fork.h>
#include <stddef.h>

/* plait_future.state */
enum { PLAIT_PENDING, PLAIT_STARTING, PLAIT_RUNNING, PLAIT_SETTLING, PLAIT_WAS_CANCELLED, PLAIT_ASKED = 8 };

/* By what a future stands in an executor's queue. */
struct plait_link {
    _Atomic(struct plait_link *) next;
};

/* Laid out by who touches it, in about a cache line each, since a line that goes from one CPU to another costs more than
   all else in a short task: what goes to and fro, what is the runner's alone, what the submitter writes. */
struct plait_future {
    struct plait_link link; /* first: the two addresses are one */
    _Atomic uint32_t references, owners;
    int error;
    uint32_t result_at;      /* in `data`, behind the argument */
    plait_waitlist waiters;  /* closed: done */
    plait_deadline deadline; /* of the root scope */
    const plait_task *task;
    _Atomic uint32_t state;
    int line;
    _Atomic bool seen;   /* the outcome, by somebody; or nobody cares */
    _Atomic bool called; /* there are, or were, `callbacks` */
    bool taken;          /* the argument's block was handed over, and is to be freed */
    bool expires;        /* `deadline` was given to it at its submit: it is not started later */
    bool limited;        /* it has a limit, or retries: in its shadow */
    bool attended;       /* who waits for it is to look out for its end himself: see plait_attend */
    bool large, small;   /* its `size` is none of a block's; of a small one's */

    plait_scope scope;    /* the root scope of the task; valid from RUNNING on */
    plait_record *record; /* valid once there is an error */

    const char *name, *file;
    plait_executor *executor;                    /* to compare with; it may have gone once the future is not pending */
    _Atomic(struct plait_callbacks *) callbacks; /* NULL until one is added */
    size_t size;                                 /* of the whole */
    uint32_t generation;                         /* of the process that submitted it */
    bool was_cut;                                /* the task's own code was PLAIT_ECANCELED */
    bool watched;                                /* it is in a set */
    bool inherits;                               /* the scopes of who submits it, where it runs inside of the submit */
    bool ranked;                                 /* it has a priority: in its shadow */

    _Alignas(max_align_t) unsigned char data[]; /* argument, result, what the argument owns */
};

/* What few futures need, beside them; not set up when one is made. */
struct plait_future_shadow {
    plait_heap_node
        rank; /* among those of a priority, with `number`: the executor's; first: the two addresses are one */
    uint64_t number;
    plait_future *future;
    int priority, retries;
    int64_t limit;            /* from the start of an attempt; 0: none */
    struct plait_watch watch; /* for the one set that it may be in */
};
static inline struct plait_future_shadow *plait_future_shadow(plait_future *f)
{
    return plait_block_shadow(f, f->size);
}

/* From the start of an attempt; 0: none. */
static inline int64_t plait_future_limit(plait_future *f) { return f->limited ? plait_future_shadow(f)->limit : 0; }

struct plait_slice;

/* Whether several tasks may share a place in the executor's queue. */
enum plait_sharing { PLAIT_SHARES_NONE, PLAIT_SHARES_WHEN_ASKED, PLAIT_SHARES };

struct plait_executor_operations {
    enum plait_sharing sharing;
    /* Takes over one reference and sees to it that plait_future_run is called. Or a negative code, with a record. */
    int (*submit)(plait_executor *, plait_future *);
    /* NULL, or makes a copy of the argument of a submit where the task can read it in place; or false: it is to be copied into
       the future. */
    bool (*place)(plait_executor *, const plait_bytes *argument, plait_bytes *placed);
    /* NULL, or whether values of that task may share a place. And NULL, or takes the last `count` values of a slice back, 0 to
       look only: false where they have begun; what has an outcome has it in the slice then (slice.h). */
    bool (*may_share)(plait_executor *, const plait_task *);
    bool (*take_back)(plait_executor *, struct plait_slice *, size_t count);
    void (*close)(plait_executor *);
    void (*free)(plait_executor *); /* closed before; waits for all that is inside */
    void (*get_statistics)(plait_executor *, plait_executor_statistics *);
    size_t (*list)(plait_executor *, plait_running_task *, size_t room); /* NULL: there is nothing to tell */
    /* NULL, or what beside tasks its end waits for, in words; or NULL: nothing. */
    const char *(*awaited)(plait_executor *);
    /* Closes and cancels as asked, and waits. NULL: nothing outlives its submit. The code is about the wait alone. */
    int (*shutdown)(plait_executor *, const plait_shutdown_options *);
    /* One of its workers is about to sleep in a wait for futures, and is back. */
    void (*sleep)(plait_executor *);
    void (*resume)(plait_executor *);
    /* One of its workers has run a future in place of waiting for it; the queue still has it. */
    void (*helped)(plait_executor *, plait_future *);
    /* By one of its workers: takes a fork over, or false; and gives it back unless somebody has begun it. */
    bool (*take_fork)(plait_executor *, plait_fork *);
    bool (*give_fork_back)(plait_executor *, plait_fork *);
};
struct plait_executor {
    const struct plait_executor_operations *operations;
    uint32_t generation; /* of the process that made it; 0: any may use it */
    _Atomic bool closed;
};

/* Runs the task here, in a context of its own; false when somebody else has it, it was cancelled or comes too late. Through
   `outer` (or NULL) the task's waits see the scopes of one who awaits it in place. */
bool plait_future_run(plait_future *, plait_scope *outer);

/* The same for an executor whose one thread alone would run it, and nobody in its place: so the scope is set up while it
   is still pending, and one step takes it from there to RUNNING. */
bool plait_future_run_alone(plait_future *);

/* For an executor that has it run elsewhere: it is RUNNING, and the executor's to end. A cancel sets f->scope.cancelled, and
   unparks `parker`. Or somebody else has ended it; or it is too late, and the executor is to end it with that outcome. */
enum plait_begin { PLAIT_HAS_BEGUN, PLAIT_HAS_ENDED, PLAIT_IS_TOO_LATE };
enum plait_begin plait_future_begin(plait_future *, plait_parker *parker, int *error, plait_record **record);

/* Makes of what the task returned and said (*error, *record) the outcome. `expired`: its scope had come to its end, at
   `deadline`. */
void plait_future_conclude(plait_future *, int *error, bool expired, plait_deadline deadline, plait_record **record);

/* What became of a task that returned *error: its code, which may be another, and the record of a failure, made of what it
   said itself. Takes the reference of `said`. *was_cut: its code was PLAIT_ECANCELED. */
struct plait_site {
    const char *name, *file;
    int line;
};
plait_record *plait_wrap(int *error, plait_record *said, const char *how); /* such a code as the cause of PLAIT_ETASK */
plait_record *plait_conclude(struct plait_site, int *error, bool *was_cut, plait_record *said);

/* Drops a reference that is no owner's. */
void plait_future_release(plait_future *);

/* Cancels a future that is still pending; leaves one that runs alone. Whether it was cancelled, now or before. */
bool plait_future_withdraw(plait_future *);

/* Whether it has ended without having been begun: by a cancel, or since its deadline passed. */
bool plait_future_withdrawn(plait_future *);

/* Calls what plait_future_add_callback has added before the end, or gives it to its executors. By whoever ended the
   future, when those who wait have been woken; he must hold a reference. */
void plait_callbacks_run(plait_future *);
void plait_callbacks_free(struct plait_callbacks *);

/* Writes the outcome and tells all who wait: by who has decided its fate, and holds a reference. Or leaves out the
   callbacks, and says whether there are any, which he is to see to. */
void plait_future_finish(plait_future *, int error, plait_record *record);
bool plait_future_end(plait_future *, int error, plait_record *record);

/* Ends a future that nobody runs, with a code and the reference to its record. */
void plait_future_fail(plait_future *, int error, plait_record *record);

/* Where its result is, or will be. */
static inline void *plait_future_result_room(plait_future *f) { return f->data + f->result_at; }

bool plait_future_done(plait_future *);
bool plait_future_forked(plait_future *); /* submitted by a parent of this process: here it will never be done */
bool plait_future_failed(plait_future *); /* done, and neither succeeded nor cancelled */

/* Waits until it is done, running it here where that is allowed; `outer` as above. The code is about the wait alone. */
int plait_future_wait_or_run(plait_future *, plait_deadline, enum plait_cut, plait_scope *outer);
int plait_future_wait_looking(plait_future *, plait_deadline, enum plait_cut, plait_scope *outer, plait_look *);

/* Whether the running task may run futures of its own pool in place of sleeping until `deadline`; and if that future is
   one, still pending, runs it: true when it did. */
bool plait_may_help(plait_deadline);
bool plait_may_run_in_place(void); /* a worker: no lock held, and the stack far from its end */
bool plait_help(plait_future *, plait_scope *outer);

/* To be called by who is about to sleep, once his node is listed, for a future that is `attended`, to which he holds a
   reference: the executor, which may have gone once it is done, looks out for its end for a while, as long as nobody has
   woken the node. Filled in by that executor, before it has any. */
typedef void plait_attends(plait_executor *, plait_future *, plait_waiter *);
extern _Atomic(plait_attends *) plait_attend;

/* Around a sleep in a wait for futures: tells the pool whose worker this is, if it is one. */
plait_executor *plait_worker_sleeps(void);
void plait_worker_resumes(plait_executor *);

/* A future not yet given to its executor; NULL without memory (a block handed over is freed). */
plait_future *plait_future_new(const plait_task *, const void *argument, const char *name, const char *file, int line);

/* The same for a submit to that executor, which may want the argument elsewhere. NULL is none. */
plait_future *plait_future_for(plait_executor *, const plait_task *, const void *argument, const char *name,
                               const char *file, int line);

/* The task; where there is none, or it has no function, one of no function that can stand for it. */
const plait_task *plait_task_given(const plait_task *);

/* PLAIT_EINVAL, with words, where a task is submitted that has no function, or without the argument that it takes; else 0. */
int plait_argument_missing(const plait_task *, const void *argument);

/* Gives it to its executor, unless `error` says that it failed before. A failure is the future's, its words too. */
void plait_future_start(plait_future *, plait_executor *, int error);

/* What stands for a future when there is no memory for one: failed, shared, never freed. */
extern plait_future plait_no_memory_future;

#endif
