/* server_member.c: a process that serves: from its start, with the orders of server_crew.c, until it has been told to stop and
   has done so.

   What must hold: it hears of each stop, also while it is busy with an earlier one, so that a sooner deadline counts; and it
   ends when the first of them is through. A SIGTERM that comes to it alone is a stop within a time of its own. */
#include "base/memory.h"
#include "http/server_crew.h"
#include <plait/completions.h>
#include <plait/loop.h>
#include <plait/pipe.h>
#include <plait/signal.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define TERMINATE_LIMIT (30 * PLAIT_SECOND)

/* On the only loop of the process's first thread. */
struct duty {
    const struct plait_http_orders *orders;
    plait_http_handler *handler;
    void *context;
    plait_http_server *server;
    plait_completions *stops;
    plait_scope *waiting; /* for the next message, while it does */
    bool through, cut;
};

struct stop {
    struct duty *duty;
    plait_deadline deadline;
};

static int stop(const struct stop *argument)
{
    struct duty *d = argument->duty;
    if (plait_http_server_stop(d->server, argument->deadline) != 0) d->cut = true;
    d->through = true;
    if (d->waiting) plait_scope_cancel(d->waiting);
    return 0;
}
typedef struct stop stop_argument;
PLAIT_LOCAL_TASK(stop, stop_argument, void);

static void begin_stop(struct duty *d, plait_deadline deadline)
{
    plait_completions_add(d->stops, plait_spawn(stop, (&(struct stop){ d, deadline })));
}

static void on_terminate(int number, void *context)
{
    (void)number;
    begin_stop(context, plait_after(TERMINATE_LIMIT));
}

/* Until a stop is through. When nobody is there any more who could ask for one, it is for now. */
static void obey(struct duty *d, plait_pipe *pipe)
{
    PLAIT_CANCEL_SCOPE(waiting);
    plait_deadline deadline;
    d->waiting = &waiting;
    while (!d->through && plait_pipe_receive(pipe, &deadline, PLAIT_FOREVER) == 0) begin_stop(d, deadline);
    d->waiting = NULL;
    if (!d->through) begin_stop(d, PLAIT_NOW);
}

static int serve(struct duty *d, plait_pipe *pipe)
{
    const struct plait_http_orders *o = d->orders;
    d->stops = plait_completions_new();
    d->server = d->stops ? plait_http_serve_handed(o->url, o->listeners, d->handler, d->context, &o->options) : NULL;
    int err = d->server ? plait_loop_watch_signal(SIGTERM, on_terminate, d) : plait_error_code();
    bool ready = true;
    if (!err) err = plait_pipe_send(pipe, &ready, PLAIT_FOREVER);
    if (!err) obey(d, pipe);
    plait_loop_unwatch_signal(SIGTERM);
    for (plait_future *f; d->stops && plait_completions_next(d->stops, &f, PLAIT_FOREVER) == 0;)
        (void)!plait_await(f, NULL);
    plait_completions_free(d->stops);
    plait_http_server_free(d->server);
    return err;
}

typedef struct duty *duty_pointer;
static int serve_as_coroutine(const duty_pointer *argument)
{
    plait_pipe *pipe = plait_pipe_attach((*argument)->orders->pipe);
    if (!pipe) return plait_error_code();
    int err = serve(*argument, pipe);
    plait_pipe_free(pipe);
    return err;
}
PLAIT_LOCAL_TASK(serve_as_coroutine, duty_pointer, void);

static int initialize(const struct plait_http_orders *o, const void *context)
{
    const plait_task *task = plait_task_find(&o->initializer);
    return task ? task->run(context, NULL) : plait_error_code();
}

int plait_http_member(const plait_bytes *orders, bool *cut)
{
    struct duty d = { .orders = orders->data };
    const struct plait_http_orders *o = d.orders;
    d.handler = (plait_http_handler *)plait_function_find(&o->handler);
    if (!d.handler) return plait_error_code();
    d.context = o->context_size ? plait_allocate(o->context_size) : NULL;
    if (o->context_size && !d.context) return plait_fail(PLAIT_ENOMEM, "no memory for a handler's context");
    if (d.context) memcpy(d.context, o->listeners + o->listener_count, o->context_size);
    int err = o->initializes ? initialize(o, d.context) : 0;
    duty_pointer duty = &d;
    if (!err) err = plait_run(serve_as_coroutine, &duty, NULL);
    free(d.context);
    *cut = d.cut;
    return err;
}
