/* multi_loop.c: tasks as coroutines on several loops, each on a thread of its own. A task goes to the loop that has the
   fewest, and stays there.

   What must hold: a loop's thread ends when the executor is closed for good and the loop has no tasks left and its inbox
   is shut; what comes later is refused by the inbox. So no task is lost between a submit and the end. */
#include "base/cpus.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/stop.h"
#include "executor/loop.h"
#include "thread/thread.h"
#include <plait/event.h>
#include <plait/loop.h>
#include <plait/mutex.h>
#include <plait/thread.h>
#include <stdio.h>
#include <stdlib.h>

struct member {
    struct plait_loop_account account;
    struct multi_loop *owner;
    plait_thread *thread;
    plait_parker *parker; /* the thread's */
    plait_loop *loop;     /* to send to: closed at the end, but there */
    int error;            /* why it could not be opened */
    plait_event opened;
};

struct multi_loop {
    plait_executor executor; /* first: the two addresses are one */
    char *name;
    size_t stack_size, wanted;
    _Atomic size_t count; /* of those that were started; they are the first */
    _Atomic unsigned turn;
    _Atomic bool ending;
    _Atomic uint64_t submitted, refused;
    plait_mutex starting;
    struct member members[];
};

static _Atomic unsigned made;

static size_t started(struct multi_loop *m) { return atomic_load_explicit(&m->count, memory_order_acquire); }

static void publish(struct member *me, plait_loop *l)
{
    (void)plait_waitlist_hold(&me->account.guard);
    me->account.loop = l;
    plait_waitlist_release(&me->account.guard, NULL);
}

static int serve(void *argument)
{
    struct member *me = argument;
    struct multi_loop *m = me->owner;
    plait_loop *l = plait_loop_open(&plait_loop_executor_operations, m->stack_size, PLAIT_LOOP_RUNS);
    me->parker = plait_current()->parker;
    me->loop = l;
    me->error = l ? 0 : plait_error()->code;
    if (l) {
        l->account = &me->account;
        publish(me, l);
    }
    plait_event_set(&me->opened);
    if (!l) return 0;
    do plait_loop_pass(l, PLAIT_FOREVER);
    while (!atomic_load_explicit(&m->ending, memory_order_acquire) || !plait_loop_shut(l));
    publish(me, NULL);
    plait_loop_close(l);
    return 0;
}

static int start_one(struct multi_loop *m, size_t i)
{
    struct member *me = &m->members[i];
    char name[64];
    snprintf(name, sizeof name, "%s-%zu", m->name, i + 1);
    me->owner = m;
    plait_event_clear(&me->opened); /* an earlier try, which failed, has set it */
    me->thread = plait_thread_start(serve, me, &(plait_thread_start_options){ .name = name, .life = PLAIT_SERVICE });
    if (!me->thread) return plait_error() ? plait_error()->code : PLAIT_ENOMEM;
    PLAIT_SHIELD(whole, PLAIT_FOREVER);                  /* a submit is no cancellation point */
    (void)!plait_event_wait(&me->opened, PLAIT_FOREVER); /* not cancellable, no deadline: 0 */
    if (me->loop) return 0;
    plait_thread_free(me->thread);
    me->thread = NULL;
    return plait_fail(me->error, "no loop could be opened");
}

/* All are started by the first submit. With fewer than were wanted it goes on, with none it fails. */
static int start(struct multi_loop *m)
{
    PLAIT_LOCKED(&m->starting);
    size_t count = atomic_load_explicit(&m->count, memory_order_relaxed);
    int err = 0;
    if (count) return 0;
    while (count < m->wanted && !(err = start_one(m, count))) count++;
    atomic_store_explicit(&m->count, count, memory_order_release);
    return count ? 0 : err;
}

/* A loop's record may be another's when it has ended, its account is not. */
static bool is_here(const struct member *me) { return plait_loop_here && plait_loop_here->account == &me->account; }

static bool is_one_of_its_own(struct multi_loop *m)
{
    bool own = false;
    for (size_t i = 0; i < started(m); i++) own |= is_here(&m->members[i]);
    return own;
}

static struct member *least_loaded(struct multi_loop *m)
{
    size_t count = started(m), least = SIZE_MAX;
    unsigned turn = atomic_fetch_add_explicit(&m->turn, 1, memory_order_relaxed); /* where all have as many */
    struct member *best = NULL;
    for (size_t i = 0; i < count && least; i++) {
        struct member *one = &m->members[(turn + i) % count];
        size_t load = atomic_load_explicit(&one->account.load, memory_order_relaxed);
        if (load >= least) continue;
        least = load;
        best = one;
    }
    return best;
}

static int submit(plait_executor *ex, plait_future *f)
{
    struct multi_loop *m = (struct multi_loop *)ex;
    int err = started(m) ? 0 : start(m);
    if (err) return err;
    struct member *to = least_loaded(m);
    atomic_fetch_add_explicit(&m->submitted, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&to->account.load, 1, memory_order_relaxed);
    if (is_here(to)) {
        plait_loop_take(to->loop, f);
    } else if (!plait_loop_send(to->loop, plait_item_future(f))) {
        atomic_fetch_sub_explicit(&to->account.load, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&m->refused, 1, memory_order_relaxed);
        return plait_fail(PLAIT_ECLOSED, "submitted to an executor that is closed");
    }
    return 0;
}

static void close_all(plait_executor *ex) { (void)ex; } /* submits look at the executor's own word */

static int shut_down(plait_executor *ex, const plait_shutdown_options *o)
{
    struct multi_loop *m = (struct multi_loop *)ex;
    bool own = is_one_of_its_own(m), now = o->deadline.at == PLAIT_NOW.at;
    if (own && !now) return PLAIT_EDEADLK;
    atomic_store_explicit(&ex->closed, true, memory_order_relaxed);
    for (size_t i = 0; i < started(m) && o->cancel; i++)
        atomic_store_explicit(&m->members[i].account.cancels, true, memory_order_relaxed);
    atomic_store_explicit(&m->ending, true, memory_order_release);
    for (size_t i = 0; i < started(m); i++) plait_unpark(m->members[i].parker);
    int err = own ? PLAIT_EAGAIN : 0;
    for (size_t i = 0; i < started(m) && !err; i++) err = plait_thread_join(m->members[i].thread, NULL, o->deadline);
    return err;
}

static void release(struct multi_loop *m)
{
    free(m->name);
    free(m);
}

static void free_all(plait_executor *ex)
{
    struct multi_loop *m = (struct multi_loop *)ex;
    if (ex->generation == plait_process_generation()) {
        if (is_one_of_its_own(m))
            plait_stop("an executor of loops was freed by one of its own tasks, for whose end that would wait");
        PLAIT_SHIELD(whole, PLAIT_FOREVER); /* no cancellation point */
        (void)!shut_down(ex, &(plait_shutdown_options){ .cancel = false });
        for (size_t i = 0; i < started(m); i++) plait_thread_free(m->members[i].thread);
    }
    release(m);
}

static size_t list(plait_executor *ex, plait_running_task *tasks, size_t room)
{
    struct multi_loop *m = (struct multi_loop *)ex;
    size_t running = 0;
    for (size_t i = 0; i < started(m); i++) {
        struct plait_loop_account *a = &m->members[i].account;
        int64_t now = plait_time();
        (void)plait_waitlist_hold(&a->guard);
        for (plait_coroutine *c = a->loop ? a->loop->newest : NULL; c; c = c->older, running++) {
            if (running >= room) continue;
            const plait_future *f = c->future;
            plait_running_task *to = &tasks[running];
            *to = (plait_running_task){ .line = f->line, .duration = now - c->since };
            snprintf(to->name, sizeof to->name, "%s", f->name);
            snprintf(to->thread, sizeof to->thread, "%s-%zu", m->name, i + 1);
            snprintf(to->file, sizeof to->file, "%s", f->file);
        }
        plait_waitlist_release(&a->guard, NULL);
    }
    return running;
}

static void statistics(plait_executor *ex, plait_executor_statistics *s)
{
    struct multi_loop *m = (struct multi_loop *)ex;
    size_t inside = 0;
    s->running = list(ex, NULL, 0);
    for (size_t i = 0; i < started(m); i++) {
        struct plait_loop_account *a = &m->members[i].account;
        (void)plait_waitlist_hold(&a->guard);
        s->workers += a->loop != NULL;
        plait_waitlist_release(&a->guard, NULL);
        s->finished += atomic_load_explicit(&a->finished, memory_order_relaxed);
        s->failed += atomic_load_explicit(&a->failed, memory_order_relaxed);
        s->cancelled += atomic_load_explicit(&a->cancelled, memory_order_relaxed);
        inside += atomic_load_explicit(&a->load, memory_order_relaxed);
    }
    s->queued = inside > s->running ? inside - s->running : 0;
    s->submitted = atomic_load_explicit(&m->submitted, memory_order_relaxed);
    s->refused = atomic_load_explicit(&m->refused, memory_order_relaxed);
}

plait_executor *plait_multi_loop_executor_new_sized(const plait_multi_loop_options *options, size_t options_size)
{
    static const struct plait_executor_operations operations = { .submit = submit,
                                                                 .close = close_all,
                                                                 .free = free_all,
                                                                 .get_statistics = statistics,
                                                                 .list = list,
                                                                 .shutdown = shut_down };
    plait_multi_loop_options o;
    if (plait_options_read(&o, sizeof o, options, options_size)) return NULL;
    if (o.loops < 0) {
        plait_fail(PLAIT_EINVAL, "an executor of %d loops", o.loops);
        return NULL;
    }
    size_t wanted = o.loops ? (size_t)o.loops : (size_t)plait_allowed_cpus();
    unsigned number = atomic_fetch_add_explicit(&made, 1, memory_order_relaxed) + 1;
    char numbered[32];
    snprintf(numbered, sizeof numbered, "loops-%u", number);
    struct multi_loop *m = plait_allocate(sizeof *m + wanted * sizeof *m->members);
    char *name = m ? plait_copy_string(o.name ? o.name : numbered) : NULL;
    if (!name) {
        free(m);
        plait_fail(PLAIT_ENOMEM, "no memory for an executor of %zu loops", wanted);
        return NULL;
    }
    m->executor = (plait_executor){ .operations = &operations, .generation = plait_process_generation() };
    m->name = name;
    m->stack_size = o.stack_size;
    m->wanted = wanted;
    return &m->executor;
}
