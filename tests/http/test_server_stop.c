/* How a server ends: at rest, in the middle of requests, at once, and in a forked child. */
#include "raw_client.h"
#include "child.h"
#include "clock.h"
#include "runners.h"
#include <plait/event.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static bool is_stopping(plait_http_server *s)
{
    struct plait_http_lane *last = &s->lanes[s->lane_count - 1];
    PLAIT_LOCKED(&last->roster.guard);
    return last->roster.stopping;
}

/* libc's sendmsg is replaced: after it has sent an answer it can wait until that server is being stopped. */
static plait_http_server *_Atomic hold_sends_of;
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t sent = syscall(SYS_sendmsg, fd, message, flags);
    bool answer =
        message->msg_iovlen > 0 && message->msg_iov->iov_len > 5 && memcmp(message->msg_iov->iov_base, "HTTP/", 5) == 0;
    while (answer && atomic_load(&hold_sends_of) && !is_stopping(atomic_load(&hold_sends_of))) sched_yield();
    return sent;
}

struct gate {
    plait_event open;
    _Atomic int inside;
    _Atomic int seen; /* what a wait inside has given */
};

static int handler(const plait_http_server_request *q, plait_http_server_response *r, void *context)
{
    struct gate *gate = context;
    if (strcmp(q->path, "/wait") == 0) {
        atomic_fetch_add(&gate->inside, 1);
        int err = plait_event_wait(&gate->open, PLAIT_FOREVER);
        atomic_store(&gate->seen, err);
        if (err) return err;
    }
    return plait_bytes_format(&r->body, "%s", q->path);
}

struct stopper {
    plait_http_server *server;
    plait_deadline deadline;
    int result;
};
static int stop(void *argument)
{
    struct stopper *s = argument;
    s->result = plait_http_server_stop(s->server, s->deadline);
    return 0;
}
static plait_thread *start_stop(struct stopper *s)
{
    plait_thread *thread = plait_thread_start(stop, s, NULL);
    check(thread != NULL);
    until_so(is_stopping(s->server));
    return thread;
}

static void at_rest_it_ends_at_once_and_may_be_ended_again(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, NULL);
    struct client resting, fresh;
    client_open(&resting, s);
    client_get(&resting, "/a");
    client_expect(&resting, 200, "/a");
    client_open(&fresh, s); /* it may not have a worker yet */
    until_so(connections_open(s) == 2);
    char address[64];
    snprintf(address, sizeof address, "%s", plait_http_server_url(s) + 7);
    check_code(plait_http_server_stop(s, PLAIT_NOW), 0); /* nobody is cut off in the middle of something */
    client_expect_end(&resting);
    client_expect_end(&fresh);
    check_code(plait_connect(address, PLAIT_FOREVER), -ECONNREFUSED);
    check_code(plait_http_server_stop(s, PLAIT_FOREVER), 0);
    check_contains(plait_http_server_url(s), address);
    plait_http_server_free(s);

    plait_http_server_free(server_start(handler, &gate, NULL)); /* without a stop, before it has begun to accept */
    for (int i = 0; i < 50; i++) server_end(server_start(handler, &gate, NULL));
    (void)state;
}

static void requests_in_progress_and_in_line_are_answered(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, &(plait_http_server_options){ .threads = 1 });
    struct client busy, queued;
    struct answer a;
    client_open(&busy, s);
    client_get(&busy, "/wait");
    until_so(atomic_load(&gate.inside) == 1);
    client_open(&queued, s);
    client_get(&queued, "/queued");
    until_so(connections_open(s) == 2);
    struct stopper stopper = { .server = s, .deadline = PLAIT_FOREVER }, second = stopper;
    plait_thread *threads[] = { start_stop(&stopper), start_stop(&second) };
    client_send(&busy, "GET /pipelined HTTP/1.1\r\nHost: x\r\n\r\n"); /* this came too late */
    plait_event_set(&gate.open);
    check(client_take(&busy, &a, false));
    check_string(a.body, "/wait");
    check(answer_closes(&a));
    client_expect_end(&busy);
    check(client_take(&queued, &a, false));
    check_string(a.body, "/queued");
    check(answer_closes(&a));
    client_expect_end(&queued);
    plait_thread_free(threads[0]);
    plait_thread_free(threads[1]);
    check_code(stopper.result, 0);
    check_code(second.result, 0);
    plait_http_server_free(s);
    (void)state;
}

/* The stop comes when an answer that does not say "close" has just gone out, and the connection is about to rest. */
static void one_that_is_about_to_rest_ends_too(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, NULL);
    struct client c;
    struct answer a;
    client_open(&c, s);
    atomic_store(&hold_sends_of, s);
    client_get(&c, "/a");
    check(client_take(&c, &a, false));
    check(!answer_closes(&a));
    check_code(plait_http_server_stop(s, PLAIT_FOREVER), 0);
    atomic_store(&hold_sends_of, NULL);
    client_expect_end(&c);
    plait_http_server_free(s);
    (void)state;
}

static void a_request_that_is_half_there_is_waited_for(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, NULL);
    struct client c;
    struct answer a;
    client_open(&c, s);
    client_send(&c, "GET /half HTTP/1.1\r\n");
    until_so(connections_in(s, PLAIT_HTTP_BUSY) == 1);
    struct stopper stopper = { .server = s, .deadline = PLAIT_FOREVER };
    plait_thread *thread = start_stop(&stopper);
    client_send(&c, "Host: x\r\n\r\n");
    check(client_take(&c, &a, false));
    check_string(a.body, "/half");
    check(answer_closes(&a));
    client_expect_end(&c);
    plait_thread_free(thread);
    check_code(stopper.result, 0);
    plait_http_server_free(s);
    (void)state;
}

/* Runs in a child, whose stderr is caught. */
static int cut_off(void *unused)
{
    (void)unused;
    static const struct {
        const char *request;
        bool handled;
    } cases[] = { { "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", true }, { "GET /half HTTP/1.1\r\n", false } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int now = 0; now < 2; now++) {
            struct gate gate = { 0 };
            plait_http_server *s = server_start(handler, &gate, NULL);
            struct client c;
            client_open(&c, s);
            client_send(&c, cases[i].request);
            until_so(connections_in(s, PLAIT_HTTP_BUSY) == 1 && (!cases[i].handled || atomic_load(&gate.inside) == 1));
            plait_deadline deadline = now ? PLAIT_NOW : plait_after(5 * PLAIT_MILLISECOND);
            check_code(plait_http_server_stop(s, deadline), PLAIT_ETIMEDOUT);
            if (cases[i].handled) check_code(atomic_load(&gate.seen), PLAIT_ECANCELED);
            client_expect_end(&c);
            check_code(plait_http_server_stop(s, PLAIT_NOW), PLAIT_ETIMEDOUT); /* it says so again */
            plait_http_server_free(s);
        }
    return 0;
}
static void after_the_deadline_handlers_are_cancelled_and_connections_closed(void **state)
{
    char text[4096];
    int status = child_run(cut_off, NULL, text, sizeof text);
    if (status) fail_msg("%s", text);
    check_string(text, ""); /* a handler that was cancelled has not failed */
    (void)state;
}

static void one_in_line_is_cut_off_too(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, &(plait_http_server_options){ .threads = 1 });
    struct client busy, queued;
    client_open(&busy, s);
    client_get(&busy, "/wait");
    until_so(atomic_load(&gate.inside) == 1);
    client_open(&queued, s);
    client_get(&queued, "/queued");
    until_so(connections_open(s) == 2);
    check_code(plait_http_server_stop(s, PLAIT_NOW), PLAIT_ETIMEDOUT);
    client_expect_end(&busy);
    client_expect_end(&queued);
    plait_http_server_free(s);
    (void)state;
}

/* The worker waits for a client who was answered early to stop sending: nobody owes that one anything. It would not wait for
   long, but no time passes here. */
static void one_in_line_behind_an_early_answer_is_cut_off(void **state)
{
    clock_by_hand();
    for (int queue = 0; queue < 2; queue++) {
        struct gate gate = { 0 };
        plait_http_server *s =
            server_start(handler, &gate, &(plait_http_server_options){ .threads = 1, .body_limit = 1 });
        struct client early, queued;
        client_open(&early, s);
        client_send(&early, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n");
        client_expect(&early, 413, NULL);
        until(connections_in(s, PLAIT_HTTP_DONE) == 1);
        if (queue) {
            client_open(&queued, s);
            client_get(&queued, "/queued");
            until(connections_open(s) == 2);
        }
        check_code(plait_http_server_stop(s, PLAIT_NOW), queue ? PLAIT_ETIMEDOUT : 0);
        if (queue) client_expect_end(&queued);
        client_close(&early);
        plait_http_server_free(s);
    }
    clock_of_the_system();
    (void)state;
}

static void a_stop_is_no_cancellation_point(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = server_start(handler, &gate, NULL);
    struct client c;
    client_open(&c, s);
    client_get(&c, "/wait");
    until_so(atomic_load(&gate.inside) == 1);
    PLAIT_CANCEL_SCOPE(scope);
    plait_scope_cancel(&scope);
    check_code(plait_http_server_stop(s, plait_after(5 * PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    plait_http_server_free(s);
    plait_close(c.fd);
    (void)state;
}

struct inheritance {
    plait_http_server *server;
};
static int use_in_child(void *argument)
{
    struct inheritance *i = argument;
    check_code(plait_http_server_stop(i->server, PLAIT_FOREVER), PLAIT_EFORKED);
    plait_http_server_free(i->server);
    return 0;
}
static void a_forked_child_does_not_touch_the_parents_server(void **state)
{
    struct gate gate = { 0 };
    struct inheritance i = { server_start(handler, &gate, NULL) };
    struct client c;
    client_open(&c, i.server);
    client_get(&c, "/a");
    client_expect(&c, 200, "/a");
    char text[1024];
    int status = child_run(use_in_child, &i, text, sizeof text);
    if (status) fail_msg("%s", text);
    client_get(&c, "/b");
    client_expect(&c, 200, "/b");
    client_close(&c);
    server_end(i.server);
    (void)state;
}

/* Clients come and go while the server is stopped: nobody gets half an answer, and it ends. */
struct visitor {
    char address[64];
    int answered;
};
static int visit(void *argument)
{
    struct visitor *v = argument;
    static _Thread_local struct client c;
    while ((c.fd = plait_connect(v->address, PLAIT_FOREVER)) >= 0) {
        struct answer a;
        c.used = 0;
        while (plait_write(c.fd, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 28, PLAIT_FOREVER, NULL) == 0 &&
               client_take(&c, &a, false)) {
            check_string(a.body, "/x");
            v->answered++;
            if (answer_closes(&a)) break;
        }
        client_close(&c);
    }
    return 0;
}
static void a_stop_under_load_ends(void **state)
{
    for (int turn = 0; turn < 10; turn++) {
        struct gate gate = { 0 };
        plait_http_server *s =
            server_start(handler, &gate, &(plait_http_server_options){ .threads = turn % 2 ? 2 : 16 });
        static struct visitor visitors[8];
        plait_thread *threads[8];
        for (int i = 0; i < 8; i++) {
            visitors[i].answered = 0;
            snprintf(visitors[i].address, sizeof visitors[i].address, "%s", plait_http_server_url(s) + 7);
            check((threads[i] = plait_thread_start(visit, &visitors[i], NULL)) != NULL);
        }
        check_code(plait_sleep(2 * PLAIT_MILLISECOND), 0);
        server_end(s);
        for (int i = 0; i < 8; i++) plait_thread_free(threads[i]);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* These fork, and so come first, while there is one thread. */
        TEST_ON_BOTH(after_the_deadline_handlers_are_cancelled_and_connections_closed),
        TEST_ON_BOTH(at_rest_it_ends_at_once_and_may_be_ended_again),
        TEST_ON_THREADS(requests_in_progress_and_in_line_are_answered),
        TEST_ON_BOTH(one_that_is_about_to_rest_ends_too),
        TEST_ON_BOTH(a_request_that_is_half_there_is_waited_for),
        TEST_ON_THREADS(one_in_line_is_cut_off_too),
        TEST_ON_THREADS(one_in_line_behind_an_early_answer_is_cut_off),
        TEST_ON_BOTH(a_stop_is_no_cancellation_point),
        TEST_ON_BOTH(a_forked_child_does_not_touch_the_parents_server),
        TEST_ON_BOTH(a_stop_under_load_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
