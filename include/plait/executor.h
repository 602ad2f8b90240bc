/* executor.h: where tasks run. One interface; only the constructor tells the kinds apart.

   The order of work: tasks that come from outside of a pool start in the order of their submits. A task that waits for
   futures of its own pool runs them itself when they have not started, or a spare worker stands in for it: a pool never
   hangs because its tasks wait for each other. */
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

/* No more in: later submits give futures that failed with PLAIT_ECLOSED. What is inside goes on. May be repeated. */
PLAIT_API void plait_executor_close(plait_executor *executor);

/* Closes, waits for all that is inside, ends the threads, frees. No cancellation point. From a task of the same pool it
   stops the program, as it would for one of the process-wide executors. NULL is nothing. In a forked child it frees
   what is there and waits for nothing. */
PLAIT_API void plait_executor_free(plait_executor *executor);

typedef struct plait_executor_statistics {
    size_t workers; /* threads alive now */
    size_t idle;    /* of these, without work */
    size_t queued;  /* tasks in the queue; one that was cancelled there counts until a worker meets it */
    size_t running; /* tasks being run */
    size_t waiting; /* workers asleep in a wait for futures, for which a spare one may stand in */
    size_t spares;  /* the most workers that ever stood in at once */
    uint64_t done;  /* tasks ended since the start */
    size_t reserved[9];
} plait_executor_statistics;

/* How things stand; a snapshot. Executors without threads of their own give zeros. */
PLAIT_API void plait_executor_get_statistics(plait_executor *executor, plait_executor_statistics *statistics);

PLAIT_END_DECLARATIONS
#endif
