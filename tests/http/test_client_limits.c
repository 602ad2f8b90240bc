/* test_client_limits.c: a loop's connections are bounded, by the limit of descriptors and by what the system gives: further
   requests wait for one, and say so when they are given up meanwhile. And how those that rest are closed. */
#include "base/hooks.h"
#include "check.h"
#include "client_descriptors.h"
#include "client_late.h"
#include "coroutine.h"
#include "fault_server.h"
#include <plait/http.h>
#include <plait/loop.h>
#include <plait/scope.h>
#include <stdatomic.h>
#include <sys/resource.h>

enum { REQUESTS = 60, FEW = 8 };

static void hello(fault_connection *c)
{
    while (fault_read(c) && fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) {}
}

/* Answers all but "/never". */
static void some(fault_connection *c)
{
    while (fault_read(c)) {
        if (strncmp(c->request, "GET /never ", 11) == 0) fault_wait_closed(c);
        else if (!fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) return;
    }
}

static fault_server *server;
static unsigned ended;
static int connections(void) { return connections_to(fault_server_port(server)); }

static void get_hello(void *unused)
{
    (void)unused;
    plait_http_response r;
    check_code(plait_http_get(fault_server_url(server, "/"), NULL, &r), 0);
    check_string((char *)r.body.data, "hello");
    plait_http_response_clear(&r);
    ended++;
}

static void get_all(unsigned count)
{
    ended = 0;
    for (unsigned i = 0; i < count; i++) coroutine_start(get_hello, NULL);
    while (ended < count) {
        check(connections() <= FEW);
        coroutine_yield();
    }
}

/* The limit when the loop's first request is made; while it is low, no server may be there to be hit by it. */
static void begin_with_limit(unsigned descriptors)
{
    struct rlimit before, low;
    check_number(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = (struct rlimit){ descriptors, before.rlim_max };
    check_number(setrlimit(RLIMIT_NOFILE, &low), 0);
    plait_http_response r;
    check_code(plait_http_get("http://127.0.0.1:1/", &(plait_http_options){ .deadline = PLAIT_NOW }, &r) == 0, false);
    check_number(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void keep_the_limit(void *unused)
{
    (void)unused;
    begin_with_limit(2 * FEW);
    server = fault_server_start(hello, NULL);
    get_all(REQUESTS);
    check(fault_server_accepts(server) <= FEW);
    get_all(REQUESTS);
    check(fault_server_accepts(server) <= FEW);
}

static void test_half_of_the_descriptors_are_left(void **unused)
{
    (void)unused;
    coroutines_run(keep_the_limit, NULL);
    check_number(fault_server_requests(server), 2 * REQUESTS);
    fault_server_stop(server);
}

/* The system gives so many descriptors for sockets, and no more. */
static _Atomic int left;
static bool refuse(const char *point) { return strcmp(point, "descriptor") == 0 && atomic_fetch_sub(&left, 1) <= 0; }

static void do_with_few(void *unused)
{
    (void)unused;
    plait_http_response r;
    atomic_store(&left, 0);
    plait_hooks.refuse = refuse;
    check_code(plait_http_get(fault_server_url(server, "/"), NULL, &r), PLAIT_ECONNECT); /* nothing to wait for */
    check_contains(plait_error()->message, ": connect: too many open files");
    atomic_store(&left, FEW);
    get_all(REQUESTS);
    check_number(fault_server_accepts(server), FEW);
    plait_hooks.refuse = NULL;
    ended = 0;
    for (int i = 0; i < REQUESTS; i++) coroutine_start(get_hello, NULL);
    while (ended < REQUESTS) coroutine_yield();
    check_number(connections(), fault_server_accepts(server));
}

static void test_without_descriptors_requests_wait_for_those_that_have(void **unused)
{
    (void)unused;
    server = fault_server_start(hello, NULL);
    coroutines_run(do_with_few, NULL);
    check_number(fault_server_requests(server), 2 * REQUESTS);
    fault_server_stop(server);
}

/* One connection, taken by a request that is never answered. */
static plait_scope *scopes[2];
static unsigned cancelled;
static char words[2][512];
static void get_cancelled(void *number)
{
    intptr_t i = (intptr_t)number;
    plait_http_response r;
    PLAIT_CANCEL_SCOPE(scope);
    scopes[i] = &scope;
    check_code(plait_http_get(fault_server_url(server, "/never"), NULL, &r), PLAIT_ECANCELED);
    snprintf(words[i], sizeof words[i], "%s", plait_error()->message);
    cancelled++;
}

static void wait_in_line(void *unused)
{
    (void)unused;
    begin_with_limit(2);
    server = fault_server_start(some, NULL);
    cancelled = ended = 0;
    coroutine_start(get_cancelled, (void *)0);
    while (fault_server_requests(server) < 1) coroutine_yield();
    coroutine_start(get_cancelled, (void *)1);
    coroutine_start(get_hello, NULL);
    fails_late(fault_server_url(server, "/"), NULL, "connect");
    check_contains(plait_error()->message, " s has passed: no connection became free (at most 1)");
    plait_scope_cancel(scopes[1]); /* who waits leaves the line */
    while (cancelled < 1) coroutine_yield();
    check_contains(words[1], ": connect: cancelled: no connection became free (at most 1)");
    check_number(ended, 0);
    check_number(connections(), 1);
    plait_scope_cancel(scopes[0]); /* who has the connection frees it for the next */
    while (cancelled < 2 || ended < 1) coroutine_yield();
    check_contains(words[0], ": wait: cancelled");
    check(!strstr(words[0], "at most"));
    check_number(connections(), 1);
    check_number(fault_server_accepts(server), 2);
}

static void test_in_line_for_a_connection(void **unused)
{
    (void)unused;
    coroutines_run(wait_in_line, NULL);
    check_number(fault_server_requests(server), 2);
    fault_server_stop(server);
}

/* A kept connection to one server makes room for another. */
static fault_server *other;
static void ask_two(void *unused)
{
    (void)unused;
    plait_http_response r;
    begin_with_limit(2);
    server = fault_server_start(hello, NULL);
    other = fault_server_start(hello, NULL);
    for (int i = 0; i < 3; i++) {
        get_hello(NULL);
        check_code(plait_http_get(fault_server_url(other, "/"), NULL, &r), 0);
        plait_http_response_clear(&r);
        check_number(connections() + connections_to(fault_server_port(other)), 1);
    }
}

static void test_what_rests_makes_room(void **unused)
{
    (void)unused;
    coroutines_run(ask_two, NULL);
    check_number(fault_server_accepts(server), 3);
    check_number(fault_server_accepts(other), 3);
    fault_server_stop(other);
    fault_server_stop(server);
}

/* plait_http_close_idle. */

static void close_at_once_or_later(void *unused)
{
    (void)unused;
    get_hello(NULL);
    check_number(connections(), 1);
    plait_http_close_idle();
    check_number(connections(), 0);
    get_hello(NULL);
    check_number(fault_server_accepts(server), 2);

    cancelled = 0;
    unsigned asked = fault_server_requests(server);
    coroutine_start(get_cancelled, (void *)0);
    while (fault_server_requests(server) == asked) coroutine_yield();
    check_number(fault_server_accepts(server), 2);
    get_hello(NULL);
    check_number(connections(), 2);
    plait_http_close_idle();
    get_hello(NULL); /* not over anything that there was */
    check_number(fault_server_accepts(server), 4);
    plait_scope_cancel(scopes[0]);
    while (cancelled < 1) coroutine_yield();
    check_number(connections(), 1);
    get_hello(NULL);
    check_number(fault_server_accepts(server), 4);
    plait_http_close_idle();
    check_number(connections(), 0);
}

static void test_close_idle_in_a_loop(void **unused)
{
    (void)unused;
    server = fault_server_start(some, NULL);
    coroutines_run(close_at_once_or_later, NULL);
    fault_server_stop(server);
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_of_the_descriptors_are_left),
        cmocka_unit_test(test_without_descriptors_requests_wait_for_those_that_have),
        cmocka_unit_test(test_in_line_for_a_connection),
        cmocka_unit_test(test_what_rests_makes_room),
        cmocka_unit_test(test_close_idle_in_a_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
