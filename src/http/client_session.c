/* client_session.c: libcurl's multi socket interface over plait_wait_fd. See client_session.h for what must hold.

   libcurl says which sockets it wants to know about (told_socket: they go into the epoll descriptor) and when it wants
   to be called at the latest (told_timer). One turn waits for the nearer of that and the request's deadline, then lets
   libcurl do what can be done without waiting. Its timer is kept on plait's clock.

   SIGPIPE: libcurl is told to leave signals alone (other threads live here), so it is blocked around every call that
   may write, and what came up meanwhile is taken away: sends with MSG_NOSIGNAL raise none, but TLS libraries may write
   by other means. The mask is never held over a wait. Threads that libcurl starts for look-ups inherit the block. */
#include "http/client_session.h"
#include "base/clock.h"
#include "base/fork.h"
#include <plait/error.h>
#include <plait/io.h>
#include <plait/loop.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>

struct pipe_guard {
    sigset_t before;
    bool pending; /* it was there already, and stays */
};

static void guard(struct pipe_guard *g)
{
    sigset_t pipe, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &g->before);
    g->pending =
        sigismember(&g->before, SIGPIPE) == 1 && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static void unguard(const struct pipe_guard *g)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (!g->pending)
        while (sigtimedwait(&pipe, NULL, &(struct timespec){ 0 }) < 0 && errno == EINTR) {}
    pthread_sigmask(SIG_SETMASK, &g->before, NULL);
}

static void told(plait_http_session *s, enum plait_http_phase phase) { s->told = s->phase = phase; }

/* libcurl sends a request again, over another connection, when a kept one turns out to be closed before a byte of an
   answer came. Not good for a request that may have been carried out, if twice is not as good as once. */
static bool hold_back(plait_http_session *s)
{
    if (!s->requested || !s->once) return false;
    s->held_back = true;
    return true;
}

/* What libcurl tells us, and asks of us. */

static curl_socket_t asked_to_open(void *session, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    plait_http_session *s = session;
    if (hold_back(s)) return CURL_SOCKET_BAD;
    int fd = plait_http_sockets_open(&s->sockets, address->family, address->socktype, address->protocol);
    if (fd < 0) {
        s->system_error = -fd;
        return CURL_SOCKET_BAD;
    }
    s->opened = true;
    told(s, PLAIT_HTTP_CONNECT);
    return fd;
}

static int asked_to_close(void *session, curl_socket_t fd)
{
    return plait_http_sockets_close(&((plait_http_session *)session)->sockets, fd);
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
    if (err) s->system_error = -err;
    return err ? -1 : 0;
}

static int told_timer(CURLM *multi, long milliseconds, void *session)
{
    (void)multi;
    ((plait_http_session *)session)->timer = milliseconds < 0 ? 0 : plait_after(milliseconds * PLAIT_MILLISECOND).at;
    return 0;
}

static int told_resolve(void *resolver, void *reserved, void *session)
{
    (void)resolver, (void)reserved;
    told(session, PLAIT_HTTP_RESOLVE);
    return 0;
}

/* Connected, TLS done: the request goes out next. */
static int told_request(void *session, char *peer, char *local, int peer_port, int local_port)
{
    (void)peer, (void)local, (void)peer_port, (void)local_port;
    plait_http_session *s = session;
    if (hold_back(s)) return CURL_PREREQFUNC_ABORT;
    s->requested = true;
    told(s, PLAIT_HTTP_SEND);
    return CURL_PREREQFUNC_OK;
}

CURLcode plait_http_session_prepare(plait_http_session *s)
{
    CURLcode code = CURLE_OK;
#define SET(option, value)                                                                                             \
    if (code == CURLE_OK) code = curl_easy_setopt(s->easy, (option), (value))
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_OPENSOCKETFUNCTION, asked_to_open);
    SET(CURLOPT_OPENSOCKETDATA, s);
    SET(CURLOPT_CLOSESOCKETFUNCTION, asked_to_close);
    SET(CURLOPT_CLOSESOCKETDATA, s);
    SET(CURLOPT_RESOLVER_START_FUNCTION, told_resolve);
    SET(CURLOPT_RESOLVER_START_DATA, s);
    SET(CURLOPT_PREREQFUNCTION, told_request);
    SET(CURLOPT_PREREQDATA, s);
#undef SET
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A look-up that is given up is left to its thread; otherwise libcurl would wait for the name server. */
    curl_easy_setopt(s->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    return code;
}

/* Where we are. libcurl's own times tell what is not told by a callback; the kernel knows whether a socket is
   connected, which libcurl 7.88 says only once TLS is done as well. */

static curl_off_t figure(plait_http_session *s, CURLINFO which)
{
    curl_off_t value = 0;
    return curl_easy_getinfo(s->easy, which, &value) == CURLE_OK ? value : 0;
}

static long count(plait_http_session *s, CURLINFO which)
{
    long value = 0;
    return curl_easy_getinfo(s->easy, which, &value) == CURLE_OK ? value : 0;
}

static enum plait_http_phase phase_of(plait_http_session *s)
{
    if (s->told == PLAIT_HTTP_CONNECT && plait_http_sockets_connected(&s->sockets))
        return s->secure ? PLAIT_HTTP_TLS : PLAIT_HTTP_SEND;
    if (s->told != PLAIT_HTTP_SEND) return s->told;
    if (count(s, CURLINFO_RESPONSE_CODE) > 0) return PLAIT_HTTP_RECEIVE;
    /* The first byte of an answer; or of a body that is sent, so it is not asked then. */
    if (!s->to_send && figure(s, CURLINFO_STARTTRANSFER_TIME_T) > 0) return PLAIT_HTTP_RECEIVE;
    if (count(s, CURLINFO_REQUEST_SIZE) == 0) return PLAIT_HTTP_SEND;
    return (uint64_t)figure(s, CURLINFO_SIZE_UPLOAD_T) < s->to_send ? PLAIT_HTTP_SEND : PLAIT_HTTP_WAIT;
}

/* The drive. */

static int failed(plait_http_session *s, CURLMcode code)
{
    if (code == CURLM_OK) return 0;
    return s->system_error ? -s->system_error : code == CURLM_OUT_OF_MEMORY ? PLAIT_ENOMEM : -EIO;
}

/* libcurl and what it calls (TLS, name look-ups) want more stack than a coroutine has. */
struct action {
    plait_http_session *session;
    curl_socket_t fd;
    int ready;
    CURLMcode code;
};

static void act_there(void *action)
{
    struct action *a = action;
    plait_http_session *s = a->session;
    struct pipe_guard g;
    int running;
    guard(&g);
    a->code = curl_multi_socket_action(s->multi, a->fd, a->ready, &running);
    enum plait_http_phase phase = phase_of(s);
    if (phase > s->phase) s->phase = phase; /* what was closed by a failure does not look connected any more */
    unguard(&g);
}

static int act(plait_http_session *s, curl_socket_t fd, int ready)
{
    struct action a = { s, fd, ready, CURLM_OK };
    plait_call_on_thread_stack(act_there, &a);
    return failed(s, a.code);
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
            s->result = m->data.result;
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

static void add_there(void *action)
{
    struct action *a = action;
    a->code = curl_multi_add_handle(a->session->multi, a->session->easy);
}

static void remove_there(void *action)
{
    struct action *a = action;
    struct pipe_guard g;
    guard(&g);
    a->code = curl_multi_remove_handle(a->session->multi, a->session->easy);
    unguard(&g);
}

int plait_http_session_run(plait_http_session *s, plait_deadline deadline)
{
    told(s, PLAIT_HTTP_RESOLVE);
    s->finished = s->opened = s->requested = s->held_back = false;
    s->timer = 0;
    s->system_error = 0;
    plait_http_sockets_begin(&s->sockets);
    if (plait_is_now(deadline)) deadline = plait_deadline_at_(1); /* long past: one try */

    struct action a = { .session = s };
    plait_call_on_thread_stack(add_there, &a);
    int err = failed(s, a.code);
    if (err) return err;
    while (!err && !s->finished) err = turn(s, deadline);
    if (err == PLAIT_EFORKED) return err;
    plait_call_on_thread_stack(remove_there, &a);
    plait_http_sockets_end(&s->sockets, s->requested);
    return err ? err : failed(s, a.code);
}

/* Life. */

int plait_http_session_open(plait_http_session *s)
{
    s->generation = plait_process_generation();
    s->multi = curl_multi_init();
    s->easy = curl_easy_init();
    if (s->multi && s->easy && curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, told_socket) == CURLM_OK &&
        curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s) == CURLM_OK &&
        curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, told_timer) == CURLM_OK &&
        curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s) == CURLM_OK &&
        curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, (long)PLAIT_HTTP_KEPT) == CURLM_OK)
        return 0;
    plait_http_session_close(s);
    return PLAIT_ENOMEM;
}

static void close_there(void *session)
{
    plait_http_session *s = session;
    struct pipe_guard g;
    guard(&g);
    curl_easy_cleanup(s->easy);
    curl_multi_cleanup(s->multi);
    unguard(&g);
}

void plait_http_session_close(plait_http_session *s)
{
    plait_call_on_thread_stack(close_there, s);
    s->easy = NULL;
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
