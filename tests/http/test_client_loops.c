/* test_client_loops.c: requests in loops that plait_run does not drive: several on threads of their own, and one that a
   host turns. Each has connections of its own, and closes them at its end. */
#include "check.h"
#include "client_descriptors.h"
#include "fault_server.h"
#include <plait.h>
#include <plait/http.h>
#include <poll.h>

enum { LOOPS = 3, REQUESTS = 40, WAVES = 5 };

static void hello(fault_connection *c)
{
    while (fault_read(c) && fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) {}
}

static fault_server *server;
static int connections(void) { return connections_to(fault_server_port(server)); }

static int get(int *status)
{
    plait_http_response r;
    int err = plait_http_get(fault_server_url(server, "/"), NULL, &r);
    *status = r.status;
    plait_http_response_clear(&r);
    return err;
}
PLAIT_TASK(get, void, int);

static void submit_all(plait_executor *ex, plait_future *f[static REQUESTS])
{
    for (int i = 0; i < REQUESTS; i++) f[i] = plait_submit(ex, get, NULL);
}

static void await_all(plait_future *f[static REQUESTS])
{
    int status;
    for (int i = 0; i < REQUESTS; i++) {
        check_code(plait_await(f[i], &status), 0);
        check_number(status, 200);
    }
}

static void test_several_loops(void **unused)
{
    (void)unused;
    plait_future *f[REQUESTS];
    server = fault_server_start(hello, NULL);
    for (unsigned round = 1; round <= 2; round++) {
        plait_executor *ex = plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = LOOPS });
        check(ex != NULL);
        for (int wave = 0; wave < WAVES; wave++) {
            submit_all(ex, f);
            await_all(f);
        }
        check_number(fault_server_requests(server), round * WAVES * REQUESTS);
        check(connections() >= 1 && connections() <= LOOPS * REQUESTS);
        plait_executor_free(ex);
        check_number(connections(), 0);
    }
    fault_server_stop(server);
}

static void test_a_loop_that_a_host_turns(void **unused)
{
    (void)unused;
    plait_future *f[REQUESTS];
    server = fault_server_start(hello, NULL);
    plait_loop *loop = plait_loop_new(NULL);
    check(loop != NULL);
    for (unsigned wave = 1; wave <= WAVES; wave++) {
        submit_all(plait_loop_get_executor(loop), f);
        for (int i = 0; i < REQUESTS; i++)
            while (plait_future_get_state(f[i]) < PLAIT_FUTURE_FINISHED) {
                struct pollfd host = { .fd = plait_loop_fd(loop), .events = POLLIN };
                check_number(poll(&host, 1, -1), 1);
                int turned = plait_loop_turn(loop, PLAIT_NOW);
                check(turned == 0 || turned == PLAIT_EAGAIN); /* readable for nothing it may be */
            }
        await_all(f);
        check_number(fault_server_requests(server), wave * REQUESTS);
    }
    check(connections() >= 1 && connections() <= REQUESTS);
    plait_loop_free(loop);
    check_number(connections(), 0);
    fault_server_stop(server);
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_several_loops),
        cmocka_unit_test(test_a_loop_that_a_host_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
