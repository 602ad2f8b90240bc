/* server_connection.c: the life of one connection: wait for a request, read it, have it answered, again. A plain task.

   What must hold: each request that was read whole gets one answer, in the order of the requests, in one write; a client
   that is slow to send or to take can hold the worker no longer than the options say; no handler runs for a client that
   has reset the connection, or that a worker gets to when its time is up; and where connections are coroutines, one whose
   bytes are always there lets the others have their turn. */
#include "http/server.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/stop.h"
#include "io/address.h"
#include <plait/io.h>
#include <plait/loop.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum step { STEP_REFUSED = PLAIT_HTTP_REFUSED, STEP_COMPLETE = PLAIT_HTTP_COMPLETE, STEP_GONE = 100 };

/* How long a new connection, and one that was answered, is not said to rest: bytes may be on their way. And for how long
   what a client still sends is read after an answer that came early: a close at once would make its system drop it. */
static const int64_t first_grace = 250 * PLAIT_MILLISECOND, grace = 20 * PLAIT_MILLISECOND, linger = PLAIT_SECOND;

/* To be called where it may go round without a wait. In a dead scope it does nothing: the next wait tells. */
static void give_way(struct plait_http_connection *c)
{
    enum { OFTEN = 8 };
    if (++c->turns % OFTEN == 0) (void)!plait_yield();
}

/* Reads what is there. As plait_read; PLAIT_ENOMEM. */
static ssize_t take(struct plait_http_connection *c, plait_deadline deadline)
{
    size_t size;
    char *space = plait_http_parser_space(&c->parser, &size);
    if (!space) return PLAIT_ENOMEM;
    ssize_t got = plait_read(c->entry.fd, space, size, deadline);
    if (got > 0) c->parser.used += (size_t)got;
    give_way(c);
    return got;
}

/* The same for one who has just tried, or need not: waits first, and spares a call that would find nothing. */
static ssize_t wait_and_take(struct plait_http_connection *c, plait_deadline deadline)
{
    int ready = plait_wait_fd(c->entry.fd, POLLIN, deadline);
    return ready < 0 ? ready : take(c, deadline);
}

/* Waits for a request's first byte; false: there will be none. A new client has most often sent its request already, one
   that has just been answered has not. */
static bool wait_for_request(struct plait_http_connection *c, bool is_new)
{
    struct plait_http_roster *roster = &c->lane->roster;
    const plait_http_server_options *o = &c->lane->server->options;
    plait_deadline end = is_new ? c->until : plait_after(o->idle_timeout);
    plait_deadline soon = plait_sooner(end, plait_after(is_new ? first_grace : grace));
    enum { LOOKS, IS_READY, RESTS } stage = LOOKS;
    while (!plait_http_parser_begun(&c->parser)) {
        ssize_t got = PLAIT_EAGAIN;
        if (stage != LOOKS) got = wait_and_take(c, stage == IS_READY ? soon : end);
        else if (is_new) got = take(c, PLAIT_NOW);
        if (stage == LOOKS && got == PLAIT_EAGAIN) {
            if (!plait_http_roster_ready(roster, &c->entry)) return false;
            stage = IS_READY;
        } else if (stage == IS_READY && got == PLAIT_ETIMEDOUT) {
            if (!plait_http_roster_rest(roster, &c->entry)) return false;
            stage = RESTS;
        } else if (got <= 0 || plait_time() >= end.at) { /* empty lines are no request, however many come */
            return false;
        }
    }
    if (is_new || stage != LOOKS) plait_http_roster_work(roster, &c->entry);
    c->entry.owes = true;
    if (!is_new) c->until = plait_after(o->request_timeout);
    return true;
}

/* Reads the rest of it. */
static enum step receive(struct plait_http_connection *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    for (;;) {
        enum plait_http_step step = plait_http_parser_step(&c->parser);
        if (step == PLAIT_HTTP_COMPLETE) return STEP_COMPLETE;
        if (step == PLAIT_HTTP_REFUSED) return STEP_REFUSED;
        if (step == PLAIT_HTTP_CONTINUE && plait_write(c->entry.fd, go_on, sizeof go_on - 1, c->until, NULL))
            return STEP_GONE;
        ssize_t got = plait_time() < c->until.at ? take(c, c->until) : PLAIT_ETIMEDOUT;
        if (got == PLAIT_ETIMEDOUT || got == PLAIT_ENOMEM) {
            bool late = got == PLAIT_ETIMEDOUT;
            plait_http_parser_refuse(&c->parser, late ? 408 : 503,
                                     late ? "the request did not come whole in time"
                                          : "there is no memory for the request");
            return STEP_REFUSED;
        }
        if (got <= 0) return STEP_GONE;
    }
}

/* Makes *response the one for an error that is not the handler's to answer. */
static void explain(plait_http_server_response *response, int status, const char *reason)
{
    plait_http_server_response_clear(response);
    response->status = status;
    if (plait_bytes_format(&response->body, "%d %s%s%s\n", status, plait_http_status_text(status), *reason ? ": " : "",
                           reason))
        response->body = (plait_bytes){ 0 }; /* no memory: the status alone */
}

/* Whether nobody can take an answer any more. One who has shut only his side of the connection still can. */
static bool is_gone(const struct plait_http_connection *c)
{
    struct pollfd look = { .fd = c->entry.fd };
    return poll(&look, 1, 0) == 1 && look.revents & (POLLERR | POLLHUP);
}

/* Has the request answered; false when nobody waits for an answer: the client has gone, or the server is being stopped. */
static bool handle(struct plait_http_connection *c, plait_http_server_response *response)
{
    struct plait_http_server *s = c->lane->server;
    plait_http_server_request *request = &c->parser.request;
    if (is_gone(c)) return false;
    request->peer = c->peer;
    int err = s->handler(request, response, s->context);
    if (plait_cancelled()) return false;
    const char *fault = err ? NULL : plait_http_response_fault(response);
    if (!err && !fault) return true;
    char why[512];
    if (err) plait_error_describe(err, why, sizeof why);
    plait_report("%s: %s %.200s: %s%s", s->url, request->method, request->target, err ? "" : "the handler gave ",
                 err ? why : fault);
    explain(response, 500, "");
    return true;
}

/* Sends it; whether the connection goes on. */
static bool respond(struct plait_http_connection *c, plait_http_server_response *response)
{
    struct plait_http_server *s = c->lane->server;
    bool with_body, last = plait_http_roster_last(&c->lane->roster, &c->entry, !c->parser.keep);
    enum plait_http_end end = last ? PLAIT_HTTP_CLOSES : c->parser.old ? PLAIT_HTTP_GOES_ON_OLD : PLAIT_HTTP_GOES_ON;
    if (plait_http_head_write(&c->head, response, end, &with_body)) return false;
    struct iovec blocks[] = { { c->head.text, c->head.size }, { response->body.data, response->body.size } };
    int count = with_body && !c->parser.is_head ? 2 : 1;
    int err = plait_writev(c->entry.fd, blocks, count, plait_after(s->options.write_timeout), NULL);
    c->entry.owes = err;
    if (last && !err) plait_http_roster_done(&c->lane->roster, &c->entry);
    return !err && !last;
}

/* The last answer is out, and the client may still be sending. */
static void let_finish(struct plait_http_connection *c)
{
    char dropped[4096];
    plait_deadline end = plait_after(linger);
    if (shutdown(c->entry.fd, SHUT_WR) != 0) return;
    while (plait_read(c->entry.fd, dropped, sizeof dropped, end) > 0 && plait_time() < end.at) give_way(c);
}

static bool has_unread(struct plait_http_connection *c)
{
    int size = 0;
    return c->parser.used > c->parser.rest || (ioctl(c->entry.fd, FIONREAD, &size) == 0 && size > 0);
}

/* What a client is told that had to wait for a worker longer than a request may take: by now it may have given up, or
   have asked another server. Nothing, if it has said nothing. */
static void send_away(struct plait_http_connection *c)
{
    plait_http_server_response response = { .status = 503 };
    if (is_gone(c) || take(c, PLAIT_NOW) <= 0) return;
    plait_http_roster_work(&c->lane->roster, &c->entry);
    c->entry.owes = true;
    plait_http_parser_refuse(&c->parser, 503, "no thread was free to read the request in time");
    explain(&response, c->parser.status, c->parser.reason);
    respond(c, &response);
    plait_http_server_response_clear(&response);
    c->parser.used = c->parser.rest; /* nobody will read it */
    if (c->entry.state == PLAIT_HTTP_DONE && has_unread(c)) let_finish(c);
}

static void serve_requests(struct plait_http_connection *c)
{
    bool goes_on = true;
    if (plait_has_passed(c->until)) {
        send_away(c);
        return;
    }
    for (bool is_new = true; goes_on && wait_for_request(c, is_new); is_new = false) {
        plait_http_server_response response = { .status = 200 };
        enum step step = receive(c);
        goes_on = step != STEP_GONE;
        if (step == STEP_REFUSED) explain(&response, c->parser.status, c->parser.reason);
        if (step == STEP_COMPLETE) goes_on = handle(c, &response);
        goes_on = goes_on && respond(c, &response);
        plait_http_server_response_clear(&response);
        give_way(c);
        if (goes_on) plait_http_parser_next(&c->parser);
        else if (c->entry.state == PLAIT_HTTP_DONE && (step == STEP_REFUSED || has_unread(c))) let_finish(c);
    }
}

static void end(struct plait_http_connection *c)
{
    struct plait_http_server *s = c->lane->server;
    if (c->entry.owes && is_gone(c)) c->entry.owes = false;
    plait_http_roster_leave(&c->lane->roster, &c->entry);
    plait_close(c->entry.fd);
    plait_http_roster_gone(&c->lane->roster, &c->entry);
    plait_semaphore_release(&s->room, 1);
    plait_http_parser_clear(&c->parser);
    free(c->head.text);
    free(c);
}

typedef struct plait_http_connection *http_connection;

static int serve(const http_connection *connection)
{
    PLAIT_CANCEL_SCOPE(scope);
    struct plait_http_connection *c = *connection;
    if (plait_http_roster_begin(&c->lane->roster, &c->entry, &scope)) serve_requests(c);
    else c->entry.owes = has_unread(c);
    end(c);
    return 0;
}
PLAIT_LOCAL_TASK(serve, http_connection, void);

static void name_peer(struct plait_http_connection *c, int fd)
{
    struct plait_address a = { .size = sizeof a.name };
    char host[INET6_ADDRSTRLEN];
    if (getpeername(fd, &a.name.any, &a.size) != 0) return;
    if (a.name.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &a.name.v4.sin_addr, host, sizeof host);
        snprintf(c->peer, sizeof c->peer, "%s:%d", host, ntohs(a.name.v4.sin_port));
    } else if (a.name.any.sa_family == AF_INET6) {
        bool mapped = IN6_IS_ADDR_V4MAPPED(&a.name.v6.sin6_addr);
        const unsigned char *bytes = a.name.v6.sin6_addr.s6_addr;
        inet_ntop(mapped ? AF_INET : AF_INET6, mapped ? bytes + 12 : bytes, host, sizeof host);
        snprintf(c->peer, sizeof c->peer, mapped ? "%s:%d" : "[%s]:%d", host, ntohs(a.name.v6.sin6_port));
    }
}

void plait_http_connection_start(struct plait_http_lane *lane, int fd)
{
    struct plait_http_server *s = lane->server;
    struct plait_http_connection *c = plait_allocate(sizeof *c);
    if (c) {
        c->lane = lane;
        c->until = plait_after(s->options.request_timeout);
    }
    if (!c || !plait_http_roster_add(&lane->roster, &c->entry, fd)) {
        if (!c) plait_report("%s: no memory for a connection", s->url);
        free(c);
        plait_close(fd);
        plait_semaphore_release(&s->room, 1);
        return;
    }
    plait_http_parser_prepare(&c->parser, s->options.header_limit, s->options.body_limit);
    name_peer(c, fd);
    plait_future *f = plait_submit(s->workers ? s->workers : plait_loop_executor(), serve, &c);
    if (plait_future_get_state(f) == PLAIT_FUTURE_FINISHED && plait_future_result(f, NULL)) {
        char why[512]; /* it never began: serve cannot fail */
        PLAIT_SHIELD(shield, PLAIT_FOREVER);
        plait_error_describe(plait_await(f, NULL), why, sizeof why);
        plait_report("%s: a connection could not be served: %s", s->url, why);
        end(c);
    } else {
        plait_future_detach(f);
    }
}
