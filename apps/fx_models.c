/* fx_models.c: nine ways to do the same work. In each, the task is the same function, fetch_rates; what differs is where it
   runs and how its results come back. */
#include "apps/fx_models.h"
#include "apps/command.h"
#include "apps/fx_workers.h"
#include <plait.h>
#include <stdlib.h>
#include <string.h>

/* One after the other: a task is a plain function. */
static int sequential(struct fx_work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        struct fx_item *item = &work->items[i];
        fx_item_end(item, fetch_rates(&item->fetch, &item->rates));
        fx_show(work, item);
    }
    return 0;
}

static int fetch_one(void *argument)
{
    struct fx_item *item = argument;
    fx_item_end(item, fetch_rates(&item->fetch, &item->rates));
    return 0;
}

/* A thread for each; where the system gives no more, the main thread does it itself. */
static int thread_per_item(struct fx_work *work)
{
    plait_thread **threads = calloc(work->count, sizeof(plait_thread *));
    if (!threads) return plait_fail(PLAIT_ENOMEM, "no memory for %zu threads", work->count);
    for (size_t i = 0; i < work->count; i++) {
        threads[i] = plait_thread_start(fetch_one, &work->items[i], NULL);
        if (!threads[i]) fetch_one(&work->items[i]);
    }
    for (size_t i = 0; i < work->count; i++) {
        plait_thread_free(threads[i]); /* waits for its end */
        fx_show(work, &work->items[i]);
    }
    free(threads);
    return 0;
}

/* What a pool is made of: threads, and a queue of work that they share. */
struct crew {
    plait_queue *todo;  /* of struct fx_item *; filled and closed before the threads start */
    plait_queue *ended; /* the same items, as they end; or NULL. Has room for all: nobody waits to put */
    plait_thread **threads;
    size_t count;
};

static int work_off(void *argument)
{
    struct crew *crew = argument;
    struct fx_item *item;
    int error;
    while ((error = plait_queue_get(crew->todo, &item, PLAIT_FOREVER)) == 0) {
        fx_item_end(item, fetch_rates(&item->fetch, &item->rates));
        if (crew->ended && (error = plait_queue_put(crew->ended, &item, PLAIT_FOREVER)) != 0) return error;
    }
    return error == PLAIT_ECLOSED ? 0 : error;
}

/* Fills the queue of work and starts a thread for each job; fewer where the system gives no more. */
static int crew_start(struct crew *crew, struct fx_work *work)
{
    size_t wanted = (size_t)work->jobs < work->count ? (size_t)work->jobs : work->count;
    crew->todo = plait_queue_new(sizeof(struct fx_item *), work->count);
    crew->threads = calloc(wanted, sizeof(plait_thread *));
    if (!crew->todo || !crew->threads) return plait_fail(PLAIT_ENOMEM, "no memory for a pool of %zu threads", wanted);
    for (size_t i = 0; i < work->count; i++) {
        int error = plait_queue_put(crew->todo, &(struct fx_item *){ &work->items[i] }, PLAIT_FOREVER);
        if (error) return error;
    }
    plait_queue_close(crew->todo);
    while (crew->count < wanted && (crew->threads[crew->count] = plait_thread_start(work_off, crew, NULL)))
        crew->count++;
    return crew->count ? 0 : plait_error_code();
}

/* Waits for the threads, which end when there is no more work, and drops the rest. */
static void crew_end(struct crew *crew)
{
    while (crew->count) plait_thread_free(crew->threads[--crew->count]);
    free(crew->threads);
    plait_queue_free(crew->todo);
    plait_queue_free(crew->ended);
}

/* A pool by hand: the main thread waits for all of it, then prints. */
static int thread_pool(struct fx_work *work)
{
    struct crew crew = { .ended = NULL };
    int error = crew_start(&crew, work);
    crew_end(&crew);
    for (size_t i = 0; i < work->count && !error; i++) fx_show(work, &work->items[i]);
    return error;
}

/* Work one way, results the other: the main thread takes each one as it ends, and alone prints. */
static int queues(struct fx_work *work)
{
    struct crew crew = { .ended = plait_queue_new(sizeof(struct fx_item *), work->count) };
    int error = crew.ended ? crew_start(&crew, work) : plait_error_code();
    for (size_t i = 0; i < work->count && !error; i++) {
        struct fx_item *item;
        error = plait_queue_get(crew.ended, &item, PLAIT_FOREVER);
        if (!error) fx_show(work, item);
    }
    crew_end(&crew);
    return error;
}

/* A map over the bases, with the interface that all executors have: the pool comes from outside. */
struct mapping {
    struct fx_work *work;
    size_t next;
};

static int next_fetch(void *value, void *context)
{
    struct mapping *mapping = context;
    if (mapping->next == mapping->work->count) return PLAIT_EDONE;
    memcpy(value, &mapping->work->items[mapping->next++].fetch, sizeof(struct fetch));
    return 0;
}

static int fetched(const plait_map_item *result, void *context)
{
    struct mapping *mapping = context;
    struct fx_item *item = &mapping->work->items[result->index];
    if (!result->error) memcpy(&item->rates, result->result, sizeof item->rates);
    fx_item_end(item, result->error);
    fx_show(mapping->work, item);
    return 0;
}

/* Requests wait, so none shares a place in the pool's queue with another. */
static int map_over(plait_executor *pool, struct fx_work *work)
{
    enum { WINDOW = 2048 }; /* more than there may be jobs */
    struct mapping mapping = { .work = work };
    if (!pool) return plait_error_code();
    plait_map_options options = {
        .next = next_fetch, .each = fetched, .context = &mapping, .window = WINDOW, .chunk = 1
    };
    return plait_map(pool, fetch_rates, NULL, 0, NULL, &options);
}

static int process_pool(struct fx_work *work)
{
    plait_executor *pool = fx_workers_new(work->jobs);
    int error = map_over(pool, work);
    fx_workers_free(pool);
    return error;
}

/* The same through threads: the constructor is the only difference. */
static int thread_pool_api(struct fx_work *work)
{
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = work->jobs, .name = "fetch" });
    int error = map_over(pool, work);
    plait_executor_free(pool);
    return error;
}

/* Submit all to a pool, await each in turn. */
static int futures(struct fx_work *work)
{
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = work->jobs, .name = "fetch" });
    if (!pool) return plait_error_code();
    plait_future **pending = calloc(work->count, sizeof(plait_future *));
    for (size_t i = 0; i < work->count && pending; i++) {
        const struct fetch *fetch = &work->items[i].fetch;
        pending[i] = plait_submit(pool, fetch_rates, fetch);
    }
    for (size_t i = 0; i < work->count && pending; i++) {
        struct fx_item *item = &work->items[i];
        fx_item_end(item, plait_await(pending[i], &item->rates));
        fx_show(work, item);
    }
    plait_executor_free(pool);
    if (!pending) return plait_fail(PLAIT_ENOMEM, "no memory for %zu futures", work->count);
    free(pending);
    return 0;
}

/* Coroutines: the same task on one thread, where a wait for an answer lets the others go on. */
typedef struct fx_item *item_pointer;

static int fetch_in_place(const item_pointer *item) { return fetch_one(*item); }
PLAIT_LOCAL_TASK(fetch_in_place, item_pointer, void);

/* A blocking fetch on a pool of threads, awaited by a coroutine. */
struct fetch_there {
    struct fx_item *item;
    plait_executor *pool;
};
static int fetch_there(const struct fetch_there *f)
{
    fx_item_end(f->item, plait_await(plait_submit(f->pool, fetch_rates, &f->item->fetch), &f->item->rates));
    return 0;
}
typedef struct fetch_there fetch_there_argument;
PLAIT_LOCAL_TASK(fetch_there, fetch_there_argument, void);

struct run {
    struct fx_work *work;
    plait_executor *pool; /* NULL: fetch in the coroutine itself */
};

static plait_future *begin(const struct run *run, size_t i)
{
    struct fx_item *item = &run->work->items[i];
    if (!run->pool) return plait_spawn(fetch_in_place, &item);
    return plait_spawn(fetch_there, &((struct fetch_there){ item, run->pool }));
}

/* As many at once as there are jobs. */
static int fetch_all(const struct run *run)
{
    struct fx_work *work = run->work;
    plait_completions *pending = plait_completions_new();
    if (!pending) return plait_error_code();
    size_t begun = 0;
    plait_future *f;
    int error = 0;
    do {
        while (begun < work->count && plait_completions_pending(pending) < (size_t)work->jobs)
            plait_completions_add(pending, begin(run, begun++));
        error = plait_completions_next(pending, &f, PLAIT_FOREVER);
        if (error) break;
        struct fx_item *item = *(struct fx_item *const *)plait_future_argument(f); /* first in both arguments */
        int failed = plait_await(f, NULL);
        if (failed) fx_item_end(item, failed); /* it could not begin */
        fx_show(work, item);
    } while (true);
    plait_completions_free(pending);
    return error == PLAIT_EDONE ? 0 : error;
}
typedef struct run run_argument;
PLAIT_LOCAL_TASK(fetch_all, run_argument, void);

static int coroutines(struct fx_work *work)
{
    struct run run = { .work = work };
    return plait_run(fetch_all, &run, NULL);
}

static int coroutines_threads(struct fx_work *work)
{
    struct run run = { .work = work };
    run.pool = plait_thread_executor_new(&(plait_thread_options){ .workers = work->jobs, .name = "fetch" });
    if (!run.pool) return plait_error_code();
    int error = plait_run(fetch_all, &run, NULL);
    plait_executor_free(run.pool);
    return error;
}

const struct fx_model fx_models[FX_MODELS] = {
    { "sequential", sequential }, { "thread-per-item", thread_per_item }, { "thread-pool", thread_pool },
    { "queues", queues },         { "process-pool", process_pool },       { "thread-pool-api", thread_pool_api },
    { "futures", futures },       { "coroutines", coroutines },           { "coroutines-threads", coroutines_threads },
};
