/* stress_foreign.c: loops that poll(2) drives, and for each of them one who brings it something, waits until that is over,
   and only then brings the next: a post, a task, a task that sleeps, one that is woken, one that waits for a descriptor, a
   signal. So nothing that comes later makes up for a descriptor that should have become readable and did not: the host
   would sleep for ever. Now and then a host brings itself something between two turns, or turns with a deadline. */
#include "stress.h"
#include <fcntl.h>
#include <plait.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

enum { HOSTS = 3 };

static struct host {
    plait_loop *loop;
    plait_event ready, told, go;
    int pipe[2];
    _Atomic bool through; /* who brings */
} hosts[HOSTS];
static _Atomic uint64_t posted, called, submitted, ended, signals;

static void tell(void *host)
{
    called++;
    plait_event_set(&((struct host *)host)->told);
}
static void signal_came(int number, void *host)
{
    check(number == SIGUSR1);
    signals++;
    plait_event_set(&((struct host *)host)->told);
}
static void watch_signal(void *host)
{
    called++;
    check(plait_loop_watch_signal(SIGUSR1, signal_came, host) == 0);
    plait_event_set(&((struct host *)host)->ready);
}

/* The tasks. */

struct errand {
    struct host *host;
    int64_t nanoseconds;
};
static int end_at_once(const struct errand *e)
{
    (void)e;
    ended++;
    return 0;
}
PLAIT_LOCAL_TASK(end_at_once, struct errand, void);
static int sleep_a_while(const struct errand *e)
{
    int err = plait_sleep(e->nanoseconds);
    ended++;
    return err;
}
PLAIT_LOCAL_TASK(sleep_a_while, struct errand, void);
static int wait_to_go(const struct errand *e)
{
    int err = plait_event_wait(&e->host->go, PLAIT_FOREVER);
    ended++;
    return err;
}
PLAIT_LOCAL_TASK(wait_to_go, struct errand, void);
static int read_a_byte(const struct errand *e)
{
    char byte;
    check(plait_read(e->host->pipe[0], &byte, 1, PLAIT_FOREVER) == 1);
    ended++;
    return 0;
}
PLAIT_LOCAL_TASK(read_a_byte, struct errand, void);

/* The hosts. */

static void open_loop(struct host *h)
{
    check((h->loop = plait_loop_new(NULL)) != NULL);
    check(plait_loop_post(h->loop, watch_signal, h) == 0);
    posted++;
}

static bool drive(struct actor *a)
{
    struct host *h = &hosts[a->number];
    if (!h->loop) open_loop(h);
    if (atomic_load(&h->through)) {
        plait_loop_free(h->loop);
        return false;
    }
    if (!dice(a, 8)) {
        submitted++;
        plait_future_detach(plait_submit(plait_loop_get_executor(h->loop), sleep_a_while,
                                         &((struct errand){ h, (int64_t)dice(a, 3000) })));
    }
    int err;
    if (!dice(a, 4)) {
        err = plait_loop_turn(h->loop, some_deadline(a));
        check(!err || err == PLAIT_EAGAIN || err == PLAIT_ETIMEDOUT || err == PLAIT_ECANCELED);
    } else {
        struct pollfd on = { .fd = plait_loop_fd(h->loop), .events = POLLIN };
        if (dice(a, 4)) check(poll(&on, 1, -1) == 1 || errno == EINTR);
        err = plait_loop_turn(h->loop, PLAIT_NOW);
        check(!err || err == PLAIT_EAGAIN);
    }
    tally(a, 0);
    return true;
}

/* Those who bring. */

static void await(plait_future *f)
{
    submitted++;
    check(plait_await(f, NULL) == 0);
}

static bool bring(struct actor *a)
{
    struct host *h = &hosts[a->number - HOSTS];
    struct errand e = { h, (int64_t)dice(a, 20000) };
    PLAIT_SHIELD(whole, PLAIT_FOREVER);
    check(plait_event_wait(&h->ready, PLAIT_FOREVER) == 0);
    plait_executor *ex = plait_loop_get_executor(h->loop);
    if (stopping) {
        atomic_store(&h->through, true);
        check(plait_loop_post(h->loop, tell, h) == 0);
        posted++;
        return false;
    }
    plait_event_clear(&h->told);
    plait_event_clear(&h->go);
    dawdle(a, 2000);
    plait_future *f;
    switch (dice(a, 6)) {
    case 0:
        posted++;
        check(plait_loop_post(h->loop, tell, h) == 0);
        check(plait_event_wait(&h->told, PLAIT_FOREVER) == 0);
        break;
    case 1: await(plait_submit(ex, end_at_once, &e)); break;
    case 2: await(plait_submit(ex, sleep_a_while, &e)); break;
    case 3:
        f = plait_submit(ex, wait_to_go, &e);
        dawdle(a, 5000);
        plait_event_set(&h->go);
        await(f);
        break;
    case 4:
        f = plait_submit(ex, read_a_byte, &e);
        dawdle(a, 5000);
        check(write(h->pipe[1], "x", 1) == 1);
        await(f);
        break;
    default:
        raise(SIGUSR1); /* in this thread: ThreadSanitizer would keep it back from one that sleeps */
        check(plait_event_wait(&h->told, PLAIT_FOREVER) == 0);
    }
    tally(a, 0);
    return true;
}

static bool right(void)
{
    for (int i = 0; i < HOSTS; i++) close(hosts[i].pipe[0]), close(hosts[i].pipe[1]);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    printf("%llu tasks, %llu posts, %llu signals\n", (unsigned long long)ended, (unsigned long long)called,
           (unsigned long long)signals);
    return posted == called && submitted >= ended && total_of("bring") > 0 && now.sa_handler == SIG_DFL;
}

int main(void)
{
    for (int i = 0; i < HOSTS; i++) check(pipe2(hosts[i].pipe, O_CLOEXEC) == 0);
    cast("host", drive, HOSTS, 0);
    cast("bring", bring, HOSTS, 0);
    return stress("stress_foreign", NULL, right);
}
