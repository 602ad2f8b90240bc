/* process.c: the life of a process object: made, looked at, joined, ended, freed. See process.h for what must hold. */
#include "process/process.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/report.h"
#include "base/stop.h"
#include "future/value.h"
#include "process/area.h"
#include <errno.h>
#include <plait/io.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#define START_LIMIT (60 * PLAIT_SECOND)

static _Atomic unsigned started;

/* What keeps a process from being started for this task; 0: nothing that could be known beforehand. */
static int refused(const plait_task *task, const void *argument, const plait_process_start_options *o)
{
    int err = plait_argument_missing(task, argument);
    if (err) return err;
    if (task->flags & PLAIT_TASK_LOCAL)
        return plait_fail(PLAIT_ENOTSUP,
                          "task %s is a local one: what its argument points to is not in another process", task->name);
    if (plait_self_is_daemon())
        return plait_fail(PLAIT_ENOTSUP, "process %s is a daemon, and may start no processes", plait_self_name());
    if (o->life > PLAIT_DAEMON) return plait_fail(PLAIT_EINVAL, "a process of the unknown life %d", (int)o->life);
    if (o->output > PLAIT_OUTPUT_BY_LINES)
        return plait_fail(PLAIT_EINVAL, "an unknown kind of output, %d", (int)o->output);
    if (o->start_limit < 0) return plait_fail(PLAIT_EINVAL, "a start limit of %lld ns", (long long)o->start_limit);
    return plait_children_prepare();
}

plait_process *plait_process_new(const plait_task *task, const void *argument, const plait_process_start_options *o,
                                 const char *file, int line)
{
    task = plait_task_given(task);
    if (refused(task, argument, o) != 0) return NULL;
    plait_process *p = plait_allocate(sizeof *p);
    if (!p) {
        plait_fail(PLAIT_ENOMEM, "no memory for a process");
        return NULL;
    }
    unsigned number = atomic_fetch_add_explicit(&started, 1, memory_order_relaxed) + 1;
    if (o->name) strncpy(p->name, o->name, sizeof p->name - 1);
    else snprintf(p->name, sizeof p->name, "process-%u", number);
    pthread_mutex_init(&p->guard, NULL);
    atomic_init(&p->references, 1);
    p->generation = plait_process_generation();
    p->daemon = o->life == PLAIT_DAEMON; /* as its starter, which is none, by default */
    p->begin_by = plait_after(o->start_limit ? o->start_limit : START_LIMIT);
    p->task = task, p->file = file, p->line = line;
    p->pidfd = -1;
    p->area = plait_area_new();
    return p->area < 0 ? plait_process_drop(p) : p;
}

static void release(plait_process *p)
{
    if (p->pidfd >= 0) plait_close(p->pidfd);
    if (p->area >= 0) close(p->area);
    if (p->result && plait_result_owns(p->task)) plait_result_clear(p->task, p->result);
    free(p->result);
    plait_keeper_forget(p->keeper);
    plait_relay_unref(p->relay);
    plait_relays_unref(p->relays);
    plait_record_unref(p->record);
    pthread_mutex_destroy(&p->guard);
    free(p);
}

void plait_process_unref(plait_process *p)
{
    if (atomic_fetch_sub_explicit(&p->references, 1, memory_order_acq_rel) == 1) release(p);
}

void plait_process_settle(plait_process *p)
{
    if (atomic_exchange_explicit(&p->seen, true, memory_order_relaxed) || !p->code) return;
    plait_report_failure(PLAIT_REPORT_PROCESS, p->name, p->code, p->record ? &p->record->public : NULL);
}

plait_process *plait_process_drop(plait_process *p)
{
    release(p);
    return NULL;
}

void plait_process_sign(const plait_process *p, plait_record *r)
{
    if (!r) return;
    plait_record_set_task(r, p->task->name, p->file, p->line);
    snprintf(r->thread, sizeof r->thread, "%.31s", p->name);
    r->public.pid = p->number;
}

static plait_record *killed(const plait_process *p)
{
    const char *abbreviation = sigabbrev_np(-p->status);
    plait_record *r = NULL;
    if (p->too_late)
        r = plait_record_say(PLAIT_EWORKER, NULL,
                             "it did not come to plait_init() in time, which is to be called first in main");
    else if (abbreviation) r = plait_record_say(PLAIT_EWORKER, NULL, "killed by SIG%s", abbreviation);
    else r = plait_record_say(PLAIT_EWORKER, NULL, "killed by signal %d", -p->status);
    if (r) r->public.signal = -p->status;
    return r;
}

/* It ended without an outcome, or against it. */
static plait_record *exited(const plait_process *p)
{
    uint32_t state = plait_area_state(p->area);
    const char *when = state == PLAIT_AREA_ASKED ? "before it came to plait_init(), which is to be called first in main"
                       : state == PLAIT_AREA_BEGUN ? "before its task had returned"
                                                   : "without a word that makes sense";
    return p->status_known ? plait_record_say(PLAIT_EWORKER, NULL, "it exited with status %d %s", p->status, when)
                           : plait_record_say(PLAIT_EWORKER, NULL,
                                              "it ended %s; how is not known: the program has waited for it itself, or "
                                              "ignores SIGCHLD, or its keeper was killed",
                                              when);
}

/* With the guard held, once. */
static void conclude(plait_process *p)
{
    if (!p->status_known || p->status >= 0) {
        if (plait_area_outcome(p->area, p->task, &p->code, &p->record, &p->result) == 0) {
            if (p->record && p->record->task[0])
                snprintf(p->record->thread, sizeof p->record->thread, "%.31s", p->name);
        } else if (p->status_known && p->status == 0 && !p->task->result_size &&
                   plait_area_state(p->area) == PLAIT_AREA_BEGUN) {
            p->code = 0; /* exit(0) is as good a way to say that there is nothing to tell */
        } else {
            p->record = exited(p);
            p->code = PLAIT_EWORKER;
        }
    } else {
        p->record = killed(p);
        p->code = PLAIT_EWORKER;
    }
    if (p->code == PLAIT_EWORKER) plait_process_sign(p, p->record);
    close(p->area);
    p->area = -1;
}

static bool fetch_status(plait_process *p)
{
    struct pollfd on = { .fd = p->pidfd, .events = POLLIN };
    siginfo_t info = { .si_pid = 0 };
    int got;
    if (p->keeper) {
        if (poll(&on, 1, 0) <= 0) return false;
        p->status_known = plait_keeper_end(p->keeper, &p->status);
        p->keeper = NULL;
        return true;
    }
    do got = waitid((idtype_t)P_PIDFD, (id_t)p->pidfd, &info, WEXITED | WNOHANG | __WALL);
    while (got < 0 && errno == EINTR);
    if (got == 0 && info.si_pid == 0) return false;
    if (got == 0) {
        p->status_known = true;
        p->status = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
        return true;
    }
    return poll(&on, 1, 0) > 0; /* another has fetched it */
}

static bool elsewhere(const plait_process *p) { return p->generation != plait_process_generation(); }

bool plait_process_look(plait_process *p)
{
    if (atomic_load_explicit(&p->ended, memory_order_acquire)) return true;
    pthread_mutex_lock(&p->guard);
    bool ended = atomic_load_explicit(&p->ended, memory_order_relaxed);
    if (!ended && fetch_status(p)) {
        conclude(p);
        if (p->relay) plait_relay_end(p->relay);
        atomic_store_explicit(&p->ended, ended = true, memory_order_release);
    }
    pthread_mutex_unlock(&p->guard);
    return ended;
}

static int send_signal(plait_process *p, int number)
{
    int got = (int)syscall(SYS_pidfd_send_signal, p->pidfd, number, NULL, 0);
    if (got < 0 && errno == ENOSYS && !p->keeper)
        got = kill(p->number, number); /* valgrind: our own child, not reaped */
    return got == 0 || errno == ESRCH ? 0 : -errno;
}

/* When to look whether it has come to plait_init: none if it has. Ends one that comes too late. */
static plait_deadline next_look(plait_process *p)
{
    pthread_mutex_lock(&p->guard);
    if (p->begin_by.at && !p->ended) {
        if (plait_area_state(p->area) != PLAIT_AREA_ASKED) {
            p->begin_by = PLAIT_FOREVER;
        } else if (plait_has_passed(p->begin_by)) {
            p->begin_by = PLAIT_FOREVER;
            p->too_late = true;
            send_signal(p, SIGKILL);
        }
    }
    plait_deadline at = p->begin_by;
    pthread_mutex_unlock(&p->guard);
    return at;
}

int plait_process_wait_until(plait_process *p, plait_deadline deadline)
{
    for (;;) {
        if (plait_process_look(p)) return 0;
        plait_deadline look = next_look(p);
        bool own = look.at && !plait_is_now(deadline) && (!deadline.at || look.at < deadline.at);
        int got = plait_wait_fd(p->pidfd, POLLIN, own ? look : deadline);
        if (got < 0 && !(own && got == PLAIT_ETIMEDOUT)) return got;
    }
}

void plait_process_wait(plait_process *p)
{
    enum { NOW_AND_THEN = 50 }; /* ms: one that has not begun is looked at */
    PLAIT_SHIELD(whole, PLAIT_FOREVER);
    while (plait_process_wait_until(p, PLAIT_FOREVER) != 0) {
        struct pollfd on = { .fd = p->pidfd, .events = POLLIN };
        poll(&on, 1, NOW_AND_THEN);
    }
}

void plait_process_wait_for_output(plait_process *p)
{
    PLAIT_SHIELD(whole, PLAIT_FOREVER);
    if (p->relays) (void)!plait_relays_wait(p->relays, PLAIT_FOREVER);
}

int plait_process_join(plait_process *p, int *code, plait_deadline deadline)
{
    if (!p) return plait_fail_because(PLAIT_EINVAL, "joins no process: did its start fail?");
    if (elsewhere(p)) return plait_fail(PLAIT_EFORKED, "process %s is joined in a forked child", p->name);
    int err = plait_wait_begin(deadline);
    if (!err) err = plait_process_wait_until(p, deadline);
    if (err) return plait_failed(err);
    atomic_store_explicit(&p->seen, true, memory_order_relaxed);
    if (!code) return 0;
    if (p->record) plait_record_keep(plait_record_ref(p->record));
    *code = p->code;
    return 0;
}

int plait_process_result_sized(plait_process *p, void *out, size_t size)
{
    if (!p) return plait_fail_because(PLAIT_EINVAL, "the result of no process: did its start fail?");
    if (elsewhere(p)) return plait_fail(PLAIT_EFORKED, "process %s is asked in a forked child", p->name);
    if (out && size != p->task->result_size)
        plait_stop("the result of task %s (%s:%d) is %zu bytes (%s), and room for %zu was given", p->task->name,
                   p->file, p->line, p->task->result_size, p->task->result_type ? p->task->result_type : "?", size);
    if (!plait_process_look(p)) return plait_failed(PLAIT_EAGAIN);
    atomic_store_explicit(&p->seen, true, memory_order_relaxed);
    if (p->code) {
        plait_record_keep(plait_record_ref(p->record));
        return p->code;
    }
    if (!out || !size) return 0;
    if (plait_result_owns(p->task)) return plait_result_copy(p->task, out, p->result);
    memcpy(out, p->result, size);
    return 0;
}

void plait_process_free(plait_process *p)
{
    if (!p) return;
    if (!elsewhere(p)) {
        plait_process_wait(p);
        plait_process_wait_for_output(p);
        plait_children_remove(p);
        plait_process_settle(p);
    }
    plait_process_unref(p);
}

bool plait_process_alive(plait_process *p) { return p && !elsewhere(p) && !plait_process_look(p); }

bool plait_process_exit_code(plait_process *p, int *code)
{
    if (!p || elsewhere(p) || !plait_process_look(p) || !p->status_known) return false;
    *code = p->status;
    return true;
}

int plait_process_id(plait_process *p) { return p ? p->number : (int)getpid(); }
const char *plait_process_name(plait_process *p) { return p ? p->name : plait_self_name(); }
bool plait_process_is_daemon(plait_process *p) { return p ? p->daemon : plait_self_is_daemon(); }
int plait_process_descriptor(plait_process *p) { return p && !elsewhere(p) ? p->pidfd : -EBADF; }

int plait_process_signal(plait_process *p, int number)
{
    if (!p) return plait_fail_because(PLAIT_EINVAL, "a signal to no process: did its start fail?");
    if (elsewhere(p)) return plait_fail(PLAIT_EFORKED, "process %s is sent a signal in a forked child", p->name);
    return plait_failed(plait_process_look(p) ? 0 : send_signal(p, number));
}

int plait_process_kill(plait_process *p) { return plait_process_signal(p, SIGKILL); }

int plait_process_terminate(plait_process *p, int64_t grace)
{
    int err = plait_process_signal(p, SIGTERM);
    if (err) return err;
    err = plait_process_wait_until(p, plait_after(grace));
    if (!err) return 0;
    send_signal(p, SIGKILL);
    plait_process_wait(p);
    return plait_failed(err == PLAIT_ECANCELED ? err : 0);
}
