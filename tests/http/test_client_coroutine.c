/* test_client_coroutine.c: the client waits in whatever it is called from: requests of one thread's coroutines are
   under way together, end at their own deadlines, and share connections with threads. */
#include "client_late.h"
#include "coroutine.h"
#include "fault_server.h"
#include <plait/http.h>
#include <plait/scope.h>
#include <pthread.h>

enum { TOGETHER = 8 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_here = PTHREAD_COND_INITIALIZER;
static unsigned here;

/* Answers nobody before all have asked. */
static void answer_all_at_once(fault_connection *c)
{
    while (fault_read(c)) {
        pthread_mutex_lock(&lock);
        here++;
        pthread_cond_broadcast(&all_here);
        while (here < TOGETHER) pthread_cond_wait(&all_here, &lock);
        pthread_mutex_unlock(&lock);
        if (!fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) return;
    }
}

static void never_answer(fault_connection *c)
{
    if (fault_read(c)) fault_wait_closed(c);
}

static void hello(fault_connection *c)
{
    while (fault_read(c) && fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) {}
}

static fault_server *server;

static void get_hello(void *unused)
{
    (void)unused;
    plait_http_response r;
    check_code(plait_http_get(fault_server_url(server, "/"), NULL, &r), 0);
    check_string((char *)r.body.data, "hello");
    plait_http_response_clear(&r);
}

static void start_all(void *unused)
{
    (void)unused;
    for (int i = 0; i < TOGETHER; i++) coroutine_start(get_hello, NULL);
}

static void test_requests_of_one_thread_together(void **unused)
{
    (void)unused;
    server = fault_server_start(answer_all_at_once, NULL);
    coroutines_run(start_all, NULL);
    check_number(fault_server_accepts(server), TOGETHER);
    get_hello(NULL); /* a thread goes on with a connection of theirs */
    check_number(fault_server_accepts(server), TOGETHER);
    plait_http_close_idle();
    fault_server_stop(server);
}

static plait_scope *scope_of_other;
static bool other_ended;
static void cancelled(void *unused)
{
    (void)unused;
    plait_http_response r;
    PLAIT_CANCEL_SCOPE(scope);
    scope_of_other = &scope;
    check_code(plait_http_get(fault_server_url(server, "/"), NULL, &r), PLAIT_ECANCELED);
    check_contains(plait_error()->message, ": wait: cancelled");
    other_ended = true;
}

static void late_and_cancelled(void *unused)
{
    (void)unused;
    coroutine_start(cancelled, NULL);
    while (fault_server_requests(server) < 1) coroutine_yield();
    fails_late(fault_server_url(server, "/"), NULL, "wait");
    check(!other_ended);
    plait_scope_cancel(scope_of_other);
}

static void test_deadline_and_cancel_in_coroutines(void **unused)
{
    (void)unused;
    server = fault_server_start(never_answer, NULL);
    coroutines_run(late_and_cancelled, NULL);
    check(other_ended);
    fault_server_stop(server);
}

static void start_many(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++) coroutine_start(get_hello, NULL);
}

static void test_more_requests_than_sessions_that_rest(void **unused)
{
    (void)unused;
    server = fault_server_start(hello, NULL);
    coroutines_run(start_many, NULL);
    check_number(fault_server_requests(server), 200);
    plait_http_close_idle();
    fault_server_stop(server);
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_of_one_thread_together),
        cmocka_unit_test(test_deadline_and_cancel_in_coroutines),
        cmocka_unit_test(test_more_requests_than_sessions_that_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
