/* tasks.h: the tasks that the tests of futures and executors submit, and the gate that holds some of them: who passes it
   says so, and what waits for it is let on when it is opened, by the test and not by time. */
#ifndef PLAIT_TEST_TASKS_H
#define PLAIT_TEST_TASKS_H
#include "runners.h"
#include <plait.h>

struct gate {
    plait_event open;
    _Atomic size_t arrived, passed, cut; /* cut: left by a cancel */
};

/* Waits until `count` have come to the gate, those that have passed it included. */
static inline void until_arrived(struct gate *g, size_t count) { until(atomic_load(&g->arrived) >= count); }

static inline int pass(struct gate *const *gate)
{
    struct gate *g = *gate;
    atomic_fetch_add(&g->arrived, 1);
    int err = plait_event_wait(&g->open, PLAIT_FOREVER);
    atomic_fetch_add(err ? &g->cut : &g->passed, 1);
    return err;
}
PLAIT_LOCAL_TASK(pass, struct gate *, void);

/* Passes a gate that no cancel opens, so that a test says when it ends. */
static inline int pass_stubbornly(struct gate *const *gate)
{
    PLAIT_SHIELD(deaf, PLAIT_FOREVER);
    return pass(gate);
}
PLAIT_LOCAL_TASK(pass_stubbornly, struct gate *, void);

struct numbered_gate {
    struct gate *gate;
    int number;
};

/* The same with a result. */
static inline int pass_numbered(const struct numbered_gate *n, int *number)
{
    *number = n->number;
    return pass(&n->gate);
}
PLAIT_LOCAL_TASK(pass_numbered, struct numbered_gate, int);

static inline int square(const int *n, int *out)
{
    *out = *n * *n;
    return 0;
}
PLAIT_TASK(square, int, int);

static inline int nothing(void) { return 0; }
PLAIT_TASK(nothing, void, void);

/* Fails with a code, with words or without. */
static inline int fail_with(const int *code) { return *code; }
PLAIT_TASK(fail_with, int, void);

static inline int fail_in_words(const int *code) { return plait_fail(*code, "no luck with %d", *code); }
PLAIT_TASK(fail_in_words, int, void);

static inline int count_up(_Atomic int *const *n)
{
    atomic_fetch_add(*n, 1);
    return 0;
}
PLAIT_LOCAL_TASK(count_up, _Atomic int *, void);

/* A pool whose workers are all held at a gate: what else is submitted stays pending until release_pool. */
struct held_pool {
    plait_executor *executor;
    struct gate gate;
    plait_future *holders[8];
    size_t workers;
};

static inline void hold_pool(struct held_pool *p, int workers)
{
    memset(p, 0, sizeof *p);
    p->executor = plait_thread_executor_new(&(plait_thread_options){ .workers = workers });
    check(p->executor);
    struct gate *gate = &p->gate;
    for (; p->workers < (size_t)workers; p->workers++)
        p->holders[p->workers] = plait_submit(p->executor, pass_stubbornly, &gate);
    until_arrived(gate, p->workers);
}

static inline void release_pool(struct held_pool *p)
{
    plait_event_set(&p->gate.open);
    for (size_t i = 0; i < p->workers; i++) check_code(plait_await(p->holders[i], NULL), 0);
}

static inline void end_pool(struct held_pool *p)
{
    if (!plait_event_is_set(&p->gate.open)) release_pool(p);
    plait_executor_free(p->executor);
}

/* A pool that has nothing to do. */
static inline plait_executor *pool_of(int workers)
{
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = workers });
    check(pool);
    return pool;
}

static inline plait_executor_statistics statistics_of(plait_executor *ex)
{
    plait_executor_statistics s;
    plait_executor_get_statistics(ex, &s);
    return s;
}

#endif
