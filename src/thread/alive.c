/* alive.c: the threads that plait has started and that have not ended. What must hold: a thread is added by its starter
   before it is created, and takes itself off before anybody can see that it has ended. */
#include "base/fork.h"
#include "thread/thread.h"
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int unprepared;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER; /* over all below, held for some tens of instructions */
static plait_thread *first, *last;                        /* oldest first */
static size_t count;

static void append(plait_thread *t)
{
    t->next = NULL;
    t->previous = last;
    *(last ? &last->next : &first) = t;
    last = t;
    count++;
}

static void before_fork(void) { pthread_mutex_lock(&guard); }
static void after_fork(void) { pthread_mutex_unlock(&guard); }

static void in_forked_child(void)
{
    first = last = NULL;
    count = 0;
    plait_thread *self = plait_this_thread;
    if (self) {
        atomic_store_explicit(&self->generation, plait_process_generation(), memory_order_relaxed);
        append(self);
    }
    after_fork();
}

static void prepare(void)
{
    unprepared = pthread_atfork(before_fork, after_fork, in_forked_child) != 0 ? PLAIT_ENOMEM : plait_exit_prepare();
}

int plait_alive_add(plait_thread *t)
{
    pthread_once(&once, prepare);
    if (unprepared) return unprepared;
    pthread_mutex_lock(&guard);
    append(t);
    pthread_mutex_unlock(&guard);
    return 0;
}

void plait_alive_remove(plait_thread *t)
{
    pthread_mutex_lock(&guard);
    *(t->previous ? &t->previous->next : &first) = t->next;
    *(t->next ? &t->next->previous : &last) = t->previous;
    count--;
    pthread_mutex_unlock(&guard);
}

void plait_alive_detach(plait_thread *t)
{
    pthread_mutex_lock(&guard);
    t->detached = true;
    pthread_mutex_unlock(&guard);
}

plait_thread *plait_alive_to_wait_for(void)
{
    pthread_mutex_lock(&guard);
    plait_thread *t = first;
    while (t && (t->life != PLAIT_WAITED_FOR || t->detached || t == plait_this_thread)) t = t->next;
    if (t)
        atomic_fetch_add_explicit(&t->references, 1, memory_order_relaxed); /* the thread's own keeps it alive here */
    pthread_mutex_unlock(&guard);
    return t;
}

size_t plait_thread_list(plait_thread_info *list, size_t room)
{
    pthread_mutex_lock(&guard);
    for (plait_thread *t = first; t && room; t = t->next, room--, list++) {
        *list = (plait_thread_info){ .id = atomic_load_explicit(&t->number, memory_order_relaxed),
                                     .daemon = t->life == PLAIT_DAEMON,
                                     .detached = t->detached };
        size_t length = strnlen(t->name, sizeof list->name - 1);
        memcpy(list->name, t->name, length); /* the NUL is there */
    }
    size_t all = count;
    pthread_mutex_unlock(&guard);
    return all;
}
