/* loop.h: coroutines. The same task functions, locks, queues, futures and calls as in threads: where a thread would block,
   a coroutine lets the others of its loop go on.

   plait_run starts a loop on the calling thread and ends it again. In it, plait_spawn starts further tasks; all of them
   run on that thread, one at a time, and change places only where one waits. A task that computes for long should call
   plait_yield now and then, or be submitted to a pool of threads and awaited.

   Each coroutine has a stack of 64 KiB unless its loop was made with another size. One that needs more runs into a guard
   of 16 KiB below it, and is named. A single function whose own arrays are larger than that could jump over the guard:
   -fstack-clash-protection, on by default in some distributions' compilers, has each page of them touched, so that it
   cannot. */
#ifndef PLAIT_LOOP_H
#define PLAIT_LOOP_H

#include <plait/call.h>
#include <plait/future.h>
PLAIT_BEGIN_DECLARATIONS

/* Runs task `f` with its argument (a pointer to it, in parentheses if it has commas; NULL for void) as a coroutine on a new
   loop on the calling thread, and everything that it starts there; copies its result to *result (NULL: drops it), returns
   its code. When it has ended, tasks that are left are cancelled, and those that had begun are waited for; then those that
   came meanwhile are too, until none is left; calls that are left are dropped.
   Or, without having run it: PLAIT_EINVAL inside of a running loop, or without the argument; PLAIT_ENOMEM; -EMFILE or
   -ENFILE without a descriptor for the poller; PLAIT_ECANCELED in a dead scope. When a scope dies around the call, the
   task is cancelled, and the code is PLAIT_ECANCELED. */
#define plait_run(f, argument, result)                                                                                 \
    plait_run_task(&f##_plait_task, PLAIT_ARGUMENT_(f, argument), PLAIT_RESULT_(f, result), __FILE__, __LINE__)
PLAIT_API int plait_run_task(const plait_task *task, const void *argument, void *result, const char *file,
                             int line) PLAIT_MUST_CHECK;

/* Zero bytes are the defaults. Interruptible: the first SIGINT (Ctrl-C) cancels the task, any other does what it did
   before; one that is ignored when the loop begins stays so. By default plait does not touch it. */
typedef struct plait_run_options {
    bool interruptible;
    size_t stack_size; /* bytes of each coroutine's stack; default 64 KiB */
} plait_run_options;

/* plait_run with options, a pointer to them: a variable, or a literal in parentheses. In addition: -EINTR when a SIGINT
   cancelled the task and it ended by that, in place of PLAIT_ETASK, which is then the cause; whatever else it made of the
   cancel, its value or its own failure, is returned. When a scope around the call dies too: PLAIT_ECANCELED. */
#define plait_run_with(options, f, argument, result)                                                                   \
    plait_run_task_with((options), sizeof(plait_run_options), &f##_plait_task, PLAIT_ARGUMENT_(f, argument),           \
                        PLAIT_RESULT_(f, result), __FILE__, __LINE__)
PLAIT_API int plait_run_task_with(const plait_run_options *options, size_t options_size, const plait_task *task,
                                  const void *argument, void *result, const char *file, int line) PLAIT_MUST_CHECK;

/* The executor that starts coroutines on the loop of the running thread; NULL without one. It is the loop's: it is never
   closed nor freed, other threads may submit to it as long as the loop runs, and get PLAIT_ECLOSED afterwards. Tasks
   begin in the order of their submits, and none inside of its submit. */
PLAIT_API plait_executor *plait_loop_executor(void);

/* Submits a task to the running loop. Outside of a loop the future has failed with PLAIT_EINVAL. */
#define plait_spawn(f, ...) plait_submit(plait_loop_executor(), f, __VA_ARGS__)

/* Lets all others that are ready go on first; in a plain thread, other threads. 0; PLAIT_ECANCELED in a dead scope. */
PLAIT_API int plait_yield(void);

/* The loop of the running thread, or NULL. */
PLAIT_API plait_loop *plait_loop_current(void);

/* Zero bytes are the defaults. */
typedef struct plait_multi_loop_options {
    int loops;         /* default the CPUs that this process may use */
    const char *name;  /* copied; threads are called name-1, name-2 …; default "loops-N" */
    size_t stack_size; /* bytes of each coroutine's stack; default 64 KiB */
} plait_multi_loop_options;

/* Coroutines on several loops, each on a thread of its own; the threads are started by the first submit. A task goes to
   the loop that has the fewest, and stays there; what it spawns stays with it. NULL for a negative count or without memory
   (plait_error tells). The caller ends it with plait_executor_free, which waits for all tasks and is not to be called by
   one of them: that would stop the program. One that is left does not keep the program from ending, nor do its tasks. */
PLAIT_API plait_executor *plait_multi_loop_executor_new_sized(const plait_multi_loop_options *options,
                                                              size_t options_size);
static inline plait_executor *plait_multi_loop_executor_new(const plait_multi_loop_options *options)
{
    return plait_multi_loop_executor_new_sized(options, sizeof *options);
}

PLAIT_END_DECLARATIONS
#endif
