/* Clients that send too slowly, or nothing, or do not take what they asked for: each is left in time, and the worker that
   served it serves another. Time passes when the test says so, never by itself. */
#include "raw_client.h"
#include "clock.h"
#include "runners.h"
#include <plait/scope.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>

enum { BIG = 64 << 20 };

static int handler(const plait_http_server_request *q, plait_http_server_response *r, void *context)
{
    (void)context;
    if (strcmp(q->path, "/big") == 0) return plait_bytes_copy(&r->body, NULL, BIG);
    return plait_bytes_format(&r->body, "%s", q->path);
}

static plait_http_server *start(plait_http_server_options options)
{
    options.threads = 1; /* the next client shows that the worker is free again */
    return server_start(handler, NULL, &options);
}

/* Lets time pass until the server has said something, or closed. */
static void pass_time(struct client *c)
{
    struct pollfd look = { .fd = c->fd, .events = POLLIN };
    while (poll(&look, 1, 1) == 0) clock_move(10 * PLAIT_MILLISECOND);
}

static void until_one_is(plait_http_server *s, enum plait_http_state state) { until(connections_in(s, state) == 1); }

/* Whether a client is served. */
static bool serves(plait_http_server *s)
{
    static const char request[] = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n";
    struct client next;
    struct answer a = { 0 };
    client_open(&next, s);
    if (plait_write(next.fd, request, sizeof request - 1, PLAIT_FOREVER, NULL) == 0)
        (void)client_take(&next, &a, false);
    client_close(&next);
    return a.status == 200;
}

static void end(plait_http_server *s)
{
    check(serves(s));
    server_end(s);
    clock_of_the_system();
}

static void one_who_says_nothing_is_left_without_a_word(void **state)
{
    clock_by_hand();
    plait_http_server *s = start((plait_http_server_options){ .request_timeout = 30 * PLAIT_MILLISECOND });
    struct client c;
    client_open(&c, s);
    until_one_is(s, PLAIT_HTTP_READY);
    pass_time(&c);
    client_expect_end(&c);
    client_open(&c, s); /* empty lines say nothing either */
    until_one_is(s, PLAIT_HTTP_READY);
    while (plait_write(c.fd, "\r\n", 2, PLAIT_FOREVER, NULL) == 0) {
        clock_move(PLAIT_MILLISECOND);
        let_others_run();
    }
    client_close(&c);
    end(s);
    (void)state;
}

static void a_request_that_does_not_come_whole_in_time_is_a_408(void **state)
{
    static const char *const halves[] = {
        "G",
        "GET / HTTP/1.1\r\nHost",
        "GET / HTTP/1.1\r\nHost: x\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    };
    clock_by_hand();
    plait_http_server *s = start((plait_http_server_options){ .request_timeout = 300 * PLAIT_MILLISECOND });
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        struct client c;
        struct answer a;
        client_open(&c, s);
        client_get(&c, "/first"); /* the time runs for each request anew */
        client_expect(&c, 200, "/first");
        until_one_is(s, PLAIT_HTTP_READY);
        client_send(&c, halves[i]);
        until_one_is(s, PLAIT_HTTP_BUSY);
        do {
            pass_time(&c);
            check(client_take(&c, &a, false));
        } while (a.status == 100);
        check_number(a.status, 408);
        check_string(a.body, "408 Request Timeout: the request did not come whole in time\n");
        check(answer_closes(&a));
        client_expect_end(&c);
    }
    end(s);
    (void)state;
}

static void one_who_sends_byte_by_byte_does_not_stretch_the_time(void **state)
{
    clock_by_hand();
    plait_http_server *s = start(
        (plait_http_server_options){ .request_timeout = 300 * PLAIT_MILLISECOND, .header_limit = (size_t)1 << 30 });
    struct client c;
    client_open(&c, s);
    client_send(&c, "GET / HTTP/1.1\r\nX: ");
    until_one_is(s, PLAIT_HTTP_BUSY);
    while (plait_read(c.fd, c.data, sizeof c.data, PLAIT_NOW) == PLAIT_EAGAIN) { /* until the answer is there */
        (void)!plait_write(c.fd, "x", 1, PLAIT_FOREVER, NULL);
        clock_move(PLAIT_MILLISECOND);
        let_others_run();
    }
    check(strncmp(c.data, "HTTP/1.1 408 ", 13) == 0);
    client_close(&c);
    end(s);
    (void)state;
}

/* A clock that goes on whenever it is read: the time passes although bytes are always there. */
static int64_t ticks(void *context) { return atomic_fetch_add((_Atomic int64_t *)context, PLAIT_MILLISECOND) + 1; }

static void one_whose_bytes_are_always_there_does_not_stretch_the_time(void **state)
{
    enum { MUCH = 1 << 20 };
    _Atomic int64_t now = 0;
    const plait_clock clock = { ticks, (void *)&now };
    plait_clock_set(&clock);
    plait_http_server *s =
        start((plait_http_server_options){ .request_timeout = 30 * PLAIT_MILLISECOND, .body_limit = MUCH });
    struct client c;
    struct answer a;
    char *much = calloc(1, MUCH);
    do { /* when the worker comes late, it is a 503 at once */
        client_open(&c, s);
        client_send(&c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n");
        (void)!plait_write(c.fd, much, MUCH, PLAIT_FOREVER, NULL); /* the server may not take all */
        check(client_take(&c, &a, false));
        client_close(&c);
    } while (a.status == 503);
    check_number(a.status, 408);
    while (connections_open(s) > 0) sched_yield();
    client_open(&c, s);
    memset(much, '\n', MUCH); /* empty lines without an end */
    while (plait_write(c.fd, much, MUCH, PLAIT_FOREVER, NULL) == 0) {}
    client_close(&c);
    free(much);
    while (connections_open(s) > 0) sched_yield();
    clock_by_hand(); /* on the other one the time of whoever is served next would go on too */
    end(s);
    (void)state;
}

static void the_time_runs_for_each_request_anew(void **state)
{
    const int64_t limit = 300 * PLAIT_MILLISECOND;
    clock_by_hand();
    plait_http_server *s = start((plait_http_server_options){ .request_timeout = limit });
    struct client c;
    client_open(&c, s);
    for (int i = 0; i < 4; i++) {
        client_send(&c, "GET /half HTT");
        until_one_is(s, PLAIT_HTTP_BUSY);
        clock_move(limit - 1);
        client_send(&c, "P/1.1\r\nHost: x\r\n\r\n");
        client_expect(&c, 200, "/half");
        until_one_is(s, PLAIT_HTTP_READY);
    }
    client_close(&c);
    end(s);
    (void)state;
}

static void one_who_rests_too_long_is_left_without_a_word(void **state)
{
    clock_by_hand();
    plait_http_server *s = start((plait_http_server_options){ .idle_timeout = 30 * PLAIT_MILLISECOND });
    struct client c;
    for (int i = 0; i < 2; i++) {
        client_open(&c, s);
        client_get(&c, "/a");
        client_expect(&c, 200, "/a");
        until_one_is(s, PLAIT_HTTP_READY);
        if (i) client_send(&c, "\r\n");
        pass_time(&c);
        client_expect_end(&c);
    }
    end(s);
    (void)state;
}

static void one_who_does_not_take_the_answer_is_left(void **state)
{
    clock_by_hand();
    plait_http_server *s = start((plait_http_server_options){ .write_timeout = 30 * PLAIT_MILLISECOND });
    struct client c;
    client_open(&c, s);
    client_get(&c, "/big");
    until_one_is(s, PLAIT_HTTP_BUSY);
    until((clock_move(10 * PLAIT_MILLISECOND), connections_open(s) == 0));
    client_close(&c);
    end(s);
    (void)state;
}

static void one_who_goes_away_is_no_trouble(void **state)
{
    plait_http_server *s = start((plait_http_server_options){ 0 });
    static const char *const last_words[] = { "", "GE", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                                              "GET /big HTTP/1.1\r\nHost: x\r\n\r\n",
                                              "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe" };
    for (size_t i = 0; i < sizeof last_words / sizeof *last_words; i++)
        for (int reset = 0; reset < 2; reset++) {
            struct client c;
            client_open(&c, s);
            if (*last_words[i]) client_send(&c, last_words[i]);
            struct linger now = { .l_onoff = 1, .l_linger = 0 };
            if (reset) check_number(setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
            client_close(&c);
        }
    until_so(connections_open(s) == 0);
    end(s);
    (void)state;
}

static void one_who_has_said_all_may_shut_that_way(void **state)
{
    plait_http_server *s = start((plait_http_server_options){ 0 });
    struct client c;
    client_open(&c, s);
    client_send(&c, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    check_number(shutdown(c.fd, SHUT_WR), 0);
    client_expect(&c, 200, "/1");
    client_expect(&c, 200, "/2");
    client_expect_end(&c);
    end(s);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(one_who_says_nothing_is_left_without_a_word),
        TEST_ON_BOTH(a_request_that_does_not_come_whole_in_time_is_a_408),
        TEST_ON_BOTH(one_who_sends_byte_by_byte_does_not_stretch_the_time),
        TEST_ON_BOTH(one_whose_bytes_are_always_there_does_not_stretch_the_time),
        TEST_ON_BOTH(the_time_runs_for_each_request_anew),
        TEST_ON_BOTH(one_who_rests_too_long_is_left_without_a_word),
        TEST_ON_BOTH(one_who_does_not_take_the_answer_is_left),
        TEST_ON_BOTH(one_who_goes_away_is_no_trouble),
        TEST_ON_BOTH(one_who_has_said_all_may_shut_that_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
