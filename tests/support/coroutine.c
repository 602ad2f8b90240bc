/* coroutine.c: the tests' coroutines are plait's own; here they are started from plain functions, and waited for all
   together. */
#include "coroutine.h"
#include "check.h"
#include <plait.h>
#include <stdlib.h>

struct crowd {
    int alive;
    plait_event ended;
};
struct start {
    void (*function)(void *);
    void *argument;
    struct crowd *crowd;
};
static _Thread_local struct crowd *here;

static int run(const struct start *s)
{
    s->function(s->argument);
    if (--s->crowd->alive == 0) plait_event_set(&s->crowd->ended);
    return 0;
}
PLAIT_LOCAL_TASK(run, struct start, void);

void coroutine_start(void (*function)(void *), void *argument)
{
    here->alive++;
    plait_future_detach(plait_spawn(run, &((struct start){ function, argument, here })));
}

static int run_all(const struct start *first)
{
    here = first->crowd;
    coroutine_start(first->function, first->argument);
    int err = plait_event_wait(&here->ended, PLAIT_FOREVER);
    here = NULL;
    return err;
}
PLAIT_LOCAL_TASK(run_all, struct start, void);

void coroutines_run(void (*first)(void *), void *argument)
{
    struct crowd crowd = { 0 };
    if (plait_run(run_all, &((struct start){ first, argument, &crowd }), NULL) != 0) abort();
}

void coroutine_yield(void) { (void)!plait_yield(); }
bool coroutine_running(void) { return here && plait_loop_current(); }
