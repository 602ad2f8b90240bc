/* at_exit.c: pools at the end of the program: when its hooks have been called and its threads have ended, each pool is
   closed, and all that is inside of it runs to its end, the newest pool first, since its tasks may use an older one. What
   takes long is named. Only the pool by whose task the program was ended is left as it is.

   What must hold: a pool is on the list from its making until it is freed, or until the end has been through with it; one
   that the end is at is not given back under its hands, but left there. In a forked child the list begins anew. */
#include "executor/at_exit.h"
#include "base/fork.h"
#include "base/report.h"
#include "base/stop.h"
#include "park/scope.h"
#include "thread/thread.h"
#include <pthread.h>

#define PATIENCE (10 * PLAIT_SECOND) /* then it is said what is waited for */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int unprepared;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER; /* over the list, held for some instructions */
static struct plait_listed *newest;

static void before_fork(void) { pthread_mutex_lock(&guard); }
static void after_fork(void) { pthread_mutex_unlock(&guard); }
static void in_forked_child(void)
{
    newest = NULL;
    after_fork();
}

/* With the guard held. */
static void take_off(struct plait_listed *p)
{
    *(p->newer ? &p->newer->older : &newest) = p->older;
    if (p->older) p->older->newer = p->newer;
    p->older = p->newer = NULL;
    p->listed = false;
}

static void end_pool(struct plait_listed *p)
{
    plait_shutdown_options o = { .deadline = plait_after(PATIENCE) };
    int err = plait_executor_shutdown(p->executor, &o);
    if (err == PLAIT_ETIMEDOUT) {
        char text[512];
        plait_executor_describe(p->executor, text, sizeof text);
        plait_report("the program ends as soon as pool %s has: %s", p->name, text);
        o.deadline = PLAIT_FOREVER;
        err = plait_executor_shutdown(p->executor, &o);
    }
    if (!err && p->settle) p->settle(p->executor);
}

static void at_exit(void)
{
    PLAIT_SHIELD(whole, PLAIT_FOREVER); /* exit may have been called in a dead scope */
    for (;;) {
        pthread_mutex_lock(&guard);
        struct plait_listed *p = newest;
        if (p) {
            take_off(p);
            p->ending = true;
        }
        pthread_mutex_unlock(&guard);
        if (!p) return;
        plait_executor_close(p->executor);
        if (plait_current()->worker != p->executor) end_pool(p);
        pthread_mutex_lock(&guard);
        p->ending = false;
        pthread_mutex_unlock(&guard);
    }
}

static void prepare(void)
{
    unprepared = pthread_atfork(before_fork, after_fork, in_forked_child) != 0 ? PLAIT_ENOMEM : plait_exit_prepare();
    atomic_store_explicit(&plait_exit_last[PLAIT_EXIT_EXECUTORS], at_exit, memory_order_release);
}

int plait_list_for_exit(struct plait_listed *p)
{
    pthread_once(&once, prepare);
    if (unprepared) return unprepared;
    pthread_mutex_lock(&guard);
    p->older = newest;
    if (newest) newest->newer = p;
    newest = p;
    p->listed = true;
    pthread_mutex_unlock(&guard);
    return 0;
}

bool plait_unlist(struct plait_listed *p)
{
    if (p->executor->generation != plait_process_generation()) return true;
    pthread_mutex_lock(&guard);
    bool ending = p->ending;
    if (p->listed) take_off(p);
    pthread_mutex_unlock(&guard);
    return !ending;
}
