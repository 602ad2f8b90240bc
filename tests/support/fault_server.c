/* fault_server.c: see fault_server.h.

   What must hold: all that is shared is under `lock`; a connection's descriptor is closed only once it is off the list
   that stop() walks. */
#include "fault_server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MOST = 64 << 20 };

struct open_connection {
    fault_connection seen;
    char *text;
    size_t size, room; /* what was read, of which request_size belong to the last request */
    struct open_connection *next;
};

struct fault_server {
    int listener, port;
    fault_script *script;
    void *context;
    pthread_t acceptor;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct open_connection *open;
    unsigned accepts, requests, threads;
    bool stopping;
};

static void give_up(const char *what)
{
    fprintf(stderr, "fault_server: %s: %s\n", what, strerror(errno));
    abort();
}

static void *serve(void *argument)
{
    struct open_connection *c = argument;
    fault_server *s = c->seen.server;
    s->script(&c->seen);
    pthread_mutex_lock(&s->lock);
    for (struct open_connection **at = &s->open; *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    pthread_mutex_unlock(&s->lock);
    close(c->seen.fd);
    free(c->text);
    free(c);
    pthread_mutex_lock(&s->lock);
    s->threads--;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void *accept_all(void *argument)
{
    fault_server *s = argument;
    for (;;) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (fd < 0) return NULL;
        struct open_connection *c = calloc(1, sizeof *c);
        if (!c) give_up("calloc");
        pthread_mutex_lock(&s->lock);
        if (s->stopping) {
            pthread_mutex_unlock(&s->lock);
            close(fd);
            free(c);
            return NULL;
        }
        c->seen = (fault_connection){ .fd = fd, .number = s->accepts++, .context = s->context, .server = s };
        c->next = s->open;
        s->open = c;
        s->threads++;
        pthread_cond_broadcast(&s->changed);
        pthread_mutex_unlock(&s->lock);
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, c) != 0) give_up("pthread_create");
        pthread_detach(thread);
    }
}

fault_server *fault_server_start(fault_script *script, void *context)
{
    fault_server *s = calloc(1, sizeof *s);
    if (!s) give_up("calloc");
    s->script = script;
    s->context = context;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(s->listener, 128) != 0 || getsockname(s->listener, (struct sockaddr *)&address, &size) != 0)
        give_up("listen");
    s->port = ntohs(address.sin_port);
    if (pthread_create(&s->acceptor, NULL, accept_all, s) != 0) give_up("pthread_create");
    return s;
}

void fault_server_stop(fault_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_mutex_unlock(&s->lock);
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->acceptor, NULL);
    close(s->listener);
    pthread_mutex_lock(&s->lock);
    for (struct open_connection *c = s->open; c; c = c->next) shutdown(c->seen.fd, SHUT_RDWR);
    while (s->threads) pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int fault_server_port(const fault_server *s) { return s->port; }

const char *fault_server_url(const fault_server *s, const char *path)
{
    static _Thread_local char urls[4][256];
    static _Thread_local unsigned next;
    char *url = urls[next++ % 4];
    snprintf(url, sizeof urls[0], "http://127.0.0.1:%d%s", s->port, path);
    return url;
}

static unsigned look(fault_server *s, const unsigned *count)
{
    pthread_mutex_lock(&s->lock);
    unsigned seen = *count;
    pthread_mutex_unlock(&s->lock);
    return seen;
}

static void wait_for(fault_server *s, const unsigned *count, unsigned wanted)
{
    pthread_mutex_lock(&s->lock);
    while (*count < wanted) pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

unsigned fault_server_accepts(fault_server *s) { return look(s, &s->accepts); }
unsigned fault_server_requests(fault_server *s) { return look(s, &s->requests); }
void fault_server_wait_requests(fault_server *s, unsigned count) { wait_for(s, &s->requests, count); }
void fault_server_wait_accepts(fault_server *s, unsigned count) { wait_for(s, &s->accepts, count); }

/* For scripts. */

static bool read_more(struct open_connection *c)
{
    if (c->room - c->size < 4096) {
        c->room = c->room ? 2 * c->room : 16384;
        if (c->room > REQUEST_MOST) return false;
        c->text = realloc(c->text, c->room);
        if (!c->text) give_up("realloc");
    }
    ssize_t got;
    do got = recv(c->seen.fd, c->text + c->size, c->room - c->size - 1, 0);
    while (got < 0 && errno == EINTR);
    if (got <= 0) return false;
    c->size += (size_t)got;
    c->text[c->size] = 0;
    return true;
}

static size_t body_length(const char *head, const char *end)
{
    for (const char *line = head; line < end; line = strstr(line, "\r\n") + 2)
        if (strncasecmp(line, "Content-Length:", 15) == 0) return strtoul(line + 15, NULL, 10);
    return 0;
}

bool fault_read(fault_connection *connection)
{
    struct open_connection *c = (struct open_connection *)connection;
    c->size -= connection->request_size;
    if (c->size) memmove(c->text, c->text + connection->request_size, c->size);
    if (c->text) c->text[c->size] = 0;
    connection->request_size = 0;
    char *end;
    while (!c->text || !(end = strstr(c->text, "\r\n\r\n")))
        if (!read_more(c)) return false;
    size_t whole = (size_t)(end + 4 - c->text) + body_length(c->text, end + 2);
    while (c->size < whole)
        if (!read_more(c)) return false;
    connection->request = c->text;
    connection->request_size = whole;
    pthread_mutex_lock(&connection->server->lock);
    connection->server->requests++;
    pthread_cond_broadcast(&connection->server->changed);
    pthread_mutex_unlock(&connection->server->lock);
    return true;
}

bool fault_send(fault_connection *connection, const void *data, size_t size)
{
    const char *at = data;
    while (size) {
        ssize_t sent = send(connection->fd, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

bool fault_say(fault_connection *connection, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text) give_up("fault_say");
    return fault_send(connection, text, (size_t)length);
}

void fault_wait_closed(fault_connection *connection)
{
    char text[4096];
    ssize_t got;
    do got = recv(connection->fd, text, sizeof text, 0);
    while (got > 0 || (got < 0 && errno == EINTR));
}

void fault_reset(fault_connection *connection)
{
    struct linger at_once = { .l_onoff = 1 };
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}
