/* thread.h: a thread of one's own. For work that comes in pieces, an executor is usually the better choice.

   The end of the program, by exit(3) or by main's return, first runs the hooks of plait_at_exit and then waits for all
   threads that were neither detached nor started as daemons, saying which when that takes long, and for the tasks of
   executors. What still runs then is cut off. A forked child has the forking thread alone: the others are not there, and to wait for one gives
   PLAIT_EFORKED. What they held, waited for or were just changing stays so: a child makes such mutexes, events and the
   like anew, in their place (they need no end), or leaves them alone. */
#ifndef PLAIT_THREAD_H
#define PLAIT_THREAD_H

#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_thread plait_thread;

/* Whether the end of the program waits for a thread. It cannot be changed later. */
typedef enum plait_thread_life {
    PLAIT_AS_STARTER, /* as for the thread that starts it; main, and a thread that plait did not start, is no daemon */
    PLAIT_WAITED_FOR, /* no daemon */
    PLAIT_DAEMON      /* not waited for */
} plait_thread_life;

/* Zero bytes are the defaults. */
typedef struct plait_thread_start_options {
    const char *name;  /* copied; shown by debuggers (15 bytes of it) and in errors; default "plait-N" */
    size_t stack_size; /* bytes; default the system's; raised to what the system demands at least */
    plait_thread_life life;
} plait_thread_start_options;

/* Starts a thread that runs run(argument). `argument` must live as long as the thread uses it. The thread's result is
   what `run` returns: 0 or a negative code; 0 when it leaves by pthread_exit. NULL when the system gives no thread or
   memory, for no `run`, or for a bad option (plait_error tells). Signals are handled in the thread as in its starter. Each started
   thread is ended by plait_thread_free or _detach, once. */
PLAIT_API plait_thread *plait_thread_start_sized(int (*run)(void *argument), void *argument,
                                                 const plait_thread_start_options *options, size_t options_size);
static inline plait_thread *plait_thread_start(int (*run)(void *argument), void *argument,
                                               const plait_thread_start_options *options)
{
    return plait_thread_start_sized(run, argument, options, sizeof *options);
}

/* Waits for its end; many may, and more than once. *result, unless NULL, gets what run returned, and plait_error() its
   words. The code is about the wait alone: 0; PLAIT_EAGAIN; PLAIT_ETIMEDOUT; PLAIT_ECANCELED; PLAIT_EDEADLK for a
   thread that joins itself; PLAIT_EFORKED for one that ran on in the parent of this forked process; PLAIT_EINVAL for NULL,
   with the last failure as the cause, which is that of the start: to start many and then join them all needs no look
   between. */
PLAIT_API int plait_thread_join(plait_thread *thread, int *result, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Waits for its end, however long (no cancellation point), and frees it. A failure that nobody joined for is reported
   (<plait/report.h>). NULL is nothing. */
PLAIT_API void plait_thread_free(plait_thread *thread);

/* Lets it run on unwatched: it frees itself at its end. A failure is reported. NULL stops the program. */
PLAIT_API void plait_thread_detach(plait_thread *thread);

/* The name of `thread`, or of the calling thread for NULL ("" if plait did not start it and it has none). Valid as long
   as the thread object; for NULL as long as the thread. */
PLAIT_API const char *plait_thread_name(plait_thread *thread);

/* Whether it is a daemon; for NULL the calling thread. */
PLAIT_API bool plait_thread_is_daemon(plait_thread *thread);

typedef struct plait_thread_info {
    char name[64]; /* cut to fit */
    int id;        /* the system's number of it (gettid) */
    bool daemon, detached;
    void *reserved[3];
} plait_thread_info;

/* Fills `list` with what there is to know of the threads that plait has started and that have not ended, oldest first,
   those of executors among them; as many as there is room for. Returns how many there are. Never waits. */
PLAIT_API size_t plait_thread_list(plait_thread_info *list, size_t room);

/* Has hook(argument) called once at the end of the program, before threads are waited for, the last one given first.
   0; PLAIT_ENOMEM; PLAIT_ECLOSED when the program ends already. */
PLAIT_API int plait_at_exit(void (*hook)(void *argument), void *argument);

PLAIT_END_DECLARATIONS
#endif
