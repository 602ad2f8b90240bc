/* thread.h: a thread of one's own. For work that comes in pieces, an executor is usually the better choice. */
#ifndef PLAIT_THREAD_H
#define PLAIT_THREAD_H

#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_thread plait_thread;

/* Zero bytes are the defaults. */
typedef struct plait_thread_start_options {
    const char *name;  /* copied; shown by debuggers (15 bytes of it) and in errors; default "plait-N" */
    size_t stack_size; /* bytes; default the system's; raised to what the system demands at least */
} plait_thread_start_options;

/* Starts a thread that runs run(argument). `argument` must live as long as the thread uses it. The thread's result is
   what `run` returns: 0 or a negative code; 0 when it leaves by pthread_exit. NULL when the system gives no thread or
   memory (plait_error tells). Signals are handled in the thread as in its starter. Each started thread is ended by
   plait_thread_free or _detach, once. */
PLAIT_API plait_thread *plait_thread_start_sized(int (*run)(void *argument), void *argument,
                                                 const plait_thread_start_options *options, size_t options_size);
static inline plait_thread *plait_thread_start(int (*run)(void *argument), void *argument,
                                               const plait_thread_start_options *options)
{
    return plait_thread_start_sized(run, argument, options, sizeof *options);
}

/* Waits for its end; many may, and more than once. *result, unless NULL, gets what run returned. The code is about the
   wait alone: 0; PLAIT_EAGAIN; PLAIT_ETIMEDOUT; PLAIT_ECANCELED; PLAIT_EDEADLK for a thread that joins itself. */
PLAIT_API int plait_thread_join(plait_thread *thread, int *result, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Waits for its end, however long (no cancellation point), and frees it. A failure that nobody joined for is reported
   on stderr. NULL is nothing. */
PLAIT_API void plait_thread_free(plait_thread *thread);

/* Lets it run on unwatched: it frees itself at its end. A failure is reported on stderr. */
PLAIT_API void plait_thread_detach(plait_thread *thread);

/* The name of `thread`, or of the calling thread for NULL ("" if plait did not start it and it has none). Valid as long
   as the thread object; for NULL as long as the thread. */
PLAIT_API const char *plait_thread_name(plait_thread *thread);

PLAIT_END_DECLARATIONS
#endif
