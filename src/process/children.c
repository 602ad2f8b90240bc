/* children.c: the processes that this one has started and whose objects are there: listed, ended with the program, let go of
   in a forked child. What must hold: nobody waits for a process with the guard held; the list holds no reference, so who
   takes an object off it does so under the guard, before he lets go of his own. */
#include "base/clock.h"
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

static void before_fork(void)
{
    pthread_mutex_lock(&guard);
    plait_relay_before_fork();
}

static void after_fork(void)
{
    plait_relay_after_fork();
    pthread_mutex_unlock(&guard);
}

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
    plait_relay_in_forked_child();
    pthread_mutex_unlock(&guard);
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

/* The oldest of this kind that this round has not met yet, with a reference. */
static plait_process *next_at_exit(int round, bool daemon)
{
    pthread_mutex_lock(&guard);
    plait_process *p = first;
    while (p && (p->daemon != daemon || p->round == round)) p = p->next;
    if (p) {
        p->round = round;
        atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed); /* the list's is the owner's */
    }
    pthread_mutex_unlock(&guard);
    return p;
}

static void await(plait_process *p)
{
    if (plait_process_wait_until(p, plait_after(PATIENCE)) == 0) return;
    plait_report("the program ends as soon as process %s (pid %d) has: it is no daemon", p->name, p->number);
    plait_process_wait(p);
}

static void at_exit(void)
{
    enum { TELL = 1, END };
    PLAIT_SHIELD(whole, PLAIT_FOREVER); /* exit may have been called in a dead scope */
    plait_process *p;
    for (; (p = next_at_exit(TELL, true)); plait_process_unref(p)) (void)plait_process_signal(p, SIGTERM);
    for (; (p = next_at_exit(END, false)); plait_process_unref(p)) {
        await(p);
        plait_process_wait_for_output(p);
        plait_process_settle(p);
    }
    plait_deadline until = plait_after(GRACE);
    for (; (p = next_at_exit(END, true)); plait_process_unref(p)) {
        int64_t left = until.at - plait_time();
        (void)plait_process_terminate(p, left > 0 ? left : 0);
        plait_process_wait_for_output(p);
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
