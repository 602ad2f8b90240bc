/* timer.c: calls that are made later, by one thread.

   What must hold, under the guard:
   - A timer waits in the calendar, or is `running`, or neither: it has been called or cancelled. Only the thread takes the
     first one out of the calendar to call it, and while it calls, the guard is free.
   - Whoever makes another one the first claims the thread, if it sleeps, in the same step: so it never sleeps beyond
     the first one's time.
   - A timer is freed by its owner while it is not running, else by the thread once its call has returned: `owned` says
     by whom. The thread does not touch a timer after its call but for that. */
#include "base/calendar.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/report.h"
#include "base/stop.h"
#include "thread/thread.h"
#include <plait/mutex.h>
#include <plait/timer.h>
#include <signal.h>
#include <stdlib.h>

struct plait_timer {
    struct plait_due due; /* first: the two addresses are one */
    int64_t period;
    int (*run)(void *);
    void *argument;
    const char *name;
    uint32_t generation;
    bool owned; /* its owner will free it */
};

struct service {
    plait_mutex guard;
    plait_calendar calendar;
    plait_timer *running;
    bool started;
    plait_waitlist sleeping; /* the thread */
    plait_waitlist waiting;  /* for the end of a call */
};
static struct service service;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int unprepared;
static _Thread_local bool serving __attribute__((tls_model("initial-exec")));

/* The thread is the parent's, and so is whoever may have held the guard. */
static void in_forked_child(void)
{
    service = (struct service){ 0 };
    serving = false; /* should a call have forked */
}

static void prepare(void) { unprepared = pthread_atfork(NULL, NULL, in_forked_child); }

static plait_timer *first(void) { return (plait_timer *)plait_calendar_first(&service.calendar); }

/* Puts it into the calendar; who must be woken for that. */
static plait_waiter *add(plait_timer *t)
{
    plait_calendar_add(&service.calendar, &t->due, t->due.at);
    return first() == t ? plait_waitlist_claim(&service.sleeping) : NULL;
}

/* All timers of the program would be dead. */
static void left(void *name) { plait_stop("timer %s left its thread by pthread_exit", (const char *)name); }

static void call(plait_timer *t)
{
    plait_record_keep(NULL);
    const char *name = t->name; /* a call that has forked may have freed the timer, in the child */
    int err;
    pthread_cleanup_push(left, (void *)(uintptr_t)name);
    err = t->run(t->argument);
    pthread_cleanup_pop(0);
    unsigned locks = plait_current()->locks;
    if (locks) plait_stop("timer %s ended while it held %u mutex(es)", name, locks);
    const plait_error_record *said = err ? plait_error() : NULL;
    if (err) plait_report_failure(PLAIT_REPORT_TIMER, name, err, said && said->code == err ? said : NULL);
}

/* The next time after now that is a whole number of periods away. */
static int64_t next_time(plait_timer *t)
{
    int64_t now = plait_time(), missed = now < t->due.at ? 0 : (now - t->due.at) / t->period;
    return t->period > INT64_MAX - t->due.at - missed * t->period ? INT64_MAX : t->due.at + (missed + 1) * t->period;
}

/* With the guard held, and again when it returns. */
static void sleep_until_first(void)
{
    plait_waiter node = plait_waiter_here();
    plait_deadline until = plait_deadline_at_(first() ? first()->due.at : 0);
    plait_waitlist_add(&service.sleeping, &node);
    plait_mutex_unlock(&service.guard);
    (void)!plait_wait_in(&service.sleeping, &node, until, PLAIT_NOT_CANCELLABLE); /* in time or woken, all one */
    plait_mutex_lock(&service.guard);
}

static int serve(void *unused)
{
    (void)unused;
    uint32_t generation = plait_process_generation();
    serving = true;
    plait_mutex_lock(&service.guard);
    for (;;) {
        plait_timer *t =
            service.calendar.count ? (plait_timer *)plait_calendar_take(&service.calendar, plait_time()) : NULL;
        if (!t) {
            sleep_until_first();
            continue;
        }
        service.running = t;
        plait_mutex_unlock(&service.guard);
        call(t);
        if (plait_process_generation() != generation) return 0; /* the call has forked, and this is the child */
        plait_mutex_lock(&service.guard);
        service.running = NULL;
        if (t->period) {
            t->due.at = next_time(t);
            add(t);
        } else if (!t->owned) {
            free(t);
        }
        plait_wake(plait_waitlist_claim_all(&service.waiting, false)); /* they lock the guard before they look */
    }
}

/* With the guard held. Signals are for the program's own threads. */
static int start_service(void)
{
    sigset_t all, mine;
    if (service.started) return 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mine);
    plait_thread *t =
        plait_thread_start(serve, NULL, &(plait_thread_start_options){ .name = "plait-timer", .life = PLAIT_SERVICE });
    pthread_sigmask(SIG_SETMASK, &mine, NULL);
    if (!t) return plait_error() ? plait_error()->code : PLAIT_ENOMEM;
    plait_thread_detach(t);
    service.started = true;
    return 0;
}

plait_timer *plait_timer_start_sized(plait_deadline at, int (*run)(void *), void *argument,
                                     const plait_timer_options *options, size_t options_size)
{
    plait_timer_options o;
    if (plait_options_read(&o, sizeof o, options, options_size)) return NULL;
    if (!run) {
        plait_fail(PLAIT_EINVAL, "a timer without a function to call");
        return NULL;
    }
    if (o.period < 0) {
        plait_fail(PLAIT_EINVAL, "a timer with a period of %lld ns", (long long)o.period);
        return NULL;
    }
    pthread_once(&once, prepare);
    plait_timer *t = unprepared ? NULL : plait_allocate(sizeof *t);
    if (!t) {
        plait_fail(PLAIT_ENOMEM, "no memory for a timer");
        return NULL;
    }
    t->due.at = plait_is_now(at) ? plait_time() : at.at;
    t->period = o.period;
    t->run = run;
    t->argument = argument;
    t->name = o.name ? o.name : "unnamed";
    t->generation = plait_process_generation();
    t->owned = true;
    plait_mutex_lock(&service.guard);
    plait_waiter *thread = NULL;
    int err = start_service();
    if (!err && at.at) thread = add(t);
    plait_mutex_unlock(&service.guard);
    plait_wake(thread);
    if (!err) return t;
    free(t);
    plait_fail_because(err, "no thread to serve timers");
    return NULL;
}

/* With the guard held. */
static bool cancel(plait_timer *t)
{
    bool waits = plait_calendar_has(&t->due), prevented = waits || (service.running == t && t->period);
    if (waits) plait_calendar_remove(&service.calendar, &t->due);
    t->period = 0;
    return prevented;
}

static bool is_ours(plait_timer *t) { return t->generation == plait_process_generation(); }

bool plait_timer_cancel(plait_timer *t)
{
    if (!is_ours(t)) return false;
    PLAIT_LOCKED(&service.guard);
    return cancel(t);
}

static void wait_for_call(plait_timer *t)
{
    while (service.running == t) {
        plait_waiter node = plait_waiter_here();
        plait_waitlist_add(&service.waiting, &node);
        plait_mutex_unlock(&service.guard);
        (void)!plait_wait_in(&service.waiting, &node, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE); /* nothing cuts it short */
        plait_mutex_lock(&service.guard);
    }
}

void plait_timer_free(plait_timer *t)
{
    bool ours = t && is_ours(t), by_itself = false;
    if (ours) {
        plait_mutex_lock(&service.guard);
        cancel(t);
        by_itself = serving && service.running == t;
        if (by_itself) t->owned = false;
        else wait_for_call(t);
        plait_mutex_unlock(&service.guard);
    }
    if (!by_itself) free(t);
}

void plait_timer_detach(plait_timer *t)
{
    bool through = !is_ours(t);
    if (!through) {
        plait_mutex_lock(&service.guard);
        through = !plait_calendar_has(&t->due) && service.running != t;
        t->owned = false;
        plait_mutex_unlock(&service.guard);
    }
    if (through) free(t);
}
