/* process_workers.c: worker processes are started, told to stop, and buried. By the manager of the pool alone. See
   process_pool.h for what must hold. */
#include "executor/process_pool.h"
#include "base/memory.h"
#include "base/stop.h"
#include "process/shared_block.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define FIRST_PAUSE (10 * PLAIT_MILLISECOND) /* after a worker that died at birth; doubled each time */
#define PARTING (2 * PLAIT_SECOND)           /* for one that was told to stop */
enum { MOST_BIRTHS_FAILED = 5, WORDS = 200 };

/* Takes the reference of `reason`. */
static void break_pool(struct plait_process_pool *p, plait_record *reason, const char *why)
{
    if (plait_process_pool_broken(p)) {
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

void plait_worker_stop(struct plait_process_worker *w)
{
    if (atomic_load_explicit(&w->channel->stop, memory_order_relaxed)) return;
    w->leaving = true;
    w->end_at = plait_time() + PARTING;
    atomic_store_explicit(&w->channel->stop, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&w->channel->asleep, memory_order_seq_cst)) plait_channel_ring(w->channel);
}

/* One that is dead, with its channel, or a new one; NULL with a record. */
static struct plait_process_worker *new_worker(struct plait_process_pool *p)
{
    struct plait_process_worker *w = p->free_workers;
    if (w) {
        p->free_workers = w->next;
        w->next = NULL;
        return w;
    }
    w = plait_allocate(sizeof *w);
    void *c = w ? plait_shared_alloc(p->memory, sizeof *w->channel + 64) : NULL;
    if (!w) plait_failed(PLAIT_ENOMEM);
    if (!c) {
        free(w);
        return NULL;
    }
    w->channel = (struct plait_channel *)(((uintptr_t)c + 63) & ~(uintptr_t)63);
    if (p->channel_count == PLAIT_ATTENDS) p->channel_count++; /* whose bit is another's */
    w->channel->number = w->number = p->channel_count++;
    return w;
}

/* It has gone, and its cells are empty: as new. What it may have left in the channel in place of that, none is to meet. */
static void free_worker(struct plait_process_pool *p, struct plait_process_worker *w)
{
    struct plait_channel *c = w->channel;
    uint32_t number = w->number;
    plait_parcel_clear(&c->said, p->memory);
    plait_spinner_end(p->board, number);
    atomic_store_explicit(&c->asleep, 0, memory_order_relaxed);
    atomic_store_explicit(&c->stop, 0, memory_order_relaxed);
    atomic_store_explicit(&c->born, 0, memory_order_relaxed);
    atomic_store_explicit(&c->owner, 0, memory_order_relaxed);
    atomic_store_explicit(&c->usual, 0, memory_order_relaxed);
    c->number = number;
    c->code = 0;
    c->initializes = c->refused = false;
    c->data_at_end = 0;
    memset((void *)c->cells, 0, sizeof c->cells);
    memset((void *)w, 0, sizeof *w);
    w->channel = c;
    w->number = number;
    w->next = p->free_workers;
    p->free_workers = w;
}

static void start_process(struct plait_process_pool *p, struct plait_process_worker *w)
{
    w->process = plait_process_pool_launch(p, w);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = w };
    if (w->process && epoll_ctl(p->epoll, EPOLL_CTL_ADD, plait_process_descriptor(w->process), &event) != 0) {
        plait_fail(-errno, "worker %s cannot be watched", plait_process_name(w->process));
        (void)plait_process_kill(w->process);
        plait_process_free(w->process);
        w->process = NULL;
    }
}

static void birth_failed(struct plait_process_pool *p)
{
    int code = plait_error_code();
    plait_record *cause = plait_record_take();
    if (p->worker_count) {
        plait_record_unref(cause); /* it goes on with fewer, and tries again later */
        p->next_birth = plait_time() + PLAIT_SECOND;
    } else if (++p->births_failed >= MOST_BIRTHS_FAILED || code == PLAIT_ENOTSUP) {
        break_pool(p, cause, "its workers cannot be started");
    } else {
        plait_record_unref(cause);
        p->next_birth = plait_time() + (FIRST_PAUSE << p->births_failed);
    }
}

bool plait_process_pool_start_worker(struct plait_process_pool *p)
{
    struct plait_process_worker *w = new_worker(p);
    if (w) start_process(p, w);
    if (!w || !w->process) {
        birth_failed(p);
        if (w) free_worker(p, w);
        return false;
    }
    w->idle_since = plait_time();
    w->born_by = p->options.start_limit < 0 ? 0 : w->idle_since + p->options.start_limit;
    PLAIT_LOCKED(&p->guard);
    w->next = p->workers;
    p->workers = w;
    p->worker_count++;
    p->figures.workers++;
    return true;
}

/* It is the worker that this happened in, not the thread that found it out. */
static void set_place(plait_record *r, const plait_record *of_worker)
{
    r->public.signal = of_worker->public.signal;
    r->public.pid = of_worker->public.pid;
    snprintf(r->thread, sizeof r->thread, "%s", of_worker->thread);
}

/* Why it died: a code, and in *record the words, with the last ones of its own if it was not born. */
static int cause_of_death(const struct plait_process_pool *p, struct plait_process_worker *w, plait_record **record)
{
    int code = PLAIT_EWORKER;
    char words[WORDS];
    (void)!plait_process_join(w->process, &code, PLAIT_FOREVER); /* it has ended */
    *record = plait_record_take();
    plait_worker_last_words(p, w, 0, words, sizeof words);
    bool told = code == PLAIT_EWORKER && *record;
    if (told && (!words[0] || atomic_load_explicit(&w->channel->born, memory_order_acquire))) return code;
    plait_record *before = *record;
    if (told) *record = plait_record_say(PLAIT_EWORKER, NULL, "%s%s", before->public.message, words);
    else *record = plait_record_say(PLAIT_EWORKER, NULL, "its worker %s ended", plait_process_name(w->process));
    if (told && *record) set_place(*record, before);
    plait_record_unref(before);
    return PLAIT_EWORKER;
}

static void fail_by_death(struct plait_process_pool *p, struct plait_job *j, int code, plait_record *cause,
                          const char *words, struct plait_endings *e)
{
    bool cancelled = plait_job_was_cancelled(j->future), late = !cancelled && plait_has_passed(j->deadline);
    plait_record *said = plait_record_say(code, cause ? plait_record_ref(cause) : NULL, "%s%s",
                                          cause ? cause->public.message : plait_error_text(code), words);
    if (said && cause) {
        set_place(said, cause);
        plait_record_unref(said->cause);
        said->cause = NULL, said->public.cause = NULL;
    }
    struct plait_slice *s = cancelled ? NULL : plait_slice_of(j->future);
    if (s) {
        plait_process_pool_unpack(p, j->future);
        if (plait_slice_survives(s, code, said)) {
            plait_process_pool_put_first(p, j->future);
            return;
        }
        s->begun = true;
        plait_process_pool_conclude(p, j, plait_slice_code(s), false, NULL, e);
        return;
    }
    if (cancelled || late) code = PLAIT_ECANCELED;
    if (code == PLAIT_ECANCELED)
        said = plait_record_say(code, said, "its worker was ended, since it did not end by itself");
    plait_process_pool_conclude(p, j, code, late, said, e);
}

/* What it had begun fails, what it had finished has an outcome, the rest goes to others. A state that there is none of is no
   better than RUNNING: else a task that writes it would be tried for ever. */
static void share_out(struct plait_process_pool *p, struct plait_process_worker *w, int code, plait_record *cause,
                      struct plait_endings *e)
{
    plait_worker_collect(p, w, e);
    for (uint32_t at = w->given;
         at-- != w->collected;) { /* the newest first, so that they come to stand in their order */
        struct plait_cell *cell = plait_worker_cell(w, at);
        struct plait_job *j = plait_worker_job(w, at);
        uint32_t state = atomic_load_explicit(&cell->state, memory_order_acquire);
        if (j->future && state == PLAIT_CELL_DONE) {
            plait_cell_conclude(p, cell, j, e);
            continue;
        }
        char words[WORDS];
        plait_worker_last_words(p, w, cell->heard, words, sizeof words);
        plait_cell_empty(p, cell, j);
        if (j->future && state != PLAIT_CELL_GIVEN) fail_by_death(p, j, code, cause, words, e);
        else if (j->future) plait_process_pool_put_first(p, j->future);
    }
}

static void take_off(struct plait_process_pool *p, struct plait_process_worker *w)
{
    struct plait_process_worker **at = &p->workers;
    while (*at != w) at = &(*at)->next;
    *at = w->next;
    p->worker_count--;
    p->figures.workers--;
}

/* It says so, or has begun a task, whatever it says. */
static bool was_born(struct plait_process_worker *w)
{
    bool born = w->was_born || w->done || atomic_load_explicit(&w->channel->born, memory_order_acquire);
    for (uint32_t at = w->collected; at != w->given && !born; at++) {
        uint32_t state = atomic_load_explicit(&plait_worker_cell(w, at)->state, memory_order_acquire);
        born = state != PLAIT_CELL_GIVEN && state != PLAIT_CELL_SKIPPED;
    }
    return born;
}

/* Those that have been born since this was last asked end a row of failures. */
static void note_births(struct plait_process_pool *p)
{
    for (struct plait_process_worker *w = p->workers; w; w = w->next) {
        if (w->birth_noted || !was_born(w)) continue;
        w->birth_noted = true;
        p->births_failed = 0;
    }
}

/* What its death says of the pool. */
static void learn(struct plait_process_pool *p, struct plait_process_worker *w, bool born, plait_record *cause)
{
    if (!born && w->channel->code < 0) {
        break_pool(p, plait_parcel_said(&w->channel->said, p->memory),
                   w->channel->initializes ? "its initializer failed" : "its workers cannot begin");
    } else if (!born && !w->leaving) {
        p->next_birth = plait_time() + (FIRST_PAUSE << p->births_failed);
        if (++p->births_failed >= MOST_BIRTHS_FAILED)
            break_pool(p, cause ? plait_record_ref(cause) : NULL,
                       w->too_slow ? "its workers do not come to their first task within .start_limit"
                                   : "its workers die before their first task");
    } else {
        p->births_failed = 0;
    }
}

void plait_process_pool_bury(struct plait_process_pool *p, struct plait_process_worker *w)
{
    plait_record *cause;
    struct plait_endings e = { .ended = NULL };
    int code = cause_of_death(p, w, &cause);
    plait_process_pool_lock(p);
    take_off(p, w);
    bool born = was_born(w);
    note_births(p);
    plait_process_pool_unlock(p, &e);
    learn(p, w, born, cause); /* which may tell of it */
    plait_process_pool_lock(p);
    bool unused = !p->worker_count && !atomic_load_explicit(&p->ending, memory_order_relaxed); /* for want of work */
    share_out(p, w, code, cause, &e);
    plait_process_pool_work(p, true, &e);
    plait_process_pool_unlock(p, &e);
    plait_record_unref(cause);
    epoll_ctl(p->epoll, EPOLL_CTL_DEL, plait_process_descriptor(w->process), NULL);
    plait_process_free(w->process);
    plait_shared_block_reap(p->memory, atomic_load_explicit(&w->channel->owner, memory_order_relaxed));
    if (unused) plait_shared_block_trim(p->memory);
    free_worker(p, w);
}
