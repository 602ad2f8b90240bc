/* process_manager.c: the thread of a pool of processes that gives tasks to the workers, collects what they answer, starts and
   ends them, and sees them die. See process_pool.h for what must hold.

   It sleeps in an epoll set: of the descriptors of the workers, which tell of their deaths, and of an eventfd that workers
   ring when it sleeps; threads of this process unpark it. */
#include "executor/process_pool.h"
#include "base/memory.h"
#include "base/stop.h"
#include "future/value.h"
#include "park/scope.h"
#include "park/thread_parker.h"
#include "process/shared_block.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define FIRST_PAUSE (10 * PLAIT_MILLISECOND) /* after a worker that died at birth; doubled each time */
#define PARTING (2 * PLAIT_SECOND)           /* for one that was told to stop */
#define AHEAD (200 * PLAIT_MICROSECOND)      /* of work that is given to a worker which has something to do */
enum { MOST_BIRTHS_FAILED = 5, EVENTS = 16 };

static int64_t sooner(int64_t a, int64_t b) { return !a || (b && b < a) ? b : a; }

/* Tasks by their places. */

struct plait_known_task *plait_process_pool_know(struct plait_process_pool *p, const plait_task *task)
{
    for (size_t i = 0; i < p->known_count; i++)
        if (p->known[i] == task) return p->known_places[i];
    struct plait_known_task *k = plait_shared_alloc(p->memory, sizeof *k);
    const plait_task **tasks = plait_reallocate((void *)p->known, (p->known_count + 1) * sizeof *tasks);
    if (tasks) p->known = tasks;
    struct plait_known_task **places = plait_reallocate(p->known_places, (p->known_count + 1) * sizeof *places);
    if (places) p->known_places = places;
    if (!k || !tasks || !places || plait_task_locate(task, &k->place) != 0) {
        if (k && (!tasks || !places)) plait_failed(PLAIT_ENOMEM);
        plait_shared_free(p->memory, k);
        return NULL;
    }
    k->number = (uint32_t)p->known_count;
    p->known[p->known_count] = task;
    p->known_places[p->known_count++] = k;
    return k;
}

/* Cells. */

static struct plait_cell *take_cell(struct plait_process_pool *p)
{
    return p->spare_count ? p->spare[--p->spare_count] : plait_shared_alloc(p->memory, sizeof(struct plait_cell));
}

static void give_cell_back(struct plait_process_pool *p, struct plait_cell *cell)
{
    plait_parcel_clear(&cell->argument, p->memory);
    plait_parcel_clear(&cell->result, p->memory);
    plait_parcel_clear(&cell->said, p->memory);
    if (p->spare_count < PLAIT_RING) p->spare[p->spare_count++] = cell;
    else plait_shared_free(p->memory, cell);
}

/* Ends of jobs. */

/* Somebody wants it to end; whether one of its waits has seen that is known in the worker alone. */
static bool was_cancelled(plait_future *f) { return atomic_load_explicit(&f->scope.cancelled, memory_order_acquire); }

static void count_end(struct plait_process_pool *p, bool ran, bool failed)
{
    PLAIT_LOCKED(&p->guard);
    p->figures.finished += ran;
    p->figures.failed += ran && failed;
    p->figures.cancelled += !ran;
}

static void free_job(struct plait_job *j)
{
    plait_future_release(j->future);
    free(j);
}

static void finish(struct plait_process_pool *p, struct plait_job *j, int code, plait_record *record)
{
    count_end(p, true, code != 0);
    plait_future_finish(j->future, code, record);
    free_job(j);
}

void plait_process_pool_refuse(struct plait_process_pool *p, struct plait_job *j, int code, plait_record *record)
{
    if (j->begun) {
        plait_future_conclude(j->future, &code, false, j->deadline, &record);
        finish(p, j, code, record);
        return;
    }
    plait_mutex_lock(&p->guard);
    p->figures.refused++;
    plait_mutex_unlock(&p->guard);
    plait_future_fail(j->future, code, record);
    free_job(j);
}

static void put_first(struct plait_process_pool *p, struct plait_job *j)
{
    PLAIT_LOCKED(&p->guard);
    if (!(j->next = p->pending)) p->last_pending = &j->next;
    p->pending = j;
    p->figures.queued++;
}

/* After an attempt that gave `code`: tries again, or ends it. */
static void conclude(struct plait_process_pool *p, struct plait_job *j, int code, bool expired, plait_record *said)
{
    plait_future *f = j->future;
    plait_future_conclude(f, &code, expired, j->deadline, &said);
    int *retries = f->limited ? &plait_future_shadow(f)->retries : NULL;
    bool again = code && retries && *retries && !was_cancelled(f) &&
                 !atomic_load_explicit(&p->cancels, memory_order_relaxed) && !plait_has_passed(f->deadline);
    if (!again) {
        finish(p, j, code, said);
        return;
    }
    --*retries;
    plait_record_unref(said);
    put_first(p, j);
}

static void count_bytes(struct plait_process_pool *p, uint32_t kind, const plait_parcel *parcel)
{
    if (kind != PLAIT_KIND_BYTES) return;
    uint64_t in_place = parcel->copied ? 0 : parcel->size;
    if (parcel->copied) atomic_fetch_add_explicit(&p->bytes_copied, parcel->copied, memory_order_relaxed);
    if (in_place) atomic_fetch_add_explicit(&p->bytes_in_place, in_place, memory_order_relaxed);
}

/* What the worker has left in the cell. */
static void conclude_done(struct plait_process_pool *p, struct plait_job *j)
{
    struct plait_cell *cell = j->cell;
    const plait_task *task = j->future->task;
    plait_record *said = cell->code ? plait_parcel_said(&cell->said, p->memory) : NULL;
    int code = cell->code;
    if (!code && task->result_size) {
        code = plait_parcel_take(&cell->result, p->memory, task->result_kind, task->result_description,
                                 task->result_size, plait_future_result_room(j->future));
        if (code) said = plait_record_take();
    }
    count_bytes(p, task->argument_kind, &cell->argument);
    count_bytes(p, code ? PLAIT_KIND_PLAIN : task->result_kind, &cell->result);
    bool expired = cell->expired;
    give_cell_back(p, cell);
    j->cell = NULL;
    conclude(p, j, code, expired, said);
}

static void take_from_worker(struct plait_process_pool *p, struct plait_process_worker *w, struct plait_job *j)
{
    PLAIT_LOCKED(&p->guard);
    struct plait_job **at = &w->first;
    while (*at != j) at = &(*at)->next;
    if (!(*at = j->next)) w->last = at;
    w->inside--;
    w->idle_since = plait_time();
    p->figures.running--;
}

/* One that was taken back; what is none of those, the worker has made up. */
static void came_back(struct plait_process_pool *p, struct plait_process_worker *w, struct plait_cell *cell)
{
    size_t i = 0;
    while (i < w->taken_back && w->back[i] != cell) i++;
    if (i == w->taken_back) return;
    w->back[i] = w->back[--w->taken_back];
    give_cell_back(p, cell);
}

static bool collect_from(struct plait_process_pool *p, struct plait_process_worker *w)
{
    struct plait_ring_of_cells *ring = &w->channel->answered;
    uint32_t before = w->collected;
    while (atomic_load_explicit(&ring->written, memory_order_acquire) != w->collected) {
        struct plait_cell *cell = atomic_load_explicit(&ring->cells[w->collected++ % PLAIT_RING], memory_order_relaxed);
        struct plait_job *j = w->first;
        while (j && j->cell != cell) j = j->next;
        if (!j) {
            came_back(p, w, cell);
            continue;
        }
        int64_t now = plait_time(), since = j->since > w->collected_at ? j->since : w->collected_at;
        p->usual = p->usual == INT64_MAX / 2 ? now - since : p->usual + (now - since - p->usual) / 8;
        w->collected_at = now;
        take_from_worker(p, w, j);
        w->done++;
        conclude_done(p, j);
    }
    return w->collected != before;
}

/* Workers. */

static void ring(struct plait_channel *c)
{
    if (!atomic_load_explicit(&c->asleep, memory_order_seq_cst)) return;
    atomic_fetch_add_explicit(&c->bell, 1, memory_order_seq_cst);
    plait_word_wake(&c->bell, 1);
}

static void tell_to_stop(struct plait_process_worker *w)
{
    if (w->leaving) return;
    w->leaving = true;
    w->end_at = plait_time() + PARTING;
    atomic_store_explicit(&w->channel->stop, 1, memory_order_seq_cst);
    ring(w->channel);
}

plait_record *plait_process_pool_broken_record(struct plait_process_pool *p)
{
    return plait_record_say(PLAIT_EBROKEN, p->reason ? plait_record_ref(p->reason) : NULL, "pool %s is broken: %s",
                            p->name, p->why);
}

/* Takes the reference of `reason`. */
static void break_pool(struct plait_process_pool *p, plait_record *reason, const char *why)
{
    if (atomic_load_explicit(&p->broken, memory_order_relaxed)) {
        plait_record_unref(reason);
        return;
    }
    p->reason = reason, p->why = why;
    atomic_store_explicit(&p->broken, true, memory_order_release);
    char text[400] = "";
    plait_record *record = plait_process_pool_broken_record(p);
    if (record) plait_record_describe(&record->public, text, sizeof text);
    plait_record_unref(record);
    plait_report("%s", text[0] ? text : why);
}

static bool start_worker(struct plait_process_pool *p)
{
    struct plait_process_worker *w = plait_allocate(sizeof *w);
    struct plait_channel *c = w ? plait_shared_alloc(p->memory, sizeof *c + 64) : NULL;
    if (c) c = (struct plait_channel *)(((uintptr_t)c + 63) & ~(uintptr_t)63);
    if (c) {
        char name[64];
        snprintf(name, sizeof name, "%s-%u", p->name, ++p->numbers);
        plait_process_start_options o = {
            .name = name, .life = PLAIT_DAEMON, .descriptors = &p->board->event, .descriptor_count = 1
        };
        w->process = plait_process_start_task(&plait_pool_worker_plait_task,
                                              &(struct plait_worker_place){ p->board, c }, &o, sizeof o, p->name, 0);
    }
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = w };
    if (w && w->process && epoll_ctl(p->epoll, EPOLL_CTL_ADD, plait_process_descriptor(w->process), &event) != 0) {
        plait_fail(-errno, "worker %s cannot be watched", plait_process_name(w->process));
        (void)plait_process_kill(w->process);
        plait_process_free(w->process);
        w->process = NULL;
    }
    if (!w || !w->process) {
        int code = plait_error_code();
        plait_record *cause = plait_record_take();
        free(w);
        if (p->worker_count) {
            plait_record_unref(cause); /* it goes on with fewer, and tries again later */
            p->next_birth = plait_time() + PLAIT_SECOND;
        } else if (++p->births_failed >= MOST_BIRTHS_FAILED || code == PLAIT_ENOTSUP) {
            break_pool(p, cause, "its workers cannot be started");
        } else {
            plait_record_unref(cause);
            p->next_birth = plait_time() + (FIRST_PAUSE << p->births_failed);
        }
        return false;
    }
    w->channel = c;
    w->last = &w->first;
    w->idle_since = plait_time();
    PLAIT_LOCKED(&p->guard);
    w->next = p->workers;
    p->workers = w;
    p->worker_count++;
    p->figures.workers++;
    return true;
}

/* Why it died: a code, and in *record the words. */
static int cause_of_death(struct plait_process_worker *w, plait_record **record)
{
    int code = PLAIT_EWORKER;
    (void)!plait_process_join(w->process, &code, PLAIT_FOREVER); /* it has ended */
    *record = plait_record_take();
    if (code == PLAIT_EWORKER && *record) return code;
    plait_record_unref(*record);
    *record = plait_record_say(PLAIT_EWORKER, NULL, "its worker %s ended", plait_process_name(w->process));
    return PLAIT_EWORKER;
}

static void fail_by_death(struct plait_process_pool *p, struct plait_job *j, int code, plait_record *cause)
{
    bool cancelled = was_cancelled(j->future), late = !cancelled && plait_has_passed(j->deadline);
    plait_record *said = plait_record_say(code, cause ? plait_record_ref(cause) : NULL, "%s",
                                          cause ? cause->public.message : plait_error_text(code));
    if (said && cause) {
        said->public.signal = cause->public.signal;
        said->public.pid = cause->public.pid;
        plait_record_unref(said->cause);
        said->cause = NULL, said->public.cause = NULL;
    }
    if (cancelled || late) code = PLAIT_ECANCELED;
    if (code == PLAIT_ECANCELED)
        said = plait_record_say(code, said, "its worker was ended, since it did not end by itself");
    conclude(p, j, code, late, said);
}

/* What it had begun fails, what it had finished has an outcome, the rest goes to others. */
static void bury(struct plait_process_pool *p, struct plait_process_worker *w)
{
    plait_record *cause;
    bool born = atomic_load_explicit(&w->channel->born, memory_order_acquire);
    collect_from(p, w);
    int code = cause_of_death(w, &cause);
    if (!born && w->channel->code < 0) {
        plait_record *said = plait_parcel_said(&w->channel->said, p->memory);
        break_pool(p, said, "its initializer failed");
    } else if (!born && !w->leaving) {
        p->next_birth = plait_time() + (FIRST_PAUSE << p->births_failed);
        if (++p->births_failed >= MOST_BIRTHS_FAILED)
            break_pool(p, cause ? plait_record_ref(cause) : NULL, "its workers die before their first task");
    } else {
        p->births_failed = 0;
    }
    plait_mutex_lock(&p->guard);
    for (struct plait_process_worker **at = &p->workers; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            break;
        }
    p->worker_count--;
    p->figures.workers--;
    bool unused = !p->worker_count && !p->ending; /* for want of work */
    p->figures.running -= w->inside;
    plait_mutex_unlock(&p->guard);
    struct plait_job *again = NULL, *next;
    for (struct plait_job *j = w->first; j; j = next) {
        next = j->next;
        uint32_t state = atomic_load_explicit(&j->cell->state, memory_order_acquire);
        if (state == PLAIT_CELL_DONE) {
            conclude_done(p, j);
            continue;
        }
        give_cell_back(p, j->cell);
        j->cell = NULL;
        if (state == PLAIT_CELL_RUNNING) fail_by_death(p, j, code, cause);
        else j->next = again, again = j;
    }
    for (; again; again = next) next = again->next, put_first(p, again);
    while (w->taken_back) give_cell_back(p, w->back[--w->taken_back]);
    plait_record_unref(cause);
    epoll_ctl(p->epoll, EPOLL_CTL_DEL, plait_process_descriptor(w->process), NULL);
    plait_process_free(w->process);
    plait_parcel_clear(&w->channel->said, p->memory);
    plait_shared_block_reap(p->memory, atomic_load_explicit(&w->channel->owner, memory_order_relaxed));
    if (unused) plait_shared_block_trim(p->memory);
    free(w);
}

/* Gives a job to a worker that has nothing to do. False: it was ended in place of that. */
static bool give(struct plait_process_pool *p, struct plait_process_worker *w, struct plait_job *j)
{
    plait_future *f = j->future;
    const plait_task *task = f->task;
    if (!j->begun && !plait_future_begin(f, plait_current()->parker)) {
        count_end(p, false, false);
        free_job(j);
        return false;
    }
    j->begun = true;
    memset(plait_future_result_room(f), 0, task->result_size);
    struct plait_known_task *known = plait_process_pool_know(p, task);
    struct plait_cell *cell = known ? take_cell(p) : NULL;
    int code = known && cell ? 0 : plait_error_code();
    if (cell) *cell = (struct plait_cell){ .task = known };
    if (cell && !code && task->argument_size)
        code = plait_parcel_put(&cell->argument, p->memory, task->argument_kind, task->argument_description,
                                task->argument_size, plait_future_argument(f));
    if (!cell || code) {
        plait_record *said = plait_record_take();
        if (cell) give_cell_back(p, cell);
        plait_process_pool_refuse(p, j, code, said);
        return false;
    }
    int64_t limit = plait_future_limit(f);
    j->deadline = limit ? plait_sooner(f->deadline, plait_after(limit)) : f->deadline;
    j->since = plait_time();
    j->cancelled = j->terminated = false;
    j->end_at = j->deadline.at > 0 && p->options.grace >= 0 ? j->deadline.at + p->options.grace : 0;
    cell->deadline = j->deadline;
    j->cell = cell;
    j->next = NULL;
    plait_mutex_lock(&p->guard);
    *w->last = j;
    w->last = &j->next;
    w->inside++;
    p->figures.running++;
    plait_mutex_unlock(&p->guard);
    struct plait_ring_of_cells *to = &w->channel->given;
    uint32_t at = atomic_load_explicit(&to->written, memory_order_relaxed);
    atomic_store_explicit(&to->cells[at % PLAIT_RING], cell, memory_order_relaxed);
    atomic_store_explicit(&to->written, at + 1, memory_order_seq_cst);
    ring(w->channel);
    return true;
}

static struct plait_job *take_pending(struct plait_process_pool *p)
{
    PLAIT_LOCKED(&p->guard);
    struct plait_job *j = p->pending;
    if (!j) return NULL;
    if (!(p->pending = j->next)) p->last_pending = &p->pending;
    p->figures.queued--;
    if (!j->begun && p->bound.capacity) plait_bound_leave(&p->bound);
    return j;
}

static bool is_broken(struct plait_process_pool *p) { return atomic_load_explicit(&p->broken, memory_order_relaxed); }

static void fail_pending(struct plait_process_pool *p)
{
    for (struct plait_job *j; (j = take_pending(p));)
        plait_process_pool_refuse(p, j, PLAIT_EBROKEN, plait_process_pool_broken_record(p));
}

/* It is to be replaced, and gets nothing any more. */
static bool is_worn(struct plait_process_pool *p, const struct plait_process_worker *w)
{
    return w->leaving || (p->options.tasks_per_worker && w->done + w->inside >= p->options.tasks_per_worker);
}

static struct plait_process_worker *idle_worker(struct plait_process_pool *p)
{
    for (struct plait_process_worker *w = p->workers; w; w = w->next)
        if (!w->inside && !is_worn(p, w)) return w;
    return NULL;
}

/* A worn one does not count: the next is started before it has gone. */
static bool may_start(struct plait_process_pool *p)
{
    size_t count = 0;
    for (struct plait_process_worker *w = p->workers; w; w = w->next) count += w->inside || !is_worn(p, w);
    return count < (size_t)p->options.workers;
}

/* One that may have more than one; NULL: tasks take too long for that. */
static struct plait_process_worker *least_busy(struct plait_process_pool *p)
{
    size_t most = p->usual < AHEAD ? (size_t)(AHEAD / (p->usual + 1)) : 1;
    struct plait_process_worker *best = NULL;
    if (most > PLAIT_RING / 2) most = PLAIT_RING / 2;
    for (struct plait_process_worker *w = p->workers; w; w = w->next) {
        bool full = w->inside >= most || w->inside + w->taken_back >= PLAIT_RING - 1;
        if (!is_worn(p, w) && !full && (!best || w->inside < best->inside)) best = w;
    }
    return best;
}

/* Unless the worker has begun it. */
static bool take_back(struct plait_process_pool *p, struct plait_process_worker *w, struct plait_job *j)
{
    uint32_t given = PLAIT_CELL_GIVEN;
    if (!atomic_compare_exchange_strong_explicit(&j->cell->state, &given, PLAIT_CELL_TAKEN_BACK, memory_order_acq_rel,
                                                 memory_order_acquire))
        return false;
    w->back[w->taken_back++] = j->cell;
    take_from_worker(p, w, j);
    j->cell = NULL;
    return true;
}

/* For a worker that has nothing to do while another has several: the newest of those, if that has not begun it. */
static bool take_one_back(struct plait_process_pool *p)
{
    struct plait_process_worker *from = NULL;
    for (struct plait_process_worker *w = p->workers; w; w = w->next)
        if (w->inside > 1 && (!from || w->inside > from->inside)) from = w;
    if (!from) return false;
    struct plait_job *j = from->first;
    while (j->next) j = j->next;
    if (!take_back(p, from, j)) return false;
    put_first(p, j);
    return true;
}

static bool has_pending(struct plait_process_pool *p)
{
    PLAIT_LOCKED(&p->guard);
    return p->pending != NULL;
}

/* A limit counts from the beginning, so such a task is given to one that begins it at once. */
static bool may_go_ahead(struct plait_process_pool *p)
{
    PLAIT_LOCKED(&p->guard);
    return p->pending && !plait_future_limit(p->pending->future);
}

/* As many as there are workers for; starts one more where that helps. When the next look is due. */
static int64_t give_all(struct plait_process_pool *p)
{
    if (is_broken(p)) fail_pending(p);
    while (has_pending(p) || (idle_worker(p) && take_one_back(p))) {
        struct plait_process_worker *w = idle_worker(p);
        if (!w && may_start(p) && plait_time() >= p->next_birth) {
            if (!start_worker(p) && is_broken(p)) fail_pending(p);
            continue;
        }
        if (!w && may_go_ahead(p)) w = least_busy(p);
        if (!w) return may_start(p) ? p->next_birth : 0;
        struct plait_job *j = take_pending(p);
        if (j) give(p, w, j);
    }
    return 0;
}

/* Those that were cancelled, or all when the pool was shut down so, and have not begun. */
static void cancel_ahead(struct plait_process_pool *p, struct plait_process_worker *w, bool all)
{
    struct plait_job *next;
    for (struct plait_job *j = w->first; j; j = next) {
        next = j->next;
        if ((all || was_cancelled(j->future)) && take_back(p, w, j))
            conclude(p, j, PLAIT_ECANCELED, false,
                     plait_record_say(PLAIT_ECANCELED, NULL, "the future was cancelled before it ran"));
    }
}

/* Cancels, limits, workers that are to go. When the next look is due. */
static int64_t tend(struct plait_process_pool *p, struct plait_process_worker *w, int64_t now)
{
    const plait_process_options *o = &p->options;
    int64_t next = 0;
    cancel_ahead(p, w, atomic_load_explicit(&p->cancels, memory_order_acquire));
    for (struct plait_job *j = w->first; j; j = j->next) {
        if (!j->cancelled && was_cancelled(j->future)) {
            j->cancelled = true;
            if (o->grace >= 0) j->end_at = sooner(j->end_at, now + o->grace);
            atomic_store_explicit(&j->cell->cancelled, 1, memory_order_release);
            atomic_fetch_add_explicit(&w->channel->control, 1, memory_order_seq_cst);
            plait_word_wake(&w->channel->control, 1);
        }
        if (j->end_at && j->end_at <= now) {
            (void)plait_process_signal(w->process, j->terminated ? SIGKILL : SIGTERM);
            j->end_at = j->terminated ? 0 : now + (o->grace ? o->grace : PLAIT_MILLISECOND);
            j->terminated = true;
        }
        next = sooner(next, j->end_at);
    }
    if (w->inside) return next;
    int64_t until = o->idle_timeout < 0 ? INT64_MAX : w->idle_since + o->idle_timeout;
    if (!w->leaving && (is_worn(p, w) || until <= now)) tell_to_stop(w);
    if (w->leaving && w->end_at && w->end_at <= now) {
        (void)plait_process_kill(w->process);
        w->end_at = 0;
    }
    return w->leaving ? w->end_at : until == INT64_MAX ? 0 : until;
}

static int64_t tend_all(struct plait_process_pool *p)
{
    int64_t now = plait_time(), next = 0;
    for (struct plait_process_worker *w = p->workers; w; w = w->next) next = sooner(next, tend(p, w, now));
    return next;
}

static bool collect_all(struct plait_process_pool *p)
{
    bool any = false;
    for (struct plait_process_worker *w = p->workers; w; w = w->next) any |= collect_from(p, w);
    return any;
}

static bool any_answered(struct plait_process_pool *p)
{
    for (struct plait_process_worker *w = p->workers; w; w = w->next)
        if (atomic_load_explicit(&w->channel->answered.written, memory_order_seq_cst) != w->collected) return true;
    return false;
}

/* Unless somebody has called since `calls` was read: a wait for a lock may have used that wake-up. */
static void sleep_until(struct plait_process_pool *p, int64_t until, uint32_t calls)
{
    plait_parker *self = plait_current()->parker;
    plait_deadline deadline = until ? plait_deadline_at_(until) : PLAIT_FOREVER;
    atomic_store_explicit(&p->board->asleep, 1, memory_order_seq_cst);
    if (!any_answered(p) && atomic_load_explicit(&p->calls, memory_order_seq_cst) == calls)
        self->operations->park_on(self, p->epoll, POLLIN, deadline);
    atomic_store_explicit(&p->board->asleep, 0, memory_order_relaxed);
    struct epoll_event events[EVENTS];
    int count = epoll_wait(p->epoll, events, EVENTS, 0);
    for (int i = 0; i < count; i++) {
        uint64_t rung;
        if (events[i].data.ptr) bury(p, events[i].data.ptr);
        else (void)!read(p->board->event, &rung, sizeof rung);
    }
}

/* Whether nothing is inside and nothing will be: then the workers are told to stop. */
static bool ended(struct plait_process_pool *p)
{
    plait_mutex_lock(&p->guard);
    bool over = p->ending && !p->pending && !p->figures.running;
    plait_mutex_unlock(&p->guard);
    for (struct plait_process_worker *w = p->workers; w && over; w = w->next) tell_to_stop(w);
    return over && !p->workers;
}

int plait_process_pool_manage(void *pool)
{
    struct plait_process_pool *p = pool;
    atomic_store_explicit(&p->parker, plait_current()->parker, memory_order_seq_cst);
    for (;;) {
        uint32_t calls = atomic_load_explicit(&p->calls, memory_order_seq_cst);
        int64_t due = give_all(p);
        if (ended(p)) return 0; /* after that: it may have met nothing but what was cancelled */
        int64_t more = tend_all(p);
        if (!collect_all(p)) sleep_until(p, sooner(due, more), calls);
    }
}
