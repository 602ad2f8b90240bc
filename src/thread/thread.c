/* thread.c: threads of the program's own. What must hold: a thread object has two references, the owner's and the running
   thread's; "ended" is its wait list closed, after which the result stands; the system's thread is joined once, by its owner,
   or detached, once, by itself. (pthread_detach of a thread that is about to end reads memory that the thread, if it is
   faster, has already given back: seen as a crash with glibc 2.36.) */
#include <plait/thread.h>
#include "base/memory.h"
#include "base/hooks.h"
#include "base/options.h"
#include "base/stop.h"
#include "park/scope.h"
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { JOINABLE, DETACHED, ENDED }; /* plait_thread.fate: whichever of the last two comes first */

struct plait_thread {
    _Atomic uint32_t references;
    _Atomic uint32_t fate;
    _Atomic bool seen; /* the result */
    pthread_t id;
    plait_waitlist ended; /* closed: it has */
    int (*run)(void *);
    void *argument;
    plait_context *context; /* reserved for it */
    int result;
    char name[]; /* as long as it was given; the system keeps 15 bytes of it */
};

static _Atomic unsigned started;
static _Thread_local plait_thread *this_thread;

static void unref(plait_thread *t)
{
    if (atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) != 1) return;
    if (t->result && !atomic_load_explicit(&t->seen, memory_order_relaxed)) {
        const char *text = plait_error_text(t->result);
        plait_report("thread %s failed and nobody joined it: %s (%d)", t->name, text, t->result);
    }
    free(t);
}

static void end(void *thread)
{
    plait_thread *t = thread;
    plait_wake(plait_waitlist_claim_all(&t->ended, true));
    this_thread = NULL;
    if (atomic_exchange_explicit(&t->fate, ENDED, memory_order_relaxed) == DETACHED) pthread_detach(pthread_self());
    unref(t);
}

static void *begin(void *thread)
{
    plait_thread *t = this_thread = thread;
    plait_context_use(t->context);
    char name[16];
    snprintf(name, sizeof name, "%s", t->name);
    pthread_setname_np(pthread_self(), name);
    pthread_cleanup_push(end, t); /* also when it leaves by pthread_exit: then it did not fail */
    t->result = t->run(t->argument);
    pthread_cleanup_pop(1);
    return NULL;
}

static int start(plait_thread *t, size_t stack_size)
{
    pthread_attr_t attributes;
    int err = pthread_attr_init(&attributes);
    if (err) return err;
    if (stack_size) {
        size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN), page = (size_t)sysconf(_SC_PAGESIZE);
        size_t size = stack_size < least ? least : stack_size;
        err = pthread_attr_setstacksize(&attributes, (size + page - 1) / page * page);
    }
    if (!err) err = pthread_create(&t->id, &attributes, begin, t);
    pthread_attr_destroy(&attributes);
    return err;
}

plait_thread *plait_thread_start_sized(int (*run)(void *), void *argument, const plait_thread_start_options *options,
                                       size_t options_size)
{
    plait_thread_start_options o;
    if (plait_options_read(&o, sizeof o, options, options_size)) return NULL;
    unsigned number = atomic_fetch_add_explicit(&started, 1, memory_order_relaxed) + 1;
    int length = o.name ? snprintf(NULL, 0, "%s", o.name) : snprintf(NULL, 0, "plait-%u", number);
    plait_thread *t = plait_allocate(sizeof *t + (size_t)length + 1);
    if (!t || !(t->context = plait_context_reserve())) {
        free(t);
        plait_fail(PLAIT_ENOMEM, "no memory for a thread");
        return NULL;
    }
    if (o.name) snprintf(t->name, (size_t)length + 1, "%s", o.name);
    else snprintf(t->name, (size_t)length + 1, "plait-%u", number);
    t->run = run;
    t->argument = argument;
    atomic_init(&t->references, 2);
    int err = plait_refused("thread") ? EAGAIN : start(t, o.stack_size);
    if (err) {
        plait_fail(-err, "thread %s could not be started: %s", t->name, plait_error_text(-err));
        plait_context_give_back(t->context);
        free(t);
        return NULL;
    }
    return t;
}

int plait_thread_join(plait_thread *t, int *result, plait_deadline deadline)
{
    if (t == this_thread) return plait_fail(PLAIT_EDEADLK, "thread %s joins itself", t->name);
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    plait_waiter node = plait_waiter_here();
    if (!plait_waitlist_closed(&t->ended)) {
        if (plait_is_now(deadline)) return plait_failed(PLAIT_EAGAIN);
        if (plait_waitlist_add(&t->ended, &node) &&
            (err = plait_wait_in(&t->ended, &node, deadline, PLAIT_CANCELLABLE)))
            return plait_failed(err);
    }
    atomic_store_explicit(&t->seen, true, memory_order_relaxed);
    if (result) *result = t->result;
    return 0;
}

void plait_thread_free(plait_thread *t)
{
    if (!t) return;
    if (t == this_thread) plait_stop("thread %s frees itself: detach it, or let another free it", t->name);
    plait_waiter node = plait_waiter_here();
    if (plait_waitlist_add(&t->ended, &node))
        (void)!plait_wait_in(&t->ended, &node, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE);
    pthread_join(t->id, NULL);
    unref(t);
}

void plait_thread_detach(plait_thread *t)
{
    if (atomic_exchange_explicit(&t->fate, DETACHED, memory_order_relaxed) == ENDED) pthread_join(t->id, NULL);
    unref(t);
}

const char *plait_thread_name(plait_thread *t)
{
    static _Thread_local char name[16];
    if (!t) t = this_thread;
    if (t) return t->name;
    return pthread_getname_np(pthread_self(), name, sizeof name) == 0 ? name : "";
}
