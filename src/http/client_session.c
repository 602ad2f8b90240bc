/* client_session.c: libcurl's multi socket interface over plait_wait_fd. See client_session.h for what must hold.

   libcurl says which sockets it wants to know about (told_socket: they go into the epoll descriptor) and when it wants
   to be called at the latest (told_timer). One turn waits for the nearer of that and the request's deadline, then lets
   libcurl do what can be done without waiting. Its timer is kept on plait's clock. */
#include "http/client_session.h"
#include "base/clock.h"
#include "base/fork.h"
#include "http/client_pipe.h"
#include <plait/error.h>
#include <plait/io.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

static plait_http_session *session_of(plait_http_transfer *t) { return (plait_http_session *)t; }

/* What libcurl tells us, and asks of us. */

int plait_http_session_new_socket(plait_http_transfer *t, int family, int type, int protocol)
{
    return plait_http_sockets_open(&session_of(t)->sockets, family, type, protocol);
}

int plait_http_session_close_socket(void *session, curl_socket_t fd)
{
    return plait_http_sockets_close(&((plait_http_session *)session)->sockets, fd);
}

bool plait_http_session_connected(plait_http_transfer *t)
{
    return plait_http_sockets_connected(&session_of(t)->sockets);
}

static int told_socket(CURL *easy, curl_socket_t fd, int what, void *session, void *unused)
{
    (void)easy, (void)unused;
    plait_http_session *s = session;
    if (what == CURL_POLL_REMOVE) {
        plait_http_sockets_unwatch(&s->sockets, fd);
        return 0;
    }
    uint32_t in = what & CURL_POLL_IN ? EPOLLIN : 0, out = what & CURL_POLL_OUT ? EPOLLOUT : 0;
    int err = plait_http_sockets_watch(&s->sockets, fd, in | out);
    if (err) s->transfer.system_error = -err;
    return err ? -1 : 0;
}

static int told_timer(CURLM *multi, long milliseconds, void *session)
{
    (void)multi;
    ((plait_http_session *)session)->timer = milliseconds < 0 ? 0 : plait_after(milliseconds * PLAIT_MILLISECOND).at;
    return 0;
}

/* The drive. */

static int act(plait_http_session *s, curl_socket_t fd, int ready)
{
    plait_http_pipe_guard g;
    int running;
    plait_http_guard_pipe(&g);
    CURLMcode code = curl_multi_socket_action(s->multi, fd, ready, &running);
    plait_http_transfer_look(&s->transfer);
    plait_http_unguard_pipe(&g);
    return plait_http_multi_failed(&s->transfer, code);
}

static int act_on_ready(plait_http_session *s, int set)
{
    struct epoll_event ready[PLAIT_HTTP_SOCKETS];
    int count = epoll_wait(set, ready, PLAIT_HTTP_SOCKETS, 0), err = 0;
    for (int i = 0; i < count && !err; i++) {
        uint32_t events = ready[i].events;
        if (events & (EPOLLERR | EPOLLHUP)) events |= EPOLLIN | EPOLLOUT; /* libcurl finds out what it is by itself */
        err = act(s, ready[i].data.fd,
                  (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0));
    }
    return err;
}

static void look_for_the_end(plait_http_session *s)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(s->multi, &left)) != NULL;)
        if (m->msg == CURLMSG_DONE) {
            s->finished = true;
            s->transfer.result = m->data.result;
        }
}

static int turn(plait_http_session *s, plait_deadline deadline)
{
    plait_deadline until = plait_sooner(plait_deadline_at_(s->timer), deadline);
    int set = plait_http_sockets_set(&s->sockets);
    if (set < 0) return set;
    int got = plait_wait_fd(set, POLLIN, until);
    if (s->generation != plait_process_generation()) return PLAIT_EFORKED;
    if (got < 0 && got != PLAIT_ETIMEDOUT) return got;
    int err = got > 0 ? act_on_ready(s, set) : 0;
    if (!err && plait_has_passed(plait_deadline_at_(s->timer))) {
        s->timer = 0;
        err = act(s, CURL_SOCKET_TIMEOUT, 0);
    }
    look_for_the_end(s);
    return err || s->finished ? err : plait_has_passed(deadline) ? PLAIT_ETIMEDOUT : 0;
}

static CURLMcode remove_transfer(plait_http_session *s)
{
    plait_http_pipe_guard g;
    plait_http_guard_pipe(&g);
    CURLMcode code = curl_multi_remove_handle(s->multi, s->transfer.easy);
    plait_http_unguard_pipe(&g);
    return code;
}

static void note(plait_http_session *s, uint64_t origin)
{
    for (int i = 0; i < PLAIT_HTTP_KEPT; i++)
        if (s->origins[i] == origin) return;
    s->origins[s->next_origin] = origin;
    s->next_origin = (s->next_origin + 1) % PLAIT_HTTP_KEPT;
}

int plait_http_session_run(plait_http_transfer *t, plait_deadline deadline)
{
    plait_http_session *s = session_of(t);
    plait_http_transfer_begin(t);
    note(s, t->origin);
    s->finished = false;
    s->timer = 0;
    plait_http_sockets_begin(&s->sockets);
    if (plait_is_now(deadline)) deadline = plait_deadline_at_(1); /* long past: one try */

    int err = plait_http_multi_failed(t, curl_multi_add_handle(s->multi, t->easy));
    if (err) return err;
    while (!err && !s->finished) err = turn(s, deadline);
    if (err == PLAIT_EFORKED) return err;
    CURLMcode code = remove_transfer(s);
    plait_http_sockets_end(&s->sockets, t->requested);
    return err ? err : plait_http_multi_failed(t, code);
}

/* Life. */

int plait_http_session_open(plait_http_session *s)
{
    s->generation = plait_process_generation();
    s->multi = curl_multi_init();
    s->transfer.easy = curl_easy_init();
    if (s->multi && s->transfer.easy && curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, told_socket) == CURLM_OK &&
        curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s) == CURLM_OK &&
        curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, told_timer) == CURLM_OK &&
        curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s) == CURLM_OK &&
        curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, (long)PLAIT_HTTP_KEPT) == CURLM_OK)
        return 0;
    plait_http_session_close(s);
    return PLAIT_ENOMEM;
}

void plait_http_session_close(plait_http_session *s)
{
    plait_http_pipe_guard g;
    plait_http_guard_pipe(&g);
    curl_easy_cleanup(s->transfer.easy);
    curl_multi_cleanup(s->multi);
    plait_http_unguard_pipe(&g);
    s->transfer.easy = NULL;
    s->multi = NULL;
    memset(s->origins, 0, sizeof s->origins);
    plait_http_sockets_clear(&s->sockets);
}

void plait_http_session_disown(plait_http_session *s)
{
    bool idle = atomic_load_explicit(&s->state, memory_order_acquire) == PLAIT_HTTP_IDLE;
    /* What libcurl still says on a connection (a farewell of TLS) goes nowhere; it closes the number itself. */
    idle = plait_http_sockets_disown(&s->sockets, idle);
    if (idle) plait_http_session_close(s);
    atomic_store_explicit(&s->state, idle ? PLAIT_HTTP_EMPTY : PLAIT_HTTP_BUSY, memory_order_relaxed);
}
