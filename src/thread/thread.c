/* thread.c: the life of a thread: started, joined, freed or detached. See thread.h for what must hold. */
#include "thread/thread.h"
#include "base/fork.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/report.h"
#include "base/stop.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

_Thread_local plait_thread *plait_this_thread;
static _Atomic unsigned started;

void plait_thread_unref(plait_thread *t)
{
    if (atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) != 1) return;
    if (t->result && !atomic_load_explicit(&t->seen, memory_order_relaxed))
        plait_report_failure(PLAIT_REPORT_THREAD, t->name, t->result, t->record ? &t->record->public : NULL);
    plait_record_unref(t->record);
    free(t);
}

void plait_thread_settle(plait_thread *t)
{
    uint32_t fate = atomic_load_explicit(&t->fate, memory_order_relaxed);
    while (fate == PLAIT_JOINABLE || fate == PLAIT_ENDED)
        if (atomic_compare_exchange_weak_explicit(&t->fate, &fate, PLAIT_SETTLED, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            pthread_join(t->id, NULL);
            return;
        }
}

bool plait_thread_gone(plait_thread *t)
{
    if (!plait_waitlist_closed(&t->ended)) return false;
    int before = errno;
    /* Should the number be another thread's by now, this one is only thought to be there a little longer. */
    bool gone = syscall(SYS_tgkill, getpid(), atomic_load_explicit(&t->number, memory_order_relaxed), 0) < 0;
    errno = before;
    return gone;
}

/* Also when it leaves by pthread_exit, perhaps out of a scope: then it did not fail. */
static void end(void *thread)
{
    plait_thread *t = thread;
    plait_context_end_thread();
    plait_switch(t->context);
    t->context->scope = NULL;
    plait_local_end_thread();
    plait_alive_remove(t);
    plait_wake(plait_waitlist_claim_all(&t->ended, true));
    plait_this_thread = NULL;
    uint32_t fate = PLAIT_JOINABLE;
    if (!atomic_compare_exchange_strong_explicit(&t->fate, &fate, PLAIT_ENDED, memory_order_relaxed,
                                                 memory_order_relaxed) &&
        fate == PLAIT_DETACHED)
        pthread_detach(pthread_self());
    plait_thread_unref(t);
}

static void *begin(void *thread)
{
    plait_thread *t = plait_this_thread = thread;
    plait_context_use(t->context);
    char name[16];
    snprintf(name, sizeof name, "%s", t->name);
    pthread_setname_np(pthread_self(), name);
    atomic_store_explicit(&t->number, gettid(), memory_order_relaxed);
    pthread_cleanup_push(end, t);
    t->result = t->run(t->argument);
    plait_record *said = t->context->record;
    if (t->result && said && said->public.code == t->result) t->record = plait_record_ref(said);
    pthread_cleanup_pop(1);
    return NULL;
}

static int create(plait_thread *t, size_t stack_size)
{
    pthread_attr_t attributes;
    if (plait_refused("thread")) return EAGAIN;
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

static plait_thread *thread_new(const char *given)
{
    unsigned number = atomic_fetch_add_explicit(&started, 1, memory_order_relaxed) + 1;
    char numbered[32];
    snprintf(numbered, sizeof numbered, "plait-%u", number);
    const char *name = given ? given : numbered;
    size_t size = strlen(name) + 1;
    plait_thread *t = plait_allocate(sizeof *t + size);
    if (!t || !(t->context = plait_context_reserve())) {
        free(t);
        return NULL;
    }
    memcpy(t->name, name, size);
    atomic_init(&t->references, 2);
    atomic_init(&t->generation, plait_process_generation());
    return t;
}

plait_thread *plait_thread_start_sized(int (*run)(void *), void *argument, const plait_thread_start_options *options,
                                       size_t options_size)
{
    plait_thread_start_options o;
    if (plait_options_read(&o, sizeof o, options, options_size)) return NULL;
    if (!run) {
        plait_fail(PLAIT_EINVAL, "a thread without a function to run");
        return NULL;
    }
    if (o.life > PLAIT_SERVICE) {
        plait_fail(PLAIT_EINVAL, "a thread of the unknown life %d", (int)o.life);
        return NULL;
    }
    plait_thread *t = thread_new(o.name);
    if (!t) {
        plait_fail(PLAIT_ENOMEM, "no memory for a thread");
        return NULL;
    }
    t->run = run;
    t->argument = argument;
    t->life = o.life != PLAIT_AS_STARTER ? o.life : plait_thread_is_daemon(NULL) ? PLAIT_DAEMON : PLAIT_WAITED_FOR;
    int err = -plait_alive_add(t);
    if (!err && (err = create(t, o.stack_size))) plait_alive_remove(t);
    if (!err) return t;
    plait_fail(-err, "thread %s could not be started: %s", t->name, plait_error_text(-err));
    plait_context_give_back(t->context);
    atomic_store_explicit(&t->fate, PLAIT_SETTLED,
                          memory_order_relaxed);           /* the end of the program may have found it… */
    plait_wake(plait_waitlist_claim_all(&t->ended, true)); /* … and wait for it */
    atomic_fetch_sub_explicit(&t->references, 1, memory_order_relaxed); /* the thread's own, which never ran */
    plait_thread_unref(t);
    return NULL;
}

/* In a forked child: it ran on in the parent alone. */
static bool elsewhere(plait_thread *t)
{
    return atomic_load_explicit(&t->generation, memory_order_relaxed) != plait_process_generation();
}

int plait_thread_join(plait_thread *t, int *result, plait_deadline deadline)
{
    if (!t) return plait_fail_because(PLAIT_EINVAL, "joins no thread: did its start fail?");
    if (t == plait_this_thread) return plait_fail(PLAIT_EDEADLK, "thread %s joins itself", t->name);
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    plait_waiter node = plait_waiter_here();
    if (!plait_waitlist_closed(&t->ended)) {
        if (elsewhere(t)) return plait_fail(PLAIT_EFORKED, "thread %s is joined in a forked child", t->name);
        if (plait_is_now(deadline)) return plait_failed(PLAIT_EAGAIN);
        if (plait_waitlist_add(&t->ended, &node) &&
            (err = plait_wait_in(&t->ended, &node, deadline, PLAIT_CANCELLABLE)))
            return plait_failed(err);
    }
    atomic_store_explicit(&t->seen, true, memory_order_relaxed);
    if (!result) return 0;
    if (t->record) plait_record_keep(plait_record_ref(t->record));
    *result = t->result;
    return 0;
}

void plait_thread_free(plait_thread *t)
{
    if (!t) return;
    if (t == plait_this_thread) plait_stop("thread %s frees itself: detach it, or let another free it", t->name);
    if (elsewhere(t)) {
        plait_record_unref(t->record);
        free(t);
        return;
    }
    plait_waiter node = plait_waiter_here();
    if (plait_waitlist_add(&t->ended, &node))
        (void)!plait_wait_in(&t->ended, &node, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE);
    plait_thread_settle(t);
    plait_thread_unref(t);
}

void plait_thread_detach(plait_thread *t)
{
    if (!t) plait_stop("a thread was detached that was never started: it is NULL");
    if (elsewhere(t)) {
        plait_thread_free(t);
        return;
    }
    plait_alive_detach(t);
    uint32_t fate = PLAIT_JOINABLE;
    if (!atomic_compare_exchange_strong_explicit(&t->fate, &fate, PLAIT_DETACHED, memory_order_relaxed,
                                                 memory_order_relaxed))
        plait_thread_settle(t);
    plait_thread_unref(t);
}

const char *plait_thread_name(plait_thread *t)
{
    static _Thread_local char name[16];
    if (!t) t = plait_this_thread;
    if (t) return t->name;
    return pthread_getname_np(pthread_self(), name, sizeof name) == 0 ? name : "";
}

bool plait_thread_is_daemon(plait_thread *t)
{
    if (!t) t = plait_this_thread;
    return t && t->life == PLAIT_DAEMON;
}
