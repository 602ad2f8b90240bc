/* relay.c: the thread that passes on what processes write: it starts with the first of them and ends with the last. See
   relay.h for what must hold.

   It sleeps on one epoll set for each of our two streams, with the pipes whose lines go there; or, as long as a stream of ours
   takes nothing, on that stream in place of the set. We write only what a pipe takes at once that is said to be writable: so
   the other stream does not wait, but for a line that is longer. `guard` is over the lists and who is open; it is never held
   while something is written, and comes before that of a relay. The thread alone closes a stream. */
#include "process/relay.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "process/process.h"
#include "thread/thread.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS = 16 };

/* One of our own streams. */
struct outlet {
    int set;
    bool sweep;                /* the ended ones are to be looked at */
    size_t size, at;           /* what is to be written, and how far that has come */
    char text[PLAIT_LINE + 1]; /* with a newline before it */
};

struct plait_relay_thread {
    struct plait_relay_thread *next;
    plait_thread *thread;
    int bell;    /* an eventfd */
    size_t open; /* streams */
    bool over;   /* it is past, and ends */
    struct outlet outlets[2];
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct plait_relay_thread *present, *past; /* NULL: none; those that are at their end, to be joined */
static struct plait_stream *first;
static uint64_t numbers;
static _Atomic uint64_t unfinished[2]; /* of the stream of this number the last line lacks its newline; 0: none */

/* Those of one owner. */

struct plait_relays *plait_relays_new(void)
{
    struct plait_relays *g = plait_allocate(sizeof *g);
    if (!g) {
        plait_fail(PLAIT_ENOMEM, "no memory to pass on what a process writes");
        return NULL;
    }
    atomic_init(&g->references, 1);
    plait_event_set(&g->none);
    return g;
}

void plait_relays_unref(struct plait_relays *g)
{
    if (g && atomic_fetch_sub_explicit(&g->references, 1, memory_order_acq_rel) == 1) free(g);
}

static void close_all_of(struct plait_relay_thread *t)
{
    for (int i = 0; i < 2; i++)
        if (t->outlets[i].set >= 0) close(t->outlets[i].set);
    if (t->bell >= 0) close(t->bell);
}

static void free_past(void)
{
    struct plait_relay_thread *next;
    pthread_mutex_lock(&guard);
    struct plait_relay_thread *t = past;
    past = NULL;
    pthread_mutex_unlock(&guard);
    PLAIT_SHIELD(whole, PLAIT_FOREVER);
    for (; t; t = next) {
        next = t->next;
        (void)!plait_thread_join(t->thread, NULL, PLAIT_FOREVER);
        plait_thread_free(t->thread);
        close_all_of(t);
        free(t);
    }
}

int plait_relays_wait(struct plait_relays *g, plait_deadline deadline)
{
    int err = plait_event_wait(&g->none, deadline);
    if (!err) free_past();
    return err;
}

void plait_relay_unref(struct plait_relay *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->references, 1, memory_order_acq_rel) != 1) return;
    for (int i = 0; i < 2; i++)
        if (r->streams[i].held != r->streams[i].small) free(r->streams[i].held);
    plait_relays_unref(r->relays);
    pthread_mutex_destroy(&r->guard);
    free(r);
}

/* The thread. */

static bool is_writable(int fd)
{
    struct pollfd on = { .fd = fd, .events = POLLOUT };
    return poll(&on, 1, 0) != 0; /* a failure the write will tell */
}

/* As many whole lines as a pipe takes at once, or one. */
static size_t piece(const char *text, size_t size)
{
    if (size <= PIPE_BUF) return size;
    const char *newline = memrchr(text, '\n', PIPE_BUF);
    if (!newline) newline = memchr(text, '\n', size);
    return newline ? (size_t)(newline - text) + 1 : size;
}

/* As far as it goes. What nobody will ever take is dropped. */
static void write_out(struct outlet *o, int fd)
{
    while (o->at < o->size && is_writable(fd)) {
        ssize_t put = write(fd, o->text + o->at, piece(o->text + o->at, o->size - o->at));
        if (put > 0) o->at += (size_t)put;
        else if (put < 0 && errno == EAGAIN) return;
        else if (put < 0 && errno != EINTR) o->at = o->size;
    }
    if (o->at == o->size) o->at = o->size = 0;
}

/* Moves what is ripe to the outlet, which is empty. Whether there was anything. */
static bool move_lines(struct plait_stream *s, struct outlet *o)
{
    size_t count = plait_stream_ripe(s);
    if (!count) return false;
    uint64_t whose =
        atomic_load_explicit(&unfinished[s->of], memory_order_relaxed); /* no order: a thread at its end … */
    if (whose && whose != s->number) o->text[o->size++] = '\n';         /* … has written already */
    memcpy(o->text + o->size, s->held, count);
    o->size += count;
    whose = o->text[o->size - 1] == '\n' ? 0 : s->number;
    atomic_store_explicit(&unfinished[s->of], whose, memory_order_relaxed);
    plait_stream_passed(s, count);
    return true;
}

/* The guard is held. */
static void make_past(struct plait_relay_thread *t)
{
    t->over = true;
    t->next = past;
    past = t;
}

static void close_stream(struct plait_relay_thread *t, struct plait_stream *s)
{
    struct plait_relay *r = s->relay;
    struct plait_relays *g = r->relays;
    pthread_mutex_lock(&guard);
    pthread_mutex_lock(&r->guard);
    epoll_ctl(t->outlets[s->of].set, EPOLL_CTL_DEL, s->fd, NULL); /* a process that starts may have another of it yet */
    close(s->fd);
    s->fd = -1;
    pthread_mutex_unlock(&r->guard);
    *(s->previous ? &s->previous->next : &first) = s->next;
    if (s->next) s->next->previous = s->previous;
    if (--t->open == 0) {
        present = NULL;
        make_past(t);
    }
    if (--g->open == 0) plait_event_set(&g->none);
    pthread_mutex_unlock(&guard);
    plait_relay_unref(r);
}

/* Reads from one that has something, or has ended, and passes it on. */
static void serve(struct plait_relay_thread *t, struct plait_stream *s)
{
    struct outlet *o = &t->outlets[s->of];
    bool any, empty;
    do {
        pthread_mutex_lock(&s->relay->guard);
        plait_stream_read(s, PLAIT_LINE);
        any = move_lines(s, o);
        empty = s->over && !s->size;
        pthread_mutex_unlock(&s->relay->guard);
        write_out(o, s->of + 1);
        if (o->size) break;
    } while (any && !empty && atomic_load_explicit(&s->relay->ended, memory_order_acquire));
    if (o->size) o->sweep = true; /* it stays until it is written */
    else if (empty) close_stream(t, s);
}

/* One of its own whose process has ended, which the pipe does not tell when another has that too. */
static struct plait_stream *next_ended(const struct plait_relay_thread *t, int of)
{
    pthread_mutex_lock(&guard);
    struct plait_stream *s = first;
    while (s && (s->thread != t || s->of != of || !atomic_load_explicit(&s->relay->ended, memory_order_relaxed)))
        s = s->next;
    pthread_mutex_unlock(&guard);
    return s;
}

static void serve_all(struct plait_relay_thread *t, int of)
{
    struct outlet *o = &t->outlets[of];
    struct epoll_event events[EVENTS];
    struct plait_stream *s;
    write_out(o, of + 1);
    int count = o->size ? 0 : epoll_wait(o->set, events, EVENTS, 0);
    for (int i = 0; i < count && !o->size; i++) serve(t, events[i].data.ptr);
    if (o->size || !o->sweep) return;
    o->sweep = false;
    while (!o->size && (s = next_ended(t, of))) serve(t, s);
}

static int run(void *thread)
{
    struct plait_relay_thread *t = thread;
    struct pollfd on[3] = { { .fd = t->bell, .events = POLLIN } };
    sigset_t all;
    sigfillset(&all); /* a write for which there is no reader is ours to know */
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (bool over = false; !over;) {
        for (int i = 0; i < 2; i++)
            on[1 + i] = t->outlets[i].size ? (struct pollfd){ .fd = i + 1, .events = POLLOUT }
                                           : (struct pollfd){ .fd = t->outlets[i].set, .events = POLLIN };
        poll(on, 3, -1);
        uint64_t rung;
        if (read(t->bell, &rung, sizeof rung) > 0) t->outlets[0].sweep = t->outlets[1].sweep = true;
        for (int i = 0; i < 2; i++) serve_all(t, i);
        pthread_mutex_lock(&guard);
        over = t->over;
        pthread_mutex_unlock(&guard);
    }
    return 0;
}

/* Its beginning and end. */

static int no_descriptors(int number)
{
    return plait_fail(-number, "no descriptors to pass on what a process writes: %s", plait_error_text(-number));
}

/* One that sleeps until its bell rings, or a stream has something; NULL with a record. */
static struct plait_relay_thread *start_thread(void)
{
    struct plait_relay_thread *t = plait_allocate(sizeof *t);
    if (!t) {
        plait_fail(PLAIT_ENOMEM, "no memory to pass on what a process writes");
        return NULL;
    }
    plait_hold_standard_descriptors(); /* closed since the program began: what is passed on must fail, not wait for ever */
    t->bell = plait_refused("descriptor") ? (errno = EMFILE, -1) : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int err = t->bell < 0 ? errno : 0;
    for (int i = 0; i < 2; i++) {
        t->outlets[i].set = err ? -1 : epoll_create1(EPOLL_CLOEXEC);
        if (!err && t->outlets[i].set < 0) err = errno;
    }
    plait_thread_start_options o = { .name = "plait-relay", .life = PLAIT_SERVICE };
    if (err) no_descriptors(err);
    else if ((t->thread = plait_thread_start(run, t, &o))) return t;
    close_all_of(t);
    free(t);
    return NULL;
}

/* The guard is held. Nothing will ever be open in it: it ends. */
static void dismiss(struct plait_relay_thread *t)
{
    const uint64_t one = 1;
    make_past(t);
    (void)!write(t->bell, &one, sizeof one);
}

/* Two pipes, above those of stdin, stdout and stderr should one of them be closed. 0 or an errno. */
static int make_pipes(struct plait_relay *r, int writing[2])
{
    int err = plait_refused("descriptor") ? EMFILE : 0;
    for (int i = 0; i < 2 && !err; i++) {
        int made[2], *ends[2] = { &r->streams[i].fd, &writing[i] };
        if (pipe2(made, O_CLOEXEC) != 0) return errno;
        for (int end = 0; end < 2; end++) {
            *ends[end] = made[end] > 2 ? made[end] : fcntl(made[end], F_DUPFD_CLOEXEC, 3);
            if (*ends[end] < 0) err = errno;
            if (made[end] <= 2) close(made[end]);
        }
        if (!err && fcntl(r->streams[i].fd, F_SETFL, O_NONBLOCK) != 0) err = errno;
    }
    return err;
}

/* The guard is held, and there is a thread: it reads from both from now on. Nothing comes before their process is there. */
static int open_streams(struct plait_relay *r)
{
    for (int i = 0; i < 2; i++) {
        struct plait_stream *s = &r->streams[i];
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = s };
        s->thread = present;
        s->number = ++numbers;
        if (epoll_ctl(present->outlets[i].set, EPOLL_CTL_ADD, s->fd, &event) == 0) continue;
        int err = no_descriptors(errno);
        if (present->open) return err;
        dismiss(present);
        present = NULL;
        return err;
    }
    for (int i = 0; i < 2; i++) {
        struct plait_stream *s = &r->streams[i];
        s->next = first;
        if (first) first->previous = s;
        first = s;
    }
    present->open += 2;
    r->relays->open += 2;
    plait_event_clear(&r->relays->none);
    atomic_store_explicit(&r->references, 3, memory_order_relaxed);
    return 0;
}

/* A thread is started without the guard, which whoever forks this process wants. */
static int begin(struct plait_relay *r)
{
    struct plait_relay_thread *made = NULL;
    pthread_mutex_lock(&guard);
    if (!present) {
        pthread_mutex_unlock(&guard);
        if (!(made = start_thread())) return plait_error_code();
        pthread_mutex_lock(&guard);
        if (present) dismiss(made);
        else present = made;
    }
    int err = open_streams(r);
    pthread_mutex_unlock(&guard);
    return err;
}

struct plait_relay *plait_relay_new(struct plait_relays *g, _Atomic uint64_t *taken, int writing[2])
{
    struct plait_relay *r = plait_allocate(sizeof *r);
    writing[0] = writing[1] = -1;
    if (!r) {
        plait_fail(PLAIT_ENOMEM, "no memory to pass on what a process writes");
        return NULL;
    }
    atomic_init(&r->references, 1);
    atomic_fetch_add_explicit(&g->references, 1, memory_order_relaxed);
    r->relays = g;
    r->taken = taken;
    pthread_mutex_init(&r->guard, NULL);
    for (int i = 0; i < 2; i++)
        r->streams[i] = (struct plait_stream){
            .relay = r, .of = i, .fd = -1, .held = r->streams[i].small, .room = sizeof r->streams[i].small
        };
    int err = make_pipes(r, writing);
    if (err) err = no_descriptors(err);
    if (!err) err = begin(r);
    if (!err) return r;
    for (int i = 0; i < 2; i++) {
        if (r->streams[i].fd >= 0) close(r->streams[i].fd);
        if (writing[i] >= 0) close(writing[i]);
        writing[i] = -1;
    }
    plait_relay_unref(r);
    return NULL;
}

void plait_relay_end(struct plait_relay *r)
{
    const uint64_t one = 1;
    pthread_mutex_lock(&guard);
    atomic_store_explicit(&r->ended, true, memory_order_release);
    for (int i = 0; i < 2; i++) { /* one that is closed may be of a thread that is not there any more */
        struct plait_stream *s = &r->streams[i];
        if (s->fd >= 0) (void)!write(s->thread->bell, &one, sizeof one);
    }
    pthread_mutex_unlock(&guard);
}

void plait_relay_before_fork(void) { pthread_mutex_lock(&guard); }
void plait_relay_after_fork(void) { pthread_mutex_unlock(&guard); }

void plait_relay_in_forked_child(void)
{
    const pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;
    struct plait_stream *next;
    if (present) close_all_of(present);
    for (struct plait_relay_thread *t = past; t; t = t->next) close_all_of(t);
    present = past = NULL;
    for (struct plait_stream *s = first; s; s = next) {
        next = s->next;
        close(s->fd);
        s->fd = -1;
        s->relay->guard = unlocked;
        plait_relay_unref(s->relay);
    }
    first = NULL;
    plait_relay_after_fork();
}
