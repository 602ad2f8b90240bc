/* A server on processes: which of them answers, what one that dies takes with it and who comes in its place. */
#include "office.h"
#include "base/hooks.h"
#include "child.h"
#include "fault.h"
#include <signal.h>
#include <sys/stat.h>

static void Y7_C47_each_process_answers_while_another_is_busy(void **state)
{
    static const plait_http_server_options ways[] = { { .loops = 1 },
                                                      { .loops = 2, .connections = 1 },
                                                      { .threads = 1 } };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct office office;
        struct client busy;
        office_open(&office, ways[i]);
        atomic_store(&office.board->blocks, true);
        int one = send_into(&office, &busy, "/block"), other;
        check(one != getpid());
        if (!ways[i].threads) { /* else its acceptor is not blocked, and may take clients for whom it has no thread */
            other = ask(&office, "/");
            check(other != one && other != getpid());
        }
        atomic_store(&office.board->blocks, false);
        client_expect(&busy, 200, NULL);
        client_close(&busy);
        office_close(&office);
        check_number(reports_count(), 0);
    }
    (void)state;
}

static void each_process_has_a_context_of_its_own_that_is_initialized(void **state)
{
    struct office office;
    office_open(&office, (plait_http_server_options){ .connections = 1 });
    struct client one, other;
    send_into(&office, &one, "/wait");
    send_into(&office, &other, "/wait"); /* in the other one: each has one connection */
    plait_event_set(office.board->open);
    client_expect(&one, 200, NULL);
    client_expect(&other, 200, NULL);
    for (int i = 1; i <= 3; i++) {
        char text[32];
        snprintf(text, sizeof text, "1000 %d", i);
        client_get(&one, "/own");
        client_expect(&one, 200, text);
        client_get(&other, "/own");
        client_expect(&other, 200, text);
    }
    client_get(&one, "/fail"); /* is that process's report, on its stderr */
    client_expect(&one, 500, NULL);
    client_close(&one);
    client_close(&other);
    check_number(initialized_with, 0);
    office_close(&office);
    (void)state;
}

static void M1_a_process_that_dies_takes_its_own_requests_and_is_replaced(void **state)
{
    struct office office;
    office_open(&office, (plait_http_server_options){ .connections = 1 });
    struct client dies, lives;
    int one = send_into(&office, &dies, "/wait");
    int other = send_into(&office, &lives, "/wait");
    check(one != other);
    check_code(kill(one, SIGKILL), 0);
    client_expect_end(&dies);
    int third = ask(&office, "/"); /* by the one in its place: the other is busy */
    check(third != one && third != other);
    plait_event_set(office.board->open);
    client_expect(&lives, 200, NULL);
    client_close(&lives);
    check_number(atomic_load(&office.board->born), 3);
    check_number(reports_count(), 1);
    check_contains(reports.texts[0], plait_http_server_url(office.server));
    check_contains(reports.texts[0], ": process http-");
    check_contains(reports.texts[0], "killed by SIGKILL; another takes its place");
    office_close(&office);
    (void)state;
}

/* One that answers may be killed before the first process has heard that it serves. */
static _Atomic int served;
static void count_served(const char *step, const char *task)
{
    (void)task;
    served += strcmp(step, "serves") == 0;
}

static void those_that_serve_and_are_killed_are_not_waited_for_longer_each_time(void **state)
{
    struct office office;
    served = 0;
    office_open(&office, (plait_http_server_options){ 0 });
    for (int i = 0; i < 5; i++) {
        check_code(kill(ask(&office, "/"), SIGKILL), 0);
        until_so(served == i + 3);
        check_number(reports_count(), i + 1);
        const char *wait = strstr(reports.texts[i], "another takes its place") + strlen("another takes its place");
        check(*wait == 0 || strcmp(wait, " in 0.1 s") == 0);
    }
    office_close(&office);
    (void)state;
}

static void one_that_dies_at_birth_is_tried_again_and_again(void **state)
{
    struct office office;
    office_open(&office, (plait_http_server_options){ 0 });
    int one = ask(&office, "/");
    atomic_store(&office.board->births_to_fail, 2);
    check_code(kill(one, SIGKILL), 0);
    until_so(atomic_load(&office.board->born) == 3);
    check_number(reports_count(), 3);
    for (int i = 1; i < 3; i++) {
        check_contains(reports.texts[i], "no desk for 7; another takes its place in 0.");
        check(strcmp(reports.texts[i], reports.texts[i - 1]) != 0); /* it is waited longer */
    }
    check(ask(&office, "/") != one);
    office_close(&office);
    (void)state;
}

static void SIGTERM_to_one_ends_that_one_well(void **state)
{
    struct office office;
    office_open(&office, (plait_http_server_options){ .connections = 1 });
    struct client c;
    int one = send_into(&office, &c, "/wait");
    check_code(kill(one, SIGTERM), 0);
    check_code(kill(one, SIGTERM), 0);
    check(ask(&office, "/") != one);
    check_number(atomic_load(&office.board->born), 2);
    plait_event_set(office.board->open);
    client_expect(&c, 200, NULL);
    client_expect_end(&c);
    until_so(atomic_load(&office.board->born) == 3);
    check_number(reports_count(), 1);
    check_contains(reports.texts[0], "ended by SIGTERM; another takes its place");
    office_close(&office);
    (void)state;
}

static void a_unix_socket_has_its_file_until_the_end(void **state)
{
    char path[] = "/tmp/plait-test-XXXXXX", address[64];
    struct stat status;
    check(mkdtemp(path) != NULL);
    snprintf(address, sizeof address, "unix:%s/socket", path);
    struct office office;
    office_open_at(&office, address, (plait_http_server_options){ .connections = 1 });
    struct client c;
    int one = send_into(&office, &c, "/wait");
    check_code(kill(one, SIGKILL), 0); /* which does not remove it */
    client_expect_end(&c);
    until_so(atomic_load(&office.board->born) == 3);
    check(ask(&office, "/") > 0);
    check_code(plait_http_server_stop(office.server, PLAIT_FOREVER), 0);
    check(stat(address + 5, &status) != 0);
    office_end(&office);
    check_code(rmdir(path), 0);
    (void)state;
}

static int use_in_child(void *argument)
{
    struct office *office = argument;
    check_code(plait_http_server_stop(office->server, PLAIT_FOREVER), PLAIT_EFORKED);
    plait_http_server_free(office->server);
    return 0;
}
static void a_forked_child_does_not_touch_the_parents_server(void **state)
{
    struct office office;
    office_open(&office, (plait_http_server_options){ 0 });
    char text[1024];
    int status = child_run(use_in_child, &office, text, sizeof text);
    if (status) fail_msg("%s", text);
    check(ask(&office, "/") > 0);
    office_close(&office);
    (void)state;
}

static void check_refused(void *context, plait_http_server_options options, const char *words)
{
    check(plait_http_serve("127.0.0.1:0", handler, context, &options) == NULL);
    check_code(plait_error_code(), PLAIT_EINVAL);
    check_contains(plait_error()->message, words);
}

static int with_a_result(const struct desk *desk, int *result) { return *result = desk->answered, 0; }
PLAIT_TASK(with_a_result, struct desk, int);
static int of_an_int(const int *n) { return *n; }
PLAIT_TASK(of_an_int, int, void);

static void what_cannot_be_is_told(void **state)
{
    struct desk desk = { 0 };
    check_refused(NULL, (plait_http_server_options){ .processes = -1 }, "on -1 processes");
    check_refused(&desk, (plait_http_server_options){ .processes = 1 }, ".context_size");
    check_refused(NULL, (plait_http_server_options){ .processes = 1, .context_size = 8 }, "without the context");
    plait_http_server_options o = { .processes = 1, .context_size = sizeof desk };
    o.initializer = &with_a_result_plait_task;
    check_refused(&desk, o, "the initializer with_a_result");
    o.initializer = &of_an_int_plait_task;
    check_refused(&desk, o, "the initializer of_an_int");

    struct office office;
    office_new(&office);
    atomic_store(&office.board->births_to_fail, 1);
    o = options_of((plait_http_server_options){ 0 });
    desk.board = office.board;
    check(plait_http_serve("127.0.0.1:0", handler, &desk, &o) == NULL);
    check_code(plait_error_code(), PLAIT_EUSER - 7);
    check_contains(plait_error()->message, "process http-");
    check_contains(plait_error()->message, "no desk for 7");
    office.server = NULL;
    office_end(&office);
    (void)state;
}

/* It serves or it does not, and says why; whatever was refused, nothing is left. */
static void what_the_system_refuses_is_told(void **state)
{
    static const char *const points[] = { "memory", "thread", "descriptor", "process" };
    struct desk desk = { 0 };
    for (size_t p = 0; p < sizeof points / sizeof *points; p++)
        for (size_t n = 1, asked = n; asked >= n; n++) {
            struct office office;
            office_new(&office);
            desk.board = office.board;
            plait_http_server_options o = options_of((plait_http_server_options){ 0 });
            fault_nth(points[p], n);
            office.server = plait_http_serve("127.0.0.1:0", handler, &desk, &o);
            asked = fault_requests();
            fault_off();
            if (office.server) check(ask(&office, "/") > 0);
            else check(plait_error_code() < 0);
            office_end(&office);
        }
    (void)state;
}

int main(void)
{
    plait_init();
    plait_hooks.reached = count_served;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(Y7_C47_each_process_answers_while_another_is_busy),
        cmocka_unit_test(each_process_has_a_context_of_its_own_that_is_initialized),
        cmocka_unit_test(M1_a_process_that_dies_takes_its_own_requests_and_is_replaced),
        cmocka_unit_test(those_that_serve_and_are_killed_are_not_waited_for_longer_each_time),
        cmocka_unit_test(one_that_dies_at_birth_is_tried_again_and_again),
        cmocka_unit_test(SIGTERM_to_one_ends_that_one_well),
        cmocka_unit_test(a_unix_socket_has_its_file_until_the_end),
        cmocka_unit_test(a_forked_child_does_not_touch_the_parents_server),
        cmocka_unit_test(what_cannot_be_is_told),
        cmocka_unit_test(what_the_system_refuses_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
