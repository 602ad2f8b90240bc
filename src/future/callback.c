/* callback.c: functions that are called when a future is done, by whoever ends it or as tasks on an executor.

   What must hold:
   - A future's callbacks stand on its wait list together, by one node that wakes nobody: who finds the list closed calls
     at once, and whoever closes it finds the node and calls them all, when the others have been woken.
   - A callback is, under the guard, on one of the lists, or `now`, until it is over: so who removes one knows.
   - No guard is held over a call, nor while a task is started or cancelled: each of these may come back here. */
#include "base/fork.h"
#include "base/memory.h"
#include "future/future.h"
#include <plait/condition.h>
#include <stdlib.h>

struct callback {
    struct callback *next;
    plait_callback function;
    void *context;
    plait_future *future;
    plait_executor *executor; /* NULL: on the finisher's thread */
    plait_future *task;       /* for that executor; owned */
    bool asked;               /* somebody has tried to take it back since it was sent */
    plait_waiter node;        /* on the task's wait list, from when it is sent */
    plait_parker parker;
};

struct plait_callbacks {
    plait_waiter node; /* on the future's wait list */
    plait_parker parker;
    plait_mutex guard;
    plait_condition over;          /* the call of `now` */
    struct callback *first, *last; /* to be called, in order */
    struct callback *sent;         /* tasks that are not done */
    struct callback *now;
    plait_context *by;   /* who calls it */
    bool listed, taken;  /* the node is on the list; the finisher has come */
    uint32_t generation; /* of the process that made this: the guard may be held for ever in a forked child */
};

static void wake_nobody(plait_parker *parker) { (void)parker; }
static const struct plait_parker_operations no_operations = { .unpark = wake_nobody };

/* The running task's scopes and record are not the callback's business. */
static void call(plait_callback function, plait_future *f, void *context)
{
    plait_record **here = plait_record_here(), *kept = *here;
    *here = NULL;
    {
        PLAIT_SHIELD(undisturbed, PLAIT_FOREVER);
        function(f, context);
    }
    plait_record_unref(*here);
    *here = kept;
}

static int run_callback(const void *argument, void *result)
{
    struct callback *const *k = argument;
    (void)result;
    (*k)->function((*k)->future, (*k)->context);
    return 0;
}
static const plait_task callback_task = {
    .run = run_callback, .argument_size = sizeof(struct callback *), .flags = PLAIT_TASK_LOCAL, .name = "callback"
};

/* Of a task that has ended in whatever way: the callback's own end. The finisher of the task keeps that alive. */
static void over(plait_parker *parker)
{
    struct callback *k = (struct callback *)(void *)((char *)parker - offsetof(struct callback, parker));
    plait_future *f = k->future;
    struct plait_callbacks *c = atomic_load_explicit(&f->callbacks, memory_order_acquire);
    plait_mutex_lock(&c->guard);
    struct callback **at = &c->sent;
    while (*at != k) at = &(*at)->next;
    *at = k->next;
    plait_mutex_unlock(&c->guard);
    plait_future_unref(k->task);
    free(k);
    plait_future_release(f);
}
static const struct plait_parker_operations over_operations = { .unpark = over };

/* With the guard held, which it releases. The task's reference to the future goes when that has ended. */
static void send_and_unlock(struct plait_callbacks *c, struct callback *k)
{
    plait_future *task = k->task;
    plait_executor *ex = k->executor;
    atomic_fetch_add_explicit(&k->future->references, 1, memory_order_relaxed);
    plait_waitlist_add(&task->waiters, &k->node); /* nobody has it yet: it is open */
    k->next = c->sent;
    c->sent = k;
    plait_mutex_unlock(&c->guard);
    plait_record **here = plait_record_here(), *kept = *here;
    *here = NULL;
    plait_future_start(task, ex, 0);
    plait_record_unref(*here);
    *here = kept;
}

void plait_callbacks_run(plait_future *f)
{
    struct plait_callbacks *c = atomic_load_explicit(&f->callbacks, memory_order_acquire);
    if (c->generation != plait_process_generation()) return;            /* the task has forked, and this is the child */
    atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed); /* a callback may end it for whoever runs us */
    plait_mutex_lock(&c->guard);
    c->taken = true;
    for (struct callback *k; (k = c->first); plait_mutex_lock(&c->guard)) {
        if (!(c->first = k->next)) c->last = NULL;
        if (k->executor) {
            send_and_unlock(c, k);
            continue;
        }
        c->now = k;
        c->by = plait_current();
        plait_mutex_unlock(&c->guard);
        call(k->function, f, k->context);
        plait_mutex_lock(&c->guard);
        c->now = NULL;
        plait_mutex_unlock(&c->guard);
        plait_condition_broadcast(&c->over);
        free(k);
    }
    plait_mutex_unlock(&c->guard);
    plait_future_release(f);
}

void plait_callbacks_free(struct plait_callbacks *c) { free(c); }

static struct plait_callbacks *callbacks_of(plait_future *f)
{
    struct plait_callbacks *c = atomic_load_explicit(&f->callbacks, memory_order_acquire);
    struct plait_callbacks *made = c ? NULL : plait_allocate(sizeof *made);
    if (!made) return c;
    made->parker.operations = &no_operations;
    made->node.parker = &made->parker;
    made->generation = plait_process_generation();
    atomic_store_explicit(&f->called, true,
                          memory_order_relaxed); /* before: who frees it, or wakes the node, sees it */
    if (atomic_compare_exchange_strong_explicit(&f->callbacks, &c, made, memory_order_acq_rel, memory_order_acquire))
        return made;
    free(made);
    return c;
}

static void forget(struct callback *k)
{
    if (k->task) { /* no executor has seen it: both references are ours */
        plait_future_release(k->task);
        plait_future_release(k->task);
    }
    free(k);
}

static struct callback *callback_new(plait_future *f, plait_executor *ex, plait_callback function, void *context)
{
    struct callback *k = plait_allocate(sizeof *k);
    if (!k) return NULL;
    *k = (struct callback){ .function = function, .context = context, .future = f, .executor = ex };
    k->parker.operations = &over_operations;
    k->node.parker = &k->parker;
    if (ex && !(k->task = plait_future_new(&callback_task, &k, callback_task.name, f->file, f->line))) {
        free(k);
        return NULL;
    }
    return k;
}

/* Puts it with the others. False when the future is done. Either way the guard is held, but for 0. */
static bool enlist(plait_future *f, struct plait_callbacks *c, struct callback *k)
{
    if (!c->listed) c->listed = plait_waitlist_add(&f->waiters, &c->node);
    if (!c->listed || c->taken) return false;
    *(c->last ? &c->last->next : &c->first) = k;
    c->last = k;
    return true;
}

static int add(plait_future *f, plait_executor *ex, plait_callback function, void *context)
{
    if (plait_future_forked(f)) return plait_fail(PLAIT_EFORKED, "a callback for a future of the parent process");
    if (!ex && plait_future_done(f)) return call(function, f, context), 0;
    struct plait_callbacks *c = f == &plait_no_memory_future ? NULL : callbacks_of(f);
    struct callback *k = c ? callback_new(f, ex, function, context) : NULL;
    if (!k) return plait_fail(PLAIT_ENOMEM, "no memory for a callback of task %s", f->name);
    if (c->generation != plait_process_generation()) {
        forget(k);
        return plait_fail(PLAIT_EFORKED, "a callback for a future of the parent process");
    }
    plait_mutex_lock(&c->guard);
    if (enlist(f, c, k)) {
        plait_mutex_unlock(&c->guard); /* our last access: it may end, and be gone */
        return 0;
    }
    if (ex) {
        send_and_unlock(c, k);
        return 0;
    }
    plait_mutex_unlock(&c->guard);
    free(k);
    call(function, f, context);
    return 0;
}

int plait_future_add_callback(plait_future *f, plait_callback function, void *context)
{
    return add(f, NULL, function, context);
}

int plait_future_add_callback_on(plait_future *f, plait_executor *ex, plait_callback function, void *context)
{
    if (!ex) return plait_fail(PLAIT_EINVAL, "a callback on no executor: did its constructor fail?");
    return add(f, ex, function, context);
}

/* Whether the call under way is this one, and not one that the asker is inside of. */
static bool under_way(struct plait_callbacks *c, plait_callback function, void *context)
{
    if (!c->now || c->now->function != function || c->now->context != context) return false;
    for (plait_context *inside = plait_current(); inside; inside = inside->outer)
        if (inside == c->by) return false;
    return true;
}

static struct callback *next_sent(struct callback *k, plait_callback function, void *context)
{
    while (k && (k->function != function || k->context != context)) k = k->next;
    return k;
}

/* With the guard held, as again when it returns. Each is tried once, by one: so of several that are asked for one is
   given to each who asks. */
static bool take_back_sent(struct plait_callbacks *c, plait_callback function, void *context)
{
    bool prevented = false;
    struct callback *k = next_sent(c->sent, function, context);
    while (k && !prevented) {
        if (k->asked) {
            k = next_sent(k->next, function, context);
            continue;
        }
        plait_future *task = k->task;
        k->asked = true;
        atomic_fetch_add_explicit(&task->references, 1, memory_order_relaxed);
        plait_mutex_unlock(&c->guard);
        prevented = plait_future_withdraw(task);
        plait_future_release(task);
        plait_mutex_lock(&c->guard);
        k = next_sent(c->sent, function, context);
    }
    return prevented;
}

/* With a reference: one that runs, and is not what the asker is inside of. */
static plait_future *sent_under_way(struct plait_callbacks *c, plait_callback function, void *context)
{
    for (struct callback *k = c->sent; (k = next_sent(k, function, context)); k = k->next) {
        plait_context *inside = plait_current();
        while (inside && inside->future != k->task) inside = inside->outer;
        if (inside || plait_future_done(k->task)) continue;
        atomic_fetch_add_explicit(&k->task->references, 1, memory_order_relaxed);
        return k->task;
    }
    return NULL;
}

/* With the guard held, as again when it returns. */
static void until_over(struct plait_callbacks *c, plait_callback function, void *context)
{
    for (plait_future *task; (task = sent_under_way(c, function, context)); plait_mutex_lock(&c->guard)) {
        plait_mutex_unlock(&c->guard);
        (void)!plait_future_wait_or_run(task, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE, NULL); /* nothing cuts it short */
        plait_future_release(task);
    }
    if (!under_way(c, function, context)) return;
    PLAIT_SHIELD(to_the_end, PLAIT_FOREVER);
    plait_executor *pool = plait_worker_sleeps();
    while (under_way(c, function, context))
        (void)!plait_condition_wait(&c->over, &c->guard, PLAIT_FOREVER); /* nothing cuts it short */
    plait_worker_resumes(pool);
}

bool plait_future_remove_callback(plait_future *f, plait_callback function, void *context)
{
    struct plait_callbacks *c = atomic_load_explicit(&f->callbacks, memory_order_acquire);
    if (!c || c->generation != plait_process_generation()) return false;
    plait_mutex_lock(&c->guard);
    struct callback *before = NULL, *k = c->first;
    for (; k && (k->function != function || k->context != context); k = k->next) before = k;
    if (k) {
        *(before ? &before->next : &c->first) = k->next;
        if (c->last == k) c->last = before;
        plait_mutex_unlock(&c->guard);
        forget(k);
        return true;
    }
    bool prevented = take_back_sent(c, function, context);
    if (!prevented) until_over(c, function, context);
    plait_mutex_unlock(&c->guard);
    return prevented;
}
