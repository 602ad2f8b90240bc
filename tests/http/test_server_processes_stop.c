/* How all processes of a server stop, whatever they are at. */
#include "office.h"
#include "clock.h"
#include <signal.h>

struct stopper {
    plait_http_server *server;
    plait_deadline deadline;
    int result;
    _Atomic bool done;
};
static int stop(void *argument)
{
    struct stopper *s = argument;
    s->result = plait_http_server_stop(s->server, s->deadline);
    atomic_store(&s->done, true);
    return 0;
}

static bool is_refused(plait_http_server *s)
{
    int fd = plait_connect(plait_http_server_url(s) + 7, PLAIT_FOREVER);
    if (fd >= 0) plait_close(fd);
    return fd == -ECONNREFUSED;
}

static void a_stop_answers_what_is_under_way_in_all_of_them(void **state)
{
    struct office office;
    office_open(&office, (plait_http_server_options){ .connections = 1 });
    struct client clients[2];
    for (int i = 0; i < 2; i++) send_into(&office, &clients[i], "/wait");
    struct stopper stopper = { .server = office.server, .deadline = PLAIT_FOREVER };
    plait_thread *thread = plait_thread_start(stop, &stopper, NULL);
    until_so(is_refused(office.server));
    check(!atomic_load(&stopper.done));
    plait_event_set(office.board->open);
    for (int i = 0; i < 2; i++) {
        client_expect(&clients[i], 200, NULL);
        client_expect_end(&clients[i]);
    }
    plait_thread_free(thread);
    check_code(stopper.result, 0);
    check_code(plait_http_server_stop(office.server, PLAIT_NOW), 0);
    office_end(&office);
    (void)state;
}

static void one_that_dies_while_the_server_stops_is_told(void **state)
{
    struct office office;
    office_open(&office, (plait_http_server_options){ .connections = 1 });
    struct client dies, lives;
    int one = send_into(&office, &dies, "/wait");
    send_into(&office, &lives, "/wait");
    struct stopper stopper = { .server = office.server, .deadline = PLAIT_FOREVER };
    plait_thread *thread = plait_thread_start(stop, &stopper, NULL);
    until_so(is_refused(office.server));
    check_code(kill(one, SIGKILL), 0);
    client_expect_end(&dies);
    plait_event_set(office.board->open);
    client_expect(&lives, 200, NULL);
    client_expect_end(&lives);
    plait_thread_free(thread);
    check_code(stopper.result, 0); /* the stop has cut off nobody */
    check_number(reports_count(), 1);
    check_contains(reports.texts[0], "killed by SIGKILL");
    check(strstr(reports.texts[0], "another") == NULL);
    office_end(&office);
    (void)state;
}

static void a_sooner_stop_cuts_a_later_one_short(void **state)
{
    struct office office;
    office_open(&office, (plait_http_server_options){ 0 });
    struct client c;
    send_into(&office, &c, "/wait");
    struct stopper stopper = { .server = office.server, .deadline = PLAIT_FOREVER };
    plait_thread *thread = plait_thread_start(stop, &stopper, NULL);
    until_so(is_refused(office.server));
    check_code(plait_http_server_stop(office.server, PLAIT_NOW), PLAIT_ETIMEDOUT);
    client_expect_end(&c);
    plait_thread_free(thread);
    check_code(stopper.result, PLAIT_ETIMEDOUT);
    office_end(&office);
    (void)state;
}

/* No time passes here but by hand. */
static void M20_a_handler_that_computes_on_is_ended_with_its_process(void **state)
{
    clock_by_hand();
    struct office office;
    office_open(&office, (plait_http_server_options){ 0 });
    atomic_store(&office.board->blocks, true);
    struct client c;
    client_open(&c, office.server);
    client_get(&c, "/block");
    while (!atomic_load(&office.board->inside)) sched_yield();
    struct stopper stopper = { .server = office.server, .deadline = plait_after(PLAIT_SECOND) };
    plait_thread *thread = plait_thread_start(stop, &stopper, NULL);
    while (!atomic_load(&stopper.done)) {
        clock_move(PLAIT_SECOND);
        sched_yield();
    }
    check_code(stopper.result, PLAIT_ETIMEDOUT);
    client_expect_end(&c);
    plait_thread_free(thread);
    office_end(&office);
    clock_of_the_system();
    (void)state;
}

static void a_server_is_freed_without_a_stop(void **state)
{
    for (int i = 0; i < 3; i++) {
        struct office office;
        office_open(&office, (plait_http_server_options){ .loops = i });
        office_end(&office);
    }
    (void)state;
}

static void a_stop_does_not_wait_for_one_that_is_to_be_tried_again(void **state)
{
    struct office office;
    office_open(&office, (plait_http_server_options){ 0 });
    atomic_store(&office.board->births_to_fail, INT32_MAX);
    check_code(kill(ask(&office, "/"), SIGKILL), 0);
    until_so(reports_count() == 2);
    office_close(&office);
    (void)state;
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_answers_what_is_under_way_in_all_of_them),
        cmocka_unit_test(one_that_dies_while_the_server_stops_is_told),
        cmocka_unit_test(a_sooner_stop_cuts_a_later_one_short),
        cmocka_unit_test(M20_a_handler_that_computes_on_is_ended_with_its_process),
        cmocka_unit_test(a_server_is_freed_without_a_stop),
        cmocka_unit_test(a_stop_does_not_wait_for_one_that_is_to_be_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
