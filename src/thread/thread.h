/* thread.h: what a thread object is made of, for the files of this room.

   What must hold:
   - Two hold a reference: the owner and the running thread; for a while the end of the program holds another.
   - "Ended" is the closed wait list: after it the outcome stands. Before it is closed the thread is off the list of
     those alive, and its thread-local values are gone; so who has joined it finds neither.
   - The system's thread is joined by whoever makes its fate SETTLED, or, if its fate is DETACHED when it ends, detached
     by itself: pthread_detach from outside looks at the thread once more after it has let it go, and one that ends at
     that moment has given its memory back by then (seen as a crash with glibc 2.36).
   - One that could not be created has been among those alive too: it ends as if it had run.
   - In a forked child only the forking thread's object gets the child's generation. Of the others nothing is waited for
     and nothing is asked of the system. */
#ifndef PLAIT_THREAD_THREAD_H
#define PLAIT_THREAD_THREAD_H
#include "park/scope.h"
#include <plait/thread.h>
#include <pthread.h>

/* The life of threads of plait's own, such as a pool's: not waited for at the end of the program. What the tasks start
   that run on them is no daemon for that. */
#define PLAIT_SERVICE ((plait_thread_life)(PLAIT_DAEMON + 1))

enum { PLAIT_JOINABLE, PLAIT_DETACHED, PLAIT_ENDED, PLAIT_SETTLED }; /* plait_thread.fate */

struct plait_thread {
    _Atomic uint32_t references;
    _Atomic uint32_t generation; /* of the process that it lives in */
    _Atomic uint32_t fate;
    _Atomic bool seen;  /* the result */
    _Atomic int number; /* the system's, once it runs */
    plait_thread_life life;
    bool detached;                 /* under the guard of those alive, … */
    plait_thread *next, *previous; /* … as are these */
    pthread_t id;
    plait_waitlist ended;
    int (*run)(void *);
    void *argument;
    plait_context *context; /* reserved for it */
    plait_record *record;   /* the words of the result, counted */
    int result;
    char name[]; /* as long as it was given; the system keeps 15 bytes of it */
};

/* NULL: plait did not start it, or it has ended. */
extern _Thread_local plait_thread *plait_this_thread __attribute__((tls_model("initial-exec"), visibility("hidden")));

void plait_thread_unref(plait_thread *);

/* Whether the system's thread is not there any more, so that plait_thread_free waits for nothing: neither for the run nor for
   what the program does at a thread's end. Never waits. */
bool plait_thread_gone(plait_thread *);
void plait_thread_settle(
    plait_thread *); /* joins the system's thread, which has ended, unless that is done or not to be */

/* alive.c: those that have not ended. Adding one gives PLAIT_ENOMEM when the end of the program could not be
   prepared. */
int plait_alive_add(plait_thread *);
void plait_alive_remove(plait_thread *);
void plait_alive_detach(plait_thread *);
plait_thread *plait_alive_to_wait_for(void); /* another one that the end of the program waits for, with a reference */

/* exit.c: 0, or PLAIT_ENOMEM. May be repeated. */
int plait_exit_prepare(void);

/* Called last by the end of the program, in this order, when all threads have been waited for: for higher rooms, which set
   them and have called plait_exit_prepare. */
enum { PLAIT_EXIT_EXECUTORS, PLAIT_EXIT_PROCESSES, PLAIT_EXIT_STEPS };
extern _Atomic(void (*)(void)) plait_exit_last[PLAIT_EXIT_STEPS];

/* For a child that was forked to run one task and leaves by _exit: forgets the hooks that its parent was given; and does all
   that the end of the program does. */
void plait_exit_forget_hooks(void);
void plait_exit_now(void);

/* local.c: the running thread's values are destroyed. */
void plait_local_end_thread(void);

#endif
