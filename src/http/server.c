/* server.c: starts, accepts, stops. The acceptor is a task of its own. What must hold: it never spins: with as many
   connections as are allowed it waits for one to end, and when the system has no descriptor left it waits a while, longer
   each time. */
#include "http/server.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/stop.h"
#include "io/address.h"
#include <plait/io.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct plait_http_server *http_server;

static const int64_t shortest_pause = 10 * PLAIT_MILLISECOND, longest_pause = PLAIT_SECOND;

static void accept_connections(struct plait_http_server *s)
{
    int64_t pause = 0;
    while (plait_semaphore_acquire(&s->room, PLAIT_FOREVER) == 0) {
        int fd = plait_accept(s->listener, PLAIT_FOREVER);
        if (fd >= 0) {
            pause = 0;
            plait_http_connection_start(s, fd);
            continue;
        }
        plait_semaphore_release(&s->room, 1);
        if (fd == PLAIT_ECANCELED) return;
        if (!pause) plait_report("%s: cannot accept connections for now: %s", s->url, plait_error_text(fd));
        plait_http_roster_relieve(&s->roster); /* that may give the descriptor which is missing */
        pause = !pause ? shortest_pause : pause * 2 < longest_pause ? pause * 2 : longest_pause;
        if (plait_sleep(pause)) return;
    }
}

static void remove_file(struct plait_http_server *s)
{
    struct stat status;
    const char *path = s->url + sizeof "unix:" - 1;
    if (s->inode && lstat(path, &status) == 0 && status.st_ino == s->inode && status.st_dev == s->device) unlink(path);
}

static int accept_all(const http_server *server)
{
    struct plait_http_server *s = *server;
    PLAIT_CANCEL_SCOPE(accepting);
    if (plait_http_roster_accept(&s->roster, &accepting)) accept_connections(s);
    remove_file(s);
    plait_close(s->listener);
    plait_http_roster_deafen(&s->roster);
    return 0;
}
PLAIT_LOCAL_TASK(accept_all, http_server, void);

static int check_options(plait_http_server_options *o)
{
    if (o->threads < 0 || o->connections < 0)
        return plait_fail(PLAIT_EINVAL, "a server needs at least one thread and one connection");
    if (o->idle_timeout < 0 || o->request_timeout < 0 || o->write_timeout < 0)
        return plait_fail(PLAIT_EINVAL, "a server's time-outs cannot be negative");
    if (o->header_limit > SIZE_MAX / 8 || o->body_limit > SIZE_MAX / 8)
        return plait_fail(PLAIT_EINVAL, "a server's limits are more than there is memory");
    if (!o->threads) o->threads = 64;
    if (!o->connections) o->connections = 1024;
    if (!o->header_limit) o->header_limit = 16 << 10;
    if (!o->body_limit) o->body_limit = 1 << 20;
    if (!o->idle_timeout) o->idle_timeout = 60 * PLAIT_SECOND;
    if (!o->request_timeout) o->request_timeout = 30 * PLAIT_SECOND;
    if (!o->write_timeout) o->write_timeout = 30 * PLAIT_SECOND;
    return 0;
}

/* A URL that a client on this machine can use. */
static char *url_of(int listener, const char *address)
{
    struct plait_address a = { .size = sizeof a.name };
    char host[INET6_ADDRSTRLEN + 2] = "127.0.0.1", url[sizeof host + 32];
    if (getsockname(listener, &a.name.any, &a.size) != 0) return NULL;
    if (a.name.any.sa_family == AF_UNIX) return plait_copy_string(address);
    if (a.name.any.sa_family == AF_INET) {
        if (a.name.v4.sin_addr.s_addr != htonl(INADDR_ANY)) inet_ntop(AF_INET, &a.name.v4.sin_addr, host, sizeof host);
    } else {
        bool any = IN6_IS_ADDR_UNSPECIFIED(&a.name.v6.sin6_addr);
        int only = 0;
        socklen_t size = sizeof only;
        getsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size);
        if (!any || only) {
            host[0] = '[';
            inet_ntop(AF_INET6, any ? &in6addr_loopback : &a.name.v6.sin6_addr, host + 1, sizeof host - 2);
            strcat(host, "]");
        }
    }
    snprintf(url, sizeof url, "http://%s:%d", host, plait_socket_port(listener));
    return plait_copy_string(url);
}

static void release(struct plait_http_server *s)
{
    plait_executor_free(s->executor);
    free(s->url);
    free(s);
}

/* 0, or why it does not run, with a record: nothing is left of it then but its memory. */
static int start(struct plait_http_server *s, plait_executor *acceptors, const char *address)
{
    struct stat status;
    s->listener = plait_listen(address, 0);
    if (s->listener < 0) return s->listener;
    s->url = url_of(s->listener, address);
    if (s->url && strncmp(address, "unix:", 5) == 0 && lstat(address + 5, &status) == 0) {
        s->inode = status.st_ino;
        s->device = status.st_dev;
    }
    int err = s->url ? plait_semaphore_init(&s->room, (size_t)s->options.connections) : PLAIT_ENOMEM;
    if (!err) {
        s->roster.listening = true;
        s->acceptor = plait_submit(acceptors, accept_all, &s);
        if (plait_future_get_state(s->acceptor) != PLAIT_FUTURE_FINISHED) return 0;
        PLAIT_SHIELD(shield, PLAIT_FOREVER);
        err = plait_await(s->acceptor, NULL);
    }
    if (s->url) remove_file(s);
    plait_close(s->listener);
    return err;
}

plait_http_server *plait_http_serve_on(plait_executor *acceptors, plait_executor *workers, const char *address,
                                       plait_http_handler *handler, void *context,
                                       const plait_http_server_options *options)
{
    struct plait_http_server *s = plait_allocate(sizeof *s);
    if (!s) {
        plait_executor_free(workers);
        plait_fail(PLAIT_ENOMEM, "no memory for a server");
        return NULL;
    }
    s->options = *options;
    s->handler = handler;
    s->context = context;
    s->executor = workers;
    s->generation = plait_process_generation();
    s->roster.threads = (size_t)options->threads;
    int err = start(s, acceptors, address);
    if (!err) return s;
    if (!plait_error() || plait_error()->code != err)
        plait_fail(err, "no server on %s: %s", address, plait_error_text(err));
    release(s);
    return NULL;
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
    plait_thread_options threads = { .workers = o.threads, .name = "http" };
    plait_executor *workers = plait_thread_executor_new(&threads);
    if (!workers) return NULL;
    return plait_http_serve_on(plait_thread_per_task_executor(), workers, address, handler, context, &o);
}

const char *plait_http_server_url(plait_http_server *server) { return server->url; }

static bool is_ours(const struct plait_http_server *s) { return s->generation == plait_process_generation(); }

int plait_http_server_stop(plait_http_server *server, plait_deadline deadline)
{
    if (!is_ours(server))
        return plait_fail(PLAIT_EFORKED, "%s: the server runs in the parent of this process", server->url);
    return plait_http_roster_stop(&server->roster, deadline);
}

void plait_http_server_free(plait_http_server *server)
{
    if (!server) return;
    if (is_ours(server)) {
        PLAIT_SHIELD(shield, PLAIT_FOREVER);
        (void)!plait_http_server_stop(server, PLAIT_NOW); /* whether some were cut off was to be asked before */
        (void)!plait_await(server->acceptor, NULL);
    } else {
        close(server->listener); /* our copy */
    }
    release(server);
}
