/* thread_per_task.c: starts a thread for each task.

   What must hold: a thread that has run its task is on the list of the ended. There a later submit joins it once it is gone
   altogether, since what the program does at a thread's end may need whoever submits, or be the submit; and the end of the
   program joins all: so when main has returned no thread is left in the middle of its own end. The end of the program
   waits for tasks that still run; not for its own thread, when a task calls exit, and not in a forked child for its
   parent's. */
#include "base/fork.h"
#include "base/memory.h"
#include "base/stop.h"
#include "executor/process_wide.h"
#include "thread/thread.h"
#include <plait/condition.h>
#include <plait/scope.h>
#include <plait/thread.h>
#include <pthread.h>
#include <stdlib.h>

#define PATIENCE (10 * PLAIT_SECOND) /* at the end of the program; then it is said what is waited for */

struct task_thread {
    plait_thread *thread;
    plait_future *future;
    int64_t since;
    struct task_thread *next, *previous; /* among those that run; later `next` alone, among the ended */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static plait_mutex guard;
static plait_condition one_ended;
static size_t running;
static struct task_thread *first, *ended;
static uint64_t submitted, finished, failed, cancelled;
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

/* The threads are the parent's. */
static void in_forked_child(void)
{
    guard = (plait_mutex)PLAIT_MUTEX_INIT;
    one_ended = (plait_condition)PLAIT_CONDITION_INIT;
    running = 0;
    first = ended = NULL;
    submitted = finished = failed = cancelled = 0;
    here = false;
}

static void at_exit(void)
{
    plait_mutex_lock(&guard);
    PLAIT_SHIELD(whole, PLAIT_FOREVER); /* exit may have been called in a dead scope */
    plait_deadline patience = plait_after(PATIENCE);
    int late = 0;
    while (running > here && !late) late = plait_condition_wait(&one_ended, &guard, patience);
    plait_mutex_unlock(&guard);
    if (late) {
        char text[512];
        plait_executor_describe(plait_thread_per_task_executor(), text, sizeof text);
        plait_report("the program ends as soon as the tasks with threads of their own have: %s", text);
    }
    plait_mutex_lock(&guard);
    while (running > here) (void)!plait_condition_wait(&one_ended, &guard, PLAIT_FOREVER); /* nothing cuts it short */
    struct task_thread *through = take_ended(true);
    plait_mutex_unlock(&guard);
    join_all(through);
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
    plait_future *f = me->future;
    bool ran = plait_future_run(f, NULL);
    if (plait_process_generation() != generation) { /* the task has forked, and this is the child */
        plait_future_release(f);
        return 0;
    }
    plait_mutex_lock(&guard);
    here = false;
    finished += ran;
    failed += ran && f->error;
    cancelled += !ran;
    *(me->previous ? &me->previous->next : &first) = me->next;
    if (me->next) me->next->previous = me->previous;
    me->next = ended;
    ended = me;
    running--;
    plait_mutex_unlock(&guard);
    plait_condition_broadcast(&one_ended);
    plait_future_release(f);
    return 0;
}

/* The guard is held over the start, so that who takes a thread off the list finds it there. */
static plait_thread *start(struct task_thread *t)
{
    PLAIT_LOCKED(&guard);
    t->since = plait_time();
    t->thread = plait_thread_start(run, t, &(plait_thread_start_options){ .name = t->future->name });
    if (!t->thread) return NULL;
    running++;
    submitted++;
    t->next = first;
    if (first) first->previous = t;
    first = t;
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

static int none_runs(plait_executor *ex, const plait_shutdown_options *o)
{
    (void)ex;
    if (here && !plait_is_now(o->deadline)) return PLAIT_EDEADLK;
    PLAIT_LOCKED(&guard);
    int err = 0;
    while (running > 0 && !err) err = plait_condition_wait(&one_ended, &guard, o->deadline);
    return err;
}

static size_t list(plait_executor *ex, plait_running_task *tasks, size_t room)
{
    (void)ex;
    size_t count = 0;
    PLAIT_LOCKED(&guard);
    for (struct task_thread *t = first; t; t = t->next, count++) {
        if (count >= room) continue;
        plait_running_task *to = &tasks[count];
        *to = (plait_running_task){ .line = t->future->line, .duration = plait_time() - t->since };
        snprintf(to->name, sizeof to->name, "%s", t->future->name);
        snprintf(to->thread, sizeof to->thread, "%s", plait_thread_name(t->thread));
        snprintf(to->file, sizeof to->file, "%s", t->future->file);
    }
    return count;
}

static void get_statistics(plait_executor *ex, plait_executor_statistics *s)
{
    (void)ex;
    PLAIT_LOCKED(&guard);
    *s = (plait_executor_statistics){ .workers = running,
                                      .running = running,
                                      .submitted = submitted,
                                      .finished = finished,
                                      .failed = failed,
                                      .cancelled = cancelled };
}

plait_executor *plait_thread_per_task_executor(void)
{
    static const struct plait_executor_operations operations = { .sharing = PLAIT_SHARES_WHEN_ASKED,
                                                                 .submit = submit,
                                                                 .close = plait_never_closed,
                                                                 .free = plait_never_closed,
                                                                 .get_statistics = get_statistics,
                                                                 .list = list,
                                                                 .shutdown = none_runs };
    static plait_executor executor = { .operations = &operations };
    return &executor;
}
