/* resolve.c: getaddrinfo knows neither deadlines nor cancellation, so each look-up has a thread of its own, and whoever asked
   may leave it alone with its work.

   What must hold: the record belongs to both, and the last to let go of it frees it. The answer is written before `done`
   is set, and `done` before the descriptor is made ready; who asks waits for the descriptor as for any other, so this
   works wherever plait waits. The thread takes no signals: they belong to the program's own. */
#include "io/resolve.h"
#include "base/clock.h"
#include "base/hooks.h"
#include "base/memory.h"
#include <plait/error.h>
#include <plait/io.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lookup {
    _Atomic int references;
    _Atomic bool done;
    int ready; /* eventfd */
    int error, system_error;
    struct addrinfo *list;
    char port[6];
    char host[];
};

static void let_go(struct lookup *l)
{
    if (atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) != 1) return;
    if (l->list) freeaddrinfo(l->list);
    if (l->ready >= 0) plait_close(l->ready);
    free(l);
}

static void *look_up(void *argument)
{
    struct lookup *l = argument;
    static const struct addrinfo wanted = { .ai_family = AF_UNSPEC,
                                            .ai_socktype = SOCK_STREAM,
                                            .ai_flags = AI_NUMERICSERV };
    static const uint64_t one = 1;
    pthread_setname_np(pthread_self(), "plait-resolve");
    l->error = getaddrinfo(l->host, l->port, &wanted, &l->list);
    l->system_error = errno;
    atomic_store_explicit(&l->done, true, memory_order_release);
    while (write(l->ready, &one, sizeof one) < 0 && errno == EINTR) {}
    let_go(l);
    return NULL;
}

static int start_thread(struct lookup *l)
{
    pthread_attr_t attributes;
    pthread_t id;
    sigset_t all, before;
    if (plait_refused("thread")) return EAGAIN;
    int err = pthread_attr_init(&attributes);
    if (err) return err;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&id, &attributes, look_up, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return err;
}

/* A record whose thread is at work, or NULL and *err. */
static struct lookup *begin(const char *host, uint16_t port, int *err)
{
    size_t size = strlen(host) + 1;
    struct lookup *l = plait_allocate(sizeof *l + size);
    *err = PLAIT_ENOMEM;
    if (!l) return NULL;
    atomic_init(&l->references, 2);
    memcpy(l->host, host, size);
    snprintf(l->port, sizeof l->port, "%u", port);
    l->ready = plait_refused("descriptor") ? (errno = EMFILE, -1) : eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (l->ready < 0) *err = -errno;
    else if (start_thread(l) == 0) return l;
    atomic_store_explicit(&l->references, 1, memory_order_relaxed);
    let_go(l);
    return NULL;
}

static int answer(struct lookup *l, const char *address, struct addrinfo **list)
{
    if (l->error == 0 && l->list) {
        *list = l->list;
        l->list = NULL;
        return 0;
    }
    if (l->error == EAI_MEMORY) return plait_fail(PLAIT_ENOMEM, "%s: no memory to look up the host", address);
    const char *cause =
        l->error == EAI_SYSTEM ? plait_error_text(-l->system_error) : gai_strerror(l->error ? l->error : EAI_NONAME);
    return plait_fail(PLAIT_ERESOLVE, "%s: the host was not found: %s", address, cause);
}

int plait_resolve(const char *address, const char *host, uint16_t port, plait_deadline deadline, struct addrinfo **list)
{
    int err;
    *list = NULL;
    if (plait_is_now(deadline))
        return plait_fail(PLAIT_EAGAIN, "%s: a host name cannot be looked up without waiting", address);
    struct lookup *l = begin(host, port, &err);
    if (!l) return plait_fail(err, "%s: the host name cannot be looked up: %s", address, plait_error_text(err));
    for (err = 0; !err && !atomic_load_explicit(&l->done, memory_order_acquire);) {
        int events = plait_wait_fd(l->ready, POLLIN, deadline);
        if (events < 0)
            err = plait_fail(events, "%s: while looking up the host: %s", address, plait_error_text(events));
    }
    if (!err) err = answer(l, address, list);
    let_go(l);
    return err;
}
