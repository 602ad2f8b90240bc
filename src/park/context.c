/* context.c: the running task's context, and the type-stable record that each thread has as long as it uses plait.

   What must hold: a thread's record goes back to the free list at the thread's end, and from there to the next thread;
   its parker and context are then another's, and a late unpark is a spurious return. */
#include "park/context.h"
#include "base/memory.h"
#include "base/stop.h"
#include "park/deadlock.h"
#include "park/scope.h"
#include "park/thread_parker.h"
#include <pthread.h>
#include <string.h>

struct thread_record {
    struct plait_thread_parker parker;
    plait_context context;
    struct thread_record *next; /* while free */
};

_Thread_local plait_context *plait_current_;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static pthread_mutex_t free_guard = PTHREAD_MUTEX_INITIALIZER;
static struct thread_record *free_records;

static void give_back(struct thread_record *t)
{
    plait_context_renew(&t->context);
    pthread_mutex_lock(&free_guard);
    t->next = free_records;
    free_records = t;
    pthread_mutex_unlock(&free_guard);
}

void plait_context_end_thread(void)
{
    if (!plait_current_ || !plait_current_->depth) return;
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    plait_stop("a task left thread %s by pthread_exit: nobody could end it, so a task returns", name);
}

static void thread_ends(void *record)
{
    struct thread_record *t = record;
    plait_context_end_thread();
    plait_current_ = NULL;
    if (t->context.locks) plait_stop("a thread ended while it held %u mutex(es)", t->context.locks);
    plait_record_unref(t->context.record);
    give_back(t);
}

static void before_fork(void) { pthread_mutex_lock(&free_guard); }
static void after_fork(void) { pthread_mutex_unlock(&free_guard); }

/* The other threads, who may have held spin bits or been spinning, are not there any more. */
static void in_forked_child(void)
{
    after_fork();
    struct thread_record *own = pthread_getspecific(key);
    plait_thread_parker_forked(own ? &own->parker : NULL);
    plait_wait_fd_forked();
    plait_deadlock_forked();
}

static void prepare(void)
{
    if (pthread_key_create(&key, thread_ends) != 0 || pthread_atfork(before_fork, after_fork, in_forked_child) != 0)
        plait_stop("no thread-specific key is left: plait cannot run");
}

static struct thread_record *record_new(void)
{
    pthread_once(&once, prepare);
    pthread_mutex_lock(&free_guard);
    struct thread_record *t = free_records;
    if (t) free_records = t->next;
    pthread_mutex_unlock(&free_guard);
    if (t) return t;
    if (!(t = plait_allocate(sizeof *t))) return NULL;
    plait_thread_parker_prepare(&t->parker);
    t->context.parker = &t->parker.parker;
    return t;
}

static plait_context *use(struct thread_record *t)
{
    if (!t || pthread_setspecific(key, t) != 0) plait_stop("no memory for a thread's first call of plait");
    return plait_current_ = &t->context;
}

void plait_context_renew(plait_context *c)
{
    memset((char *)c + offsetof(plait_context, scope), 0, sizeof *c - offsetof(plait_context, scope));
}

plait_context *plait_thread_context_(void) { return use(record_new()); }

static struct thread_record *record_of(plait_context *c)
{
    return (struct thread_record *)(void *)((char *)c - offsetof(struct thread_record, context));
}

/* The context of whatever runs inside of this one: NULL without memory, if it is the first. */
static plait_context *inner_of(plait_context *outer)
{
    if (outer->inner) return outer->inner;
    plait_context *c = outer->inner = plait_allocate(sizeof *c);
    if (c) c->parker = outer->parker;
    return c;
}

plait_context *plait_context_reserve(void)
{
    struct thread_record *t = record_new();
    if (t && !inner_of(&t->context)) {
        give_back(t);
        t = NULL;
    }
    return t ? &t->context : NULL;
}

void plait_context_use(plait_context *c) { use(record_of(c)); }
void plait_context_give_back(plait_context *c) { give_back(record_of(c)); }

plait_context *plait_switch(plait_context *next)
{
    plait_context *before = plait_current();
    plait_current_ = next;
    return before;
}

plait_context *plait_context_enter(void *future)
{
    plait_context *outer = plait_current(), *c = inner_of(outer);
    if (!c) return NULL;
    plait_context_renew(c);
    c->outer = outer;
    c->depth = outer->depth + 1;
    c->future = future;
    c->worker = outer->worker;
    c->seat = outer->seat;
    c->stack_floor = outer->stack_floor;
    return plait_current_ = c;
}

plait_record *plait_context_between(plait_context *c, const char *task_name)
{
    if (plait_current_ != c) plait_stop("task %s ended in another context than it began", task_name);
    if (c->locks) plait_stop("task %s ended while it held %u mutex(es)", task_name, c->locks);
    plait_record *record = c->record;
    c->record = NULL;
    return record;
}

plait_record *plait_context_leave(plait_context *c, const char *task_name)
{
    plait_record *record = plait_context_between(c, task_name);
    c->scope = NULL;
    plait_current_ = c->outer;
    return record;
}

bool plait_holds_locks(void)
{
    for (plait_context *c = plait_current(); c; c = c->outer)
        if (c->locks) return true;
    return false;
}

/* The context that is outside of all others on this stack. */
static plait_context *outermost(void)
{
    plait_context *c = plait_current();
    while (c->outer) c = c->outer;
    return c;
}

void plait_hosted_add(struct plait_hosted *h, const void *executor)
{
    plait_context *c = outermost();
    *h = (struct plait_hosted){ executor, c->hosted };
    c->hosted = h;
}

void plait_hosted_remove(struct plait_hosted *h)
{
    struct plait_hosted **at = &outermost()->hosted;
    while (*at != h) at = &(*at)->next;
    *at = h->next;
}

bool plait_hosts(const void *executor)
{
    const struct plait_hosted *h = outermost()->hosted;
    while (h && h->executor != executor) h = h->next;
    return h != NULL;
}

plait_record **plait_record_here(void) { return &plait_current()->record; }
