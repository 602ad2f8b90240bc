/* process_giving.c: which worker gets which task, and what they answer is collected. All under the guard of the pool. See
   process_pool.h for what must hold.

   A task goes to the worker that comes to it soonest, as far as is known: one that is at work, behind what it has, or one
   that has nothing to do, which takes a while to notice, and much longer if it sleeps. So short tasks do not wake all
   workers, which would only be in each other's way. */
#include "executor/process_pool.h"
#include "park/words.h"
#include <string.h>

#define AHEAD (300 * PLAIT_MICROSECOND)  /* of work that is given to a worker which has something to do */
#define NOTICE (4 * PLAIT_MICROSECOND)   /* until one that looks out is at work */
#define WAKE_UP (25 * PLAIT_MICROSECOND) /* until one that sleeps is */
#define BIRTH PLAIT_MILLISECOND          /* until one that was just started is */

/* What waits. */

bool plait_process_pool_has_pending(struct plait_process_pool *p)
{
    return p->again || plait_lanes_ranked(&p->lanes) || !plait_inbox_empty(&p->lanes.inbox);
}

plait_future *plait_process_pool_take_pending(struct plait_process_pool *p)
{
    plait_future *f = (plait_future *)p->again;
    if (f) {
        p->again = atomic_load_explicit(&f->link.next, memory_order_relaxed);
        return f;
    }
    return plait_lanes_take(&p->lanes, PLAIT_ABOVE);
}

static void link_first(struct plait_process_pool *p, plait_future *f)
{
    atomic_store_explicit(&f->link.next, p->again, memory_order_relaxed);
    p->again = &f->link;
}

void plait_process_pool_put_first(struct plait_process_pool *p, plait_future *f)
{
    plait_process_pool_unpack(p, f);
    link_first(p, f);
}

/* Answers. */

bool plait_worker_collect(struct plait_process_pool *p, struct plait_process_worker *w, struct plait_endings *e)
{
    uint32_t before = w->collected;
    size_t done = 0;
    for (; w->collected != w->given; w->collected++) {
        struct plait_cell *cell = plait_worker_cell(w, w->collected);
        struct plait_job *j = plait_worker_job(w, w->collected);
        if (atomic_load_explicit(&cell->state, memory_order_seq_cst) != PLAIT_CELL_DONE) break;
        if (!j->future) {
            plait_cell_empty(p, cell, j); /* skipped */
            continue;
        }
        done++;
        plait_cell_conclude(p, cell, j, e);
    }
    if (w->collected == before) return false;
    w->stuck = false;
    w->inside -= done;
    w->done += done;
    p->collected += done;
    if (!w->inside) w->idle_since = plait_time_roughly();
    e->tell |= !w->inside && plait_worker_is_worn(p, w) && !w->leaving; /* it is to be stopped */
    return true;
}

bool plait_process_pool_collect(struct plait_process_pool *p, struct plait_endings *e)
{
    bool any = false;
    p->looks++;
    for (struct plait_process_worker *w = p->workers; w; w = w->next)
        if (w->collected != w->given) any |= plait_worker_collect(p, w, e);
    return any;
}

bool plait_process_pool_has_answers(struct plait_process_pool *p)
{
    for (struct plait_process_worker *w = p->workers; w; w = w->next) {
        struct plait_cell *oldest = plait_worker_cell(w, w->collected);
        if (!w->was_born && atomic_load_explicit(&w->channel->born, memory_order_seq_cst)) return true;
        if (w->collected != w->given && atomic_load_explicit(&oldest->state, memory_order_seq_cst) == PLAIT_CELL_DONE)
            return true;
    }
    return false;
}

/* Workers. */

bool plait_worker_is_worn(struct plait_process_pool *p, const struct plait_process_worker *w)
{
    return w->leaving || (p->options.tasks_per_worker && w->done + w->inside >= p->options.tasks_per_worker);
}

static bool is_full(const struct plait_process_worker *w) { return w->given - w->collected == PLAIT_RING; }

/* When it comes to a task that is given to it now; INT64_MAX: it is to get none. One that has its limit counts from its
   beginning, so it is given to one that begins it at once. */
static int64_t ready_in(struct plait_process_pool *p, const struct plait_process_worker *w, bool limited)
{
    if (is_full(w) || plait_worker_is_worn(p, w)) return INT64_MAX;
    if (!w->inside && !w->was_born && !w->done && !atomic_load_explicit(&w->channel->born, memory_order_relaxed))
        return limited ? INT64_MAX : BIRTH;
    if (!w->inside) return atomic_load_explicit(&w->channel->asleep, memory_order_relaxed) ? WAKE_UP : NOTICE;
    int64_t usual = atomic_load_explicit(&w->channel->usual, memory_order_relaxed);
    if (limited || w->stuck || !usual) return INT64_MAX;
    int64_t work = (int64_t)w->inside * usual;
    return work + usual > AHEAD ? INT64_MAX : work;
}

static struct plait_process_worker *choose(struct plait_process_pool *p, bool limited, int64_t *in)
{
    struct plait_process_worker *best = NULL;
    *in = INT64_MAX;
    for (struct plait_process_worker *w = p->workers; w; w = w->next) {
        int64_t time = ready_in(p, w, limited);
        if (time < *in) *in = time, best = w;
    }
    return best;
}

bool plait_process_pool_wants_worker(struct plait_process_pool *p)
{
    size_t count = 0;
    bool ahead = false;
    for (struct plait_process_worker *w = p->workers; w; w = w->next) {
        bool worn = plait_worker_is_worn(p, w);
        if (!w->inside && !worn) return false;
        count += w->inside || !worn; /* a worn one does not count: the next is started before it has gone */
        ahead |= w->inside > 1;
    }
    return count < (size_t)p->options.workers && (ahead || plait_process_pool_has_pending(p));
}

void plait_channel_ring(struct plait_channel *c)
{
    atomic_fetch_add_explicit(&c->bell, 1, memory_order_seq_cst);
    plait_word_wake(&c->bell, 1);
}

static void note_bell(struct plait_process_worker *w, struct plait_endings *e)
{
    w->given_now = false;
    if (!atomic_load_explicit(&w->channel->asleep, memory_order_seq_cst)) return;
    if (e->bell_count == PLAIT_MOST_BELLS) plait_channel_ring(w->channel);
    else e->bells[e->bell_count++] = w->channel;
}

/* Whether it is to be given to a worker; else it has ended, or ends now. */
static bool begin(struct plait_process_pool *p, plait_future *f, struct plait_endings *e)
{
    int code = 0;
    plait_record *record = NULL;
    plait_parker *manager = atomic_load_explicit(&p->parker, memory_order_relaxed);
    if (plait_job_has_begun(f)) return true;
    plait_process_pool_leave(p);
    enum plait_begin begun = plait_future_begin(f, manager, &code, &record);
    if (begun == PLAIT_HAS_ENDED) plait_process_pool_gone(p, f, e);
    else if (begun == PLAIT_IS_TOO_LATE) plait_process_pool_end(p, f, false, code, record, e);
    return begun == PLAIT_HAS_BEGUN;
}

static bool has_inside(struct plait_process_pool *p)
{
    for (struct plait_process_worker *w = p->workers; w; w = w->next)
        if (w->inside) return true;
    return false;
}

/* Whether shared memory has room for its argument; if not, it will when something has come back. */
static bool has_room(struct plait_process_pool *p, plait_future *f)
{
    const plait_task *task = f->task;
    bool small = task->argument_size < PLAIT_PARCEL_ROOM && task->argument_kind == PLAIT_KIND_PLAIN;
    return small || !has_inside(p) ||
           plait_parcel_has_room(p->memory, task->argument_kind, task->argument_description, task->argument_size,
                                 plait_future_argument(f));
}

/* False: not now. */
static bool give(struct plait_process_pool *p, struct plait_process_worker *w, plait_future *f, struct plait_endings *e)
{
    struct plait_cell *cell = plait_worker_cell(w, w->given);
    struct plait_job *j = plait_worker_job(w, w->given);
    if (!has_room(p, f)) return false;
    if (!begin(p, f, e)) return true;
    int64_t limit = plait_future_limit(f);
    *j = (struct plait_job){ .future = f, .deadline = f->deadline, .since = plait_time_roughly() };
    if (limit) j->deadline = plait_sooner(f->deadline, plait_after(limit));
    if (j->deadline.at > 0 && p->options.grace >= 0) j->end_at = j->deadline.at + p->options.grace;
    int code = plait_job_was_cancelled(f) ? PLAIT_ECANCELED : plait_cell_fill(p, cell, j);
    if (code == PLAIT_ENOMEM && has_inside(p)) {
        j->future = NULL;
        return false;
    }
    if (code) {
        plait_record *said =
            code == PLAIT_ECANCELED ? plait_record_say(code, NULL, "%s", PLAIT_BEFORE_IT_RAN) : plait_record_take();
        plait_process_pool_conclude(p, j, code, false, said, e);
        return true;
    }
    if (j->end_at && (!p->due || j->end_at < p->due)) p->due = j->end_at, e->tell = true;
    w->given++;
    w->inside++;
    w->given_now = true;
    e->tell |= w->inside > 1 && !w->looked_since && p->sleeps; /* it is to be looked after */
    atomic_store_explicit(&cell->state, PLAIT_CELL_GIVEN, memory_order_seq_cst);
    return true;
}

/* What waits as it did. One that has not begun may have been cancelled, and its map, whose slice it had, have gone: it is not
   looked into. */
static void put_back(struct plait_process_pool *p, plait_future *f)
{
    if (plait_job_has_begun(f)) plait_process_pool_unpack(p, f);
    link_first(p, f);
}

void plait_process_pool_give(struct plait_process_pool *p, bool collected, struct plait_endings *e)
{
    plait_future *f;
    int64_t in;
    if (plait_process_pool_ends_pending(p)) return;
    while ((f = plait_process_pool_take_pending(p))) {
        bool limited = f->limited && plait_future_limit(f);
        struct plait_process_worker *w = choose(p, limited, &in);
        if (in >= WAKE_UP && !collected) { /* perhaps one has done more than is known */
            collected = true;
            if (plait_process_pool_collect(p, e)) w = choose(p, limited, &in);
        }
        if (!w || !give(p, w, f, e)) {
            put_back(p, f);
            break;
        }
    }
    for (struct plait_process_worker *w = p->workers; w; w = w->next)
        if (w->given_now) note_bell(w, e);
}

/* What was given and has not begun. */

bool plait_worker_skip(struct plait_process_pool *p, struct plait_process_worker *w, uint32_t at, bool late,
                       struct plait_endings *e)
{
    uint32_t given = PLAIT_CELL_GIVEN;
    struct plait_job *j = plait_worker_job(w, at);
    if (!j->future ||
        !atomic_compare_exchange_strong_explicit(&plait_worker_cell(w, at)->state, &given, PLAIT_CELL_SKIPPED,
                                                 memory_order_acq_rel, memory_order_acquire))
        return false;
    w->inside--;
    plait_record *said = late ? NULL : plait_record_say(PLAIT_ECANCELED, NULL, "%s", PLAIT_BEFORE_IT_RAN);
    plait_process_pool_conclude(p, j, PLAIT_ECANCELED, late, said, e);
    return true;
}

/* Those that were called running and then taken back, or are to be tried again: no worker will tell of them. */
void plait_process_pool_end_cancelled(struct plait_process_pool *p, struct plait_endings *e)
{
    struct plait_link *last = NULL, *next;
    for (struct plait_link *link = p->again; link; link = next) {
        plait_future *f = (plait_future *)link;
        next = atomic_load_explicit(&link->next, memory_order_relaxed);
        if (!plait_job_has_begun(f) || !plait_job_was_cancelled(f)) {
            last = link;
            continue;
        }
        if (last) atomic_store_explicit(&last->next, next, memory_order_relaxed);
        else p->again = next;
        plait_process_pool_conclude(p, &(struct plait_job){ .future = f, .deadline = f->deadline }, PLAIT_ECANCELED,
                                    false, plait_record_say(PLAIT_ECANCELED, NULL, "%s", PLAIT_BEFORE_IT_RAN), e);
    }
}

/* The newest first: so they come to stand in their order, and the worker is not past any of them. */
void plait_worker_take_back(struct plait_process_pool *p, struct plait_process_worker *w)
{
    while (w->given != w->collected) {
        uint32_t at = w->given - 1, state = PLAIT_CELL_GIVEN;
        struct plait_cell *cell = plait_worker_cell(w, at);
        struct plait_job *j = plait_worker_job(w, at);
        if (!j->future) state = PLAIT_CELL_SKIPPED;
        if (!atomic_compare_exchange_strong_explicit(&cell->state, &state, PLAIT_CELL_FREE, memory_order_acq_rel,
                                                     memory_order_acquire))
            return;
        w->given--;
        plait_cell_empty(p, cell, j);
        if (!j->future) continue;
        w->inside--;
        plait_process_pool_put_first(p, j->future);
        j->future = NULL;
    }
}
