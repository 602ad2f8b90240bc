/* process_manager.c: the thread of a pool of processes, for what takes long or has its time: it starts workers and sees them
   die, obeys cancels and limits, ends what is idle, runs callbacks, and collects the answers for which nobody looks out. See
   process_pool.h for what must hold.

   It sleeps in an epoll set: of the descriptors of the workers, which tell of their deaths, and of an eventfd that workers
   ring while the board is armed; threads of this process unpark it. While answers come thick and fast it is not rung for
   each, but naps, and looks: no answer is unseen for longer than a nap. While a worker has more than one task it looks
   again, too, whether that gets on with them. Else it sleeps until something happens.

   That nothing is missed: it arms the board and then looks at the cells; a worker makes a cell DONE and then looks at the
   board. All four are sequentially consistent. */
#include "executor/process_pool.h"
#include "park/scope.h"
#include "park/thread_parker.h"
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#define NAP (100 * PLAIT_MICROSECOND)
#define STUCK (400 * PLAIT_MICROSECOND) /* without an answer: what is behind its task goes to others */
#define TENDING PLAIT_MILLISECOND       /* at least so often it looks for cancels while it naps */
#define SELDOM (10 * PLAIT_MILLISECOND)
#define OFTEN (20 * PLAIT_MICROSECOND) /* rung again after less than that, it takes its first nap */
enum { DENSE = 3, EVENTS = 16 };       /* answers in a nap for which it takes the next */

struct manager {
    struct plait_process_pool *pool;
    uint32_t calls;    /* when it last began to look */
    int64_t tended_at; /* when it last looked for cancels and limits */
    int64_t woke_at;
    size_t collected, looks; /* by then */
    bool naps;
};

static int64_t sooner(int64_t a, int64_t b) { return !a || (b && b < a) ? b : a; }

static void cancel_running(struct plait_process_pool *p, struct plait_process_worker *w, struct plait_cell *cell,
                           struct plait_job *j, int64_t now)
{
    j->cancelled = true;
    if (p->options.grace >= 0) j->end_at = sooner(j->end_at, now + p->options.grace);
    atomic_store_explicit(&cell->cancelled, 1, memory_order_seq_cst);
    atomic_fetch_add_explicit(&w->channel->control, 1, memory_order_seq_cst);
    plait_word_wake(&w->channel->control, 1);
}

/* It does not listen, and takes its worker with it: that has nothing else by then, and gets nothing more. One that was not
   begun is another's; its worker ends in its own time. */
static void end_worker_of(struct plait_process_pool *p, struct plait_process_worker *w, struct plait_cell *cell,
                          struct plait_job *j, int64_t now)
{
    int64_t grace = p->options.grace;
    plait_worker_stop(w);
    plait_worker_take_back(p, w);
    if (atomic_load_explicit(&cell->state, memory_order_acquire) != PLAIT_CELL_RUNNING) return;
    (void)plait_process_signal(w->process, j->terminated ? SIGKILL : SIGTERM);
    j->end_at = j->terminated ? 0 : now + (grace ? grace : PLAIT_MILLISECOND);
    j->terminated = true;
}

/* Cancels, deadlines and limits of what is with a worker. When the next is due. */
static int64_t tend_jobs(struct plait_process_pool *p, struct plait_process_worker *w, int64_t now,
                         struct plait_endings *e)
{
    int64_t next = 0;
    bool all = atomic_load_explicit(&p->cancels, memory_order_acquire);
    for (uint32_t at = w->collected; (int32_t)(w->given - at) > 0; at++) {
        struct plait_cell *cell = plait_worker_cell(w, at);
        struct plait_job *j = plait_worker_job(w, at);
        if (!j->future) continue;
        bool cancelled = plait_job_was_cancelled(j->future), late = j->end_at && j->end_at <= now;
        bool oldest = at == w->collected; /* and late before it was begun: the worker does not get on */
        if ((all || cancelled || (late && !oldest)) && plait_worker_skip(p, w, at, !cancelled && late, e)) continue;
        if (!j->cancelled && cancelled) cancel_running(p, w, cell, j, now);
        if (j->end_at && j->end_at <= now) end_worker_of(p, w, cell, j, now);
        next = sooner(next, j->end_at);
    }
    return next;
}

/* One that has nothing to do. */
static int64_t tend_idle(struct plait_process_pool *p, struct plait_process_worker *w, int64_t now)
{
    int64_t timeout = p->options.idle_timeout, until = timeout < 0 ? INT64_MAX : w->idle_since + timeout;
    if (!w->leaving && (plait_worker_is_worn(p, w) || until <= now)) plait_worker_stop(w);
    if (w->leaving && w->end_at && w->end_at <= now) {
        (void)plait_process_kill(w->process);
        w->end_at = 0;
    }
    return w->leaving ? w->end_at : until == INT64_MAX ? 0 : until;
}

/* One that is at work, and whose last answer the manager may not see: it is looked at again, though not all the time. */
static int64_t tend_busy(const struct plait_process_pool *p, int64_t now)
{
    int64_t timeout = p->options.idle_timeout;
    return timeout < 0 ? 0 : now + (timeout < SELDOM ? SELDOM : timeout);
}

/* One that is not born yet. */
static int64_t tend_birth(struct plait_process_worker *w, int64_t now)
{
    if (!w->born_by) return 0;
    if (w->was_born || w->done || atomic_load_explicit(&w->channel->born, memory_order_relaxed)) w->born_by = 0;
    if (!w->born_by || w->born_by > now) return w->born_by;
    (void)plait_process_kill(w->process);
    w->too_slow = true;
    return w->born_by = 0;
}

static void tend(struct manager *m, int64_t now, struct plait_endings *e)
{
    struct plait_process_pool *p = m->pool;
    int64_t next = 0;
    plait_process_pool_end_cancelled(p, e);
    for (struct plait_process_worker *w = p->workers; w; w = w->next) {
        next = sooner(next, tend_birth(w, now));
        next = sooner(next, tend_jobs(p, w, now, e));
        next = sooner(next, w->inside ? tend_busy(p, now) : tend_idle(p, w, now));
    }
    p->due = next;
    m->tended_at = now;
}

/* One that has had more than one task for some time, and has finished none, keeps only that which it is at. When to look
   again; 0: not. */
static int64_t look_whether_they_get_on(struct plait_process_pool *p, int64_t now)
{
    int64_t next = 0;
    for (struct plait_process_worker *w = p->workers; w; w = w->next) {
        w->was_born = w->was_born || atomic_load_explicit(&w->channel->born, memory_order_acquire);
        if (w->inside <= 1) {
            w->looked_since = 0;
        } else if (!w->looked_since || w->looked_at != w->collected) {
            w->looked_at = w->collected;
            w->looked_since = now;
        } else if (now - w->looked_since >= STUCK) {
            plait_worker_take_back(p, w);
            w->stuck = true;
            w->looked_since = w->inside > 1 ? now : 0; /* who gives it more says so to a manager that does not look */
        }
        if (w->inside > 1) next = sooner(next, w->looked_since + STUCK);
    }
    return next;
}

/* Whether one has got more than one since. */
static bool is_to_be_looked_after(struct plait_process_pool *p)
{
    for (struct plait_process_worker *w = p->workers; w; w = w->next)
        if (w->inside > 1 && !w->looked_since) return true;
    return false;
}

/* Whether answers come so fast that it does not pay to be rung. */
static bool is_dense(struct manager *m, int64_t now)
{
    int64_t count = (int64_t)(m->pool->collected - m->collected), time = now - m->woke_at;
    bool dense = m->naps ? count * NAP >= DENSE * time : count && time < OFTEN;
    m->collected = m->pool->collected;
    m->woke_at = now;
    return dense && plait_clock_is_system();
}

/* All that is to be done now. When to look again; 0: when something happens. */
static int64_t manage(struct manager *m)
{
    struct plait_process_pool *p = m->pool;
    struct plait_endings e = { .ended = NULL };
    int64_t now = plait_time(), look;
    plait_process_pool_lock(p);
    p->sleeps = false;
    plait_process_pool_collect(p, &e);
    m->naps = is_dense(m, now);
    if (now - m->tended_at >= TENDING || (p->due && p->due <= now)) tend(m, now, &e);
    look = look_whether_they_get_on(p, now);
    plait_process_pool_work(p, true, &e);
    m->looks = p->looks;
    look = sooner(look, p->due);
    p->wants_worker = plait_process_pool_wants_worker(p);
    bool birth = p->wants_worker && !plait_process_pool_ends_pending(p);
    plait_process_pool_unlock(p, &e);
    plait_process_pool_run_callbacks(p);
    if (plait_process_pool_ends_pending(p)) plait_process_pool_end_pending(p);
    if (!birth) return look;
    if (p->next_birth > now) return sooner(look, p->next_birth);
    plait_process_pool_start_worker(p);
    return -1; /* at once */
}

static void look_at_events(struct plait_process_pool *p)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(p->epoll, events, EVENTS, 0);
    for (int i = 0; i < count; i++) {
        uint64_t rung;
        if (events[i].data.ptr) plait_process_pool_bury(p, events[i].data.ptr);
        else (void)!read(p->event, &rung, sizeof rung);
    }
}

/* Whether it was for a death, or for a ring. */
static bool park(struct manager *m, int64_t until)
{
    plait_parker *self = plait_current()->parker;
    return self->operations->park_on(self, m->pool->epoll, POLLIN, until ? plait_deadline_at_(until) : PLAIT_FOREVER) >
           0;
}

/* Whether others have looked for answers since; then there is no need to be in their way. */
static bool others_look(struct manager *m)
{
    struct plait_process_pool *p = m->pool;
    if (atomic_load_explicit(&p->calls, memory_order_seq_cst) != m->calls) return false;
    if (plait_mutex_lock_until(&p->guard, PLAIT_NOW) != 0) return true;
    bool looked = p->looks != m->looks;
    m->looks = p->looks;
    plait_process_pool_unlock(p, &(struct plait_endings){ .ended = NULL });
    return looked;
}

/* Arms the board, and looks once more at all that may have come: a wait for a lock, here or in a callback, may have used
   the wake-up for it. Whether nothing has, and so one may sleep; from the last look on nothing waits here. */
static bool lie_down(struct manager *m, int64_t *until)
{
    struct plait_process_pool *p = m->pool;
    struct plait_endings e = { .ended = NULL };
    if (plait_mutex_lock_until(&p->guard, PLAIT_NOW) != 0) return false;
    uint32_t armed = atomic_load_explicit(&p->board->armed, memory_order_relaxed);
    atomic_store_explicit(&p->board->armed, (armed + 1) | 1, memory_order_seq_cst);
    tend(m, plait_time(), &e);
    *until = sooner(*until, p->due);
    bool may = !e.ended && !e.tell && !plait_process_pool_has_answers(p) && !is_to_be_looked_after(p) &&
               atomic_load_explicit(&p->calls, memory_order_seq_cst) == m->calls;
    p->sleeps = may;
    if (may) plait_mutex_unlock(&p->guard);
    else plait_process_pool_unlock(p, &e);
    return may && !atomic_fetch_add_explicit(&p->asked, 0, memory_order_acq_rel);
}

static void sleep_until(struct manager *m, int64_t until)
{
    struct plait_process_pool *p = m->pool;
    if (m->naps) {
        int64_t now = plait_time(), end = sooner(until, now + TENDING);
        while (now < end && !park(m, sooner(end, now + NAP)) && others_look(m)) now = plait_time();
        return;
    }
    if (lie_down(m, &until)) park(m, until);
    uint32_t armed = atomic_load_explicit(&p->board->armed, memory_order_relaxed);
    if (armed & 1) atomic_store_explicit(&p->board->armed, armed + 1, memory_order_relaxed);
    if (atomic_load_explicit(&p->asked, memory_order_relaxed)) plait_process_pool_turn(p, true);
}

/* Whether nothing is inside and nothing will be: then the workers are told to stop. */
static bool ended(struct plait_process_pool *p)
{
    uint64_t done = atomic_load_explicit(&p->ended, memory_order_seq_cst);
    if (!atomic_load_explicit(&p->ending, memory_order_seq_cst) ||
        atomic_load_explicit(&p->entered, memory_order_seq_cst) != (done | PLAIT_POOL_CLOSED))
        return false;
    plait_mutex_lock(&p->guard);
    for (struct plait_process_worker *w = p->workers; w; w = w->next) plait_worker_stop(w);
    plait_mutex_unlock(&p->guard);
    return !p->workers;
}

int plait_process_pool_manage(void *pool)
{
    struct manager m = { .pool = pool };
    struct plait_process_pool *p = pool;
    struct plait_hosted hosted; /* a callback that waited here for a task of the pool would wait for ever */
    plait_hosted_add(&hosted, &p->executor);
    atomic_store_explicit(&p->parker, plait_current()->parker, memory_order_seq_cst);
    for (;;) {
        m.calls = atomic_load_explicit(&p->calls, memory_order_seq_cst);
        if (ended(p)) break;
        int64_t until = manage(&m);
        if (until >= 0) sleep_until(&m, until);
        look_at_events(p);
    }
    plait_hosted_remove(&hosted);
    PLAIT_SHIELD(whole, PLAIT_FOREVER);
    if (p->relays) (void)!plait_relays_wait(p->relays, PLAIT_FOREVER);
    return 0;
}
