/* process.h: a task in a process of its own.

       PLAIT_TASK(work, struct job, struct answer);              any task but a local one

       int main(void)
       {
           plait_init();                                         the first line of main
           plait_process *p = plait_process_start(work, &job);   or plait_process_fork(work, &job)
           int code;
           int err = plait_process_join(p, &code, PLAIT_FOREVER);
           if (!err && !code) code = plait_process_result(p, &answer);
           plait_process_free(p);
       }

   plait_process_start begins this program afresh: the new process has the task's argument and nothing else of ours. MIND:
   WHAT MAIN HAS SET IN GLOBAL VARIABLES IS NOT THERE. plait_process_fork copies this process as it is.

   Processes do not outlive the one that started them. However it ends, by SIGKILL too, they are killed by the kernel, also
   one that computes without end, blocks all signals or is stopped. Where it ends by exit or by main's return, those that
   are no daemons are waited for, after its threads, and said to be when that takes long; daemons are then terminated. */
#ifndef PLAIT_PROCESS_H
#define PLAIT_PROCESS_H

#include <plait/future.h>
#include <plait/loop.h>
#include <plait/thread.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_process plait_process;

/* To be called first in main, by every program that starts processes: in one that plait has started it runs the task and
   does not return. What stands before it is done again in each of them. Elsewhere it sees to it that no file is opened under
   the number of stdin, stdout or stderr where that is closed, which goes on failing with EBADF; it may be repeated.
   PLAIT_MAIN(task) is a main that calls it and then runs the task as a coroutine: int task(void). */
PLAIT_API void plait_init(void);
#define PLAIT_MAIN(task)                                                                                               \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        plait_init();                                                                                                  \
        int code = plait_run(task, NULL, NULL);                                                                        \
        plait_error_print(stderr, code);                                                                               \
        return plait_exit_status(code);                                                                                \
    }

/* Where its stdout and stderr go. */
typedef enum plait_process_output {
    PLAIT_OUTPUT_SHARED,  /* it has this process's own stdout and stderr */
    PLAIT_OUTPUT_BY_LINES /* they are pipes, from which a thread of this process takes whole lines (see below) */
} plait_process_output;

/* Zero bytes are the defaults. What other threads hold at a fork, a lock inside of another library for instance, stays
   locked in the child: so one beside them must be asked for. */
typedef struct plait_process_start_options {
    const char *name;       /* copied, up to 63 bytes; shown in errors, and by ps; default "process-N" */
    plait_thread_life life; /* a daemon is terminated at its starter's end, and may start no processes itself */
    bool among_threads;     /* of a fork: although there are other threads */
    int64_t start_limit; /* of a start: nanoseconds in which it must come to plait_init, or is killed; default 60 s */
    const int *descriptors; /* of a start: they stay open there, under the same numbers */
    size_t descriptor_count;
    bool own_group; /* of a start: it leads a process group, so that a Ctrl-C does not reach what it starts; and when a
                       signal ends it, or its starter ends, the others of the group are killed */
    plait_process_output output;    /* of a start */
    const char *const *environment; /* of a start: "NAME=value" …, then NULL: what its environment has beside, or in
                                       place of, what this process's has */
    void *reserved[4];
} plait_process_start_options;

/* Starts this program's own file in a new process, in which plait_init runs task `f`. The argument (a pointer to it, NULL
   for void) is copied, with all that it owns. The task is found again by where it lies: in the program, or in a library,
   which is loaded there where it is not yet; a file that is another build by now is refused by the join.
   The new process has stdout and stderr in common with this one, but with PLAIT_OUTPUT_BY_LINES, and /dev/null for stdin;
   all other descriptors are closed there but those of the options, which may name stdin too. Signals are handled as by
   default and none is blocked, but SIGINT and SIGQUIT are ignored: a Ctrl-C is this process's to act upon. It is no child
   for wait(2), and sends no SIGCHLD: between the two stands a keeper, which getppid names there, and which only __WALL
   finds here.
   PLAIT_OUTPUT_BY_LINES: each line comes out whole, by a write to descriptor 1 or 2 of this process, so not in order with what
   is in the buffers of its stdio; only lines longer than 64 KiB come in pieces. A line without its newline comes at the
   process's end. Its stdout is line buffered. When this process's stdout takes nothing, those that write to theirs wait in
   time; when nobody reads it any more, what they write is dropped. All that it wrote is out when plait_process_free
   returns; what it has left behind by then, a process of its own for instance, writes to nobody.
   It ends by exit(3) when the task has returned: its status is 0 or 1. Its threads are waited for as at any program's end.
   NULL when it could not be started (plait_error tells): PLAIT_EINVAL for no task, argument, or a bad option;
   PLAIT_ENOTSUP for a local task, one in no file, in a daemon process, where plait_init was not called in main, and in a
   program that has more rights than its caller (setuid), which never takes a task from outside;
   PLAIT_ENOMEM; -errno of the system, -ENOENT where the program's file is not there any more. No cancellation point; it
   waits for the system alone. Options written in place go into parentheses of their own, as for plait_submit_with. */
#define plait_process_start(f, ...)                                                                                    \
    plait_process_start_task(&f##_plait_task, PLAIT_ARGUMENT_(f, __VA_ARGS__), NULL, 0, __FILE__, __LINE__)
#define plait_process_start_with(options, f, ...)                                                                      \
    plait_process_start_task(&f##_plait_task, PLAIT_ARGUMENT_(f, __VA_ARGS__), (options),                              \
                             sizeof(plait_process_start_options), __FILE__, __LINE__)
PLAIT_API plait_process *plait_process_start_task(const plait_task *task, const void *argument,
                                                  const plait_process_start_options *options, size_t options_size,
                                                  const char *file, int line);

/* Forks this process, as fork(2) does, and runs the task in the child, on its only thread: with memory, descriptors and
   signals as they were, the argument itself included. Standard output is flushed first. The child ends when the task has
   returned and those of its own threads that are waited for have: functions that were given to atexit or plait_at_exit
   before the fork are not called in it, those of plait_at_exit after it are. It is a child for wait(2) as any other;
   should the program fetch its status itself, plait knows only what the task has told. One that a coroutine forks runs
   on that one's stack, and can run no loop.
   PLAIT_ENOTSUP where other threads run, but with .among_threads; else as above. */
#define plait_process_fork(f, ...)                                                                                     \
    plait_process_fork_task(&f##_plait_task, PLAIT_ARGUMENT_(f, __VA_ARGS__), NULL, 0, __FILE__, __LINE__)
#define plait_process_fork_with(options, f, ...)                                                                       \
    plait_process_fork_task(&f##_plait_task, PLAIT_ARGUMENT_(f, __VA_ARGS__), (options),                               \
                            sizeof(plait_process_start_options), __FILE__, __LINE__)
PLAIT_API plait_process *plait_process_fork_task(const plait_task *task, const void *argument,
                                                 const plait_process_start_options *options, size_t options_size,
                                                 const char *file, int line);

/* Waits for its end; many may, and more than once. *code, unless NULL, gets how it ended, and plait_error() its words, from
   the process itself where it could tell: 0; the task's own code, as plait_await gives it; PLAIT_EWORKER when a signal
   killed it, which the record names, when it exited before the task had returned (but by exit(0) from one that has no
   result to give: that is 0), or never came to plait_init. The value returned is about the wait alone: 0; PLAIT_EAGAIN;
   PLAIT_ETIMEDOUT; PLAIT_ECANCELED; -EMFILE or -ENFILE without a descriptor to wait by; PLAIT_EFORKED for a process of
   this forked process's parent; PLAIT_EINVAL for NULL, with the last failure as the cause. */
PLAIT_API int plait_process_join(plait_process *process, int *code, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Copies the task's result to *out (NULL: not copied), with all that it owns, which is then the caller's. The code as the
   join's *code; PLAIT_EAGAIN while the process runs; PLAIT_EFORKED; PLAIT_ENOMEM. A result of another size than the task's
   stops the program. Never waits. */
#define plait_process_result(process, out) plait_process_result_sized((process), (out), PLAIT_RESULT_SIZE_(out))
PLAIT_API int plait_process_result_sized(plait_process *process, void *out, size_t size);

/* Waits for its end, however long (no cancellation point), and until what it wrote by lines is out, and frees it. A failure
   that nobody joined for is reported (<plait/report.h>). NULL is nothing. */
PLAIT_API void plait_process_free(plait_process *process);

/* Whether it runs: to the system, so one whose task has returned may still be at its end. False in a forked child, and for
   NULL. */
PLAIT_API bool plait_process_alive(plait_process *process);

/* Its exit status; or less than 0: the number of the signal that killed it, negated. False while it runs, and for one
   whose status the program has fetched itself, or whose keeper was killed. */
PLAIT_API bool plait_process_exit_code(plait_process *process, int *code);

/* The system's number of it; its name; whether it is a daemon: for NULL those of the running process, whose name is "main"
   unless plait started it. The name is valid as long as the process object; for NULL for ever. */
PLAIT_API int plait_process_id(plait_process *process);
PLAIT_API const char *plait_process_name(plait_process *process);
PLAIT_API bool plait_process_is_daemon(plait_process *process);

/* A descriptor that becomes readable when the process has ended: a pidfd, for poll, plait_wait_fd or plait_loop_watch. It
   is plait's, and is closed by plait_process_free. -EBADF for NULL and in a forked child. */
PLAIT_API int plait_process_descriptor(plait_process *process);

/* Sends a signal, by the descriptor, so never to another process. 0, also when it has ended; PLAIT_EINVAL for no signal;
   PLAIT_EFORKED; -EPERM. */
PLAIT_API int plait_process_signal(plait_process *process, int signal);

/* Sends SIGTERM, waits up to `grace` nanoseconds for its end, then sends SIGKILL and waits for that. 0; PLAIT_ECANCELED when
   the wait was cut short: then SIGKILL was sent at once. In both cases it has ended. PLAIT_EFORKED; PLAIT_EINVAL for NULL. */
PLAIT_API int plait_process_terminate(plait_process *process, int64_t grace);

/* Sends SIGKILL, and does not wait. As plait_process_signal. */
PLAIT_API int plait_process_kill(plait_process *process);

typedef struct plait_process_info {
    char name[64]; /* cut to fit */
    int id;        /* the system's number of it */
    bool daemon, forked;
    void *reserved[3];
} plait_process_info;

/* Fills `list` with what there is to know of the processes that this one has started and that have not ended, oldest
   first; as many as there is room for. Returns how many there are. Never waits. */
PLAIT_API size_t plait_process_list(plait_process_info *list, size_t room);

PLAIT_END_DECLARATIONS
#endif
