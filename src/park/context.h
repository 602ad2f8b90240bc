/* context.h: the running task: who it is to locks, what it runs on, its scopes and its last error.

   What must hold:
   - A context that a lock word can name is type-stable: it belongs to a runner (a thread's record, a coroutine) or to the
     context outside of it, and is used again, never freed; all it may become when its runner has gone is zeros. One task
     has it at a time.
   - A task that is run inside another one has a context of its own and shares the other's parker.
   - Only the runner itself reads or writes its contexts, but for their addresses and their parkers, which never change:
     whoever finds a context in a lock word, above its three low bits, may look at what its runner waits for
     (park/deadlock.h). */
#ifndef PLAIT_PARK_CONTEXT_H
#define PLAIT_PARK_CONTEXT_H
#include "base/record.h"
#include "park/parker.h"
#include <plait/scope.h>

/* One of those that can do nothing while their thread sleeps: the loops that it runs on its own stack. */
struct plait_hosted {
    const void *executor;
    struct plait_hosted *next;
};

typedef struct plait_context plait_context;
struct plait_context {
    _Alignas(8) plait_parker *parker; /* shared with the outer task when nested */
    plait_context *inner;             /* kept for the next task that is run inside of this one */
    plait_scope *scope;               /* the innermost; from here on all is one task's */
    plait_context *outer;             /* the task that this one runs inside of, if any */
    plait_record *record;             /* the words of the last failure */
    unsigned locks;                   /* mutexes held, by this task alone */
    unsigned depth;                   /* how many are outside of it */
    void *future;                     /* what it runs for; NULL for a plain thread or coroutine */
    void *worker;                     /* of which pool the runner is a worker; NULL for none */
    void *seat;                       /* its own place in that pool, which only the pool knows */
    char *stack_floor;                /* below this address its stack is short; NULL when unknown */
    struct plait_hosted *hosted;      /* of a thread's own context */
};

/* Set while a task runs; initial-exec, since every lock and wait begins here. */
extern _Thread_local plait_context *plait_current_ __attribute__((tls_model("initial-exec"), visibility("hidden")));
plait_context *plait_thread_context_(void);

/* The running task's. Stops the program when a thread's first call finds no memory for it. */
static inline plait_context *plait_current(void)
{
    plait_context *c = plait_current_;
    return c ? c : plait_thread_context_();
}

/* Makes the context of a task that has ended, or zeroed memory with its parker set, that of a new task. */
void plait_context_renew(plait_context *);

/* For whoever starts a thread: a context, with one inside for the task that it may run, so that it is the start that fails
   for want of memory, with NULL here, and not the thread's first call or its first task. The new thread uses it before
   it calls anything else; or it is given back. */
plait_context *plait_context_reserve(void);
void plait_context_use(plait_context *);
void plait_context_give_back(plait_context *);

/* Makes `next` the running context of this thread and returns what was: for those who switch coroutines. */
plait_context *plait_switch(plait_context *next);

/* Enters a context for a task that is run inside the present one; NULL without memory. And leaves it: the task must hold
   no lock and have left its scopes. Its record is given to the caller, with its reference. */
plait_context *plait_context_enter(void *future);
plait_record *plait_context_leave(plait_context *, const char *task_name);

/* The same where another task is to follow in the context that this one has had. */
plait_record *plait_context_between(plait_context *, const char *task_name);

/* The thread whose stack this is gets one more, or has one less, that sleeps when it does. And whether one of its is that
   executor: what is asked of it will not come while the running task sleeps. */
void plait_hosted_add(struct plait_hosted *, const void *executor);
void plait_hosted_remove(struct plait_hosted *);
bool plait_hosts(const void *executor);

/* To be called where a thread ends: stops the program when that happens inside of a task. */
void plait_context_end_thread(void);

/* Whether the running task, or one that it runs inside of, holds a lock of plait's. */
bool plait_holds_locks(void);

#endif
