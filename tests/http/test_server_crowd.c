/* More clients than workers, more than are allowed, more than there are descriptors, memory or threads for. */
#include "raw_client.h"
#include "child.h"
#include "fault.h"
#include <plait/event.h>
#include <plait/executor.h>
#include <stdatomic.h>

struct gate {
    plait_event open;
    _Atomic int inside;
};

/* /wait answers when the gate is open. */
static int handler(const plait_http_server_request *q, plait_http_server_response *r, void *context)
{
    struct gate *gate = context;
    if (strcmp(q->path, "/wait") == 0) {
        atomic_fetch_add(&gate->inside, 1);
        int err = plait_event_wait(&gate->open, PLAIT_FOREVER);
        if (err) return err;
    }
    return plait_bytes_format(&r->body, "%s", q->path);
}

static void talk(struct client *c, const char *path)
{
    client_get(c, path);
    client_expect(c, 200, path);
}

static void one_who_comes_is_served_though_all_workers_rest_and_the_longest_resting_goes(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, &(plait_http_server_options){ .threads = 4 });
    struct client resting[4], fifth, sixth;
    for (int i = 0; i < 4; i++) {
        client_open(&resting[i], s);
        talk(&resting[i], "/a");
        until_so(connections_in(s, PLAIT_HTTP_RESTING) == (size_t)i + 1);
    }
    client_get(&resting[0], "/wait"); /* so 1 rests longest, then 2 */
    until_so(atomic_load(&gate.inside) == 1);
    plait_event_set(&gate.open);
    client_expect(&resting[0], 200, "/wait");
    until_so(connections_in(s, PLAIT_HTTP_RESTING) == 4);
    client_open(&fifth, s);
    talk(&fifth, "/fifth");
    client_expect_end(&resting[1]);
    until_so(connections_in(s, PLAIT_HTTP_RESTING) == 4);
    client_open(&sixth, s);
    talk(&sixth, "/sixth");
    client_expect_end(&resting[2]);
    talk(&resting[3], "/b"); /* these were left in peace */
    talk(&resting[0], "/b");
    talk(&fifth, "/b");
    client_close(&resting[0]);
    client_close(&resting[3]);
    client_close(&fifth);
    client_close(&sixth);
    server_end(s);
    (void)state;
}

static void silent_newcomers_do_not_keep_others_out(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, &(plait_http_server_options){ .threads = 2 });
    struct client silent[2], c;
    for (int i = 0; i < 2; i++) client_open(&silent[i], s);
    until_so(connections_open(s) == 2);
    client_open(&c, s);
    talk(&c, "/a");
    client_close(&c);
    client_close(&silent[0]);
    client_close(&silent[1]);
    server_end(s);
    (void)state;
}

/* With one worker: the client that is answered while another waits is told that this was the last answer. */
static void under_pressure_an_answer_says_that_the_connection_closes(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, &(plait_http_server_options){ .threads = 1 });
    struct client first, second;
    struct answer a;
    client_open(&first, s);
    talk(&first, "/a");
    client_get(&first, "/wait");
    until_so(atomic_load(&gate.inside) == 1);
    client_open(&second, s);
    client_get(&second, "/b");
    until_so(connections_open(s) == 2);
    plait_event_set(&gate.open);
    check(client_take(&first, &a, false));
    check(answer_closes(&a));
    client_expect_end(&first);
    check(client_take(&second, &a, false));
    check(!answer_closes(&a));
    talk(&second, "/c");
    client_close(&second);
    server_end(s);
    (void)state;
}

static void a_request_that_crosses_with_the_end_of_the_rest_is_answered(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, &(plait_http_server_options){ .threads = 1 });
    struct client first, second;
    for (int turn = 0; turn < 50; turn++) {
        struct answer a;
        client_open(&first, s);
        talk(&first, "/a");
        if (turn % 2) until_so(connections_in(s, PLAIT_HTTP_RESTING) == 1);
        client_get(&first, "/b"); /* it has arrived before the second one has connected */
        client_open(&second, s);
        client_get(&second, "/c");
        check(client_take(&first, &a, false));
        check_string(a.body, "/b");
        if (!answer_closes(&a)) client_close(&first); /* it was answered before the second one was seen */
        else client_expect_end(&first);
        client_expect(&second, 200, "/c");
        client_close(&second);
        until_so(connections_open(s) == 0);
    }
    server_end(s);
    (void)state;
}

static void no_more_connections_are_taken_than_allowed(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, &(plait_http_server_options){ .connections = 2 });
    struct client c[3];
    for (int i = 0; i < 3; i++) client_open(&c[i], s); /* the system takes them */
    client_get(&c[2], "/third");
    talk(&c[0], "/first");
    talk(&c[1], "/second");
    check_number(connections_open(s), 2);
    client_close(&c[0]);
    client_expect(&c[2], 200, "/third");
    client_close(&c[1]);
    client_close(&c[2]);
    server_end(s);
    (void)state;
}

struct visitor {
    plait_http_server *server;
    int answered, broken;
};
static int visit(void *argument)
{
    struct visitor *v = argument;
    static _Thread_local struct client c;
    for (c.fd = -1; v->answered < 5;) {
        struct answer a;
        if (c.fd < 0) client_open(&c, v->server);
        /* A kept connection may be closed by the server at any time; then the request is made again. */
        if (plait_write(c.fd, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 28, PLAIT_FOREVER, NULL) ||
            !client_take(&c, &a, false)) {
            client_close(&c);
            v->broken++;
            continue;
        }
        check_string(a.body, "/x");
        v->answered++;
        if (answer_closes(&a)) client_close(&c);
    }
    if (c.fd >= 0) client_close(&c);
    return 0;
}
static void Y5_two_hundred_clients_at_once_are_all_served_by_few_workers(void **state)
{
    enum { CLIENTS = 200 };
    struct gate gate = { 0 };
    static const plait_http_server_options options[] = { { .threads = 8 },
                                                         { .threads = 256 },
                                                         { .threads = 8, .connections = 20 } };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        plait_http_server_options patient = options[i]; /* nobody waits too long, however slow it is */
        patient.request_timeout = patient.idle_timeout = patient.write_timeout = 3600 * PLAIT_SECOND;
        plait_http_server *s = server_start(handler, &gate, &patient);
        static struct visitor visitors[CLIENTS];
        plait_thread *threads[CLIENTS];
        for (int v = 0; v < CLIENTS; v++) {
            visitors[v] = (struct visitor){ .server = s };
            threads[v] = plait_thread_start(visit, &visitors[v], NULL);
            check(threads[v] != NULL);
        }
        for (int v = 0; v < CLIENTS; v++) plait_thread_free(threads[v]);
        for (int v = 0; v < CLIENTS; v++) check_number(visitors[v].answered, 5);
        server_end(s);
    }
    (void)state;
}

/* Runs in a child, whose stderr is caught. */
static int run_out_of_descriptors(void *unused)
{
    (void)unused;
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, &(plait_http_server_options){ .connections = 3 });
    struct client resting, c;
    client_open(&resting, s);
    talk(&resting, "/a");
    until_so(connections_in(s, PLAIT_HTTP_RESTING) == 1);
    c.fd = plait_connect(plait_http_server_url(s) + 7, PLAIT_FOREVER);
    check(c.fd >= 0); /* it may be taken before there is the want of descriptors, so there is another one */
    c.used = 0;
    talk(&c, "/b");
    struct client d;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* not through plait, which is refused */
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    check_number(getsockname(s->lanes[0].listener, (struct sockaddr *)&name, &size), 0);
    fault_all("descriptor");
    check_number(connect(fd, (struct sockaddr *)&name, size), 0);
    until_so(fault_requests() >= 3); /* it tries again and again … */
    client_expect_end(&resting);     /* … and ends one that rests, for its descriptor */
    check(fault_requests() < 1000);  /* … but does not spin */
    fault_off();
    d.fd = fd;
    d.used = 0;
    talk(&d, "/c");
    client_close(&c);
    client_close(&d);
    server_end(s);
    return 0;
}
static void want_of_descriptors_is_told_once_and_waited_out(void **state)
{
    char text[4096];
    int status = child_run(run_out_of_descriptors, NULL, text, sizeof text);
    if (status) fail_msg("%s", text);
    const char *line = strstr(text, ": cannot accept connections for now: Too many open files\n");
    check(line != NULL);
    check(!strstr(strchr(line, '\n'), "cannot accept"));
    (void)state;
}

/* Any request for memory may be refused: the client is told or left, and the server goes on. */
static void want_of_memory_does_no_harm(void **state)
{
    struct gate gate = { 0 };
    int reports = dup(STDERR_FILENO), nowhere[2];
    check_number(pipe(nowhere), 0);
    plait_http_server *s = server_start(handler, &gate, &(plait_http_server_options){ .threads = 2 });
    fflush(stderr);
    dup2(nowhere[1], STDERR_FILENO);
    size_t answered = 0, refused = 0, left = 0;
    for (size_t nth = 1; nth <= 40; nth++) {
        static struct client c;
        static struct answer a;
        client_open(&c, s);
        fault_nth("memory", nth);
        (void)!plait_write(c.fd, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb", 50, PLAIT_FOREVER, NULL);
        if (!client_take(&c, &a, false)) left++;
        else if (a.status == 200) answered++;
        else if (a.status == 500 || a.status == 503) refused++;
        fault_off();
        client_close(&c);
    }
    fflush(stderr);
    dup2(reports, STDERR_FILENO);
    close(reports);
    close(nowhere[0]);
    close(nowhere[1]);
    check_number(answered + refused + left, 40);
    check(answered > 0 && refused > 0);
    struct client c;
    client_open(&c, s);
    talk(&c, "/a");
    client_close(&c);
    server_end(s);
    (void)state;
}

static void without_memory_or_threads_there_is_no_server_but_a_sentence(void **state)
{
    struct gate gate = { 0 };
    char folder[] = "/tmp/plait-http-XXXXXX", path[64];
    check(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "unix:%s/socket", folder);
    const char *const addresses[] = { "127.0.0.1:0", path };
    for (int i = 0; i < 2; i++) {
        size_t failures = 0;
        for (size_t nth = 1; nth < 20; nth++) {
            fault_nth("memory", nth);
            plait_http_server *s = server_at(addresses[i], handler, &gate, NULL);
            fault_off();
            if (!s) failures++;
            else server_end(s);
        }
        check(failures >= 3 && failures < 19);
    }
    unlink(path + 5);
    check_number(rmdir(folder), 0);
    fault_all("thread");
    check(!server_at("127.0.0.1:0", handler, &gate, NULL));
    check(plait_error() != NULL);
    fault_off();
    fault_all("descriptor");
    check(!server_at("127.0.0.1:0", handler, &gate, NULL));
    check_code(plait_error()->code, -EMFILE);
    fault_off();
    (void)state;
}

/* Runs in a child, whose stderr is caught. */
static int serve_without_threads(void *unused)
{
    (void)unused;
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, NULL);
    fault_all("thread");
    struct client c;
    client_open(&c, s);
    client_expect_end(&c);
    fault_off();
    client_open(&c, s);
    talk(&c, "/a");
    client_close(&c);
    server_end(s);
    return 0;
}
static void a_connection_without_a_thread_is_closed_and_the_next_one_served(void **state)
{
    char text[4096];
    int status = child_run(serve_without_threads, NULL, text, sizeof text);
    if (status) fail_msg("%s", text);
    check_contains(text, ": a connection could not be served: ");
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* These fork, and so come first, while there is one thread. */
        TEST_ON_BOTH(want_of_descriptors_is_told_once_and_waited_out),
        TEST_ON_THREADS(a_connection_without_a_thread_is_closed_and_the_next_one_served),
        TEST_ON_THREADS(one_who_comes_is_served_though_all_workers_rest_and_the_longest_resting_goes),
        TEST_ON_BOTH(silent_newcomers_do_not_keep_others_out),
        TEST_ON_THREADS(under_pressure_an_answer_says_that_the_connection_closes),
        TEST_ON_THREADS(a_request_that_crosses_with_the_end_of_the_rest_is_answered),
        TEST_ON_THREADS(no_more_connections_are_taken_than_allowed),
        TEST_ON_BOTH(Y5_two_hundred_clients_at_once_are_all_served_by_few_workers),
        TEST_ON_BOTH(want_of_memory_does_no_harm),
        TEST_ON_BOTH(without_memory_or_threads_there_is_no_server_but_a_sentence),
    };
    fault_nth("nothing", 0); /* the hook is there before any thread */
    fault_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
