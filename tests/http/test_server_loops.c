/* What only a server on loops has: a socket for each loop, all on one port; handlers that are coroutines; connections that
   are in line when it ends. */
#include "raw_client.h"
#include "base/cpus.h"
#include "clock.h"
#include "runners.h"
#include <plait/event.h>
#include <plait/loop.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

struct gate {
    plait_event open;
    _Atomic int inside, calls;
    _Atomic bool blocks; /* whoever is in /block, and the whole loop */
};

static int use_stack(int kibibytes)
{
    volatile char some[1024];
    some[0] = (char)kibibytes;
    return kibibytes > 1 ? use_stack(kibibytes - 1) + some[0] - (char)kibibytes : 0;
}

static int handler(const plait_http_server_request *q, plait_http_server_response *r, void *context)
{
    struct gate *gate = context;
    atomic_fetch_add(&gate->inside, 1);
    int err = strcmp(q->path, "/wait") == 0 ? plait_event_wait(&gate->open, PLAIT_FOREVER) : 0;
    while (strcmp(q->path, "/block") == 0 && atomic_load(&gate->blocks)) sched_yield();
    if (strcmp(q->path, "/deep") == 0) err = use_stack(512);
    atomic_fetch_sub(&gate->inside, 1);
    if (err) return err;
    return plait_bytes_format(&r->body, "%s %d", q->path, plait_loop_current() != NULL);
}

static plait_http_server *start(int loops, struct gate *gate, plait_http_server_options options)
{
    server_loops = loops;
    return server_start(handler, gate, &options);
}

static void talk(struct client *c, const char *path, const char *body)
{
    client_get(c, path);
    client_expect(c, 200, body);
}

static void all_loops_listen_on_one_port_and_get_their_share(void **state)
{
    enum { MOST = 1000 };
    struct gate gate = { 0 };
    plait_http_server *s = start(3, &gate, (plait_http_server_options){ 0 });
    check_number(s->lane_count, 3);
    for (size_t i = 1; i < 3; i++)
        check_number(plait_socket_port(s->lanes[i].listener), plait_socket_port(s->lanes[0].listener));
    static int fds[MOST];
    int opened = 0;
    for (size_t served = 0; served < 3; opened++) { /* by chance; that one has none of 1000 is out of all chance */
        struct client c;
        check(opened < MOST);
        client_open(&c, s);
        talk(&c, "/a", "/a 1");
        fds[opened] = c.fd;
        served = 0;
        for (size_t i = 0; i < 3; i++) {
            PLAIT_LOCKED(&s->lanes[i].roster.guard);
            served += s->lanes[i].roster.open > 0;
        }
    }
    while (opened) plait_close(fds[--opened]);
    server_end(s);
    (void)state;
}

static void nobody_else_gets_a_share(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = start(2, &gate, (plait_http_server_options){ 0 });
    const char *address = plait_http_server_url(s) + 7;
    for (server_loops = 0; server_loops < 3; server_loops++) { /* as the same user */
        check(!server_at(address, handler, &gate, NULL));
        check_code(plait_error()->code, -EADDRINUSE);
    }
    check_code(plait_listen(address, 0), -EADDRINUSE);
    server_end(s);
    (void)state;
}

static void handlers_that_wait_leave_the_loop_to_others(void **state)
{
    enum { CLIENTS = 300 };
    struct gate gate = { 0 };
    plait_http_server *s = start(1, &gate, (plait_http_server_options){ 0 });
    static struct client clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        client_open(&clients[i], s);
        client_get(&clients[i], "/wait");
    }
    until_so(atomic_load(&gate.inside) == CLIENTS);
    struct client c;
    client_open(&c, s);
    talk(&c, "/a", "/a 1");
    client_close(&c);
    plait_event_set(&gate.open);
    for (int i = 0; i < CLIENTS; i++) {
        client_expect(&clients[i], 200, "/wait 1");
        client_close(&clients[i]);
    }
    server_end(s);
    (void)state;
}

static void where_there_is_room_for_one_it_is_whose_turn_it_is(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = start(4, &gate, (plait_http_server_options){ .connections = 1 });
    for (int i = 0; i < 40; i++) { /* whatever loop it comes to */
        struct client c;
        client_open(&c, s);
        talk(&c, "/a", "/a 1");
        client_close(&c);
    }
    server_end(s);
    (void)state;
}

/* Which two of three come first is up to the loops. */
static void no_more_connections_are_taken_than_allowed_by_all_loops_together(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = start(3, &gate, (plait_http_server_options){ .connections = 2 });
    struct client clients[3];
    struct pollfd look[3];
    for (int i = 0; i < 3; i++) {
        client_open(&clients[i], s);
        client_get(&clients[i], "/a");
        look[i] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
    }
    until_so(poll(look, 3, 0) == 2);
    check_number(connections_open(s), 2);
    for (int i = 0; i < 3; i++) {
        if (!look[i].revents) continue;
        client_expect(&clients[i], 200, "/a 1");
        client_close(&clients[i]);
    }
    for (int i = 0; i < 3; i++) {
        if (look[i].revents) continue;
        client_expect(&clients[i], 200, "/a 1");
        client_close(&clients[i]);
    }
    server_end(s);
    (void)state;
}

struct stopper {
    plait_http_server *server;
    plait_deadline deadline;
    int result;
};
static int stop(void *argument)
{
    struct stopper *s = argument;
    s->result = plait_http_server_stop(s->server, s->deadline);
    return 0;
}

/* The one loop is blocked when these connect, so they are in line when the end begins. */
static void those_in_line_are_answered_at_the_end(void **state)
{
    for (int now = 0; now < 2; now++) {
        struct gate gate = { .blocks = true };
        plait_http_server *s = start(1, &gate, (plait_http_server_options){ 0 });
        struct client busy, asks, silent;
        struct answer a;
        client_open(&busy, s);
        client_get(&busy, "/block");
        until_so(atomic_load(&gate.inside) == 1);
        client_open(&asks, s);
        client_get(&asks, "/a");
        client_open(&silent, s);
        until_so(plait_http_in_line(s->lanes[0].listener) == 2);
        struct stopper stopper = { .server = s, .deadline = now ? PLAIT_NOW : PLAIT_FOREVER };
        plait_thread *thread = plait_thread_start(stop, &stopper, NULL);
        check(thread != NULL);
        struct plait_http_roster *r = &s->lanes[0].roster;
        for (bool begun = false; !begun;) {
            check_code(plait_sleep(PLAIT_MILLISECOND), 0);
            PLAIT_LOCKED(&r->guard);
            begun = now ? r->cutting : r->stopping;
        }
        atomic_store(&gate.blocks, false);
        if (!now) {
            client_expect(&busy, 200, "/block 1");
            check(client_take(&asks, &a, false));
            check_string(a.body, "/a 1");
            check(answer_closes(&a));
        }
        client_expect_end(&busy);
        client_expect_end(&asks);
        client_expect_end(&silent);
        plait_thread_free(thread);
        check_code(stopper.result, now ? PLAIT_ETIMEDOUT : 0);
        plait_http_server_free(s);
    }
    (void)state;
}

/* libc's recv is replaced: of one descriptor it always gives something. */
static _Atomic int endless = -1;
ssize_t recv(int fd, void *data, size_t size, int flags)
{
    if (fd != atomic_load(&endless)) return syscall(SYS_recvfrom, fd, data, size, flags, NULL, NULL);
    memset(data, 0, size);
    return (ssize_t)size;
}

/* No time passes, so that the server reads what comes after its early answer until it ends. */
static void one_who_sends_without_end_leaves_others_their_turn(void **state)
{
    clock_by_hand();
    struct gate gate = { 0 };
    plait_http_server *s = start(1, &gate, (plait_http_server_options){ .body_limit = 1 });
    struct client flood, c;
    client_open(&flood, s);
    client_send(&flood, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
    client_expect(&flood, 413, NULL);
    until(connections_in(s, PLAIT_HTTP_DONE) == 1);
    {
        PLAIT_LOCKED(&s->lanes[0].roster.guard);
        atomic_store(&endless, s->lanes[0].roster.all->fd);
    }
    client_send(&flood, "x");
    client_open(&c, s);
    for (int i = 0; i < 10; i++) talk(&c, "/a", "/a 1");
    client_close(&c);
    atomic_store(&endless, -1);
    client_close(&flood);
    server_end(s);
    clock_of_the_system();
    (void)state;
}

static void a_handler_has_the_stack_that_was_asked_for(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = start(1, &gate, (plait_http_server_options){ .stack_size = (size_t)1 << 20 });
    struct client c;
    client_open(&c, s);
    talk(&c, "/deep", "/deep 1");
    client_close(&c);
    server_end(s);
    (void)state;
}

static void loops_are_counted(void **state)
{
    struct gate gate = { 0 };
    plait_http_server *s = start(PLAIT_HTTP_LOOP_PER_CPU, &gate, (plait_http_server_options){ 0 });
    check_number(s->lane_count, plait_allowed_cpus());
    server_end(s);
    static const plait_http_server_options bad[] = { { .loops = -2 }, { .loops = 1, .threads = 1 } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check(!plait_http_serve("127.0.0.1:0", handler, &gate, &bad[i]));
        check_code(plait_error()->code, PLAIT_EINVAL);
    }
    (void)state;
}

static int serve_in_a_coroutine(void)
{
    struct gate gate = { 0 };
    plait_http_server *s = start(2, &gate, (plait_http_server_options){ 0 });
    struct client *c = calloc(1, sizeof *c);
    client_open(c, s);
    talk(c, "/a", "/a 1");
    client_close(c);
    free(c);
    server_end(s);
    return 0;
}
PLAIT_TASK(serve_in_a_coroutine, void, void);

static void a_coroutine_may_start_it_and_end_it(void **state)
{
    check_code(plait_run(serve_in_a_coroutine, NULL, NULL), 0);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_loops_listen_on_one_port_and_get_their_share),
        cmocka_unit_test(nobody_else_gets_a_share),
        cmocka_unit_test(handlers_that_wait_leave_the_loop_to_others),
        cmocka_unit_test(where_there_is_room_for_one_it_is_whose_turn_it_is),
        cmocka_unit_test(no_more_connections_are_taken_than_allowed_by_all_loops_together),
        cmocka_unit_test(those_in_line_are_answered_at_the_end),
        cmocka_unit_test(one_who_sends_without_end_leaves_others_their_turn),
        cmocka_unit_test(a_handler_has_the_stack_that_was_asked_for),
        cmocka_unit_test(loops_are_counted),
        cmocka_unit_test(a_coroutine_may_start_it_and_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
