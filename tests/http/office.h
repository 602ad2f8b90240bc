/* office.h: for the tests of servers on processes: one with two of them, whose handlers see, and wait for, what lies in shared
   memory; and the reports of this process. */
#ifndef PLAIT_TEST_OFFICE_H
#define PLAIT_TEST_OFFICE_H
#include "raw_client.h"
#include <plait/event.h>
#include <plait/process.h>
#include <plait/report.h>
#include <plait/shared.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { MOST = 64 };

/* In shared memory. */
struct board {
    plait_event *open;
    _Atomic int born, inside, births_to_fail;
    _Atomic int waits_in; /* the process that was last in /wait, /block or /compute */
    _Atomic bool blocks;
};

/* The handler's context: each process has a copy. */
struct desk {
    struct board *board;
    int answered;
};

static int initialized_with; /* nothing, in this process */

static int settle_in(const struct desk *desk)
{
    if (atomic_load(&desk->board->births_to_fail) > 0) {
        atomic_fetch_sub(&desk->board->births_to_fail, 1);
        return plait_fail(PLAIT_EUSER - 7, "no desk for %d", 7);
    }
    initialized_with = desk->answered;
    atomic_fetch_add(&desk->board->born, 1);
    return 0;
}
PLAIT_TASK(settle_in, struct desk, void);

static int handler(const plait_http_server_request *q, plait_http_server_response *r, void *context)
{
    struct desk *desk = context;
    struct board *board = desk->board;
    bool waits = strcmp(q->path, "/wait") == 0, blocks = strcmp(q->path, "/block") == 0;
    if (waits || blocks) {
        atomic_store(&board->waits_in, getpid());
        atomic_fetch_add(&board->inside, 1);
    }
    int err = waits ? plait_event_wait(board->open, PLAIT_FOREVER) : 0;
    while (blocks && atomic_load(&board->blocks)) sched_yield(); /* and the whole loop with it */
    if (err) return err;
    if (strcmp(q->path, "/own") == 0)
        return plait_bytes_format(&r->body, "%d %d", initialized_with, ++desk->answered - initialized_with);
    if (strcmp(q->path, "/fail") == 0) return plait_fail(-EIO, "no luck");
    return plait_bytes_format(&r->body, "%d", getpid());
}

static struct {
    pthread_mutex_t guard;
    int count;
    char texts[MOST][512];
} reports = { .guard = PTHREAD_MUTEX_INITIALIZER };

static inline int keep_report(const plait_report_info *info, void *context)
{
    (void)context;
    pthread_mutex_lock(&reports.guard);
    if (reports.count < MOST) snprintf(reports.texts[reports.count++], sizeof *reports.texts, "%s", info->text);
    pthread_mutex_unlock(&reports.guard);
    return 0;
}
static inline int reports_count(void)
{
    pthread_mutex_lock(&reports.guard);
    int count = reports.count;
    pthread_mutex_unlock(&reports.guard);
    return count;
}

struct office {
    plait_shared_memory *memory;
    struct board *board;
    plait_http_server *server;
};

static inline plait_http_server_options options_of(plait_http_server_options o)
{
    o.processes = 2;
    o.context_size = sizeof(struct desk);
    o.initializer = &settle_in_plait_task;
    if (!o.loops && !o.threads) o.loops = 1;
    return o;
}

static inline void office_new(struct office *office)
{
    static const plait_report_hook hook = { .report = keep_report };
    reports.count = 0;
    plait_report_hook_set(&hook);
    office->memory = plait_shared_memory_new(NULL);
    check(office->memory != NULL);
    office->board = plait_shared_alloc(office->memory, sizeof *office->board);
    office->board->open = plait_shared_event_new(office->memory);
    check(office->board->open != NULL);
}

static inline void office_open_at(struct office *office, const char *address, plait_http_server_options options)
{
    office_new(office);
    plait_http_server_options o = options_of(options);
    struct desk desk = { office->board, 1000 };
    office->server = plait_http_serve(address, handler, &desk, &o);
    if (!office->server) plait_error_print(stderr, plait_error_code());
    check(office->server != NULL);
    check_number(atomic_load(&office->board->born), 2);
}
static inline void office_open(struct office *office, plait_http_server_options options)
{
    office_open_at(office, "127.0.0.1:0", options);
}

static inline void office_end(struct office *office)
{
    plait_http_server_free(office->server);
    plait_shared_memory_free(office->memory);
    plait_report_hook_set(NULL);
    check_number(plait_process_list(NULL, 0), 0);
}
static inline void office_close(struct office *office)
{
    check_code(plait_http_server_stop(office->server, PLAIT_FOREVER), 0);
    office_end(office);
}

static inline int ask(struct office *office, const char *path)
{
    struct client c;
    struct answer a;
    client_open(&c, office->server);
    client_get(&c, path);
    check(client_take(&c, &a, false));
    check_number(a.status, 200);
    client_close(&c);
    return atoi(a.body);
}

/* A client whose request waits in a process, which it returns. */
static inline int send_into(struct office *office, struct client *c, const char *path)
{
    int before = atomic_load(&office->board->inside);
    client_open(c, office->server);
    client_get(c, path);
    until_so(atomic_load(&office->board->inside) == before + 1);
    return atomic_load(&office->board->waits_in);
}

#endif
