/* test_client_coroutine.c: what the coroutines of one loop ask for goes over connections that they share, and nobody else:
   kept from one request to the next, closed with the loop, or with the request that is given up. */
#include "client_descriptors.h"
#include "client_late.h"
#include "coroutine.h"
#include "fault_server.h"
#include "runners.h"
#include <plait/http.h>
#include <plait/loop.h>
#include <plait/scope.h>
#include <pthread.h>
#include <stdatomic.h>

enum { TOGETHER = 8 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_here = PTHREAD_COND_INITIALIZER;
static unsigned here;
static _Atomic unsigned closed; /* connections that the client has closed */

static bool say_hello(fault_connection *c) { return fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"); }

/* Answers nobody before all of a wave have asked. */
static void answer_all_at_once(fault_connection *c)
{
    while (fault_read(c)) {
        pthread_mutex_lock(&lock);
        unsigned wanted = (here++ / TOGETHER + 1) * TOGETHER;
        pthread_cond_broadcast(&all_here);
        while (here < wanted) pthread_cond_wait(&all_here, &lock);
        pthread_mutex_unlock(&lock);
        if (!say_hello(c)) break;
    }
    atomic_fetch_add(&closed, 1);
}

static void never_answer(fault_connection *c)
{
    if (fault_read(c)) fault_wait_closed(c);
    atomic_fetch_add(&closed, 1);
}

static void hello(fault_connection *c)
{
    while (fault_read(c) && say_hello(c)) {}
    atomic_fetch_add(&closed, 1);
}

static fault_server *server;
static void start_server(fault_script *script)
{
    here = 0;
    atomic_store(&closed, 0);
    server = fault_server_start(script, NULL);
}
static unsigned accepts(void) { return fault_server_accepts(server); }
static int connections(void) { return connections_to(fault_server_port(server)); }

static unsigned ended;
static void get_hello(void *unused)
{
    (void)unused;
    plait_http_response r;
    check_code(plait_http_get(fault_server_url(server, "/"), NULL, &r), 0);
    check_string((char *)r.body.data, "hello");
    plait_http_response_clear(&r);
    ended++;
}

static void waves(void *unused)
{
    (void)unused;
    for (unsigned wave = 1; wave <= 5; wave++) {
        for (int i = 0; i < TOGETHER; i++) coroutine_start(get_hello, NULL);
        while (ended < wave * TOGETHER) coroutine_yield();
        check_number(accepts(), TOGETHER);
        check_number(connections(), TOGETHER);
    }
}

static void test_requests_together_and_their_connections_again(void **unused)
{
    (void)unused;
    ended = 0;
    start_server(answer_all_at_once);
    coroutines_run(waves, NULL);
    check_number(connections(), 0);
    while (atomic_load(&closed) < TOGETHER) sched_yield(); /* by the end of the loop */
    fault_server_stop(server);
}

static void one_by_one(void *unused)
{
    (void)unused;
    for (unsigned i = 1; i <= 20; i++) {
        unsigned before = ended;
        coroutine_start(get_hello, NULL);
        while (ended == before) coroutine_yield();
        check_number(accepts(), 1);
    }
}

static void test_one_connection_serves_all_that_ask_one_by_one(void **unused)
{
    (void)unused;
    start_server(hello);
    coroutines_run(one_by_one, NULL);
    check_number(fault_server_requests(server), 20);
    while (atomic_load(&closed) < 1) sched_yield();
    get_hello(NULL); /* a thread has connections of its own */
    check_number(accepts(), 2);
    coroutines_run(get_hello, NULL); /* and so has the next loop */
    check_number(accepts(), 3);
    get_hello(NULL);
    check_number(accepts(), 3);
    plait_http_close_idle();
    fault_server_stop(server);
}

static void *run_other_loop(void *unused)
{
    (void)unused;
    coroutines_run(get_hello, NULL);
    return NULL;
}

static void ask_before_and_after_another_loop(void *unused)
{
    (void)unused;
    pthread_t thread;
    get_hello(NULL);
    check_number(accepts(), 1);
    check_number(pthread_create(&thread, NULL, run_other_loop, NULL), 0);
    check_number(pthread_join(thread, NULL), 0);
    check_number(accepts(), 2);
    get_hello(NULL);
    check_number(accepts(), 2);
}

static void test_loops_do_not_share(void **unused)
{
    (void)unused;
    start_server(hello);
    coroutines_run(ask_before_and_after_another_loop, NULL);
    fault_server_stop(server);
}

static plait_scope *scopes[TOGETHER];
static unsigned cancelled;
static void get_cancelled(void *number)
{
    plait_http_response r;
    PLAIT_CANCEL_SCOPE(scope);
    scopes[(intptr_t)number] = &scope;
    check_code(plait_http_get(fault_server_url(server, "/"), NULL, &r), PLAIT_ECANCELED);
    check_contains(plait_error()->message, ": wait: cancelled");
    check(!r.body.data && !r.url);
    cancelled++;
}

static void cancel_all(void *unused)
{
    (void)unused;
    cancelled = 0;
    for (intptr_t i = 0; i < TOGETHER; i++) coroutine_start(get_cancelled, (void *)i);
    while (fault_server_requests(server) < TOGETHER) coroutine_yield();
    check_number(connections(), TOGETHER);
    for (int i = 0; i < TOGETHER; i += 2) plait_scope_cancel(scopes[i]);
    while (cancelled < TOGETHER / 2) coroutine_yield();
    check_number(connections(), TOGETHER / 2);
    for (int i = 1; i < TOGETHER; i += 2) plait_scope_cancel(scopes[i]);
    while (cancelled < TOGETHER) coroutine_yield();
    check_number(connections(), 0);
    while (atomic_load(&closed) < TOGETHER) coroutine_yield();
    fails_late(fault_server_url(server, "/"), NULL, "wait"); /* still works */
    check_number(connections(), 0);
}

static void test_what_is_given_up_leaves_nothing(void **unused)
{
    (void)unused;
    start_server(never_answer);
    coroutines_run(cancel_all, NULL);
    fault_server_stop(server);
}

/* Dead from the start: nothing is sent. */
static void get_in_dead_scope(void *unused)
{
    (void)unused;
    plait_http_response r;
    PLAIT_CANCEL_SCOPE(scope);
    plait_scope_cancel(&scope);
    check_code(plait_http_get(fault_server_url(server, "/"), NULL, &r), PLAIT_ECANCELED);
    check_contains(plait_error()->message, ": resolve: cancelled");
}

static void test_dead_scope(void **unused)
{
    (void)unused;
    start_server(never_answer);
    coroutines_run(get_in_dead_scope, NULL);
    check_number(accepts(), 0);
    fault_server_stop(server);
}

/* The task that plait_run was given ends while another's request is under way: that one is cancelled with its loop. */
static int waits_for_ever(void)
{
    plait_http_response r;
    check_code(plait_http_get(fault_server_url(server, "/"), NULL, &r), PLAIT_ECANCELED);
    cancelled++;
    return 0;
}
PLAIT_TASK(waits_for_ever, void, void);

static int ends_first(void)
{
    for (int i = 0; i < TOGETHER; i++) plait_future_detach(plait_spawn(waits_for_ever, NULL));
    while (fault_server_requests(server) < TOGETHER) check_code(plait_yield(), 0);
    return 0;
}
PLAIT_TASK(ends_first, void, void);

static void test_end_of_the_loop_with_requests_under_way(void **unused)
{
    (void)unused;
    cancelled = 0;
    start_server(never_answer);
    check_code(plait_run(ends_first, NULL, NULL), 0);
    check_number(cancelled, TOGETHER);
    check_number(connections(), 0);
    fault_server_stop(server);
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_together_and_their_connections_again),
        cmocka_unit_test(test_one_connection_serves_all_that_ask_one_by_one),
        cmocka_unit_test(test_loops_do_not_share),
        cmocka_unit_test(test_what_is_given_up_leaves_nothing),
        cmocka_unit_test(test_dead_scope),
        cmocka_unit_test(test_end_of_the_loop_with_requests_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
