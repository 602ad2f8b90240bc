/* client_hub.c: libcurl's multi socket interface over a loop. See client_hub.h for what must hold.

   libcurl says which descriptors it wants to know about (told_socket: the loop watches them) and when it wants to be called
   at the latest (told_timer: a call of the loop's). Each such call lets it do what can be done without waiting; then those
   transfers that have ended are taken from it, and their coroutines woken. One at whose deadline, or by whose cancel, the
   wait ends is taken from it by its coroutine.

   Connections are bounded by the limit of descriptors: half of it is left to the rest of the program. libcurl has further
   transfers wait for a connection to become free. Where even so no descriptor is to be had, and a transfer could wait for
   those that there are, it does: the bound becomes what there is, and grows again, by one for each that ends well. */
#include "http/client_hub.h"
#include "base/clock.h"
#include "base/memory.h"
#include "http/client_pipe.h"
#include "http/client_pool.h"
#include <errno.h>
#include <plait/error.h>
#include <plait/event.h>
#include <plait/scope.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { SPARES_MOST = 64, CONNECTIONS_MOST = 1 << 16 };

typedef struct plait_http_guest guest;
struct plait_http_guest {
    plait_http_transfer transfer; /* first: the two addresses are one */
    plait_http_hub *hub;
    plait_http_fresh fresh;
    guest *next, **from;   /* on the list of those that run; or of the spare ones */
    guest *next_concerned; /* itself at the end of the list; NULL: not on it */
    int refused;           /* why it cannot go on, whatever libcurl thinks */
    bool running;
    int error; /* of the run, once it has ended */
    plait_event ended;
};

static guest *guest_of(plait_http_transfer *t) { return (guest *)t; }

static guest *guest_with(CURL *easy)
{
    char *transfer = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    return (guest *)(void *)transfer;
}

static void concern(guest *g)
{
    if (g->next_concerned) return;
    g->next_concerned = g->hub->concerned ? g->hub->concerned : g;
    g->hub->concerned = g;
}

/* What libcurl tells us, and asks of us. */

static int asked_to_open(plait_http_transfer *t, int family, int type, int protocol)
{
    concern(guest_of(t));
    return plait_http_wires_open(&guest_of(t)->hub->wires, &guest_of(t)->fresh, family, type, protocol);
}

static int asked_to_close(void *hub, curl_socket_t fd)
{
    return plait_http_wires_close(&((plait_http_hub *)hub)->wires, fd);
}

static bool connected(plait_http_transfer *t)
{
    return plait_http_wires_connected(&guest_of(t)->hub->wires, &guest_of(t)->fresh);
}

static int told_socket(CURL *easy, curl_socket_t fd, int what, void *hub, void *unused)
{
    (void)unused;
    plait_http_hub *h = hub;
    if (what == CURL_POLL_REMOVE) {
        plait_http_wires_unwatch(&h->wires, fd);
        return 0;
    }
    short in = what & CURL_POLL_IN ? POLLIN : 0, out = what & CURL_POLL_OUT ? POLLOUT : 0;
    int err = plait_http_wires_watch(&h->wires, fd, (short)(in | out));
    guest *g = err ? guest_with(easy) : NULL;
    if (g) {
        g->refused = err;
        concern(g);
    }
    return 0;
}

static int told_timer(CURLM *multi, long milliseconds, void *hub)
{
    (void)multi;
    ((plait_http_hub *)hub)->timer_wanted = milliseconds < 0 ? 0 : plait_after(milliseconds * PLAIT_MILLISECOND).at;
    return 0;
}

/* Transfers. */

static void allow(plait_http_hub *h, long connections)
{
    h->allowed = connections;
    curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
}

/* Gives it to libcurl. */
static int put(guest *g)
{
    plait_http_hub *h = g->hub;
    plait_http_transfer_begin(&g->transfer);
    int err = plait_http_multi_failed(&g->transfer, curl_multi_add_handle(h->multi, g->transfer.easy));
    if (err) return err;
    g->running = true;
    g->from = &h->running;
    if ((g->next = h->running)) g->next->from = &g->next;
    h->running = g;
    return 0;
}

/* Takes it from libcurl, which closes its connection if it is in the middle of something. */
static void take_back(guest *g)
{
    plait_http_hub *h = g->hub;
    plait_http_transfer_look(&g->transfer);
    curl_multi_remove_handle(h->multi, g->transfer.easy);
    plait_http_wires_end(&h->wires, &g->fresh);
    g->running = false;
    *g->from = g->next;
    if (g->next) g->next->from = g->from;
}

static void end(guest *g, int err)
{
    take_back(g);
    g->error = err;
    plait_event_set(&g->ended);
}

/* There was no descriptor, but there are connections that it can wait for. */
static bool can_wait(const guest *g)
{
    const plait_http_transfer *t = &g->transfer;
    return (t->system_error == EMFILE || t->system_error == ENFILE) && !t->opened && !t->requested &&
           t->result == CURLE_COULDNT_CONNECT && g->hub->wires.open > 0;
}

static void wait_for_another(guest *g)
{
    plait_http_hub *h = g->hub;
    long open = (long)h->wires.open;
    take_back(g);
    allow(h, open < h->allowed ? open : h->allowed > 1 ? h->allowed - 1 : 1);
    int err = put(g);
    if (!err) return;
    g->error = err;
    plait_event_set(&g->ended);
}

static void look_for_ends(plait_http_hub *h)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left)) != NULL;) {
        if (m->msg != CURLMSG_DONE) continue;
        guest *g = guest_with(m->easy_handle);
        g->transfer.result = m->data.result; /* m ends when its handle is removed */
        if (can_wait(g)) {
            wait_for_another(g);
            continue;
        }
        if (g->transfer.result == CURLE_OK && h->allowed < h->most) allow(h, h->allowed + 1);
        end(g, 0);
    }
}

static void end_all(plait_http_hub *h, int err)
{
    while (h->running) end(h->running, err);
}

/* The drive. */

static void its_time(void *hub);

/* Has the loop call when libcurl wants it. */
static int set_timer(plait_http_hub *h)
{
    if (h->timer_wanted == h->timer_at) return 0;
    if (h->timer) plait_call_cancel(h->timer);
    h->timer = h->timer_wanted ? plait_call_at(plait_deadline_at_(h->timer_wanted), its_time, h) : NULL;
    h->timer_at = h->timer ? h->timer_wanted : 0;
    return h->timer || !h->timer_wanted ? 0 : plait_error_code();
}

static void look_at_concerned(plait_http_hub *h)
{
    for (guest *g; (g = h->concerned);) {
        h->concerned = g->next_concerned == g ? NULL : g->next_concerned;
        g->next_concerned = NULL;
        if (!g->running) continue;
        plait_http_transfer_look(&g->transfer);
        if (g->refused) end(g, g->refused);
    }
}

/* After any call of libcurl. To take back what has ended is such a call too. */
static void follow_up(plait_http_hub *h, int err)
{
    do {
        look_at_concerned(h);
        look_for_ends(h);
    } while (h->concerned);
    if (!err) err = set_timer(h);
    if (!err) return;
    end_all(h, err);
    look_at_concerned(h);
    (void)set_timer(h);
}

static void act(plait_http_hub *h, curl_socket_t fd, int ready)
{
    plait_http_pipe_guard guard;
    int running;
    plait_http_guard_pipe(&guard);
    CURLMcode code = curl_multi_socket_action(h->multi, fd, ready, &running);
    follow_up(h, code == CURLM_OK ? 0 : code == CURLM_OUT_OF_MEMORY ? PLAIT_ENOMEM : -EIO);
    plait_http_unguard_pipe(&guard);
}

static void its_time(void *hub)
{
    plait_http_hub *h = hub;
    h->timer = NULL;
    h->timer_at = h->timer_wanted = 0;
    act(h, CURL_SOCKET_TIMEOUT, 0);
}

static void is_ready(int fd, short revents, void *hub)
{
    plait_http_hub *h = hub;
    plait_http_fresh *fresh = plait_http_wires_owner(&h->wires, fd);
    if (fresh) concern((guest *)(void *)((char *)fresh - offsetof(guest, fresh)));
    if (revents & ~(POLLIN | POLLOUT)) revents |= POLLIN | POLLOUT; /* libcurl finds out what it is by itself */
    act(h, fd, (revents & POLLIN ? CURL_CSELECT_IN : 0) | (revents & POLLOUT ? CURL_CSELECT_OUT : 0));
}

/* For a coroutine, on the loop's own stack. */

static void start_there(void *transfer)
{
    guest *g = transfer;
    plait_http_hub *h = g->hub;
    g->error = put(g);
    if (g->error) plait_event_set(&g->ended);
    else act(h, CURL_SOCKET_TIMEOUT, 0);
}

static void give_up_there(void *transfer)
{
    guest *g = transfer;
    plait_http_hub *h = g->hub;
    plait_http_pipe_guard guard;
    plait_http_guard_pipe(&guard);
    take_back(g);
    follow_up(h, 0);
    plait_http_unguard_pipe(&guard);
}

static int run(plait_http_transfer *t, plait_deadline deadline)
{
    guest *g = guest_of(t);
    plait_http_transfer_begin(t);
    plait_event_clear(&g->ended);
    if (plait_cancelled())
        return plait_event_wait(&g->ended, PLAIT_FOREVER);        /* as a wait says it: now and then by a yield */
    if (plait_is_now(deadline)) deadline = plait_deadline_at_(1); /* long past: one try */
    g->refused = 0;
    plait_call_on_thread_stack(start_there, g);
    int err = plait_event_wait(&g->ended, deadline);
    if (!g->running) return g->error;
    if (!t->begun) {
        t->queued = g->hub->allowed;
        t->phase = t->told = PLAIT_HTTP_CONNECT;
    }
    plait_call_on_thread_stack(give_up_there, g);
    return err;
}

/* Life. */

static long connections_most(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur / 2 > CONNECTIONS_MOST) return CONNECTIONS_MOST;
    return files.rlim_cur < 4 ? 1 : (long)(files.rlim_cur / 2);
}

static void free_guest(guest *g)
{
    curl_easy_cleanup(g->transfer.easy);
    free(g);
}

/* All that it has, when it has no guest. */
static void shut(plait_http_hub *h)
{
    plait_http_pipe_guard guard;
    plait_http_guard_pipe(&guard);
    for (guest *g; (g = h->spare);) {
        h->spare = g->next;
        free_guest(g);
    }
    h->spares = 0;
    curl_multi_cleanup(h->multi);
    h->multi = NULL;
    plait_http_unguard_pipe(&guard);
    h->timer_wanted = 0;
    (void)set_timer(h);
    plait_http_wires_clear(&h->wires);
    plait_http_hub_record_end(h);
}

static void loop_ends(plait_loop_local *local) { shut((plait_http_hub *)local); }

static plait_http_hub *open_hub(plait_loop *l)
{
    plait_http_hub *h = plait_http_hub_record();
    if (!h) return NULL;
    h->local.close = loop_ends;
    h->retired = false;
    h->wires.ready = is_ready;
    h->wires.context = h;
    h->most = h->allowed = connections_most();
    h->multi = curl_multi_init();
    if (h->multi && curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, told_socket) == CURLM_OK &&
        curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) == CURLM_OK &&
        curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, told_timer) == CURLM_OK &&
        curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) == CURLM_OK &&
        curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, h->most) == CURLM_OK &&
        curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, h->most) == CURLM_OK) {
        plait_loop_keep_local(l, &h->local);
        return h;
    }
    curl_multi_cleanup(h->multi);
    plait_http_hub_record_end(h);
    return NULL;
}

static void give_there(void *transfer)
{
    guest *g = transfer;
    plait_http_hub *h = g->hub;
    h->guests--;
    if (h->spares < SPARES_MOST) {
        curl_easy_reset(g->transfer.easy);
        g->next = h->spare;
        h->spare = g;
        h->spares++;
    } else {
        free_guest(g);
    }
    if (h->retired && !h->guests) shut(h);
}

static void give(plait_http_transfer *t, bool sound)
{
    (void)sound; /* libcurl has closed what is not */
    plait_call_on_thread_stack(give_there, t);
}

int plait_http_hub_take(plait_loop *l, plait_http_transfer **transfer)
{
    static const struct plait_http_carrier carrier = { run, give, asked_to_open, asked_to_close, connected };
    plait_http_hub *h = (plait_http_hub *)plait_loop_find_local(l, loop_ends);
    if (!h && !(h = open_hub(l))) return PLAIT_ENOMEM;
    guest *g = h->spare;
    if (g) {
        h->spare = g->next;
        h->spares--;
    } else {
        g = plait_allocate(sizeof *g);
        if (!g || !(g->transfer.easy = curl_easy_init())) {
            free(g);
            return PLAIT_ENOMEM;
        }
        g->hub = h;
        g->transfer.carrier = &carrier;
        g->transfer.connections = h;
    }
    h->guests++;
    *transfer = &g->transfer;
    return 0;
}

void plait_http_hub_retire(void)
{
    plait_loop *l = plait_loop_current();
    plait_http_hub *h = l ? (plait_http_hub *)plait_loop_find_local(l, loop_ends) : NULL;
    if (!h) return;
    plait_loop_drop_local(l, &h->local);
    h->retired = true;
    if (!h->guests) shut(h);
}

void plait_http_hub_disown(plait_http_hub *h) { plait_http_wires_disown(&h->wires); }
