/* Clients that had to wait for a worker: one that has gone meanwhile has no handler run for it and is owed nothing; one
   whose time is up is told so. */
#include "raw_client.h"
#include <plait/event.h>
#include <poll.h>
#include <stdatomic.h>

struct gate {
    plait_event open;
    _Atomic int waiting, queued; /* handlers that ran */
};

static int handler(const plait_http_server_request *q, plait_http_server_response *r, void *context)
{
    struct gate *gate = context;
    if (strcmp(q->path, "/wait") == 0) {
        atomic_fetch_add(&gate->waiting, 1);
        int err = plait_event_wait(&gate->open, PLAIT_FOREVER);
        if (err) return err;
    } else {
        atomic_fetch_add(&gate->queued, 1);
    }
    return plait_bytes_format(&r->body, "%s", q->path);
}

/* A server whose one worker is in a handler, and a client in line behind it. */
static plait_http_server *start(struct gate *gate, struct client *busy, struct client *queued)
{
    plait_http_server *s = server_start(handler, gate, &(plait_http_server_options){ .threads = 1 });
    client_open(busy, s);
    client_get(busy, "/wait");
    until_so(atomic_load(&gate->waiting) == 1);
    client_open(queued, s);
    until_so(connections_in(s, PLAIT_HTTP_QUEUED) == 1);
    return s;
}

static struct plait_http_connection *queued_of(plait_http_server *s)
{
    struct plait_http_entry *e = s->lanes[0].roster.all;
    while (e && e->state != PLAIT_HTTP_QUEUED) e = e->next;
    check(e != NULL);
    return (struct plait_http_connection *)e;
}

/* The server's system has the request, whole, and after it the reset. */
static bool has_reset(plait_http_server *s)
{
    PLAIT_LOCKED(&s->lanes[0].roster.guard);
    struct pollfd look = { .fd = queued_of(s)->entry.fd };
    return poll(&look, 1, 0) == 1 && look.revents & POLLHUP;
}

static void reset(struct client *c, plait_http_server *s)
{
    struct linger now = { .l_onoff = 1, .l_linger = 0 };
    client_get(c, "/queued");
    check_number(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    client_close(c);
    until_so(has_reset(s));
}

static void no_handler_runs_for_one_who_has_gone(void **state)
{
    struct gate gate = { 0 };
    struct client busy, queued;
    plait_http_server *s = start(&gate, &busy, &queued);
    reset(&queued, s);
    plait_event_set(&gate.open);
    client_expect(&busy, 200, "/wait");
    client_close(&busy);
    until_so(connections_open(s) == 0);
    check_number(atomic_load(&gate.queued), 0);
    server_end(s);
    (void)state;
}

static void a_stop_owes_nothing_to_those_who_have_gone(void **state)
{
    struct gate gate = { 0 };
    struct client busy, queued;
    plait_http_server *s = start(&gate, &busy, &queued);
    reset(&queued, s);
    struct linger now = { .l_onoff = 1, .l_linger = 0 };
    check_number(setsockopt(busy.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    client_close(&busy);
    struct pollfd look = { .fd = -1 };
    {
        PLAIT_LOCKED(&s->lanes[0].roster.guard);
        for (struct plait_http_entry *e = s->lanes[0].roster.all; e; e = e->next)
            if (e->state == PLAIT_HTTP_BUSY) look.fd = e->fd;
    }
    until_so(poll(&look, 1, 0) == 1 && look.revents & POLLHUP);
    check_code(plait_http_server_stop(s, PLAIT_NOW), 0);
    plait_http_server_free(s);
    (void)state;
}

static void one_who_had_to_wait_too_long_is_a_503(void **state)
{
    for (int speaks = 0; speaks < 2; speaks++) {
        struct gate gate = { 0 };
        struct client busy, queued;
        struct answer a;
        plait_http_server *s = start(&gate, &busy, &queued);
        if (speaks) client_get(&queued, "/queued");
        {
            PLAIT_LOCKED(&s->lanes[0].roster.guard);
            struct plait_http_connection *c = queued_of(s);
            check(c->until.at > plait_time()); /* it runs from the accept on */
            c->until = plait_after(-1);
        }
        plait_event_set(&gate.open);
        client_expect(&busy, 200, "/wait");
        if (speaks) {
            check(client_take(&queued, &a, false));
            check_number(a.status, 503);
            check_string(a.body, "503 Service Unavailable: no thread was free to read the request in time\n");
            check(answer_closes(&a));
        }
        client_expect_end(&queued);
        client_close(&busy);
        check_number(atomic_load(&gate.queued), 0);
        server_end(s);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_THREADS(no_handler_runs_for_one_who_has_gone),
        TEST_ON_THREADS(a_stop_owes_nothing_to_those_who_have_gone),
        TEST_ON_THREADS(one_who_had_to_wait_too_long_is_a_503),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
