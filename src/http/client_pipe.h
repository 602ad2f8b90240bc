/* client_pipe.h: no SIGPIPE comes out of libcurl. It is told to leave signals alone (other threads live here), so SIGPIPE is
   blocked around every call that may write, and what came up meanwhile is taken away: sends with MSG_NOSIGNAL raise none,
   but TLS libraries may write by other means. The mask is never held over a wait. Threads that libcurl starts for look-ups
   inherit the block. */
#ifndef PLAIT_HTTP_CLIENT_PIPE_H
#define PLAIT_HTTP_CLIENT_PIPE_H
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

typedef struct plait_http_pipe_guard {
    sigset_t before;
    bool pending; /* it was there already, and stays */
} plait_http_pipe_guard;

static inline void plait_http_guard_pipe(plait_http_pipe_guard *g)
{
    sigset_t pipe, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &g->before);
    g->pending =
        sigismember(&g->before, SIGPIPE) == 1 && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static inline void plait_http_unguard_pipe(const plait_http_pipe_guard *g)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (!g->pending)
        while (sigtimedwait(&pipe, NULL, &(struct timespec){ 0 }) < 0 && errno == EINTR) {}
    pthread_sigmask(SIG_SETMASK, &g->before, NULL);
}

#endif
