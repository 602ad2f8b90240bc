/* The server and its clients as coroutines of one thread: not a line of the server is written for threads. A call of its
   that blocked would stop them all. */
#include "raw_client.h"
#include "coroutine.h"
#include "future/future.h"
#include <plait/event.h>

/* An executor that starts each task as a coroutine of the running scheduler. */
static void run(void *future)
{
    plait_future_run(future, NULL);
    plait_future_release(future);
}
static int submit(plait_executor *ex, plait_future *f)
{
    (void)ex;
    coroutine_start(run, f);
    return 0;
}
static void nothing(plait_executor *ex) { (void)ex; }
static void no_statistics(plait_executor *ex, plait_executor_statistics *s) { (void)ex, (void)s; }

static plait_executor *coroutine_executor(void)
{
    static const struct plait_executor_operations operations = {
        .submit = submit, .close = nothing, .free = nothing, .get_statistics = no_statistics
    };
    static plait_executor executor = { .operations = &operations };
    return &executor;
}

struct test {
    plait_http_server *server;
    plait_event gate;
    int inside, clients, answered;
};

static int handler(const plait_http_server_request *q, plait_http_server_response *r, void *context)
{
    struct test *t = context;
    t->inside++;
    if (strcmp(q->path, "/sleep") == 0 && plait_sleep(PLAIT_MILLISECOND)) return -EIO;
    int err = strcmp(q->path, "/wait") == 0 ? plait_event_wait(&t->gate, PLAIT_FOREVER) : 0;
    t->inside--;
    return err ? err : plait_bytes_format(&r->body, "%s", q->path);
}

static void visit(void *argument)
{
    struct test *t = argument;
    struct client *c = calloc(1, sizeof *c);
    struct answer *a = calloc(1, sizeof *a);
    c->fd = -1;
    for (int left = 5; left > 0;) {
        if (c->fd < 0) client_open(c, t->server);
        bool sent = plait_write(c->fd, "GET /sleep HTTP/1.1\r\nHost: x\r\n\r\n", 32, PLAIT_FOREVER, NULL) == 0;
        bool taken = sent && client_take(c, a, false);
        if (taken) {
            check_string(a->body, "/sleep");
            t->answered++;
            left--;
        }
        if (!taken || answer_closes(a)) client_close(c);
    }
    if (c->fd >= 0) client_close(c);
    free(c);
    free(a);
    t->clients--;
}

static void many_clients(void *argument)
{
    struct test *t = argument;
    plait_http_server_options o = { .threads = 7, /* the rules for few workers hold as well */
                                    .connections = 40,
                                    .header_limit = 1000,
                                    .body_limit = 1000,
                                    .idle_timeout = 3600 * PLAIT_SECOND, /* nobody is late, however slow it is */
                                    .request_timeout = 3600 * PLAIT_SECOND,
                                    .write_timeout = 3600 * PLAIT_SECOND };
    t->server = plait_http_serve_on(coroutine_executor(), coroutine_executor(), "127.0.0.1:0", NULL, handler, t, &o);
    check(t->server != NULL);
    t->clients = 30;
    for (int i = 0; i < 30; i++) coroutine_start(visit, t);
    until_so(t->clients == 0);
    check_number(t->answered, 150);

    struct client *c = calloc(1, sizeof *c); /* and it stops, with a request in the middle */
    client_open(c, t->server);
    client_get(c, "/wait");
    until_so(t->inside == 1);
    check_code(plait_http_server_stop(t->server, plait_after(5 * PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    client_expect_end(c);
    plait_http_server_free(t->server);
    free(c);
}

static void coroutines_serve_coroutines(void **state)
{
    struct test t = { 0 };
    coroutines_run(many_clients, &t);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(coroutines_serve_coroutines) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
