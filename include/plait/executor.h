/* executor.h: where tasks run. One interface; only the constructor tells the kinds apart.

   The order of work: tasks that come from outside of a pool start in the order of their submits. A task that waits for
   futures of its own pool runs them itself when they have not started, or a spare worker stands in for it: a pool never
   hangs because its tasks wait for each other.

   The end of the program, by exit(3) or by main's return, waits for tasks as it does for threads: after the hooks and the
   threads (<plait/thread.h>) each pool that has not been freed is closed, and what is inside of it runs to its end; after
   10 s it is said what that is. For a task that calls exit, and what else is in its pool, nothing is waited. */
#ifndef PLAIT_EXECUTOR_H
#define PLAIT_EXECUTOR_H

#include <plait/future.h>
PLAIT_BEGIN_DECLARATIONS

/* Runs each task inside its submit, on the submitter's thread: the sequential baseline. A task that was not submitted to a
   group does not see the submitter's scopes, as on any executor: who submits waits for its end. One for the whole process,
   never closed nor freed. */
PLAIT_API plait_executor *plait_inline_executor(void);

/* Starts a new thread for each task: no bound but the system's. One for the whole process, never closed nor freed. */
PLAIT_API plait_executor *plait_thread_per_task_executor(void);

/* Zero bytes are the defaults. */
typedef struct plait_thread_options {
    int workers;          /* the most that run at once; default the CPUs that this process may use */
    const char *name;     /* copied; threads are called name-1, name-2 …; default "pool-N" */
    size_t stack_size;    /* bytes of each thread's stack; default the system's */
    size_t capacity;      /* the most tasks in the queue, running ones not counted; default: no bound */
    bool refuse;          /* a submit that finds the queue full fails; default: it waits for room */
    bool fifo;            /* what a task submits to its own pool queues behind all else; default: it comes first */
    int64_t idle_timeout; /* nanoseconds after which a thread without work ends; default 10 s; negative: never */
    int (*initializer)(void *context); /* called in each thread before its first task; 0 or a negative code */
    void *context;                     /* must live as long as the pool */
} plait_thread_options;

/* A pool of threads, each started when work comes and no other is idle. NULL for bad options or without memory
   (plait_error tells). The caller ends it with plait_executor_free.
   An initializer that fails breaks the pool, which is reported, once: what has not begun by then, and what is submitted
   later, fails with PLAIT_EBROKEN, its cause being what the initializer said. It must not wait for tasks of the pool.
   A submit that waits for room in the queue ends with its scope, and its future fails with PLAIT_ETASK, the cause
   PLAIT_ECANCELED; one that is refused with the cause PLAIT_EAGAIN. A task's submit to its own pool never waits: when the
   queue is full it runs the other inside, or goes over the bound where that could do harm (with a lock held, or with
   little stack left). */
PLAIT_API plait_executor *plait_thread_executor_new_sized(const plait_thread_options *options, size_t options_size);
static inline plait_executor *plait_thread_executor_new(const plait_thread_options *options)
{
    return plait_thread_executor_new_sized(options, sizeof *options);
}

/* No more in: later submits, and those that wait for room, give futures that failed with PLAIT_ECLOSED. What is inside
   goes on. May be repeated. */
PLAIT_API void plait_executor_close(plait_executor *executor);

/* Zero bytes are the defaults. */
typedef struct plait_shutdown_options {
    plait_deadline deadline; /* until which it waits */
    bool cancel;             /* what is queued is cancelled first */
} plait_shutdown_options;

/* Closes, cancels what is queued where that was asked for (each such future is done when this returns, or will be as soon
   as the task that submitted it to its own pool lets go of it), and waits until all that is inside has ended, the threads
   too. Each task that has begun goes on, whatever this returns. May be called again, by anybody.
   0; PLAIT_ETIMEDOUT, or PLAIT_EAGAIN for PLAIT_NOW, when something is still inside: plait_error() says how much, and
   which tasks run (plait_executor_list tells more); PLAIT_ECANCELED; PLAIT_EDEADLK, with nothing done, when one of its own
   tasks would have to wait for itself; PLAIT_EFORKED in a forked child. The process-wide executors are not closed: of
   the one with a thread for each task it is waited until none runs, on the inline one there is nothing to wait for. */
PLAIT_API int plait_executor_shutdown_sized(plait_executor *executor, const plait_shutdown_options *options,
                                            size_t options_size) PLAIT_MUST_CHECK;
PLAIT_MUST_CHECK static inline int plait_executor_shutdown(plait_executor *executor,
                                                           const plait_shutdown_options *options)
{
    return plait_executor_shutdown_sized(executor, options, sizeof *options);
}

/* A shutdown without options or limit, after which all is freed: No cancellation point. From a task of the same pool it
   stops the program, as it would for one of the process-wide executors. NULL is nothing. In a forked child it frees
   what is there and waits for nothing. */
PLAIT_API void plait_executor_free(plait_executor *executor);

/* Declares an executor that is freed where the braces are left that it is declared in, in whatever way:
   PLAIT_EXECUTOR(pool, plait_thread_executor_new(NULL)); */
#define PLAIT_EXECUTOR(name, new_executor)                                                                             \
    plait_executor *name __attribute__((cleanup(plait_executor_free_at_), unused)) = (new_executor)
static inline void plait_executor_free_at_(plait_executor **executor) { plait_executor_free(*executor); }

/* Counted since the start unless it says "now". Who awaits a task may go on a moment before it is counted as finished. */
typedef struct plait_executor_statistics {
    size_t workers;     /* threads, or worker processes, alive now */
    size_t idle;        /* of these, without work now */
    size_t waiting;     /* of these, asleep now in a wait for futures, for which a spare one may stand in */
    size_t spares;      /* the most workers that ever stood in at once */
    size_t queued;      /* tasks in the queue now; one that was cancelled there counts until a worker meets it */
    size_t running;     /* workers that run a task now */
    uint64_t submitted; /* tasks taken in */
    uint64_t finished;  /* of these: run to their end */
    uint64_t failed;    /* of the finished: those that failed */
    uint64_t
        cancelled;    /* of those taken in: ended in the queue by a cancel or by their deadline, and met by a worker */
    uint64_t refused; /* of those taken in: never run, the pool being broken, closed, or without a thread */
    uint64_t stolen;  /* tasks and forks that a worker took from another's own */
    uint64_t bytes_copied;   /* of plait_bytes, on their way to worker processes and back, as often as each was */
    uint64_t bytes_in_place; /* of those, read where the other side wrote them */
    size_t reserved[6];
} plait_executor_statistics;

/* How things stand; costs the tasks next to nothing. Each figure was right at some moment of the call, and what is counted
   since the start never falls; but they are of different moments while work goes on. When none is going on and nothing is
   queued, submitted = finished + cancelled + refused, exactly. Forks count in `running` and `stolen` alone, a chunk of a
   map is one task. Executors without threads of their own give zeros. */
PLAIT_API void plait_executor_get_statistics(plait_executor *executor, plait_executor_statistics *statistics);

/* A task that runs. Strings are cut to fit. */
typedef struct plait_running_task {
    char name[64], thread[64];
    char file[96]; /* where it was submitted */
    int line;
    int64_t duration; /* nanoseconds since its start, give or take some milliseconds */
    void *reserved[4];
} plait_running_task;

/* Fills `list` with the tasks that run now, as many as there is room for. Returns how many there are; one that was run
   inside of another, in place of a wait, is a part of it. None on the inline executor, whose tasks are parts of their
   submitters. */
PLAIT_API size_t plait_executor_list(plait_executor *executor, plait_running_task *list, size_t room);

/* Writes in words what is inside, for logs and debuggers: "2 tasks run: load (main.c:17) on pool-1-1 for 3.2 s, …; 5 are
   queued". Cut at `size` bytes with its NUL; returns the full length. Never waits. */
PLAIT_API size_t plait_executor_describe(plait_executor *executor, char *text, size_t size);

PLAIT_END_DECLARATIONS
#endif
