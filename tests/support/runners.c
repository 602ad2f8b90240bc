/* runners.c: see runners.h. What must hold: nothing here waits by plait's own means, so that a broken wait is seen where
   it is tested and not here. */
#include "runners.h"
#include "coroutine.h"
#include "park/context.h"
#include <pthread.h>
#include <sched.h>

struct runner {
    int (*function)(void *);
    void *argument;
    int result;
    bool has_thread;
    pthread_t thread;
    enum runner_kind kind;
    _Atomic(plait_parker *) parker;
    _Atomic bool done;
};

_Thread_local enum runner_kind runner_kind;
const char *const runner_kind_names[RUNNER_KINDS] = { "threads", "coroutines", "mixed" };
static _Atomic unsigned started;

static void run(void *runner)
{
    struct runner *r = runner;
    runner_kind = r->kind;
    atomic_store_explicit(&r->parker, plait_current()->parker, memory_order_release);
    r->result = r->function(r->argument);
    atomic_store_explicit(&r->done, true, memory_order_release); /* the last access: a joiner frees it */
}

static void *run_thread(void *runner)
{
    run(runner);
    return NULL;
}

static void *run_scheduler(void *runner)
{
    coroutines_run(run, runner);
    return NULL;
}

struct runner *runner_start(int (*function)(void *), void *argument)
{
    struct runner *r = calloc(1, sizeof *r);
    check(r);
    r->function = function;
    r->argument = argument;
    r->kind = runner_kind;
    unsigned turn = atomic_fetch_add_explicit(&started, 1, memory_order_relaxed) % 3;
    bool coroutine = runner_kind == RUNNERS_ARE_COROUTINES || (runner_kind == RUNNERS_ARE_MIXED && turn != 0);
    if (coroutine && coroutine_running() && !(runner_kind == RUNNERS_ARE_MIXED && turn == 1)) {
        coroutine_start(run, r);
    } else {
        r->has_thread = true;
        check_number(pthread_create(&r->thread, NULL, coroutine ? run_scheduler : run_thread, r), 0);
    }
    return r;
}

int runner_join(struct runner *r)
{
    until(runner_done(r));
    if (r->has_thread) pthread_join(r->thread, NULL);
    int result = r->result;
    free(r);
    return result;
}

bool runner_done(struct runner *r) { return atomic_load_explicit(&r->done, memory_order_acquire); }

static bool is_parked(plait_parker *p)
{
    /* Relaxed, so that no order is lent to whoever wakes it next. */
    uint32_t state = p ? atomic_load_explicit(&p->state, memory_order_relaxed) : PLAIT_EMPTY;
    return state == PLAIT_PARKED || state == PLAIT_PARKED_ON;
}

bool runner_asleep(struct runner *r) { return is_parked(atomic_load_explicit(&r->parker, memory_order_acquire)); }
void until_asleep(struct runner *r) { until(runner_asleep(r)); }
void until_parked(plait_parker *p) { until(is_parked(p)); }

plait_parker *runner_parker(struct runner *r)
{
    until(atomic_load_explicit(&r->parker, memory_order_acquire));
    return r->parker;
}

size_t waiters_listed(plait_waitlist *list)
{
    plait_waiter *last = plait_waitlist_hold(list);
    size_t count = 0;
    if (last && last != PLAIT_CLOSED) {
        plait_waiter *w = last;
        do count++;
        while ((w = w->next) != last);
    }
    plait_waitlist_release(list, last);
    return count;
}

void until_listed(plait_waitlist *list, size_t waiters) { until(waiters_listed(list) == waiters); }

void let_others_run(void)
{
    if (coroutine_running()) coroutine_yield();
    sched_yield();
}

static void run_body(void *body) { (*(void (**)(void))body)(); }

static void *body_on_thread(void *body)
{
    runner_kind = RUNNERS_ARE_THREADS;
    run_body(body);
    return NULL;
}

static void *body_on_scheduler(void *body)
{
    coroutines_run(run_body, body);
    return NULL;
}

void runners_of(enum runner_kind kind, void (*body)(void))
{
    runner_kind = kind;
    if (kind == RUNNERS_ARE_THREADS) body_on_thread(&body);
    else body_on_scheduler(&body);
    runner_kind = RUNNERS_ARE_THREADS;
}

void runners_each(void (*body)(void))
{
    for (int kind = 0; kind < RUNNER_KINDS; kind++) {
        fprintf(stderr, "    of %s\n", runner_kind_names[kind]);
        runners_of((enum runner_kind)kind, body);
    }
}
