/* server.c: starts a server, stops and frees it. What must hold: a server that could not be started whole is stopped as any
   other is before it is freed, since some of its lanes may have taken connections. */
#include "http/server_crew.h"
#include "base/cpus.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/options.h"
#include <plait/io.h>
#include <plait/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_options(plait_http_server_options *o)
{
    if (o->threads < 0 || o->connections < 0)
        return plait_fail(PLAIT_EINVAL, "a server needs at least one thread and one connection");
    if (o->loops < 0 && o->loops != PLAIT_HTTP_LOOP_PER_CPU)
        return plait_fail(PLAIT_EINVAL, "a server on %d loops", o->loops);
    if (o->loops && o->threads)
        return plait_fail(PLAIT_EINVAL, "a server's connections run on threads or on loops, not on both");
    if (o->idle_timeout < 0 || o->request_timeout < 0 || o->write_timeout < 0)
        return plait_fail(PLAIT_EINVAL, "a server's time-outs cannot be negative");
    if (o->processes < 0) return plait_fail(PLAIT_EINVAL, "a server on %d processes", o->processes);
    if (o->header_limit > SIZE_MAX / 8 || o->body_limit > SIZE_MAX / 8)
        return plait_fail(PLAIT_EINVAL, "a server's limits are more than there is memory");
    if (!o->threads) o->threads = 64;
    if (o->loops == PLAIT_HTTP_LOOP_PER_CPU) o->loops = plait_allowed_cpus();
    if (!o->connections) o->connections = 1024;
    if (!o->header_limit) o->header_limit = 16 << 10;
    if (!o->body_limit) o->body_limit = 1 << 20;
    if (!o->idle_timeout) o->idle_timeout = 60 * PLAIT_SECOND;
    if (!o->request_timeout) o->request_timeout = 30 * PLAIT_SECOND;
    if (!o->write_timeout) o->write_timeout = 30 * PLAIT_SECOND;
    return 0;
}

/* What the handler and the initializer of a server on processes get. */
static int check_context(const plait_http_server_options *o, const void *context)
{
    const plait_task *t = o->initializer;
    if (!o->processes) return 0;
    if (context && !o->context_size)
        return plait_fail(PLAIT_EINVAL, "a server on processes gives each a copy of the handler's context, whose size "
                                        ".context_size has to say");
    if (!context && o->context_size)
        return plait_fail(PLAIT_EINVAL, "a server is without the context of %zu bytes for its handler",
                          o->context_size);
    if (t && (t->flags & PLAIT_TASK_LOCAL || t->result_size || t->argument_kind != PLAIT_KIND_PLAIN ||
              (t->argument_size && t->argument_size != o->context_size)))
        return plait_fail(PLAIT_EINVAL,
                          "the initializer %s of a server has to be a PLAIT_TASK of the handler's context, or of "
                          "void, without a result",
                          t->name);
    return 0;
}

static void release(struct plait_http_server *s)
{
    plait_executor_free(s->executor);
    plait_http_crew_free(s->crew);
    free(s->url);
    free(s);
}

/* 0; or a code, perhaps without a record. */
static int listen_all(struct plait_http_server *s, const char *address, const int *listeners)
{
    struct stat status;
    for (size_t i = 0; listeners && i < s->lane_count; i++) s->lanes[i].listener = listeners[i];
    if (listeners) return (s->url = plait_copy_string(address)) ? 0 : PLAIT_ENOMEM;
    int fd = plait_listen(address, 0);
    if (fd < 0) return fd;
    s->lanes[0].listener = fd;
    s->url = plait_http_url_of(fd, address);
    if (!s->url) return PLAIT_ENOMEM;
    if (strncmp(address, "unix:", 5) == 0 && lstat(address + 5, &status) == 0) {
        s->inode = status.st_ino;
        s->device = status.st_dev;
    }
    for (size_t i = 1; i < s->lane_count; i++) {
        fd = plait_http_listen_beside(s->lanes[0].listener);
        if (fd < 0) return fd;
        s->lanes[i].listener = fd;
    }
    return 0;
}

static void begin_to_stop(struct plait_http_server *s)
{
    for (size_t i = 0; i < s->lane_count; i++) plait_http_roster_begin_stop(&s->lanes[i].roster);
}

static int stop(struct plait_http_server *s, plait_deadline deadline)
{
    PLAIT_SHIELD(shield, PLAIT_FOREVER);
    if (s->crew) return plait_http_crew_stop(s->crew, deadline) ? PLAIT_ETIMEDOUT : 0;
    bool late = false, cut = false;
    begin_to_stop(s);
    for (size_t i = 0; i < s->lane_count; i++) late |= plait_http_roster_wait(&s->lanes[i].roster, deadline) != 0;
    for (size_t i = 0; i < s->lane_count && late; i++) plait_http_roster_cut(&s->lanes[i].roster);
    for (size_t i = 0; i < s->lane_count; i++) cut |= plait_http_roster_end(&s->lanes[i].roster);
    return cut ? PLAIT_ETIMEDOUT : 0;
}

/* All lanes, whether they have been started or not. */
static void end(struct plait_http_server *s)
{
    PLAIT_SHIELD(shield, PLAIT_FOREVER);
    (void)!stop(s, PLAIT_NOW); /* whether some were cut off was to be asked before */
    plait_http_remove_file(s); /* which the first lane has done, if it was started */
    for (size_t i = 0; i < s->lane_count; i++) {
        struct plait_http_lane *lane = &s->lanes[i];
        if (lane->acceptor) (void)!plait_await(lane->acceptor, NULL);
        else if (lane->listener >= 0) plait_close(lane->listener);
    }
}

plait_http_server *plait_http_serve_on(plait_executor *acceptors, plait_executor *workers, const char *address,
                                       const int *listeners, plait_http_handler *handler, void *context,
                                       const plait_http_server_options *options)
{
    size_t lanes = options->loops ? (size_t)options->loops : 1;
    struct plait_http_server *s = plait_allocate(sizeof *s + lanes * sizeof *s->lanes);
    if (!s) {
        plait_executor_free(workers ? workers : acceptors);
        plait_fail(PLAIT_ENOMEM, "no memory for a server");
        return NULL;
    }
    s->options = *options;
    s->handler = handler;
    s->context = context;
    s->workers = workers;
    s->executor = workers ? workers : acceptors;
    s->generation = plait_process_generation();
    s->lane_count = lanes;
    for (size_t i = 0; i < lanes; i++) {
        s->lanes[i].server = s;
        s->lanes[i].listener = -1;
        s->lanes[i].roster.threads = workers ? (size_t)options->threads : SIZE_MAX / 2;
    }
    int err = listen_all(s, address, listeners);
    if (!err) err = plait_semaphore_init(&s->room, (size_t)options->connections);
    if (!err && options->processes) err = plait_http_crew_start(s);
    else
        for (size_t i = 0; i < lanes && !err; i++) err = plait_http_lane_start(&s->lanes[i], acceptors);
    if (!err) return s;
    char why[512]; /* which what ends it may overwrite */
    if (plait_error() && plait_error()->code == err) snprintf(why, sizeof why, "%s", plait_error()->message);
    else snprintf(why, sizeof why, "no server on %s: %s", address, plait_error_text(err));
    end(s);
    release(s);
    plait_fail(err, "%s", why);
    return NULL;
}

/* The coroutines that look after processes start them, so their stacks are larger. */
plait_http_server *plait_http_serve_handed(const char *address, const int *listeners, plait_http_handler *handler,
                                           void *context, const plait_http_server_options *o)
{
    plait_multi_loop_options loops = { .loops = o->loops, .name = "http", .stack_size = o->stack_size };
    plait_thread_options threads = { .workers = o->threads, .name = "http" };
    if (o->processes)
        loops = (plait_multi_loop_options){ .loops = 1, .name = "http-processes", .stack_size = 256 << 10 };
    bool on_loops = o->loops || o->processes;
    plait_executor *ex = on_loops ? plait_multi_loop_executor_new(&loops) : plait_thread_executor_new(&threads);
    if (!ex) return NULL;
    if (on_loops) return plait_http_serve_on(ex, NULL, address, listeners, handler, context, o);
    return plait_http_serve_on(plait_thread_per_task_executor(), ex, address, listeners, handler, context, o);
}

plait_http_server *plait_http_serve_sized(const char *address, plait_http_handler *handler, void *context,
                                          const plait_http_server_options *options, size_t options_size)
{
    plait_http_server_options o;
    if (plait_options_read(&o, sizeof o, options, options_size) || check_options(&o)) return NULL;
    if (!handler) {
        plait_fail(PLAIT_EINVAL, "a server needs a handler");
        return NULL;
    }
    if (check_context(&o, context)) return NULL;
    return plait_http_serve_handed(address, NULL, handler, context, &o);
}

const char *plait_http_server_url(plait_http_server *server) { return server->url; }

static bool is_ours(const struct plait_http_server *s) { return s->generation == plait_process_generation(); }

int plait_http_server_stop(plait_http_server *server, plait_deadline deadline)
{
    if (!is_ours(server))
        return plait_fail(PLAIT_EFORKED, "%s: the server runs in the parent of this process", server->url);
    return stop(server, deadline);
}

void plait_http_server_free(plait_http_server *server)
{
    if (!server) return;
    if (is_ours(server)) end(server);
    else
        for (size_t i = 0; i < server->lane_count; i++) close(server->lanes[i].listener); /* our copies */
    release(server);
}
