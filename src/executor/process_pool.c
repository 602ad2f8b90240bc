/* process_pool.c: making and ending a pool of processes, and telling how things stand. See process_pool.h. */
#include "executor/process_pool.h"
#include "base/cpus.h"
#include "base/fork.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/stop.h"
#include "process/process.h"
#include "process/shared_registry.h"
#include "process/shared_block.h"
#include "thread/thread.h"
#include <plait/scope.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* All of them use the pool's memory, and so does this process; some places are left for children that tasks fork. */
enum { MOST_WORKERS = 240 };
#define LEAST_SHARED ((size_t)64 << 20)
static _Atomic unsigned made;

/* Pools' memory, used again for pools: taken off all at once, so that none is met twice. */
static _Atomic(struct plait_process_pool *) free_pools;

static void put_on_free(struct plait_process_pool *first, struct plait_process_pool *last)
{
    last->next_free = atomic_load_explicit(&free_pools, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&free_pools, &last->next_free, first, memory_order_release,
                                                  memory_order_relaxed)) {}
}

static struct plait_process_pool *new_pool(void)
{
    size_t cleared = offsetof(struct plait_process_pool, attending);
    struct plait_process_pool *p = atomic_exchange_explicit(&free_pools, NULL, memory_order_acquire);
    if (p && p->next_free) {
        struct plait_process_pool *last = p->next_free;
        while (last->next_free) last = last->next_free;
        put_on_free(p->next_free, last);
    } else if (!p && !plait_refused("memory")) {
        p = aligned_alloc(_Alignof(struct plait_process_pool), sizeof *p);
        cleared = sizeof *p;
    }
    return p ? memset((void *)p, 0, cleared) : NULL;
}

/* Nobody looks for futures of it any more, but for those who come too late, and go away again. */
static void release(struct plait_process_pool *p)
{
    plait_shared_memory_free(p->memory);
    if (p->epoll >= 0) close(p->epoll);
    plait_record_unref(p->reason);
    for (struct plait_process_worker *w = p->free_workers, *next; w; w = next) next = w->next, free(w);
    free((void *)p->known);
    free(p->known_places);
    free(p->name);
    plait_process_pool_unsettle(p);
    put_on_free(p, p);
}

/* Where the worker reads it. */
static bool place(plait_executor *ex, const plait_bytes *argument, plait_bytes *placed)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    if (!plait_shared_block_copy(p->memory, placed, argument)) return false;
    atomic_fetch_add_explicit(&p->bytes_copied, argument->size, memory_order_relaxed);
    return true;
}

static void free_pool(plait_executor *ex)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    bool mine = plait_unlist(&p->listed);
    if (ex->generation == plait_process_generation()) {
        PLAIT_SHIELD(whole, PLAIT_FOREVER); /* no cancellation point */
        (void)!plait_process_pool_shutdown(ex, &(plait_shutdown_options){ .cancel = false });
        plait_thread_free(p->manager);
        while (atomic_fetch_add_explicit(&p->attending, 0, memory_order_acq_rel)) sched_yield();
    } else {
        atomic_store_explicit(&p->attending, 0, memory_order_relaxed); /* they are the parent's */
    }
    if (!mine) return; /* the end of the program is at it */
    close(p->event);
    release(p);
}

/* Its manager is not left in the midst of its end. */
static void settle(plait_executor *ex)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    if (p->manager) plait_thread_settle(p->manager);
}

static const char *awaited(plait_executor *ex)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    struct plait_endings e = { .ended = NULL };
    plait_process_pool_lock(p);
    bool waits = atomic_load_explicit(&p->ending, memory_order_relaxed) && !p->workers && p->relays &&
                 !plait_event_is_set(&p->relays->none);
    plait_process_pool_unlock(p, &e);
    return waits ? "what its workers have written is not out yet: stdout or stderr takes nothing" : NULL;
}

static size_t list(plait_executor *ex, plait_running_task *tasks, size_t room)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    struct plait_endings e = { .ended = NULL };
    size_t running = 0;
    int64_t now = plait_time();
    plait_process_pool_lock(p);
    for (struct plait_process_worker *w = p->workers; w; w = w->next) {
        uint32_t at = w->collected;
        while (at != w->given && !plait_worker_job(w, at)->future) at++;
        if (at == w->given || running++ >= room) continue;
        struct plait_job *j = plait_worker_job(w, at);
        plait_running_task *to = &tasks[running - 1];
        *to = (plait_running_task){ .line = j->future->line, .duration = now > j->since ? now - j->since : 0 };
        snprintf(to->name, sizeof to->name, "%s", j->future->name);
        snprintf(to->thread, sizeof to->thread, "%s", plait_process_name(w->process));
        snprintf(to->file, sizeof to->file, "%s", j->future->file);
    }
    plait_process_pool_unlock(p, &e);
    return running;
}

static void get_statistics(plait_executor *ex, plait_executor_statistics *s)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    struct plait_endings e = { .ended = NULL };
    plait_process_pool_lock(p);
    size_t begun = 0; /* they are with workers */
    *s = p->figures;
    s->bytes_copied = atomic_load_explicit(&p->bytes_copied, memory_order_relaxed);
    s->bytes_in_place = atomic_load_explicit(&p->bytes_in_place, memory_order_relaxed);
    for (struct plait_process_worker *w = p->workers; w; w = w->next) {
        begun += w->inside > 0;
        s->idle += !w->inside;
    }
    s->running = begun;
    s->submitted = atomic_load_explicit(&p->entered, memory_order_relaxed) & ~PLAIT_POOL_CLOSED;
    size_t over = (size_t)(s->finished + s->cancelled + s->refused) + begun;
    s->queued = s->submitted > over ? (size_t)s->submitted - over : 0;
    plait_process_pool_unlock(p, &e);
}

static int check_options(const plait_process_options *o)
{
    if (o->workers < 0 || o->workers > MOST_WORKERS)
        return plait_fail(PLAIT_EINVAL, "a pool of %d processes: it may have 1 to %d", o->workers, MOST_WORKERS);
    if (o->initializer && !o->initializer->run) return plait_fail(PLAIT_EINVAL, "an initializer that is no task");
    if (o->initializer && o->initializer->flags & PLAIT_TASK_LOCAL)
        return plait_fail(PLAIT_EINVAL, "the initializer %s takes pointers, which mean nothing in another process",
                          o->initializer->name);
    if (o->initializer && o->initializer->argument_size && !o->argument)
        return plait_fail(PLAIT_EINVAL, "the initializer %s is without its argument", o->initializer->name);
    if (!plait_was_initialized)
        return plait_fail(PLAIT_ENOTSUP, "a pool of processes needs a program that calls plait_init() first in main: a "
                                         "worker would run all of main again");
    return 0;
}

/* They are taken at once, and the rest of the program needs some too. */
static size_t usual_shared_limit(void)
{
    size_t usual = (size_t)16 << 30;
    struct rlimit addresses;
    if (getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur / 8 < usual) usual = addresses.rlim_cur / 8;
    return usual;
}

static void set_defaults(plait_process_options *o)
{
    if (!o->workers) o->workers = o->cpu_count ? (int)o->cpu_count : plait_allowed_cpus();
    if (o->workers > MOST_WORKERS) o->workers = MOST_WORKERS;
    if (!o->grace) o->grace = 5 * PLAIT_SECOND;
    if (!o->start_limit) o->start_limit = 600 * PLAIT_SECOND;
    if (!o->idle_timeout) o->idle_timeout = 60 * PLAIT_SECOND;
    int64_t *times[] = { &o->grace, &o->start_limit, &o->idle_timeout };
    for (size_t i = 0; i < 3; i++) /* they are added to the time */
        if (*times[i] > INT64_MAX / 4) *times[i] = -1;
}

/* As large as was asked for; else as usual, or less of it where there are not so many addresses left. */
static plait_shared_memory *make_memory(size_t *limit)
{
    if (*limit) return plait_shared_memory_new(&(plait_shared_memory_options){ .limit = *limit });
    plait_record *words = plait_record_ref(*plait_record_here());
    plait_shared_memory *m = NULL;
    for (*limit = usual_shared_limit();; *limit /= 2) {
        m = plait_shared_memory_new(&(plait_shared_memory_options){ .limit = *limit });
        if (m || *limit / 2 < LEAST_SHARED) break;
    }
    if (m) plait_record_keep(words);
    else plait_record_unref(words);
    return m;
}

/* What the workers look at. */
static int make_board(struct plait_process_pool *p)
{
    const plait_process_options *o = &p->options;
    struct epoll_event event = { .events = EPOLLIN };
    plait_hold_standard_descriptors();
    p->memory = make_memory(&p->options.shared_limit);
    p->board = p->memory ? plait_shared_alloc(p->memory, sizeof *p->board + 64) : NULL;
    if (!p->board) return plait_error_code();
    atomic_store_explicit(&plait_shared_peek(p->board)->ruler, plait_process_generation(), memory_order_relaxed);
    p->board = (struct plait_pool_board *)(((uintptr_t)p->board + 63) & ~(uintptr_t)63);
    int err = plait_process_pool_settle(p);
    if (err) return err;
    p->board->memory = p->memory;
    p->board->most_spinners = plait_allowed_cpus() - 1;
    p->board->memory_limit = o->memory_limit;
    p->board->niceness = o->niceness;
    if (o->initializer) {
        p->board->initializer = plait_process_pool_know(p, o->initializer);
        if (!p->board->initializer) return plait_error_code();
        err = o->initializer->argument_size
                  ? plait_parcel_put(&p->board->initializer_argument, p->memory, o->initializer->argument_kind,
                                     o->initializer->argument_description, o->initializer->argument_size, o->argument)
                  : 0;
        if (err) return err;
    }
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->event = p->board->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->epoll >= 0 && p->event >= 0 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->event, &event) == 0) return 0;
    err = -errno;
    if (p->event >= 0) close(p->event);
    return plait_fail(err, "no descriptors for a pool of processes");
}

/* Not where tasks are counted. */
static bool may_share(plait_executor *ex, const plait_task *task)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    return !(task->flags & PLAIT_TASK_LOCAL) && !p->options.tasks_per_worker;
}

static bool take_back(plait_executor *ex, struct plait_slice *s, size_t count)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    plait_process_pool_lock(p);
    bool taken = plait_slice_take_back_packed(s, p->memory, count);
    plait_process_pool_unlock(p, &(struct plait_endings){ .ended = NULL });
    return taken;
}

plait_executor *plait_process_executor_new_sized(const plait_process_options *options, size_t options_size)
{
    static const struct plait_executor_operations operations = { .sharing = PLAIT_SHARES,
                                                                 .may_share = may_share,
                                                                 .take_back = take_back,
                                                                 .submit = plait_process_pool_submit,
                                                                 .place = place,
                                                                 .close = plait_process_pool_close,
                                                                 .free = free_pool,
                                                                 .get_statistics = get_statistics,
                                                                 .list = list,
                                                                 .awaited = awaited,
                                                                 .shutdown = plait_process_pool_shutdown };
    plait_process_options o;
    if (plait_options_read(&o, sizeof o, options, options_size) || check_options(&o)) return NULL;
    set_defaults(&o);
    unsigned number = atomic_fetch_add_explicit(&made, 1, memory_order_relaxed) + 1;
    char numbered[32];
    snprintf(numbered, sizeof numbered, "processes-%u", number);
    struct plait_process_pool *p = new_pool();
    char *name = p ? plait_copy_string(o.name ? o.name : numbered) : NULL;
    if (p) p->epoll = -1;
    if (!name) {
        plait_fail(PLAIT_ENOMEM, "no memory for a pool of processes");
        if (p) release(p);
        return NULL;
    }
    p->executor = (plait_executor){ .operations = &operations, .generation = plait_process_generation() };
    p->options = o;
    p->name = name;
    plait_lanes_prepare(&p->lanes);
    atomic_store_explicit(&plait_attend, plait_process_pool_attend, memory_order_relaxed);
    p->bound.capacity = o.capacity;
    p->bound.refuse = o.refuse;
    p->listed = (struct plait_listed){ .executor = &p->executor, .name = name, .settle = settle };
    if (make_board(p) == 0) {
        if (plait_list_for_exit(&p->listed) == 0) return &p->executor;
        plait_fail(PLAIT_ENOMEM, "no memory for a pool of processes");
        close(p->event);
    }
    release(p);
    return NULL;
}
