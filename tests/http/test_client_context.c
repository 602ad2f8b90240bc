/* test_client_context.c: requests from where no coroutine runs, in a thread that has a loop; and forks around those of a
   loop. */
#include "check.h"
#include "child.h"
#include "client_descriptors.h"
#include "coroutine.h"
#include "fault_server.h"
#include <plait/http.h>
#include <plait/loop.h>
#include <plait/scope.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>
#include <unistd.h>

/* Answers with the number of its connection; not to "/never". */
static void number(fault_connection *c)
{
    while (fault_read(c)) {
        if (strncmp(c->request, "GET /never ", 11) == 0) fault_wait_closed(c);
        else if (!fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%u", c->number)) return;
    }
}

static fault_server *server;
static int connections(void) { return connections_to(fault_server_port(server)); }

static void answers(const char *expected)
{
    plait_http_response r;
    check_code(plait_http_get(fault_server_url(server, "/"), NULL, &r), 0);
    check_string((char *)r.body.data, expected);
    plait_http_response_clear(&r);
}

/* A call of a loop's is not one of its coroutines: the loop stands still, and the request is a thread's. */
static bool called;
static void ask_in_call(void *unused)
{
    (void)unused;
    answers("1");
    called = true;
}

static void call_soon(void *unused)
{
    (void)unused;
    answers("0");
    check_code(plait_call_soon(ask_in_call, NULL), 0);
    while (!called) coroutine_yield();
    answers("0");
}

static void test_call_of_a_loop(void **unused)
{
    (void)unused;
    server = fault_server_start(number, NULL);
    coroutines_run(call_soon, NULL);
    answers("1");
    plait_http_close_idle();
    fault_server_stop(server);
}

/* On the thread's stack a task must not wait, for an answer neither. */
static void ask(void *unused)
{
    (void)unused;
    plait_http_response r;
    (void)!plait_http_get(fault_server_url(server, "/never"), NULL, &r);
}
static void ask_there(void *unused)
{
    (void)unused;
    plait_call_on_thread_stack(ask, NULL);
}
static int run_ask_there(void *unused)
{
    (void)unused;
    coroutines_run(ask_there, NULL);
    return 0;
}

static void test_on_the_stack_of_the_thread(void **unused)
{
    (void)unused;
    server = fault_server_start(number, NULL);
    child_stops(run_ask_there, NULL, "a task waited in a function that it had called on its thread's stack");
    fault_server_stop(server);
}

/* A child that a coroutine forks is a plain process: it goes on in that coroutine alone. */
static int ask_in_child(void *expected)
{
    check_number(connections(), 2);
    answers(expected);
    check_number(connections(), 1); /* its copies of the parent's are closed */
    plait_http_close_idle();
    check_number(connections(), 0);
    return 0;
}

static void fork_and_ask(const char *expected)
{
    char text[4096];
    int status = child_run(ask_in_child, (void *)expected, text, sizeof text);
    if (status) fprintf(stderr, "%s", text);
    check_number(status, 0);
}

static bool ended;
static plait_scope *scope_of_other;
static void get_cancelled(void *unused)
{
    (void)unused;
    plait_http_response r;
    PLAIT_CANCEL_SCOPE(scope);
    scope_of_other = &scope;
    check_code(plait_http_get(fault_server_url(server, "/never"), NULL, &r), PLAIT_ECANCELED);
    ended = true;
}

static void fork_among_requests(void *unused)
{
    (void)unused;
    answers("0");
    coroutine_start(get_cancelled, NULL); /* by the kept one */
    while (fault_server_requests(server) < 2) coroutine_yield();
    answers("1");
    fork_and_ask("2");
    check_number(connections(), 2);
    answers("1"); /* not disturbed */
    check(!ended);
    plait_scope_cancel(scope_of_other);
    while (!ended) coroutine_yield();
    check_number(connections(), 1);
    check_number(fault_server_accepts(server), 3);
}

static void test_fork_by_a_coroutine(void **unused)
{
    (void)unused;
    server = fault_server_start(number, NULL);
    coroutines_run(fork_among_requests, NULL);
    fault_server_stop(server);
}

/* A fork by another thread, while a loop has a request under way and a connection that rests. All other threads sleep, since
   AddressSanitizer's allocator does not survive a fork among those that are inside of it. */
static sem_t has_asked, may_end;
static void stay(void *unused)
{
    (void)unused;
    answers("0");
    coroutine_start(get_cancelled, NULL);
    while (fault_server_requests(server) < 2) coroutine_yield();
    answers("1");
    sem_post(&has_asked);
    sem_wait(&may_end);
    answers("1");
    plait_scope_cancel(scope_of_other);
}

static void *run_loop(void *unused)
{
    (void)unused;
    coroutines_run(stay, NULL);
    return NULL;
}

static void ask_in_loop(void *expected) { (void)ask_in_child(expected); }
static int run_in_child(void *expected)
{
    coroutines_run(ask_in_loop, expected);
    return 0;
}

static void test_fork_by_another_thread(void **unused)
{
    (void)unused;
    char text[4096];
    pthread_t thread;
    server = fault_server_start(number, NULL);
    sem_init(&has_asked, 0, 0);
    sem_init(&may_end, 0, 0);
    check_number(pthread_create(&thread, NULL, run_loop, NULL), 0);
    sem_wait(&has_asked);
    int status = child_run(run_in_child, (void *)"2", text, sizeof text);
    if (status) fprintf(stderr, "%s", text);
    check_number(status, 0);
    sem_post(&may_end);
    check_number(pthread_join(thread, NULL), 0);
    check_number(connections(), 0);
    check_number(fault_server_accepts(server), 3);
    fault_server_stop(server);
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_of_a_loop),
        cmocka_unit_test(test_on_the_stack_of_the_thread),
        cmocka_unit_test(test_fork_by_a_coroutine),
        cmocka_unit_test(test_fork_by_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
