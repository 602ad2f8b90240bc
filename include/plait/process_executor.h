/* process_executor.h: tasks in worker processes. One that crashes fails its own task and nothing else.

   A worker is this program, started afresh (<plait/process.h>): WHAT MAIN HAS SET IN GLOBAL VARIABLES IS NOT THERE. What each
   worker needs before its first task, an initializer sets up. The program must call plait_init first in main. */
#ifndef PLAIT_PROCESS_EXECUTOR_H
#define PLAIT_PROCESS_EXECUTOR_H

#include <plait/executor.h>
#include <plait/process.h>
PLAIT_BEGIN_DECLARATIONS

/* Zero bytes are the defaults. */
typedef struct plait_process_options {
    int workers;         /* the most that there are at once, up to 240; default the number of `cpus`, or of those that
                                this process may use */
    const char *name;    /* copied; workers are called name-1, name-2 …; default "processes-N" */
    size_t capacity;     /* the most tasks in the queue, running ones not counted; default: no bound */
    bool refuse;         /* a submit that finds the queue full fails; default: it waits for room */
    int64_t grace;       /* nanoseconds that a task has to end after it was cancelled, or its limit has passed: then its
                                worker gets SIGTERM, and after as long again SIGKILL; default 5 s; negative: for ever */
    int64_t start_limit; /* nanoseconds that a worker has from its start to its first task, its initializer included:
                                then it is killed; default 10 minutes; negative: for ever */
    int64_t idle_timeout;    /* nanoseconds after which a worker without work ends; default 60 s; negative: never */
    size_t tasks_per_worker; /* after which it is replaced; default: no bound */
    size_t memory_limit; /* bytes of data that a worker may have, its code and what it shares not counted (RLIMIT_DATA):
                                beyond them it gets no memory, and failures and deaths say so; default: no bound */
    size_t shared_limit; /* bytes for what is on its way between here and there; default 16 GiB of addresses, or an
                                eighth of those that this process may have (RLIMIT_AS), or less if fewer are left */
    int niceness;        /* added to that of this process */
    const int *cpus;     /* so many CPUs, by their numbers, copied: workers run on those alone; default: on those that
                                this process may use. Others are PLAIT_EINVAL */
    size_t cpu_count;
    bool own_cpu;       /* each worker runs on one of them alone: on that which the fewest have */
    bool shared_output; /* workers have this process's stdout and stderr; default: they are passed on by whole lines
                                (PLAIT_OUTPUT_BY_LINES of <plait/process.h>) */
    const char *const *environment; /* "NAME=value" …, then NULL, copied: what workers have beside this process's. As in
                                       "OMP_NUM_THREADS=1", where a library would start threads for all CPUs in each */
    const plait_task
        *initializer; /* run in each worker before its first task: &f_plait_task of a PLAIT_TASK(f, …, void) … */
    const void *argument; /* … with this argument; copied */
    void *reserved[4];
} plait_process_options;

/* A pool of worker processes, each started when work comes and no other is idle. The caller ends it with
   plait_executor_free. NULL, and plait_error tells: PLAIT_EINVAL for a bad option, PLAIT_ENOTSUP where plait_init was not
   called, PLAIT_ENOMEM, -EMFILE or -ENFILE.
   A worker that dies, of whatever cause, fails the task that it was running, with PLAIT_EWORKER and the cause in words,
   among them the last line that it wrote to stderr in that task, unless that has attempts left (.retries); other tasks go to
   other workers. One that dies before its first task, or has not come to it within .start_limit, several times in a row,
   breaks the pool, and so does an initializer that fails, and a .memory_limit, .niceness or CPU that a worker cannot
   begin with: what has not begun by then, and what is submitted later, fails with PLAIT_EBROKEN, its cause being what happened.
   Each worker leads a process group: what it has started itself is killed when a signal ends it, and a Ctrl-C reaches this
   process alone, which decides.
   Short tasks are given to a worker a little ahead of their time, and their futures are called running from then on; a cancel
   that comes before the worker has begun one keeps it from running, as before.
   Large arguments and results lie in memory that the pool shares with its workers, up to .shared_limit. A task whose argument
   or result finds no room there fails with PLAIT_ENOMEM; one that needs more than a quarter of it may. What lies there does
   not count for .memory_limit.
   A running task that is cancelled sees its scope end; one that does not return within .grace loses its worker. So does one
   whose limit or deadline has passed. A local task fails with PLAIT_ENOTSUP. A submit that waits for room, and one that is
   refused, are as for the pool of threads. What workers wrote is out when the pool has been shut down.
   Callbacks, and reports of failures that nobody looks at, come on a thread of the pool's own, while which nothing is
   begun or seen to end unless somebody else submits or waits: there a submit waits for no room, and a wait for a task of
   the pool, a map over it and its shutdown are PLAIT_EDEADLK. What a task's fork(2) leaves behind in its worker ends when
   the task returns in it. */
PLAIT_API plait_executor *plait_process_executor_new_sized(const plait_process_options *options, size_t options_size);
static inline plait_executor *plait_process_executor_new(const plait_process_options *options)
{
    return plait_process_executor_new_sized(options, sizeof *options);
}

PLAIT_END_DECLARATIONS
#endif
