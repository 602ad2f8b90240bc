/* plan.h: how a test ends worker processes: by which death, at which step of their lives, how often. The plan lies in memory
   that test and workers share; a worker looks at it at each step (base/hooks.h), and a task that is to die itself asks. */
#ifndef PLAIT_TEST_PLAN_H
#define PLAIT_TEST_PLAN_H
#include "check.h"
#include <plait/shared.h>
#include <stdatomic.h>

enum death {
    BY_SEGV,
    BY_ABORT,
    BY_KILL,
    BY_EXIT_0,
    BY_EXIT_1,
    BY_STACK,
    BY_MEMORY,
    BY_LOOP, /* these two are none as long as no limit makes one of them */
    BY_STOP,
    DEATHS
};
extern const char *const death_names[DEATHS], *const death_words[DEATHS]; /* the latter: what its failure says */
static inline bool hangs(enum death d) { return d == BY_LOOP || d == BY_STOP; }

/* In the order of a worker's life; AT_RUNNING is the task's own, the others are plait's (executor/process_pool.h). */
enum step {
    AT_BIRTH,
    AT_TAKEN,
    AT_READING,
    AT_RUNNING,
    AT_WRITING,
    AT_WRITTEN,
    AT_DONE,
    AT_ANSWERED,
    AT_IDLE,
    AT_PARTING,
    STEPS
};
extern const char *const step_names[STEPS];
static inline bool loses_a_task(enum step s) { return s >= AT_READING && s <= AT_WRITTEN; }

struct plan {
    _Atomic int death, step;
    _Atomic int skip;   /* so often it is not the time yet */
    _Atomic int deaths; /* so many are to come */
    _Atomic int died;   /* so many have; */
    _Atomic int hung;   /* of those, so many only hang: */
    _Atomic int last;   /* the last one's number */
    _Atomic int runs;   /* of tasks */
};
extern struct plan *plan;
enum { ALWAYS = 1 << 20 };

/* Both first in main, in this order; the second after plait_init, in the test alone. */
void plan_look(void);
void plan_begin(void);

/* From now on: at a step, after it was come to `skip` times, so many deaths. */
void plan_deaths(enum death, enum step, int skip, int deaths);

/* Ends the caller if it is time: for a task, which is at AT_RUNNING. */
void plan_come_to(enum step);

/* Ends the caller. */
void die_by(enum death);

#endif
