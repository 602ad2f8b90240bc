/* raw_client.h: the other end for the tests of the server: sends bytes as they are, and takes answers apart. Over plait's
   own connections, since these were tested before. A test that waits for what never comes is ended by its time-out. */
#ifndef PLAIT_TEST_RAW_CLIENT_H
#define PLAIT_TEST_RAW_CLIENT_H
#include "check.h"
#include "http/server.h"
#include <plait/http.h>
#include <plait/io.h>
#include <plait/thread.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    int fd;
    size_t used; /* of data: what was read and not yet taken */
    char data[65536];
};

struct answer {
    int status;
    char head[4096]; /* with the empty line */
    char body[32768];
    size_t body_size;
};

/* The server's address is what stands after http:// in its URL, or the URL of a unix socket. */
static inline void client_open(struct client *c, plait_http_server *s)
{
    const char *url = plait_http_server_url(s);
    c->used = 0;
    c->data[0] = 0;
    c->fd = plait_connect(strncmp(url, "http://", 7) == 0 ? url + 7 : url, PLAIT_FOREVER);
    if (c->fd < 0) plait_error_print(stderr, c->fd);
    check(c->fd >= 0);
}

static inline void client_close(struct client *c)
{
    plait_close(c->fd);
    c->fd = -1;
}

static inline void client_send_bytes(struct client *c, const void *bytes, size_t size)
{
    check_code(plait_write(c->fd, bytes, size, PLAIT_FOREVER, NULL), 0);
}

static inline void client_send(struct client *c, const char *text) { client_send_bytes(c, text, strlen(text)); }

static inline void client_get(struct client *c, const char *path)
{
    char text[1024];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
    client_send(c, text);
}

/* Reads more; false at the end. */
static inline bool client_read(struct client *c)
{
    check(c->used < sizeof c->data - 1);
    ssize_t got = plait_read(c->fd, c->data + c->used, sizeof c->data - 1 - c->used, PLAIT_FOREVER);
    if (got <= 0) check(got == 0 || got == -ECONNRESET);
    if (got > 0) c->used += (size_t)got;
    c->data[c->used] = 0;
    return got > 0;
}

/* The value of a header of the answer, up to its line's end; NULL without one. */
static inline const char *answer_header(const struct answer *a, const char *name)
{
    static _Thread_local char value[512];
    size_t size = strlen(name);
    for (const char *line = strstr(a->head, "\r\n"); line && line[2] != '\r'; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, size) == 0 && line[2 + size] == ':') {
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line + 4 + size, "\r"), line + 4 + size);
            return value;
        }
    return NULL;
}

static inline bool answer_closes(const struct answer *a)
{
    const char *value = answer_header(a, "Connection");
    return value && strcmp(value, "close") == 0;
}

/* Takes the next answer; false when the connection ended before one began. `no_body`: to a HEAD. */
static inline bool client_take(struct client *c, struct answer *a, bool no_body)
{
    char *end;
    memset(a, 0, sizeof *a);
    c->data[c->used] = 0;
    while (!(end = strstr(c->data, "\r\n\r\n")))
        if (!client_read(c)) {
            check_number(c->used, 0);
            return false;
        }
    size_t head = (size_t)(end - c->data) + 4;
    check(head < sizeof a->head);
    memcpy(a->head, c->data, head);
    check(sscanf(a->head, "HTTP/1.1 %d", &a->status) == 1);
    const char *length = answer_header(a, "Content-Length");
    a->body_size = length && !no_body ? strtoul(length, NULL, 10) : 0;
    check(a->body_size < sizeof a->body);
    while (c->used < head + a->body_size) check(client_read(c));
    memcpy(a->body, c->data + head, a->body_size);
    c->used -= head + a->body_size;
    memmove(c->data, c->data + head + a->body_size, c->used + 1);
    return true;
}

static inline void client_expect(struct client *c, int status, const char *body)
{
    struct answer a;
    check(client_take(c, &a, false));
    check_number(a.status, status);
    if (body) check_string(a.body, body);
}

/* The server has closed, and sent nothing before. */
static inline void client_expect_end(struct client *c)
{
    c->data[c->used] = 0;
    check_string(c->data, "");
    check(!client_read(c));
    client_close(c);
}

/* How many connections the server has open; in how many states of a kind. */
static inline size_t connections_open(plait_http_server *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->lane_count; i++) {
        PLAIT_LOCKED(&s->lanes[i].roster.guard);
        count += s->lanes[i].roster.open;
    }
    return count;
}
static inline size_t connections_in(plait_http_server *s, enum plait_http_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < s->lane_count; i++) {
        PLAIT_LOCKED(&s->lanes[i].roster.guard);
        for (struct plait_http_entry *e = s->lanes[i].roster.all; e; e = e->next) count += e->state == state;
    }
    return count;
}
#define until_so(condition)                                                                                            \
    do                                                                                                                 \
        while (!(condition)) check_code(plait_sleep(PLAIT_MILLISECOND), 0);                                            \
    while (0)

/* How many loops servers are started on; 0: they are started on threads, as many as a test says. */
static int server_loops;

static inline plait_http_server *server_at(const char *address, plait_http_handler *handler, void *context,
                                           const plait_http_server_options *options)
{
    plait_http_server_options o = options ? *options : (plait_http_server_options){ 0 };
    if (server_loops) o.threads = 0;
    o.loops = server_loops;
    return plait_http_serve(address, handler, context, &o);
}

static inline plait_http_server *server_start(plait_http_handler *handler, void *context,
                                              const plait_http_server_options *options)
{
    plait_http_server *s = server_at("127.0.0.1:0", handler, context, options);
    if (!s) plait_error_print(stderr, plait_error()->code);
    check(s != NULL);
    return s;
}

/* Tests that are run with servers on threads; and on loops. */
static inline int on_threads_(void **state)
{
    (void)state;
    server_loops = 0;
    return 0;
}
static inline int on_loops_(void **state)
{
    (void)state;
    server_loops = 2;
    return 0;
}
#define TEST_ON_THREADS(name) cmocka_unit_test_setup(name, on_threads_)
#define TEST_ON_BOTH(name)                                                                                             \
    TEST_ON_THREADS(name), { #name "_on_loops", name, on_loops_, NULL, NULL }

static inline void server_end(plait_http_server *s)
{
    check_code(plait_http_server_stop(s, PLAIT_FOREVER), 0);
    plait_http_server_free(s);
}

#endif
