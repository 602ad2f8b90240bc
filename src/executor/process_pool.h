/* process_pool.h: a pool of worker processes, inside: process_pool.c makes and ends it and takes tasks in,
   process_manager.c is the thread of this process that gives them to the workers and collects what they answer,
   process_worker.c is the life of a worker. Parent and worker share memory and no lock: so one that dies, at whatever
   step, holds up nobody.

   What must hold:
   - A task in a worker's hands is a cell. Its `state` goes GIVEN → RUNNING → DONE, by the worker: so when that has died it
     is known which task it died in, which it had not begun (another gets those), and which it had finished. One that is
     GIVEN may be TAKEN_BACK by the manager, for a worker that has nothing to do; the cell comes back as an answer.
   - Short tasks are given ahead, so that neither side waits for the other: never more than AHEAD of work.
   - A channel's rings have one writer and one reader each. They never overflow: no more cells are with a worker than a ring
     has places.
   - Who writes into a ring looks, after that, at whether the other side sleeps; who is about to sleep says so, and then
     looks at the ring. Both are sequentially consistent: so one of the two sees the other.
   - A worker's steps, at each of which tests kill it: "birth" before it says that it is born; "taken" a cell, not begun;
     "reading" the argument; "writing" the result; "written"; "done" is said; "answered" but nobody woken; "idle" before it
     sleeps; "parting" when it was told to stop.
   - `guard` is over the list of pending jobs and the figures. The manager alone touches what is with the workers. */
#ifndef PLAIT_EXECUTOR_PROCESS_POOL_H
#define PLAIT_EXECUTOR_PROCESS_POOL_H
#include "executor/at_exit.h"
#include "executor/bound.h"
#include "future/future.h"
#include "process/parcel.h"
#include "process/task_place.h"
#include <plait/mutex.h>
#include <plait/process_executor.h>
#include <plait/thread.h>

enum { PLAIT_RING = 64 }; /* cells with a worker at most */

enum plait_cell_state { PLAIT_CELL_GIVEN, PLAIT_CELL_RUNNING, PLAIT_CELL_DONE, PLAIT_CELL_TAKEN_BACK };

/* In shared memory, as what follows up to the jobs. */
struct plait_known_task {
    uint32_t number;
    struct plait_task_place place;
};

struct plait_cell {
    _Atomic uint32_t state;
    _Atomic uint32_t cancelled; /* its scope is to be */
    const struct plait_known_task *task;
    plait_deadline deadline;
    int32_t code;
    bool expired; /* the scope saw the deadline */
    plait_parcel argument, result, said;
};

struct plait_ring_of_cells {
    _Alignas(64) _Atomic uint32_t written;
    _Atomic(struct plait_cell *) cells[PLAIT_RING];
};

struct plait_channel {
    _Alignas(64) _Atomic uint32_t bell; /* the worker sleeps on it */
    _Atomic uint32_t asleep;            /* it does, or is about to */
    _Atomic uint32_t stop;              /* it is to end when it has answered all */
    _Atomic uint32_t born;              /* it has come to its first task */
    _Atomic uint32_t control;           /* a step for each cancel */
    _Atomic uint32_t owner;             /* the worker's id in the shared memory, for what it leaves there */
    int32_t code;                       /* with which its initializer failed */
    plait_parcel said;
    struct plait_ring_of_cells given, answered;
};

struct plait_pool_board {
    _Atomic uint32_t asleep; /* the manager does, or is about to: `event` wakes it */
    int event;               /* the same number in all workers */
    struct plait_known_task *initializer;
    plait_parcel initializer_argument;
    size_t memory_limit;
    int niceness;
    plait_shared_memory *memory;
};

/* What a worker is started with. */
struct plait_worker_place {
    struct plait_pool_board *board;
    struct plait_channel *channel;
};
extern const plait_task plait_pool_worker_plait_task; /* process_worker.c */

/* A task that was taken in. */
struct plait_job {
    struct plait_job *next; /* pending; or with the same worker, in the order in which they were given */
    plait_future *future;
    struct plait_cell *cell;
    plait_deadline deadline; /* of this attempt */
    int64_t since;           /* of this attempt: when it was given */
    int64_t end_at;          /* when the worker gets its next signal; 0: none */
    bool begun, cancelled, terminated;
};

struct plait_process_worker {
    struct plait_process_worker *next;
    plait_process *process;
    struct plait_channel *channel;
    struct plait_job *first, **last;     /* with it */
    size_t inside;                       /* of those */
    struct plait_cell *back[PLAIT_RING]; /* taken back: they are to come back empty */
    size_t taken_back;
    int64_t collected_at;
    uint32_t collected;
    size_t done; /* tasks since its start */
    int64_t idle_since, end_at;
    bool leaving; /* told to stop */
};

struct plait_process_pool {
    plait_executor executor; /* first: the two addresses are one */
    plait_process_options options;
    char *name;
    plait_shared_memory *memory;
    struct plait_pool_board *board;
    int epoll;
    struct plait_listed listed;
    _Atomic(plait_parker *) parker; /* the manager's, once it runs */
    _Atomic uint32_t calls;         /* of it: what it slept over while it waited for a lock, it sees by this */
    _Atomic uint64_t bytes_copied, bytes_in_place;
    _Atomic bool cancels; /* what has not begun is to be cancelled */

    plait_mutex guard;
    plait_thread *manager;
    struct plait_job *pending, **last_pending;
    struct plait_bound bound;
    bool closed, ending;
    plait_executor_statistics figures;

    /* The manager's. Under the guard where others look: the list of workers and what is with them. */
    struct plait_process_worker *workers;
    size_t worker_count;
    unsigned numbers, births_failed;
    int64_t usual;      /* nanoseconds that a task takes, lately */
    int64_t next_birth; /* not before */
    const plait_task **known;
    struct plait_known_task **known_places;
    size_t known_count;
    struct plait_cell *spare[PLAIT_RING];
    size_t spare_count;
    _Atomic bool broken; /* nothing can run any more; set once what follows is */
    plait_record *reason;
    const char *why;
};

/* process_manager.c: the manager's thread. */
int plait_process_pool_manage(void *pool);

/* The place of a task in shared memory, by its first use; NULL with a record. By one thread at a time. */
struct plait_known_task *plait_process_pool_know(struct plait_process_pool *, const plait_task *);

/* What is told of one that is broken. */
plait_record *plait_process_pool_broken_record(struct plait_process_pool *);

/* Ends a job that cannot be run. Takes the reference of the record. */
void plait_process_pool_refuse(struct plait_process_pool *, struct plait_job *, int code, plait_record *);

#endif
