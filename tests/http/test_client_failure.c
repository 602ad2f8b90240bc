/* test_client_failure.c: whatever goes wrong ends in one line "URL: phase: cause", in time, with an empty response, and
   leaves a client that goes on working. */
#include "check.h"
#include "client_late.h"
#include "fault.h"
#include "fault_server.h"
#include "runners.h"
#include <pthread.h>
#include <plait/http.h>
#include <plait/scope.h>
#include <semaphore.h>
#include <strings.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>

static bool is_empty(const plait_http_response *r)
{
    static const plait_http_response empty;
    return memcmp(r, &empty, sizeof empty) == 0;
}

/* Sends, and checks the code and the whole line: URL, phase and (a part of) the cause. */
static void fails(const char *url, const plait_http_options *options, int code, const char *phase, const char *cause)
{
    plait_http_response r;
    memset(&r, 0xa5, sizeof r);
    char start[512];
    check_code(plait_http_request(url, options, &r), code);
    check(is_empty(&r));
    const plait_error_record *e = plait_error();
    check(e && e->code == code && !strchr(e->message, '\n'));
    snprintf(start, sizeof start, "%s: %s: ", url, phase);
    if (strncmp(e->message, start, strlen(start)) != 0) check_string(e->message, start);
    check_contains(e->message + strlen(start), cause);
}

static void hello(fault_connection *c)
{
    while (fault_read(c) && fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) {}
}

static void still_works(void)
{
    fault_server *s = fault_server_start(hello, NULL);
    plait_http_response r;
    check_code(plait_http_get(fault_server_url(s, "/"), NULL, &r), 0);
    check_string((char *)r.body.data, "hello");
    plait_http_response_clear(&r);
    plait_http_close_idle();
    fault_server_stop(s);
}

/* Before anything is sent. */

TEST_IN_EACH_KIND(test_bad_urls)
{
    static const struct {
        const char *url, *cause;
    } cases[] = {
        { "", "there is none" },
        { "nonsense", "does not begin with http:// or https://" },
        { "example.com/x", "does not begin with http:// or https://" },
        { "localhost:8080/x", "does not begin with http:// or https://" },
        { "ftp://example.com/", "does not begin with http:// or https://" },
        { "file:///etc/passwd", "does not begin with http:// or https://" },
        { "http://", "host" },
        { "http:///x", "" },
        { "http://:80/", "host" },
        { "http://example.com:99999/", "its port is not a number from 0 to 65535" },
        { "http://example.com:x/", "its port is not a number from 0 to 65535" },
        { "http://[::1/", "its IPv6 address is none" },
        { "http://exa mple.com/", "a space" },
        { "http://example.com/a b", "a space" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        fails(cases[i].url, NULL, PLAIT_EADDRESS, "url", cases[i].cause);
    plait_http_response r;
    check_code(plait_http_get(NULL, NULL, &r), PLAIT_EADDRESS);
    check_string(plait_error()->message, ": url: there is none");
    check_code(plait_http_get("http://x/\r\nEvil: yes", NULL, &r), PLAIT_EADDRESS);
    check_string(plait_error()->message, "http://x/??Evil: yes: url: it has a control character in it");
    check_code(plait_http_get("http://x/", NULL, NULL), PLAIT_EINVAL);
}

static void check_message_for(const char *url, const char *shown)
{
    char start[512];
    plait_http_response r;
    plait_http_options o = { .redirects = -2 };
    check_code(plait_http_get(url, &o, &r), PLAIT_EINVAL);
    snprintf(start, sizeof start, "%s: redirect: options.redirects is -2, less than -1", shown);
    check_string(plait_error()->message, start);
}

TEST_IN_EACH_KIND(test_how_urls_are_shown)
{
    check_message_for("http://me:secret@host/x", "http://me:***@host/x");
    check_message_for("http://me:se:cr@et@host/x", "http://me:***@host/x");
    check_message_for("http://me:se/cret@host/x", "http://me:***@host/x");
    check_message_for("http:/me:secret@host/x", "http:***@host/x");
    check_message_for("me:secret@host", "me:***@host");
    check_message_for("http://me@host/x", "http://me@host/x");
    check_message_for("http://host:80/@x", "http://host:80/@x");
    check_message_for("http://[::1]:80/@x", "http://[::1]:80/@x");
    char url[4096] = "http://me:secret@host/", shown[256];
    memset(url + 22, 'a', sizeof url - 23);
    memcpy(url + sizeof url - 5, "/end", 5);
    plait_http_options o = { .redirects = -2 };
    plait_http_response r;
    check_code(plait_http_get(url, &o, &r), PLAIT_EINVAL);
    snprintf(shown, sizeof shown, "%s", plait_error()->message);
    check(strncmp(shown, "http://me:***@host/aaaa", 23) == 0);
    check_contains(shown, "aaa...aaa");
    check_contains(shown, "aaa/end: redirect: ");
    check(strlen(shown) < 180);
    for (size_t cut = 0; cut < 3; cut++) { /* a password never shows, wherever the cut falls */
        snprintf(url, sizeof url, "http://%0*d:%0100dsecret%0100d@host/x", (int)(60 + 20 * cut), 1, 2, 3);
        check_code(plait_http_get(url, &o, &r), PLAIT_EINVAL);
        check(!strstr(plait_error()->message, "secret") && !strstr(plait_error()->message, "000002"));
    }
    memset(url, 0, sizeof url);
    strcpy(url, "http://host/");
    for (size_t at = 12; at + 3 < 400; at += 2) memcpy(url + at, "\xc3\xa9", 3);
    check_code(plait_http_get(url, &o, &r), PLAIT_EINVAL);
    check_contains(plait_error()->message, "...\xc3\xa9");
}

TEST_IN_EACH_KIND(test_bad_requests)
{
    static const struct {
        plait_http_options options;
        plait_http_header header;
        const char *cause;
    } cases[] = {
        { { .method = NULL }, { "X-A", "b\r\nEvil: yes" }, "the value of the header X-A has a line break" },
        { { .method = NULL }, { "X-A", "b\nEvil" }, "the value of the header X-A has a line break" },
        { { .method = NULL }, { "X-A", "b\x01" }, "control character" },
        { { .method = NULL }, { "X-A\r\nEvil", "b" }, "a header's name" },
        { { .method = NULL }, { "X A", "b" }, "a header's name" },
        { { .method = NULL }, { "X-A:", "b" }, "a header's name" },
        { { .method = NULL }, { "", "b" }, "a header's name" },
        { { .method = NULL }, { NULL, "b" }, "a header's name" },
        { { .method = NULL }, { "X-A", NULL }, "the value of the header X-A" },
        { { .method = NULL }, { "content-LENGTH", "5" }, "follows from options.body" },
        { { .method = NULL }, { "Transfer-Encoding", "chunked" }, "follows from options.body" },
        { { .method = "GET /x HTTP/1.1\r\n" }, { "A", "b" }, "not the name of a method" },
        { { .method = "" }, { "A", "b" }, "not the name of a method" },
        { { .method = "CONNECT" }, { "A", "b" }, "CONNECT cannot be sent" },
        { { .method = "HEAD", .body = { (char *)"x", 1 } }, { "A", "b" }, "HEAD with a body cannot be sent" },
        { { .method = "POST", .body = { NULL, 1 } }, { "A", "b" }, "no data" },
        { { .body = { (char *)"x", 1 } }, { "A", "b" }, "no options.method" },
        { { .user_agent = "a\r\nb" }, { "A", "b" }, "user_agent" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        plait_http_options o = cases[i].options;
        o.headers = &cases[i].header;
        o.header_count = 1;
        fails("http://127.0.0.1:1/", &o, PLAIT_EINVAL, "send", cases[i].cause);
    }
    plait_http_options none = { .header_count = 1 };
    fails("http://127.0.0.1:1/", &none, PLAIT_EINVAL, "send", "there are no headers");
    plait_http_options post = { .method = "POST" };
    plait_http_response r;
    check_code(plait_http_get("http://127.0.0.1:1/", &post, &r), PLAIT_EINVAL);
    check_contains(plait_error()->message, "use plait_http_request");
    struct {
        plait_http_options options;
        int newer;
    } wide = { .newer = 1 };
    check_code(plait_http_get_sized("http://127.0.0.1:1/", &wide.options, sizeof wide, &r), PLAIT_EINVAL);
}

/* On the way. */

/* A port that nobody listens on and nobody else can take: bound until *fd is closed. */
static int dead_port(int *fd)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(*fd >= 0 && bind(*fd, (struct sockaddr *)&address, size) == 0);
    check(getsockname(*fd, (struct sockaddr *)&address, &size) == 0);
    return ntohs(address.sin_port);
}

TEST_IN_EACH_KIND(test_dead_port)
{
    int bound;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", dead_port(&bound));
    fails(url, NULL, PLAIT_ECONNECT, "connect", "connection refused");
    close(bound);
    still_works();
}

/* One try is made, and nothing is waited for; how far that leads is libcurl's affair. */
TEST_IN_EACH_KIND(test_deadline_that_has_passed)
{
    const plait_deadline passed[] = { PLAIT_NOW, plait_after(-1) };
    fault_server *s = fault_server_start(hello, NULL);
    for (size_t i = 0; i < 2; i++) {
        plait_http_response r;
        plait_http_options o = { .deadline = passed[i] };
        check_code(plait_http_get(fault_server_url(s, "/"), &o, &r), PLAIT_ETIMEDOUT);
        check(is_empty(&r));
        check_contains(plait_error()->message, ": the deadline had passed before the request began");
    }
    fault_server_stop(s);
    still_works();
}

/* A listener whose queue is full answers no connect at all. */
TEST_IN_EACH_KIND(test_deadline_while_connecting)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fill[4];
    check(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 0) == 0);
    check(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    for (int i = 0; i < 4; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        check(fill[i] >= 0);
        if (connect(fill[i], (struct sockaddr *)&address, size) != 0) check_number(errno, EINPROGRESS);
    }
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    fails_late(url, NULL, "connect");
    for (int i = 0; i < 4; i++) close(fill[i]);
    close(listener);
    still_works();
}

/* What the server does wrong. */

struct talk {
    const char *says;
    bool reset;
};
static void say_and_close(fault_connection *c)
{
    const struct talk *t = c->context;
    if (!fault_read(c)) return;
    fault_say(c, "%s", t->says);
    if (t->reset) fault_reset(c);
}

TEST_IN_EACH_KIND(test_bad_answers)
{
    static const struct {
        struct talk talk;
        int code;
        const char *phase, *cause;
    } cases[] = {
        { { "", false }, PLAIT_EPROTOCOL, "wait", "the server closed the connection without an answer" },
        { { "", true }, PLAIT_EPROTOCOL, "wait", "connection reset by peer" },
        { { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false },
          PLAIT_EPROTOCOL,
          "receive",
          "the body ended after 3 of 10 bytes" },
        { { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", false },
          PLAIT_EPROTOCOL,
          "receive",
          "the body ended after 0 of 10 bytes" },
        { { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false },
          PLAIT_EPROTOCOL,
          "receive",
          "the body ended before its last chunk" },
        { { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false },
          PLAIT_EPROTOCOL,
          "receive",
          "chunk" },
        { { "garbage, not HTTP at all\r\n\r\n", false }, PLAIT_EPROTOCOL, "receive", "the answer is not HTTP" },
        { { "\x16\x03\x01", false }, PLAIT_EPROTOCOL, "receive", "not HTTP" },
        { { "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n", false }, PLAIT_EPROTOCOL, "receive", "" },
        { { "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip at all", false },
          PLAIT_EPROTOCOL,
          "receive",
          "the body's content encoding is broken" },
        { { "HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n", false },
          PLAIT_ETOOLARGE,
          "receive",
          "the body is larger than 67108864 bytes" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault_server *s = fault_server_start(say_and_close, (void *)&cases[i].talk);
        fails(fault_server_url(s, "/"), NULL, cases[i].code, cases[i].phase, cases[i].cause);
        fault_server_stop(s);
    }
    still_works();
}

static void nul_in_header(fault_connection *c)
{
    if (fault_read(c)) fault_send(c, "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", 28);
}

static void many_headers(fault_connection *c)
{
    if (!fault_read(c) || !fault_say(c, "HTTP/1.1 200 OK\r\n")) return;
    while (fault_say(c, "X-Header: some value that is not long\r\n")) {}
}

static void long_header(fault_connection *c)
{
    if (!fault_read(c) || !fault_say(c, "HTTP/1.1 200 OK\r\nX-Header: ")) return;
    while (fault_say(c, "a value without an end ")) {}
}

static void many_early_hints(fault_connection *c)
{
    if (!fault_read(c)) return;
    while (fault_say(c, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")) {}
}

TEST_IN_EACH_KIND(test_bad_headers)
{
    static const struct {
        fault_script *script;
        int code;
        const char *cause;
    } cases[] = {
        { nul_in_header, PLAIT_EPROTOCOL, "" },
        { many_headers, PLAIT_ETOOLARGE, "the headers are larger than 256 KiB" },
        { long_header, PLAIT_ETOOLARGE, "a header is longer than 100 KiB" },
        { many_early_hints, PLAIT_ETOOLARGE, "the headers are larger than 256 KiB" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault_server *s = fault_server_start(cases[i].script, NULL);
        fails(fault_server_url(s, "/"), NULL, cases[i].code, "receive", cases[i].cause);
        fault_server_stop(s);
    }
    still_works();
}

static void endless(fault_connection *c)
{
    static const char block[16384];
    if (!fault_read(c) || !fault_say(c, "HTTP/1.1 200 OK\r\n\r\n")) return;
    while (fault_send(c, block, sizeof block)) {}
}

/* As endless, and slow enough to be kept for a while. */
static void trickle(fault_connection *c)
{
    if (!fault_read(c) || !fault_say(c, "HTTP/1.1 200 OK\r\n\r\n")) return;
    while (fault_say(c, "a little more")) {}
}

static void drip(fault_connection *c)
{
    if (!fault_read(c) || !fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")) return;
    fault_wait_closed(c);
}

static void half_a_header(fault_connection *c)
{
    if (!fault_read(c) || !fault_say(c, "HTTP/1.1 200 OK\r\nContent-Le")) return;
    fault_wait_closed(c);
}

static void never_answer(fault_connection *c)
{
    if (fault_read(c)) fault_wait_closed(c);
}

static void never_read(fault_connection *c) { sem_wait(c->context); }

TEST_IN_EACH_KIND(test_endless_body)
{
    fault_server *s = fault_server_start(endless, NULL);
    plait_http_options o = { .body_limit = 1000000 };
    fails(fault_server_url(s, "/"), &o, PLAIT_ETOOLARGE, "receive", "the body is larger than 1000000 bytes");
    fault_server_stop(s);
    s = fault_server_start(trickle, NULL);
    o = (plait_http_options){ .body_limit = SIZE_MAX };
    fails_late(fault_server_url(s, "/"), &o, "receive");
    fault_server_stop(s);
    still_works();
}

/* 50,000 zero bytes by gzip: 83 bytes, most of them zero themselves. */
static void bomb(fault_connection *c)
{
    static const unsigned char zeros[83] = { 0x1f, 0x8b, 8,  0,           0, 0,    0,    0,    2,    3,    0xed,
                                             0xc1, 1,    13, 0,           0, 0,    0xc2, 0xa0, 0xf7, 0x4f, 0x6d,
                                             15,   7,    20, [73] = 0x4f, 6, 0x25, 0xb3, 0xb7, 0x16, 0x50, 0xc3 };
    if (!fault_read(c)) return;
    fault_say(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 83\r\n\r\n");
    fault_send(c, zeros, sizeof zeros);
    fault_wait_closed(c);
}

TEST_IN_EACH_KIND(test_decoded_body_beyond_the_limit)
{
    fault_server *s = fault_server_start(bomb, NULL);
    plait_http_options o = { .body_limit = 100 };
    fails(fault_server_url(s, "/"), &o, PLAIT_ETOOLARGE, "receive", "the body is larger than 100 bytes");
    fault_server_stop(s);
    still_works();
}

TEST_IN_EACH_KIND(test_deadlines)
{
    static const struct {
        fault_script *script;
        const char *phase;
    } cases[] = { { never_answer, "wait" }, { half_a_header, "receive" }, { drip, "receive" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault_server *s = fault_server_start(cases[i].script, NULL);
        plait_http_options post = { .method = "POST", .body = { (char[]){ "abc" }, 3 } };
        fails_late(fault_server_url(s, "/"), NULL, cases[i].phase);
        fails_late(fault_server_url(s, "/"), &post, cases[i].phase);
        fault_server_stop(s);
    }
    still_works();
}

TEST_IN_EACH_KIND(test_deadline_while_sending)
{
    enum { SIZE = 32 << 20 };
    sem_t enough;
    sem_init(&enough, 0, 0);
    fault_server *s = fault_server_start(never_read, &enough);
    char *data = calloc(1, SIZE);
    check(data != NULL);
    plait_http_options o = { .method = "POST", .body = { data, SIZE } };
    fails_late(fault_server_url(s, "/"), &o, "send");
    for (unsigned i = 0; i < fault_server_accepts(s); i++) sem_post(&enough);
    fault_server_stop(s);
    sem_destroy(&enough);
    free(data);
    still_works();
}

static void reset_in_the_middle(fault_connection *c)
{
    char text[16];
    if (read(c->fd, text, sizeof text) > 0) fault_reset(c);
}

TEST_IN_EACH_KIND(test_reset_while_sending)
{
    enum { SIZE = 32 << 20 };
    fault_server *s = fault_server_start(reset_in_the_middle, NULL);
    char *data = calloc(1, SIZE);
    check(data != NULL);
    plait_http_options o = { .method = "POST", .body = { data, SIZE } };
    plait_http_response r;
    check_code(plait_http_request(fault_server_url(s, "/"), &o, &r), PLAIT_EPROTOCOL);
    check(is_empty(&r));
    free(data);
    fault_server_stop(s);
    still_works();
}

TEST_IN_EACH_KIND(test_deadline_in_the_scope)
{
    fault_server *s = fault_server_start(never_answer, NULL);
    plait_http_response r;
    {
        PLAIT_TIMEOUT(scope, plait_after(20 * PLAIT_MILLISECOND));
        check_code(plait_http_get(fault_server_url(s, "/"), NULL, &r), PLAIT_ECANCELED);
        check_contains(plait_error()->message, ": cancelled");
        check(is_empty(&r) && plait_scope_expired(&scope));
        unsigned requests = fault_server_requests(s);
        fails(fault_server_url(s, "/"), NULL, PLAIT_ECANCELED, "resolve", "cancelled"); /* not even begun */
        check_number(fault_server_requests(s), requests);
    }
    fault_server_stop(s);
    still_works();
}

/* Cancelling. */

struct cancelled {
    const char *url;
    const char *phase;
    plait_scope *_Atomic scope;
    sem_t entered;
};

static void *run_cancelled(void *argument)
{
    struct cancelled *c = argument;
    PLAIT_CANCEL_SCOPE(scope);
    c->scope = &scope;
    sem_post(&c->entered);
    fails(c->url, NULL, PLAIT_ECANCELED, c->phase, "cancelled");
    return NULL;
}

static void cancel_against(fault_script *script, const char *phase)
{
    fault_server *s = fault_server_start(script, NULL);
    struct cancelled c = { .url = fault_server_url(s, "/"), .phase = phase };
    pthread_t thread;
    sem_init(&c.entered, 0, 0);
    for (unsigned i = 1; i <= 3; i++) {
        check_number(pthread_create(&thread, NULL, run_cancelled, &c), 0);
        while (sem_wait(&c.entered) != 0) {}
        fault_server_wait_requests(s, i);
        plait_scope_cancel(c.scope);
        check_number(pthread_join(thread, NULL), 0);
    }
    sem_destroy(&c.entered);
    fault_server_stop(s);
    still_works();
}

TEST_IN_EACH_KIND(test_cancel_while_waiting) { cancel_against(never_answer, "wait"); }

/* Data without end leave no moment in which nothing is ready: the cancel is seen all the same. */
static void cancel_soon(fault_connection *c)
{
    static const char block[16384];
    if (!fault_read(c) || !fault_say(c, "HTTP/1.1 200 OK\r\n\r\n")) return;
    for (int i = 0; fault_send(c, block, sizeof block); i++)
        if (i == 100) sem_post(c->context);
}

static sem_t streaming;
static plait_scope *_Atomic streamed_scope;
static void *run_streaming(void *url)
{
    plait_http_options o = { .body_limit = SIZE_MAX };
    PLAIT_CANCEL_SCOPE(scope);
    streamed_scope = &scope;
    fails(url, &o, PLAIT_ECANCELED, "receive", "cancelled");
    return NULL;
}

TEST_IN_EACH_KIND(test_cancel_while_data_flow)
{
    pthread_t thread;
    sem_init(&streaming, 0, 0);
    fault_server *s = fault_server_start(cancel_soon, &streaming);
    check_number(pthread_create(&thread, NULL, run_streaming, (void *)fault_server_url(s, "/")), 0);
    while (sem_wait(&streaming) != 0) {}
    plait_scope_cancel(streamed_scope);
    check_number(pthread_join(thread, NULL), 0);
    fault_server_stop(s);
    sem_destroy(&streaming);
    still_works();
}

/* Redirects that lead nowhere good. */

static void redirect_to_context(fault_connection *c)
{
    while (fault_read(c))
        fault_say(c, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", (const char *)c->context);
}

TEST_IN_EACH_KIND(test_bad_redirects)
{
    static const struct {
        const char *location, *cause;
    } cases[] = {
        { "/again", "more than 5 redirects" },
        { "file:///etc/passwd", "to 'file:///etc/passwd', which is neither http nor https" },
        { "gopher://me:secret@x/", "to 'gopher://me:***@x/', which is neither http nor https" },
        { "http://x:y:z/", "to 'http://" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault_server *s = fault_server_start(redirect_to_context, (void *)cases[i].location);
        fails(fault_server_url(s, "/"), NULL, PLAIT_EREDIRECT, "redirect", cases[i].cause);
        check_number(fault_server_requests(s), i == 0 ? 6 : 1);
        if (i == 0) {
            plait_http_options o = { .redirects = 1 };
            fails(fault_server_url(s, "/"), &o, PLAIT_EREDIRECT, "redirect", "more than 1 redirect");
            check_number(fault_server_requests(s), 8);
        }
        fault_server_stop(s);
    }
    still_works();
}

TEST_IN_EACH_KIND(test_failure_after_a_redirect)
{
    int bound;
    char dead[64], cause[128];
    snprintf(dead, sizeof dead, "http://127.0.0.1:%d/there", dead_port(&bound));
    snprintf(cause, sizeof cause, "connection refused (led to %s)", dead);
    fault_server *s = fault_server_start(redirect_to_context, dead);
    fails(fault_server_url(s, "/here"), NULL, PLAIT_ECONNECT, "connect", cause);
    fault_server_stop(s);
    close(bound);
}

/* Without memory or descriptors. */

TEST_IN_EACH_KIND(test_refusals)
{
    static const char *const points[] = { "memory", "descriptor" };
    fault_server *s = fault_server_start(hello, NULL);
    still_works();
    for (size_t point = 0; point < 2; point++) {
        int err = -1;
        for (size_t nth = 1; err != 0; nth++) {
            plait_http_response r;
            plait_http_close_idle();
            fault_nth(points[point], nth);
            err = plait_http_get(fault_server_url(s, "/"), NULL, &r);
            fault_off();
            if (err == PLAIT_ECONNECT) check_contains(plait_error()->message, "/: connect: too many open files");
            if (err == 0) plait_http_response_clear(&r);
            else check(is_empty(&r) && err == (point == 0 ? PLAIT_ENOMEM : PLAIT_ECONNECT));
            check(nth < 100);
        }
    }
    fault_server_stop(s);
    still_works();
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_urls),
        cmocka_unit_test(test_how_urls_are_shown),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_dead_port),
        cmocka_unit_test(test_deadline_that_has_passed),
        cmocka_unit_test(test_deadline_while_connecting),
        cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_endless_body),
        cmocka_unit_test(test_decoded_body_beyond_the_limit),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_deadline_while_sending),
        cmocka_unit_test(test_reset_while_sending),
        cmocka_unit_test(test_deadline_in_the_scope),
        cmocka_unit_test(test_cancel_while_waiting),
        cmocka_unit_test(test_cancel_while_data_flow),
        cmocka_unit_test(test_bad_redirects),
        cmocka_unit_test(test_failure_after_a_redirect),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
