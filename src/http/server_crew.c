/* server_crew.c: looks after the processes that serve. See server_crew.h for what must hold. */
#include "http/server_crew.h"
#include "base/clock.h"
#include "base/fork.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "base/stop.h"
#include <plait/event.h>
#include <plait/io.h>
#include <plait/loop.h>
#include <plait/pipe.h>
#include <plait/process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above what a handler that is cancelled may take to end. And how long a member must have lived to be replaced at once,
   and how long it is waited else. */
#define GRACE (2 * PLAIT_SECOND)
#define SOON PLAIT_SECOND
static const int64_t shortest_pause = 100 * PLAIT_MILLISECOND, longest_pause = 10 * PLAIT_SECOND;

typedef struct member {
    struct plait_http_crew *crew;
    plait_future *life;
    plait_process *process; /* under the guard, while there is one; as is … */
    plait_pipe *pipe;       /* … this process's end */
    int number;
    bool killed;     /* by a stop, which could not wait; under the guard too */
    bool has_served; /* ever; its loop's, as is … */
    bool serves;     /* … the present process */
} * member;

struct plait_http_crew {
    struct plait_http_server *server;
    plait_bytes orders;
    int *descriptors; /* the listening sockets, and a place for a pipe's end */
    plait_event end;  /* nobody is replaced any more */
    plait_mutex guard;
    plait_condition changed;
    size_t count, serving; /* members: all, and those that have served */
    int failure;           /* of one that never served */
    char why[512];
    bool stopping, cut;
    plait_deadline deadline;
    struct member members[];
};

/* The guard is held. */
static void cut_off(struct member *m)
{
    if (!m->process) return;
    m->killed = true;
    (void)!plait_process_kill(m->process);
}

/* The guard is held. That it is gone is no harm, nor that it was told so often that its pipe is full. */
static void tell(struct member *m)
{
    int err = m->pipe ? plait_pipe_send(m->pipe, &m->crew->deadline, PLAIT_NOW) : 0;
    if (err && err != -EPIPE && err != PLAIT_EAGAIN) cut_off(m); /* it would never know */
}

static void publish(struct member *m, plait_process *process, plait_pipe *pipe)
{
    PLAIT_LOCKED(&m->crew->guard);
    m->process = process;
    m->pipe = pipe;
    if (m->crew->stopping) tell(m);
}

static bool is_stopping(struct plait_http_crew *crew)
{
    PLAIT_LOCKED(&crew->guard);
    return crew->stopping;
}

/* Starts the process. NULL with a record. */
static plait_process *start(struct member *m, plait_pipe **pipe)
{
    struct plait_http_crew *crew = m->crew;
    struct plait_http_orders *orders = crew->orders.data;
    plait_pipe *theirs;
    char name[32];
    if (plait_pipe_pair(pipe, &theirs) != 0) return NULL;
    snprintf(name, sizeof name, "http-%d", m->number);
    orders->pipe = crew->descriptors[orders->listener_count] = plait_pipe_fd(theirs);
    plait_process_start_options options = { .name = name,
                                            .life = PLAIT_DAEMON,
                                            .descriptors = crew->descriptors,
                                            .descriptor_count = orders->listener_count + 1 };
    plait_process *process = plait_process_start_with(&options, plait_http_member, &crew->orders);
    plait_pipe_free(theirs);
    if (!process) plait_pipe_free(*pipe);
    return process;
}

static void served(struct member *m)
{
    m->serves = true;
    plait_reached("serves", NULL);
    if (m->has_served) return;
    PLAIT_LOCKED(&m->crew->guard);
    m->has_served = true;
    m->crew->serving++;
    plait_condition_broadcast(&m->crew->changed);
}

/* Why a start or a join failed, with what led to it, and of which process. */
static void describe(const struct member *m, int code, char *words, size_t size)
{
    const plait_error_record *r = plait_error();
    bool fits = r && r->code == code && *r->message;
    int length = snprintf(words, size, "process http-%d", m->number);
    if (fits && r->pid && m->process) length += snprintf(words + length, size - (size_t)length, " (pid %d)", r->pid);
    snprintf(words + length, size - (size_t)length, ": %s%s%s", fits ? r->message : plait_error_text(code),
             fits && r->cause && *r->cause->message ? ": " : "", fits && r->cause ? r->cause->message : "");
}

/* However often the wait fails for what is missing at the moment. */
static void await_end(plait_process *p, int *code)
{
    int err;
    while ((err = plait_process_join(p, code, PLAIT_FOREVER)) != 0)
        if (err == PLAIT_ECANCELED || plait_sleep(shortest_pause) != 0) break;
    if (err) *code = err;
    if (err) (void)!plait_process_kill(p);
}

/* One process, from its start to its end, and in words how it ended. 0: by itself, as asked. */
static int serve_once(struct member *m, char *words, size_t size)
{
    plait_pipe *pipe;
    plait_process *p = start(m, &pipe);
    bool word, cut;
    m->serves = false;
    int code = p ? 0 : plait_error_code();
    if (!p) {
        describe(m, code, words, size);
        return code;
    }
    publish(m, p, pipe);
    int heard = plait_pipe_receive(pipe, &word, PLAIT_FOREVER);
    bool deaf = heard != 0 && heard != PLAIT_EDONE; /* it may serve, and nobody would know */
    if (heard == 0) served(m);
    if (deaf) {
        describe(m, heard, words, size);
        (void)!plait_process_kill(p);
    }
    await_end(p, &code);
    if (deaf) code = heard;
    else if (code) describe(m, code, words, size);
    else snprintf(words, size, "process %s (pid %d): ended by SIGTERM", plait_process_name(p), plait_process_id(p));
    if (code || plait_process_result(p, &cut) != 0) cut = false;
    publish(m, NULL, NULL);
    plait_pipe_free(pipe);
    plait_process_free(p);
    PLAIT_LOCKED(&m->crew->guard);
    if (m->killed || (!code && cut && m->crew->stopping)) m->crew->cut = true;
    return code;
}

static void fail(struct plait_http_crew *crew, int code, const char *words)
{
    PLAIT_LOCKED(&crew->guard);
    if (!crew->failure) {
        crew->failure = code ? code : PLAIT_EWORKER;
        snprintf(crew->why, sizeof crew->why, "%s: %s", crew->server->url, words);
    }
    plait_condition_broadcast(&crew->changed);
}

static int live(const member *argument)
{
    struct member *m = *argument;
    struct plait_http_crew *crew = m->crew;
    char words[400], how_soon[32] = "";
    for (int64_t pause = 0;;) {
        int64_t begun = plait_time();
        int code = serve_once(m, words, sizeof words);
        if (is_stopping(crew)) {
            if (code && m->serves && !m->killed) plait_report("%s: %s", crew->server->url, words);
            break;
        }
        if (!m->has_served) {
            fail(crew, code, words);
            break;
        }
        if (m->serves) pause = plait_time() - begun < SOON ? shortest_pause : 0;
        else pause = !pause ? shortest_pause : pause * 2 < longest_pause ? pause * 2 : longest_pause;
        if (pause) snprintf(how_soon, sizeof how_soon, " in %g s", (double)pause / 1e9);
        plait_report("%s: %s; another takes its place%s", crew->server->url, words, pause ? how_soon : "");
        if (pause && plait_event_wait(&crew->end, plait_after(pause)) == 0) break;
    }
    return 0;
}
PLAIT_LOCAL_TASK(live, member, void);

/* The task itself does not fail: it could not begin. */
static void look_at_life(plait_future *life, void *crew)
{
    int code = plait_future_result(life, NULL);
    if (code) fail(crew, code, plait_error_text(code));
}

/* What the processes are told. 0, or a code with a record. */
static int give_orders(struct plait_http_crew *crew)
{
    struct plait_http_server *s = crew->server;
    const plait_http_server_options *o = &s->options;
    size_t numbers = s->lane_count * sizeof(int), size = sizeof(struct plait_http_orders) + numbers + o->context_size;
    crew->descriptors = plait_allocate(numbers + sizeof(int));
    if (!crew->descriptors || plait_bytes_copy(&crew->orders, NULL, size) != 0)
        return plait_fail(PLAIT_ENOMEM, "no memory for a server on processes");
    struct plait_http_orders *orders = crew->orders.data;
    memset(orders, 0, sizeof *orders);
    orders->options = *o;
    orders->options.processes = 0;
    orders->listener_count = s->lane_count;
    orders->context_size = o->context_size;
    snprintf(orders->url, sizeof orders->url, "%s", s->url);
    for (size_t i = 0; i < s->lane_count; i++) orders->listeners[i] = crew->descriptors[i] = s->lanes[i].listener;
    if (o->context_size) memcpy(orders->listeners + s->lane_count, s->context, o->context_size);
    int err = plait_function_locate((void (*)(void))s->handler, "the server's handler", &orders->handler);
    orders->initializes = o->initializer != NULL;
    if (!err && o->initializer) err = plait_task_locate(o->initializer, &orders->initializer);
    return err;
}

/* Waits until all serve, or one does not. */
static int await_all(struct plait_http_crew *crew)
{
    PLAIT_SHIELD(shield, PLAIT_FOREVER);
    PLAIT_LOCKED(&crew->guard);
    while (crew->serving < crew->count && !crew->failure)
        (void)!plait_condition_wait(&crew->changed, &crew->guard, PLAIT_FOREVER);
    return crew->failure ? plait_fail(crew->failure, "%s", crew->why) : 0;
}

int plait_http_crew_start(struct plait_http_server *s)
{
    size_t count = (size_t)s->options.processes;
    struct plait_http_crew *crew = plait_allocate(sizeof *crew + count * sizeof *crew->members);
    if (!crew) return plait_fail(PLAIT_ENOMEM, "no memory for a server on %zu processes", count);
    s->crew = crew;
    crew->server = s;
    crew->count = count;
    int err = give_orders(crew);
    for (size_t i = 0; i < count; i++) {
        struct member *m = &crew->members[i];
        *m = (struct member){ .crew = crew, .number = (int)i + 1 };
        if (!err) m->life = plait_submit(s->executor, live, &m);
        if (!err) err = plait_future_add_callback(m->life, look_at_life, crew);
    }
    return err ? err : await_all(crew);
}

typedef struct plait_http_server *http_server;
static int close_sockets(const http_server *s)
{
    for (size_t i = 0; i < (*s)->lane_count; i++) {
        if ((*s)->lanes[i].listener >= 0) plait_close((*s)->lanes[i].listener);
        (*s)->lanes[i].listener = -1;
    }
    return 0;
}
PLAIT_LOCAL_TASK(close_sockets, http_server, void);

static void stop_listening(struct plait_http_crew *crew)
{
    struct plait_http_server *s = crew->server;
    plait_http_remove_file(s);
    (void)!plait_await(plait_submit(s->executor, close_sockets, &s),
                       NULL); /* where it has no thread, no process has begun */
}

static bool has_ended(struct plait_http_crew *crew, plait_deadline until)
{
    int err = 0;
    for (size_t i = 0; i < crew->count && !err; i++)
        if (crew->members[i].life) err = plait_future_wait(crew->members[i].life, until);
    return !err;
}

/* Those that have had their time are killed. */
static void await_ends(struct plait_http_crew *crew, plait_deadline deadline)
{
    int64_t now = plait_time(), from = deadline.at > now ? deadline.at : now;
    if (has_ended(crew, from < INT64_MAX - GRACE && deadline.at ? (plait_deadline){ from + GRACE } : PLAIT_FOREVER))
        return;
    plait_mutex_lock(&crew->guard);
    for (size_t i = 0; i < crew->count; i++) cut_off(&crew->members[i]);
    plait_mutex_unlock(&crew->guard);
    (void)has_ended(crew, PLAIT_FOREVER);
}

bool plait_http_crew_stop(struct plait_http_crew *crew, plait_deadline deadline)
{
    plait_mutex_lock(&crew->guard);
    crew->stopping = true;
    crew->deadline = deadline;
    for (size_t i = 0; i < crew->count; i++) tell(&crew->members[i]);
    plait_mutex_unlock(&crew->guard);
    plait_event_set(&crew->end);
    stop_listening(crew);
    await_ends(crew, deadline);
    PLAIT_LOCKED(&crew->guard);
    return crew->cut;
}

void plait_http_crew_free(struct plait_http_crew *crew)
{
    if (!crew) return;
    bool ours = crew->server->generation == plait_process_generation();
    for (size_t i = 0; i < crew->count && ours; i++)
        if (crew->members[i].life) plait_future_detach(crew->members[i].life);
    plait_bytes_clear(&crew->orders);
    free(crew->descriptors);
    free(crew);
}
