/* process_pool.c: making and ending a pool of processes, taking tasks in, and telling how things stand. See process_pool.h. */
#include "executor/process_pool.h"
#include "base/cpus.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/stop.h"
#include "process/process.h"
#include "process/shared_block.h"
#include "thread/thread.h"
#include <plait/scope.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* All of them use the pool's memory, and so does this process; some places are left for children that tasks fork. */
enum { MOST_WORKERS = 240 };
static _Atomic unsigned made;

static void wake_manager(struct plait_process_pool *p)
{
    atomic_fetch_add_explicit(&p->calls, 1, memory_order_seq_cst);
    plait_parker *manager = atomic_load_explicit(&p->parker, memory_order_seq_cst);
    if (manager) plait_unpark(manager); /* else it is about to look */
}

static int make_room(struct plait_process_pool *p)
{
    int err = p->bound.capacity ? plait_bound_enter(&p->bound, !p->bound.refuse) : 0;
    if (err == PLAIT_ECLOSED) return plait_fail(err, "a pool was closed while a submit waited for room in its queue");
    if (err == PLAIT_ECANCELED)
        return plait_fail(err, "the wait for room in the queue of pool %s was cut short", p->name);
    return err ? plait_fail(err, "the queue of pool %s is full, with %zu tasks", p->name, p->bound.capacity) : 0;
}

/* The guard is held: the first submit starts the manager. */
static int start(struct plait_process_pool *p)
{
    char name[32];
    if (p->manager) return 0;
    snprintf(name, sizeof name, "%.20s-manager", p->name);
    p->manager = plait_thread_start(plait_process_pool_manage, p,
                                    &(plait_thread_start_options){ .name = name, .life = PLAIT_SERVICE });
    return p->manager ? 0 : plait_error_code();
}

static int put(struct plait_process_pool *p, struct plait_job *j)
{
    PLAIT_LOCKED(&p->guard);
    if (p->closed) return plait_fail(PLAIT_ECLOSED, "pool %s was closed while a task was submitted", p->name);
    int err = start(p);
    if (err) return err;
    *p->last_pending = j;
    p->last_pending = &j->next;
    p->figures.queued++;
    p->figures.submitted++;
    return 0;
}

static int submit(plait_executor *ex, plait_future *f)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    if (f->task->flags & PLAIT_TASK_LOCAL)
        return plait_fail(PLAIT_ENOTSUP, "task %s takes pointers, which mean nothing in another process",
                          f->task->name);
    if (atomic_load_explicit(&p->broken, memory_order_acquire)) {
        plait_record_keep(plait_process_pool_broken_record(p));
        return PLAIT_EBROKEN;
    }
    int err = make_room(p);
    if (err) return err;
    struct plait_job *j = plait_allocate(sizeof *j);
    if (j) j->future = f;
    err = j ? put(p, j) : plait_fail(PLAIT_ENOMEM, "no memory for a task");
    if (err) {
        if (p->bound.capacity) plait_bound_leave(&p->bound);
        free(j);
        return err;
    }
    wake_manager(p);
    return 0;
}

/* Where the worker reads it. */
static bool place(plait_executor *ex, const plait_bytes *argument, plait_bytes *placed)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    if (!plait_shared_block_copy(p->memory, placed, argument)) return false;
    atomic_fetch_add_explicit(&p->bytes_copied, argument->size, memory_order_relaxed);
    return true;
}

static void close_pool(plait_executor *ex)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    plait_mutex_lock(&p->guard);
    p->closed = true;
    plait_mutex_unlock(&p->guard);
    if (p->bound.capacity) plait_bound_close(&p->bound);
}

/* Those that have not begun. */
static void cancel_pending(struct plait_process_pool *p)
{
    plait_mutex_lock(&p->guard);
    size_t count = 0, room = p->figures.queued;
    plait_future **list = plait_allocate((room + 1) * sizeof *list);
    for (struct plait_job *j = p->pending; j && list && count < room; j = j->next)
        list[count++] = plait_future_ref(j->future);
    plait_mutex_unlock(&p->guard);
    for (size_t i = 0; i < count; i++) { /* their callbacks are called here, so without the guard */
        plait_future_withdraw(list[i]);
        plait_future_detach(list[i]);
    }
    free(list);
}

static int shut_down(plait_executor *ex, const plait_shutdown_options *o)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    atomic_store_explicit(&ex->closed, true, memory_order_relaxed);
    close_pool(ex);
    if (o->cancel) {
        atomic_store_explicit(&p->cancels, true, memory_order_release);
        cancel_pending(p);
    }
    plait_mutex_lock(&p->guard);
    p->ending = true;
    plait_thread *manager = p->manager;
    plait_mutex_unlock(&p->guard);
    if (!manager) return 0;
    wake_manager(p);
    return plait_thread_join(manager, NULL, o->deadline);
}

static void release(struct plait_process_pool *p)
{
    plait_shared_memory_free(p->memory);
    if (p->epoll >= 0) close(p->epoll);
    plait_record_unref(p->reason);
    free((void *)p->known);
    free(p->known_places);
    free(p->name);
    free(p);
}

static void free_pool(plait_executor *ex)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    bool mine = plait_unlist(&p->listed);
    if (ex->generation == plait_process_generation()) {
        PLAIT_SHIELD(whole, PLAIT_FOREVER); /* no cancellation point */
        (void)!shut_down(ex, &(plait_shutdown_options){ .cancel = false });
        plait_thread_free(p->manager);
    }
    if (!mine) return; /* the end of the program is at it */
    close(p->board->event);
    release(p);
}

static size_t list(plait_executor *ex, plait_running_task *tasks, size_t room)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    size_t running = 0;
    int64_t now = plait_time();
    PLAIT_LOCKED(&p->guard);
    for (struct plait_process_worker *w = p->workers; w; w = w->next)
        for (struct plait_job *j = w->first; j; j = j->next, running++) {
            if (running >= room) continue;
            plait_running_task *to = &tasks[running];
            *to = (plait_running_task){ .line = j->future->line, .duration = now - j->since };
            snprintf(to->name, sizeof to->name, "%s", j->future->name);
            snprintf(to->thread, sizeof to->thread, "%s", plait_process_name(w->process));
            snprintf(to->file, sizeof to->file, "%s", j->future->file);
        }
    return running;
}

static void get_statistics(plait_executor *ex, plait_executor_statistics *s)
{
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    PLAIT_LOCKED(&p->guard);
    *s = p->figures;
    s->bytes_copied = atomic_load_explicit(&p->bytes_copied, memory_order_relaxed);
    s->bytes_in_place = atomic_load_explicit(&p->bytes_in_place, memory_order_relaxed);
    for (struct plait_process_worker *w = p->workers; w; w = w->next) s->idle += !w->inside;
}

static int check_options(const plait_process_options *o)
{
    if (o->workers < 0 || o->workers > MOST_WORKERS)
        return plait_fail(PLAIT_EINVAL, "a pool of %d processes: it may have %d", o->workers, MOST_WORKERS);
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

static void set_defaults(plait_process_options *o)
{
    if (!o->workers) o->workers = plait_allowed_cpus();
    if (o->workers > MOST_WORKERS) o->workers = MOST_WORKERS;
    if (!o->grace) o->grace = 5 * PLAIT_SECOND;
    if (!o->idle_timeout) o->idle_timeout = 60 * PLAIT_SECOND;
    if (!o->shared_limit) o->shared_limit = (size_t)64 << 30;
}

/* What the workers look at. */
static int make_board(struct plait_process_pool *p)
{
    const plait_process_options *o = &p->options;
    struct epoll_event event = { .events = EPOLLIN };
    p->memory = plait_shared_memory_new(&(plait_shared_memory_options){ .limit = o->shared_limit });
    p->board = p->memory ? plait_shared_alloc(p->memory, sizeof *p->board) : NULL;
    if (!p->board) return plait_error_code();
    p->board->memory = p->memory;
    p->board->memory_limit = o->memory_limit;
    p->board->niceness = o->niceness;
    if (o->initializer) {
        p->board->initializer = plait_process_pool_know(p, o->initializer);
        if (!p->board->initializer) return plait_error_code();
        int err =
            o->initializer->argument_size
                ? plait_parcel_put(&p->board->initializer_argument, p->memory, o->initializer->argument_kind,
                                   o->initializer->argument_description, o->initializer->argument_size, o->argument)
                : 0;
        if (err) return err;
    }
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->board->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->epoll >= 0 && p->board->event >= 0 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->board->event, &event) == 0)
        return 0;
    int err = -errno;
    if (p->board->event >= 0) close(p->board->event);
    return plait_fail(err, "no descriptors for a pool of processes");
}

plait_executor *plait_process_executor_new_sized(const plait_process_options *options, size_t options_size)
{
    static const struct plait_executor_operations operations = { .submit = submit,
                                                                 .place = place,
                                                                 .close = close_pool,
                                                                 .free = free_pool,
                                                                 .get_statistics = get_statistics,
                                                                 .list = list,
                                                                 .shutdown = shut_down };
    plait_process_options o;
    if (plait_options_read(&o, sizeof o, options, options_size) || check_options(&o)) return NULL;
    set_defaults(&o);
    unsigned number = atomic_fetch_add_explicit(&made, 1, memory_order_relaxed) + 1;
    char numbered[32];
    snprintf(numbered, sizeof numbered, "processes-%u", number);
    struct plait_process_pool *p = plait_allocate(sizeof *p);
    char *name = p ? plait_copy_string(o.name ? o.name : numbered) : NULL;
    if (!name) {
        free(p);
        plait_fail(PLAIT_ENOMEM, "no memory for a pool of processes");
        return NULL;
    }
    p->executor = (plait_executor){ .operations = &operations, .generation = plait_process_generation() };
    p->options = o;
    p->name = name;
    p->epoll = -1;
    p->last_pending = &p->pending;
    p->usual = INT64_MAX / 2; /* until it is known */
    p->bound.capacity = o.capacity;
    p->bound.refuse = o.refuse;
    p->listed = (struct plait_listed){ .executor = &p->executor, .name = name };
    if (make_board(p) == 0) {
        if (plait_list_for_exit(&p->listed) == 0) return &p->executor;
        plait_fail(PLAIT_ENOMEM, "no memory for a pool of processes");
        close(p->board->event);
    }
    release(p);
    return NULL;
}
