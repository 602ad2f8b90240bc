/* The server as a client sees it: what it says to requests, good and bad, one after the other on a connection. */
#include "raw_client.h"
#include "child.h"
#include "clock.h"
#include "fault.h"
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>

/* How many times something was sent on a socket: libc's sendmsg is replaced. */
static _Atomic int sends;
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    atomic_fetch_add(&sends, 1);
    return syscall(SYS_sendmsg, fd, message, flags);
}

enum { BIG = 8 << 20 };

/* Says what it saw. Some paths do something else. */
static int handler(const plait_http_server_request *q, plait_http_server_response *r, void *context)
{
    if (strcmp(q->path, "/fail") == 0) return plait_fail(PLAIT_EUSER - 1, "the cat is on the mat");
    if (strcmp(q->path, "/status") == 0) r->status = atoi(q->query);
    if (strcmp(q->path, "/type") == 0) r->content_type = "text/html";
    if (strcmp(q->path, "/badtype") == 0) r->content_type = "text/html\r\nX: y";
    if (strcmp(q->path, "/peer") == 0) return plait_bytes_format(&r->body, "%s", q->peer);
    if (strcmp(q->path, "/empty") == 0) return 0;
    if (strcmp(q->path, "/big") == 0) {
        int err = plait_bytes_copy(&r->body, NULL, BIG);
        for (size_t i = 0; !err && i < BIG; i++) ((unsigned char *)r->body.data)[i] = (unsigned char)(i / 3);
        return err;
    }
    if (strcmp(q->path, "/headers") == 0) {
        static const char *const bad[][2] = {
            { "Content-Length", "1" },
            { "content-length", "1" },
            { "Connection", "x" },
            { "Transfer-Encoding", "x" },
            { "Date", "x" },
            { "Content-Type", "x" },
            { "a b", "x" },
            { "", "x" },
            { "a:", "x" },
            { "a", "x\r\ny: z" },
            { "a", "x\ny" },
            { "a", "x\x7f" },
            { NULL, "x" },
            { "a", NULL },
        };
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
            check_code(plait_http_server_response_add(r, bad[i][0], bad[i][1]), PLAIT_EINVAL);
        check_code(plait_http_server_response_add(r, "X-First", "one"), 0);
        check_code(plait_http_server_response_add(r, "Set-Cookie", "a=\xc3\xa4; b"), 0);
        check_code(plait_http_server_response_add(r, "Set-Cookie", ""), 0);
    }
    check(context == &sends);
    plait_bytes more;
    int err = plait_bytes_format(&r->body, "%s %s path=%s query=%s body=%zu:%s", q->method, q->target, q->path,
                                 q->query, q->body.size, q->body.size ? (char *)q->body.data : "");
    for (size_t i = 0; !err && i < q->header_count; i++) {
        if (strcasecmp(q->headers[i].name, "Host") == 0 || strncmp(q->headers[i].name, "X-", 2) != 0) continue;
        err = plait_bytes_format(&more, "%s [%s=%s]", (char *)r->body.data, q->headers[i].name, q->headers[i].value);
        plait_bytes_clear(&r->body);
        r->body = more;
    }
    return err;
}

static plait_http_server *start(const plait_http_server_options *options)
{
    return server_start(handler, &sends, options);
}

static void a_request_gets_one_answer_in_one_piece(void **state)
{
    plait_http_server *s = start(NULL);
    struct client c;
    client_open(&c, s);
    client_get(&c, "/a");
    check(client_read(&c)); /* one read gives it all */
    char date[64], expected[512];
    char *at = strstr(c.data, "Date: ");
    check(at && sscanf(at, "Date: %63[^\r]", date) == 1);
    struct tm t;
    char *end = strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &t);
    check(end && !*end);
    long age = (long)(time(NULL) - timegm(&t));
    check(age >= 0 && age < 3600);
    static const char body[] = "GET /a path=/a query= body=0:";
    snprintf(expected, sizeof expected,
             "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\nDate: %s\r\n\r\n%s",
             strlen(body), date, body);
    check_string(c.data, expected);
    c.used = 0;

    atomic_store(&sends, 0);
    for (int i = 0; i < 5; i++) { /* the same connection */
        struct answer a;
        client_get(&c, "/type");
        check(client_take(&c, &a, false));
        check_string(answer_header(&a, "content-type"), "text/html");
        check(!answer_header(&a, "connection"));
    }
    check_number(atomic_load(&sends), 10); /* ours and the server's */
    check_number(connections_open(s), 1);
    client_close(&c);
    server_end(s);
    (void)state;
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    plait_http_server *s = start(NULL);
    struct client c;
    client_open(&c, s);
    client_send(
        &c, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
            "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
            "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: no\r\n\r\n"
            "\r\n\r\n" /* old clients end a body so */
            "HEAD /4 HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            "GET /6 HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&c, 200, "GET /1 path=/1 query= body=0:");
    client_expect(&c, 200, "POST /2 path=/2 query= body=5:hello");
    client_expect(&c, 200, "POST /3 path=/3 query= body=3:abc");
    struct answer a;
    check(client_take(&c, &a, true));
    check_string(answer_header(&a, "Content-Length"), "30");
    check(client_take(&c, &a, false));
    check_string(a.body, "GET /5 path=/5 query= body=0:");
    check(answer_closes(&a));
    client_expect_end(&c); /* what came after that is not looked at */
    server_end(s);
    (void)state;
}

static void HTTP_1_0_is_served_and_kept_alive_when_asked(void **state)
{
    plait_http_server *s = start(NULL);
    struct client c;
    struct answer a;
    client_open(&c, s);
    client_send(&c, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    check(client_take(&c, &a, false));
    check_string(answer_header(&a, "Connection"), "keep-alive");
    client_send(&c, "GET /a HTTP/1.0\r\n\r\n");
    check(client_take(&c, &a, false));
    check(answer_closes(&a));
    client_expect_end(&c);
    server_end(s);
    (void)state;
}

static void what_the_handler_sees_is_what_was_sent(void **state)
{
    static const char *const cases[][2] = {
        { "/%41%20b/../c?x=%20&y", "path=/A b/../c query=x=%20&y" },
        { "http://host:80/p?q", "path=/p query=q" },
        { "http://host", "path=/ query=" },
        { "HTTP://host?q", "path=/ query=q" },
        { "/?", "path=/ query=" },
        { "/a?b?c", "path=/a query=b?c" },
        { "//x", "path=//x query=" },
        { "/%c3%a4", "path=/\xc3\xa4 query=" },
    };
    plait_http_server *s = start(NULL);
    struct client c;
    char expected[256];
    client_open(&c, s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        client_get(&c, cases[i][0]);
        snprintf(expected, sizeof expected, "GET %s %s body=0:", cases[i][0], cases[i][1]);
        client_expect(&c, 200, expected);
    }
    client_send(&c, "OPTIONS * HTTP/1.1\r\nHost:\r\nX-A:b\r\nx-a: no\r\nX-C:  d e\t \r\nX-Empty:\r\n\r\n");
    client_expect(&c, 200, "OPTIONS * path=* query= body=0: [X-A=b] [X-C=d e] [X-Empty=]");
    client_get(&c, "/peer");
    struct answer a;
    check(client_take(&c, &a, false));
    char peer[64];
    snprintf(peer, sizeof peer, "127.0.0.1:%d", plait_socket_port(c.fd));
    check_string(a.body, peer);
    client_close(&c);
    server_end(s);
    (void)state;
}

static void a_body_is_asked_for_when_the_client_waits(void **state)
{
    plait_http_server *s = start(&(plait_http_server_options){ .body_limit = 100 });
    struct client c;
    struct answer a;
    client_open(&c, s);
    for (int i = 0; i < 2; i++) {
        client_send(&c, i ? "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
                          : "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n");
        check(client_take(&c, &a, false));
        check_string(a.head, "HTTP/1.1 100 Continue\r\n\r\n");
        client_send(&c, i ? "5\r\nhello\r\n0\r\n\r\n" : "hello");
        client_expect(&c, 200, "POST / path=/ query= body=5:hello");
    }
    /* It does not wait, or has nothing to send. */
    client_send(&c, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
    client_expect(&c, 200, "POST / path=/ query= body=5:hello");
    client_send(&c, "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n");
    client_expect(&c, 200, "GET / path=/ query= body=0:");
    client_send(&c, "POST / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    client_send(&c, "hello");
    client_expect(&c, 200, "POST / path=/ query= body=5:hello"); /* HTTP/1.0 knows no such answer */
    /* What would be refused is not asked for. */
    client_send(&c, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n");
    client_expect(&c, 413, "413 Content Too Large: the body has more bytes than the server takes\n");
    client_expect_end(&c);
    server_end(s);
    (void)state;
}

static void a_body_may_hold_any_bytes(void **state)
{
    plait_http_server *s = start(NULL);
    struct client c;
    client_open(&c, s);
    client_send_bytes(&c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\na\0b\r\n\n", 55);
    client_expect(&c, 200, "POST / path=/ query= body=6:a");
    client_close(&c);
    server_end(s);
    (void)state;
}

static void each_status_says_its_length_as_it_must(void **state)
{
    static const struct {
        const char *query, *first_line, *length;
    } cases[] = {
        { "200", "HTTP/1.1 200 OK\r\n", "39" },
        { "404", "HTTP/1.1 404 Not Found\r\n", "39" },
        { "599", "HTTP/1.1 599 \r\n", "39" },
        { "204", "HTTP/1.1 204 No Content\r\n", NULL },
        { "304", "HTTP/1.1 304 Not Modified\r\n", NULL },
        { "205", "HTTP/1.1 205 Reset Content\r\n", "0" },
    };
    plait_http_server *s = start(NULL);
    struct client c;
    struct answer a;
    client_open(&c, s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char target[32];
        snprintf(target, sizeof target, "/status?%s", cases[i].query);
        client_get(&c, target);
        check(client_take(&c, &a, false));
        check(strncmp(a.head, cases[i].first_line, strlen(cases[i].first_line)) == 0);
        const char *length = answer_header(&a, "Content-Length");
        check(!length == !cases[i].length);
        if (length && strcmp(length, "0") != 0) check_number(a.body_size, strlen(a.body));
        if (!length) check(!answer_header(&a, "Content-Type"));
    }
    client_get(&c, "/empty"); /* and all of them left the connection in order */
    check(client_take(&c, &a, false));
    check_string(answer_header(&a, "Content-Length"), "0");
    client_close(&c);
    server_end(s);
    (void)state;
}

static void headers_are_added_and_never_torn(void **state)
{
    plait_http_server *s = start(NULL);
    struct client c;
    struct answer a;
    client_open(&c, s);
    client_get(&c, "/headers");
    check(client_take(&c, &a, false));
    check_number(a.status, 200);
    check_contains(a.head, "\r\nX-First: one\r\nSet-Cookie: a=\xc3\xa4; b\r\nSet-Cookie: \r\n\r\n");
    client_close(&c);
    server_end(s);
    (void)state;
}

/* Runs in a child, whose stderr is caught. */
static int fail_in_many_ways(void *unused)
{
    (void)unused;
    plait_http_server *s = start(NULL);
    struct client c;
    client_open(&c, s);
    static const char *const targets[] = { "/fail", "/status?99", "/status?600", "/badtype" };
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        client_get(&c, targets[i]);
        client_expect(&c, 500, "500 Internal Server Error\n");
    }
    client_send(&c, "HEAD /fail HTTP/1.1\r\nHost: x\r\n\r\n");
    struct answer a;
    check(client_take(&c, &a, true));
    check_number(a.status, 500);
    client_get(&c, "/ok"); /* the connection goes on */
    client_expect(&c, 200, NULL);
    client_close(&c);
    server_end(s);
    return 0;
}
static void a_handler_that_fails_is_a_500_and_a_line_on_stderr(void **state)
{
    char text[4096];
    int status = child_run(fail_in_many_ways, NULL, text, sizeof text);
    if (status) fail_msg("%s", text);
    check_contains(text, "plait: http://127.0.0.1:");
    check_contains(text, ": GET /fail: the cat is on the mat\n");
    check_contains(text, ": GET /status?600: the handler gave a status that is not from 200 to 599\n");
    check_contains(text, ": GET /badtype: the handler gave a content type with a control character\n");
    check_contains(text, ": HEAD /fail: the cat is on the mat\n");
    (void)state;
}

static void what_is_no_request_is_refused_and_the_connection_closed(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *body;
    } cases[] = {
        { "nonsense\r\n", 400, "400 Bad Request: the first line is not METHOD TARGET HTTP/1.1\n" },
        { "\x16\x03\x01\x02", 400, "400 Bad Request: the header has a control character\n" },
        { "GET / HTTP/1.1\n", 400, "400 Bad Request: a line does not end in CR and LF\n" },
        { "GET / HTTP/2.0\r\n", 505, "505 HTTP Version Not Supported: the version is neither HTTP/1.1 nor HTTP/1.0\n" },
        { "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501, "501 Not Implemented: the method is not known\n" },
        { "GET / HTTP/1.1\r\n\r\n", 400, "400 Bad Request: there is not exactly one Host header\n" },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, NULL },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", 413, NULL },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"
          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
          413, NULL },
        { "POST / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n", 417, NULL },
        { "GET / HTTP/1.1\r\nHost: x\r\nX: "
          "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
          "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
          431, "431 Request Header Fields Too Large: the header has more bytes than the server takes\n" },
    };
    plait_http_server *s = start(&(plait_http_server_options){ .header_limit = 200, .body_limit = 100 });
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int after = 0; after < 2; after++) { /* as the first request, and after a good one */
            struct client c;
            struct answer a;
            client_open(&c, s);
            if (after) client_send(&c, "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n");
            client_send(&c, cases[i].text);
            if (after) client_expect(&c, 200, NULL);
            check(client_take(&c, &a, false));
            check_number(a.status, cases[i].status);
            if (cases[i].body) check_string(a.body, cases[i].body);
            check(answer_closes(&a));
            client_expect_end(&c);
        }
    server_end(s);
    (void)state;
}

static void limits_are_exact(void **state)
{
    char text[512], body[128];
    int head = snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
    plait_http_server *s = start(&(plait_http_server_options){ .header_limit = (size_t)head, .body_limit = 100 });
    struct client c;
    client_open(&c, s);
    memset(body, 'b', 100);
    client_send(&c, text);
    client_send_bytes(&c, body, 100);
    client_expect(&c, 200, NULL);
    snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: xx\r\nContent-Length: 100\r\n\r\n");
    client_send(&c, text);
    client_expect(&c, 431, NULL);
    client_expect_end(&c);
    server_end(s);
    (void)state;
}

/* The client is still sending when the answer comes, and gets all of the answer. The server has patience with it for a
   while, which does not pass here. */
static void an_early_answer_reaches_a_client_that_still_sends(void **state)
{
    clock_by_hand();
    plait_http_server *s = start(&(plait_http_server_options){ .body_limit = 1000 });
    struct client c;
    client_open(&c, s);
    char *much = calloc(1, BIG);
    client_send(&c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n");
    client_expect(&c, 413, NULL);
    client_send_bytes(&c, much, BIG);
    check_number(shutdown(c.fd, SHUT_WR), 0);
    client_expect_end(&c);
    free(much);
    server_end(s);
    clock_of_the_system();
    (void)state;
}

static void a_big_answer_comes_whole(void **state)
{
    plait_http_server *s = start(NULL);
    struct client c;
    client_open(&c, s);
    client_get(&c, "/big");
    while (!strstr(c.data, "\r\n\r\n")) check(client_read(&c));
    size_t at = 0, begun = (size_t)(strstr(c.data, "\r\n\r\n") + 4 - c.data);
    check_contains(c.data, "Content-Length: 8388608\r\n");
    bool right = true;
    for (size_t i = begun; i < c.used; i++, at++) right &= (unsigned char)c.data[i] == (unsigned char)(at / 3);
    while (at < BIG) {
        c.used = 0;
        check(client_read(&c));
        for (size_t i = 0; i < c.used; i++, at++) right &= (unsigned char)c.data[i] == (unsigned char)(at / 3);
    }
    check(right && at == BIG);
    c.used = 0;
    client_get(&c, "/ok");
    client_expect(&c, 200, NULL);
    client_close(&c);
    server_end(s);
    (void)state;
}

static void a_header_may_come_byte_by_byte(void **state)
{
    static const char text[] = "POST /a?b HTTP/1.1\r\nHost: x\r\nX-Y: z\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "5;e=f\r\nhello\r\n3\r\nyou\r\n0\r\nX-T: t\r\n\r\n";
    plait_http_server *s = start(NULL);
    struct client c;
    client_open(&c, s);
    for (int i = 0; i < 3; i++) {
        for (const char *b = text; *b; b++) client_send_bytes(&c, b, 1);
        client_expect(&c, 200, "POST /a?b path=/a query=b body=8:helloyou [X-Y=z]");
    }
    client_close(&c);
    server_end(s);
    (void)state;
}

static void a_unix_socket_serves_and_is_removed(void **state)
{
    char folder[] = "/tmp/plait-http-XXXXXX", address[64];
    check(mkdtemp(folder) != NULL);
    snprintf(address, sizeof address, "unix:%s/socket", folder);
    plait_http_server *s = server_at(address, handler, &sends, NULL);
    check(s != NULL);
    check_string(plait_http_server_url(s), address);
    struct client c;
    client_open(&c, s);
    client_get(&c, "/peer");
    client_expect(&c, 200, "");
    client_close(&c);
    check(!server_at(address, handler, &sends, NULL)); /* somebody is there */
    check_code(plait_error()->code, -EADDRINUSE);
    server_end(s);
    check_number(access(address + 5, F_OK), -1);
    check_number(rmdir(folder), 0);
    (void)state;
}

static void a_server_that_cannot_be_gets_a_sentence(void **state)
{
    plait_http_server *s = start(NULL);
    char words[128];
    check(!server_at(plait_http_server_url(s) + 7, handler, &sends, NULL));
    check_code(plait_error()->code, -EADDRINUSE);
    snprintf(words, sizeof words, "cannot listen on %s: Address already in use", plait_http_server_url(s) + 7);
    check_string(plait_error()->message, words);
    server_end(s);

    check(!server_at("nonsense", handler, NULL, NULL));
    check_code(plait_error()->code, PLAIT_EADDRESS);
    check(!server_at("127.0.0.1:0", NULL, NULL, NULL));
    check_code(plait_error()->code, PLAIT_EINVAL);
    const plait_http_server_options bad[] = { { .threads = -1 },         { .connections = -1 },
                                              { .idle_timeout = -1 },    { .write_timeout = -1 },
                                              { .request_timeout = -1 }, { .body_limit = SIZE_MAX } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check(!plait_http_serve("127.0.0.1:0", handler, NULL, &bad[i]));
        check_code(plait_error()->code, PLAIT_EINVAL);
    }
    plait_http_server_free(NULL);
    (void)state;
}

static void the_url_is_one_that_a_client_can_use(void **state)
{
    static const char *const cases[][2] = { { ":0", "http://127.0.0.1:" },
                                            { "0.0.0.0:0", "http://127.0.0.1:" },
                                            { "localhost:0", "http://127.0.0.1:" },
                                            { "[::1]:0", "http://[::1]:" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        plait_http_server *s = server_at(cases[i][0], handler, &sends, NULL);
        if (!s && i == 3) continue; /* no IPv6 here */
        check(s != NULL);
        check(strncmp(plait_http_server_url(s), cases[i][1], strlen(cases[i][1])) == 0);
        struct client c;
        client_open(&c, s);
        client_get(&c, "/peer");
        struct answer a;
        check(client_take(&c, &a, false));
        check(strncmp(a.body, cases[i][1] + 7, strlen(cases[i][1]) - 7) == 0);
        client_close(&c);
        server_end(s);
    }
    (void)state;
}

static void parameters_of_a_query_are_found_and_decoded(void **state)
{
    static const struct {
        const char *query, *name, *value;
    } cases[] = {
        { "a=1&b=2", "a", "1" },
        { "a=1&b=2", "b", "2" },
        { "a=1&b=2", "c", NULL },
        { "", "a", NULL },
        { "a", "a", "" },
        { "a=", "a", "" },
        { "&&a=1&", "a", "1" },
        { "ab=1&a=2", "a", "2" },
        { "a=1&a=2", "a", "1" },
        { "%61=b+c%20d", "a", "b c d" },
        { "a=1=2", "a", "1=2" },
        { "a=%zz%4", "a", "%zz%4" },
        { "a=%c3%A4", "a", "\xc3\xa4" },
        { "a+b=c", "a b", "c" },
        { "=x", "", "x" },
        { "a=b%26c", "a", "b&c" },
        { "a=b?c", "a", "b?c" },
        { "A=1", "a", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        plait_bytes value = { (void *)1, 1 };
        check_code(plait_fail(PLAIT_EADDRESS, "an earlier failure"), PLAIT_EADDRESS);
        check_code(plait_http_query(cases[i].query, cases[i].name, &value), cases[i].value ? 0 : PLAIT_EDONE);
        if (cases[i].value) {
            check_string((char *)value.data, cases[i].value);
            check_number(value.size, strlen(cases[i].value));
        } else {
            check(!value.data && !value.size);
            check_contains(plait_error()->message, "the query has no parameter "); /* and no earlier failure's words */
            check_contains(plait_error()->message, cases[i].name);
            check_code(plait_error()->code, PLAIT_EDONE);
        }
        plait_bytes_clear(&value);
    }
    plait_bytes value;
    fault_nth("memory", 1);
    check_code(plait_http_query("a=1", "a", &value), PLAIT_ENOMEM);
    fault_off();
    check(!value.data && (!plait_error() || plait_error()->code == PLAIT_ENOMEM));
    check_code(plait_http_query("a=x%00y", "a", &value), 0);
    check(value.size == 3 && memcmp(value.data, "x\0y", 4) == 0);
    plait_bytes_clear(&value);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* These fork, and so come first, while there is one thread. */
        TEST_ON_BOTH(a_handler_that_fails_is_a_500_and_a_line_on_stderr),
        TEST_ON_BOTH(a_request_gets_one_answer_in_one_piece),
        TEST_ON_BOTH(pipelined_requests_are_answered_in_order),
        TEST_ON_BOTH(HTTP_1_0_is_served_and_kept_alive_when_asked),
        TEST_ON_BOTH(what_the_handler_sees_is_what_was_sent),
        TEST_ON_BOTH(a_body_is_asked_for_when_the_client_waits),
        TEST_ON_BOTH(a_body_may_hold_any_bytes),
        TEST_ON_BOTH(each_status_says_its_length_as_it_must),
        TEST_ON_BOTH(headers_are_added_and_never_torn),
        TEST_ON_BOTH(what_is_no_request_is_refused_and_the_connection_closed),
        TEST_ON_BOTH(limits_are_exact),
        TEST_ON_BOTH(an_early_answer_reaches_a_client_that_still_sends),
        TEST_ON_BOTH(a_big_answer_comes_whole),
        TEST_ON_BOTH(a_header_may_come_byte_by_byte),
        TEST_ON_BOTH(a_unix_socket_serves_and_is_removed),
        TEST_ON_BOTH(a_server_that_cannot_be_gets_a_sentence),
        TEST_ON_BOTH(the_url_is_one_that_a_client_can_use),
        TEST_ON_THREADS(parameters_of_a_query_are_found_and_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
