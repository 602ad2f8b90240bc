/* children.c: the processes that this one has started and whose objects are there: listed, ended with the program, let go of
   in a forked child. What must hold: nobody waits with the guard held; at the program's end nothing is freed, since the
   objects are the program's. */
#include "base/clock.h"
#include "base/fork.h"
#include "base/report.h"
#include "base/stop.h"
#include "process/lifeline.h"
#include "process/process.h"
#include "thread/thread.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE (10 * PLAIT_SECOND) /* then it is said what is waited for */
#define GRACE (1 * PLAIT_SECOND)     /* of daemons, from SIGTERM to SIGKILL */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int unprepared;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER; /* over the list */
static plait_process *first, *last;                       /* oldest first */
static _Thread_local bool ours;                           /* the fork that is under way */
static _Thread_local int parents_lifeline;

static void before_fork(void) { pthread_mutex_lock(&guard); }

static void after_fork(void) { pthread_mutex_unlock(&guard); }

static void in_forked_child(void)
{
    parents_lifeline = plait_lifeline_forked();
    if (!ours && parents_lifeline >= 0) close(parents_lifeline);
    for (plait_process *p = first; p; p = p->next) {
        close(p->pidfd);
        close(p->area);
        p->pidfd = p->area = -1;
    }
    first = last = NULL;
    after_fork();
}

pid_t plait_children_fork(int *lifeline)
{
    ours = true;
    pid_t child = fork();
    int before = errno;
    ours = false;
    *lifeline = parents_lifeline;
    errno = before;
    return child;
}

/* The oldest that is not told of before, is a daemon or is not. It stays listed: its owner, who alone could free it, is at
   the program's end too, or gone. */
static plait_process *next_at_exit(plait_process *p, bool daemon)
{
    pthread_mutex_lock(&guard);
    for (p = p ? p->next : first; p && p->daemon != daemon;) p = p->next;
    pthread_mutex_unlock(&guard);
    return p;
}

static void settle(plait_process *p)
{
    if (atomic_exchange_explicit(&p->seen, true, memory_order_relaxed) || !p->code) return;
    plait_report_failure(PLAIT_REPORT_PROCESS, p->name, p->code, p->record ? &p->record->public : NULL);
}

static void at_exit(void)
{
    PLAIT_SHIELD(whole, PLAIT_FOREVER); /* exit may have been called in a dead scope */
    for (plait_process *p = NULL; (p = next_at_exit(p, true));) (void)plait_process_signal(p, SIGTERM);
    for (plait_process *p = NULL; (p = next_at_exit(p, false));) {
        int code;
        bool ended = plait_process_look(p), seen = atomic_load_explicit(&p->seen, memory_order_relaxed);
        if (!ended && plait_process_join(p, &code, plait_after(PATIENCE)) != 0) {
            plait_report("the program ends as soon as process %s (pid %d) has: it is no daemon", p->name, p->number);
            (void)!plait_process_join(p, &code, PLAIT_FOREVER);
        }
        atomic_store_explicit(&p->seen, seen, memory_order_relaxed);
        settle(p);
    }
    plait_deadline until = plait_after(GRACE);
    for (plait_process *p = NULL; (p = next_at_exit(p, true));) {
        int64_t left = until.at - plait_time();
        (void)plait_process_terminate(p, left > 0 ? left : 0);
    }
}

static void prepare(void)
{
    unprepared = pthread_atfork(before_fork, after_fork, in_forked_child) != 0 ? PLAIT_ENOMEM : plait_exit_prepare();
    atomic_store_explicit(&plait_exit_last[PLAIT_EXIT_PROCESSES], at_exit, memory_order_release);
}

int plait_children_prepare(void)
{
    pthread_once(&once, prepare);
    return unprepared;
}

void plait_children_add(plait_process *p)
{
    pthread_mutex_lock(&guard);
    p->previous = last;
    *(last ? &last->next : &first) = p;
    last = p;
    pthread_mutex_unlock(&guard);
}

void plait_children_remove(plait_process *p)
{
    pthread_mutex_lock(&guard);
    *(p->previous ? &p->previous->next : &first) = p->next;
    *(p->next ? &p->next->previous : &last) = p->previous;
    pthread_mutex_unlock(&guard);
}

size_t plait_process_list(plait_process_info *list, size_t room)
{
    size_t all = 0;
    pthread_mutex_lock(&guard);
    for (plait_process *p = first; p; p = p->next) {
        if (plait_process_look(p) || all++ >= room) continue;
        *list = (plait_process_info){ .id = p->number, .daemon = p->daemon, .forked = p->forked };
        memcpy(list->name, p->name, sizeof list->name);
        list++;
    }
    pthread_mutex_unlock(&guard);
    return all;
}
