/* thread_per_task.c: starts a thread for each task.

   What must hold: a thread that has run its task is on the list of the ended. There a later submit joins it once it is gone
   altogether, since what the program does at a thread's end may need whoever submits, or be the submit; and the end of the
   program joins all: so when main has returned no thread is left in the middle of its own end. The end of the program
   waits for tasks that still run; not for its own thread, when a task calls exit, and not in a forked child for its
   parent's. */
#include "base/fork.h"
#include "base/memory.h"
#include "executor/process_wide.h"
#include "thread/thread.h"
#include <plait/condition.h>
#include <plait/scope.h>
#include <plait/thread.h>
#include <pthread.h>
#include <stdlib.h>

struct task_thread {
    plait_thread *thread;
    plait_future *future;
    struct task_thread *next;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static plait_mutex guard;
static plait_condition one_ended;
static size_t running;
static struct task_thread *ended;
static _Thread_local bool here; /* this thread is one of them */

static void join_all(struct task_thread *t)
{
    while (t) {
        struct task_thread *next = t->next;
        plait_thread_free(t->thread);
        free(t);
        t = next;
    }
}

/* Those that are gone already, or all but the running one. With the guard held. */
static struct task_thread *take_ended(bool all)
{
    struct task_thread *taken = NULL;
    for (struct task_thread **at = &ended, *t; (t = *at);) {
        if (all ? pthread_equal(t->thread->id, pthread_self()) : !plait_thread_gone(t->thread)) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        t->next = taken;
        taken = t;
    }
    return taken;
}

static void at_exit(void)
{
    plait_mutex_lock(&guard);
    PLAIT_SHIELD(whole, PLAIT_FOREVER); /* exit may have been called in a dead scope */
    while (running > here) (void)!plait_condition_wait(&one_ended, &guard, PLAIT_FOREVER); /* nothing cuts it short */
    struct task_thread *through = take_ended(true);
    plait_mutex_unlock(&guard);
    join_all(through);
}

/* The threads are the parent's. */
static void in_forked_child(void)
{
    guard = (plait_mutex)PLAIT_MUTEX_INIT;
    one_ended = (plait_condition)PLAIT_CONDITION_INIT;
    running = 0;
    ended = NULL;
    here = false;
}

static void prepare(void)
{
    atexit(at_exit);
    pthread_atfork(NULL, NULL, in_forked_child);
}

static int run(void *argument)
{
    struct task_thread *me = argument;
    uint32_t generation = plait_process_generation();
    here = true;
    plait_future_run(me->future, NULL);
    plait_future_release(me->future);
    if (plait_process_generation() != generation) return 0; /* the task has forked, and this is the child */
    plait_mutex_lock(&guard);
    here = false;
    me->next = ended;
    ended = me;
    running--;
    plait_mutex_unlock(&guard);
    plait_condition_broadcast(&one_ended);
    return 0;
}

/* The guard is held over the start, so that who takes a thread off the list finds it there. */
static plait_thread *start(struct task_thread *t)
{
    PLAIT_LOCKED(&guard);
    t->thread = plait_thread_start(run, t, &(plait_thread_start_options){ .name = t->future->name });
    running += t->thread != NULL;
    return t->thread;
}

static int submit(plait_executor *ex, plait_future *f)
{
    (void)ex;
    pthread_once(&once, prepare);
    plait_mutex_lock(&guard);
    struct task_thread *through = take_ended(false);
    plait_mutex_unlock(&guard);
    join_all(through);
    struct task_thread *t = plait_allocate(sizeof *t);
    if (!t) return plait_fail(PLAIT_ENOMEM, "no memory for a thread");
    t->future = f;
    if (start(t)) return 0;
    free(t);
    return plait_error() ? plait_error()->code : PLAIT_ENOMEM;
}

plait_executor *plait_thread_per_task_executor(void)
{
    static const struct plait_executor_operations operations = {
        .submit = submit, .close = plait_never_closed, .free = plait_never_closed, .get_statistics = plait_no_statistics
    };
    static plait_executor executor = { .operations = &operations };
    return &executor;
}
