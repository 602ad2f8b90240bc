/* process.h: what a process object is made of, for the files of this room.

   What must hold:
   - An object is on the list (children.c) from its start to its free, so that a forked child can close the descriptors that
     are its parent's. Only the process whose generation it has asks the system about it.
   - `ended` is set under the object's guard, by whoever asked first after the end; after it the outcome stands, and
     may be read without the guard.
   - The pidfd stays open as long as the object: those who wait poll it.
   - The owner holds a reference; the end of the program another, for a while: a daemon thread may free the object meanwhile. */
#ifndef PLAIT_PROCESS_PROCESS_H
#define PLAIT_PROCESS_PROCESS_H
#include "base/record.h"
#include "future/future.h"
#include "process/launch.h"
#include "process/relay.h"
#include <plait/process.h>
#include <pthread.h>
#include <stdatomic.h>

struct plait_process {
    plait_process *next, *previous; /* on the list; under its guard, … */
    int round;                      /* … as is the last one of the program's end that has met it */
    _Atomic uint32_t references;
    uint32_t generation; /* of the process that started it */
    int pidfd, area, number;
    struct plait_keeper *keeper; /* NULL: it was forked, or has ended */
    bool forked, daemon;
    struct plait_relay *relay;   /* or NULL; counted, as is … */
    struct plait_relays *relays; /* … its own: somebody else's is waited for by him; from here on it does not change */
    const plait_task *task;
    const char *file;
    int line;

    pthread_mutex_t guard;   /* over what follows, until it has ended */
    plait_deadline begin_by; /* none: it has come to plait_init, or been killed */
    bool too_late;           /* killed, since it had not */
    bool status_known;
    int status; /* as plait_process_exit_code gives it */
    int code;
    plait_record *record; /* counted */
    void *result;
    _Atomic bool ended, seen;
    char name[64];
};

/* A new object for a task, not yet listed, with its area; NULL, with a record, also for what cannot be asked. */
plait_process *plait_process_new(const plait_task *, const void *argument, const plait_process_start_options *,
                                 const char *file, int line);

/* As plait_process_start_task, but its lines are counted in by `relays`, for which its free does not wait (relay.h). */
plait_process *plait_process_start_relayed(const plait_task *, const void *argument,
                                           const plait_process_start_options *, struct plait_relays *relays,
                                           _Atomic uint64_t *taken, const char *file, int line);

/* Waits until what it wrote is passed on, when it has ended, however long, if nobody else does. */
void plait_process_wait_for_output(plait_process *);

/* Frees one that could not be started, or that is the parent's; NULL. */
plait_process *plait_process_drop(plait_process *);

/* Whether it has ended. Fetches how, at most once. */
bool plait_process_look(plait_process *);

/* Waits for its end until a deadline, and is no look at its outcome: 0, or a code of the wait. Or however long: nothing
   cuts that short, and where there is no descriptor to sleep by, it blocks. */
int plait_process_wait_until(plait_process *, plait_deadline);
void plait_process_wait(plait_process *);

/* Reports a failure that nobody has looked at. */
void plait_process_settle(plait_process *);
void plait_process_unref(plait_process *);

/* children.c: those that this process has started. Prepares the end of the program and forks, and adds. The first call's
   failure is PLAIT_ENOMEM. */
int plait_children_prepare(void);
void plait_children_add(plait_process *);
void plait_children_remove(plait_process *);

/* fork(2) for a child that is to run a task: there *lifeline is the descriptor of its parent's. */
pid_t plait_children_fork(int *lifeline);

/* self.c: the running process as plait started it. */
extern bool plait_was_initialized; /* plait_init was called in this process, or before the fork of it */
void plait_self_become(const char *name, bool daemon, int area, int lifeline); /* -1: it has none of its own */
const char *plait_self_name(void);
bool plait_self_is_daemon(void);

/* body.c: runs the task, in the process that was started for it, writes its outcome to the area. Returns the exit status. */
int plait_body_run(const plait_task *, const void *argument, const char *file, int line, int area);

/* Its record names the task and the process as where it happened. NULL is nothing. */
void plait_process_sign(const plait_process *, plait_record *);

/* worker.c: where a process that plait has started afresh stays, once it has found the marker in its environment; returns in
   any other. */
void plait_worker_begin(void);

/* The same: sees to it that no file is opened under the numbers of stdin, stdout and stderr where they are closed. */
void plait_hold_standard_descriptors(void);

#endif
