/* client_pool.c: see client_pool.h.

   What must hold:
   - A session is idle only while it rests in the pool's array, under the lock; libcurl is never called under the lock.
   - Records of sessions are never freed, only used again, and the list of all of them only grows at its head: in a
     forked child it can be walked, whatever the parent's other threads were doing.
   - The same holds of the records of what loops share. Those are taken and given back without the lock, since a loop's
     own stack may not wait.
   - A child has a pool of its own, made at its first use; the parent's connections are given up without a word to the
     peers, and the parent's lock, which may have been held, is never asked for. The old pool stays reachable, as the
     sessions that were in use do. */
#include "http/client_pool.h"
#include "base/fork.h"
#include "base/memory.h"
#include <plait/error.h>
#include <plait/http.h>
#include <plait/loop.h>
#include <plait/mutex.h>
#include <pthread.h>
#include <stdlib.h>

struct pool {
    plait_mutex lock;
    uint32_t generation;
    struct pool *before; /* the parent's */
    _Atomic(plait_http_session *) all;
    _Atomic(plait_http_hub *) hubs;
    size_t idle_count;
    plait_http_session *idle[PLAIT_HTTP_IDLE_MOST]; /* the one that rests longest comes first */
};

static _Atomic(struct pool *) present;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started = CURLE_FAILED_INIT;
static _Atomic bool is_started;

static void start(void) { started = curl_global_init(CURL_GLOBAL_DEFAULT); }

/* What libraries do when they are made ready wants more stack than a coroutine has. */
static void start_there(void *unused)
{
    (void)unused;
    pthread_once(&once, start);
    if (started == CURLE_OK) atomic_store_explicit(&is_started, true, memory_order_release);
}

int plait_http_start(void)
{
    if (atomic_load_explicit(&is_started, memory_order_acquire)) return 0;
    plait_call_on_thread_stack(start_there, NULL);
    return atomic_load_explicit(&is_started, memory_order_acquire) ? 0 : PLAIT_ENOMEM;
}

static void disown(struct pool *parents)
{
    plait_http_session *s = atomic_load_explicit(&parents->all, memory_order_acquire);
    for (; s; s = s->all) plait_http_session_disown(s);
    plait_http_hub *h = atomic_load_explicit(&parents->hubs, memory_order_acquire);
    for (; h; h = h->all) plait_http_hub_disown(h);
}

/* This process's pool, or NULL without memory. */
static struct pool *pool(void)
{
    uint32_t generation = plait_process_generation();
    struct pool *p = atomic_load_explicit(&present, memory_order_acquire);
    if (p && p->generation == generation) return p;
    struct pool *mine = plait_allocate(sizeof *mine);
    if (!mine) return NULL;
    mine->generation = generation;
    mine->before = p;
    if (atomic_compare_exchange_strong_explicit(&present, &p, mine, memory_order_acq_rel, memory_order_acquire)) {
        if (mine->before) disown(mine->before);
        return mine;
    }
    free(mine); /* another thread was faster */
    return p;
}

static bool talked_to(const plait_http_session *s, uint64_t origin)
{
    for (int i = 0; i < PLAIT_HTTP_KEPT; i++)
        if (s->origins[i] == origin) return true;
    return false;
}

static plait_http_session *remove_idle(struct pool *p, size_t at)
{
    plait_http_session *s = p->idle[at];
    for (p->idle_count--; at < p->idle_count; at++) p->idle[at] = p->idle[at + 1];
    atomic_store_explicit(&s->state, PLAIT_HTTP_BUSY, memory_order_release);
    return s;
}

static plait_http_session *find_idle(struct pool *p, uint64_t origin)
{
    if (!p->idle_count) return NULL;
    for (size_t at = p->idle_count; at-- > 0;)
        if (talked_to(p->idle[at], origin)) return remove_idle(p, at);
    return remove_idle(p, 0);
}

static void give(plait_http_transfer *, bool sound);
static const struct plait_http_carrier carrier = { plait_http_session_run, give, plait_http_session_new_socket,
                                                   plait_http_session_close_socket, plait_http_session_connected };

static plait_http_session *find_empty(struct pool *p)
{
    plait_http_session *s = atomic_load_explicit(&p->all, memory_order_relaxed);
    while (s && atomic_load_explicit(&s->state, memory_order_relaxed) != PLAIT_HTTP_EMPTY) s = s->all;
    if (!s) {
        s = plait_allocate(sizeof *s);
        if (!s) return NULL;
        s->transfer.carrier = &carrier;
        s->transfer.connections = s;
        plait_http_sockets_prepare(&s->sockets);
        s->all = atomic_load_explicit(&p->all, memory_order_relaxed);
        atomic_store_explicit(&p->all, s, memory_order_release);
    }
    atomic_store_explicit(&s->state, PLAIT_HTTP_BUSY, memory_order_relaxed);
    return s;
}

int plait_http_session_take(uint64_t origin, plait_http_transfer **transfer)
{
    struct pool *p = pool();
    if (!p) return PLAIT_ENOMEM;
    plait_mutex_lock(&p->lock);
    plait_http_session *s = find_idle(p, origin);
    bool open = s != NULL;
    if (!s) s = find_empty(p);
    plait_mutex_unlock(&p->lock);
    int err = !s ? PLAIT_ENOMEM : open ? 0 : plait_http_session_open(s);
    if (s && err) atomic_store_explicit(&s->state, PLAIT_HTTP_EMPTY, memory_order_release);
    *transfer = err ? NULL : &s->transfer;
    return err;
}

static void finish(plait_http_session *s)
{
    plait_http_session_close(s);
    atomic_store_explicit(&s->state, PLAIT_HTTP_EMPTY, memory_order_release);
}

static void give(plait_http_transfer *t, bool sound)
{
    struct pool *p = atomic_load_explicit(&present, memory_order_acquire);
    plait_http_session *s = (plait_http_session *)t, *leaving = s;
    if (sound) {
        curl_easy_reset(t->easy); /* nothing of the request stays behind, the connections do */
        plait_mutex_lock(&p->lock);
        leaving = p->idle_count == PLAIT_HTTP_IDLE_MOST ? remove_idle(p, 0) : NULL;
        p->idle[p->idle_count++] = s;
        atomic_store_explicit(&s->state, PLAIT_HTTP_IDLE, memory_order_release);
        plait_mutex_unlock(&p->lock);
    }
    if (leaving) finish(leaving);
}

/* The records of hubs. */

plait_http_hub *plait_http_hub_record(void)
{
    struct pool *p = pool();
    plait_http_hub *h = p ? atomic_load_explicit(&p->hubs, memory_order_acquire) : NULL;
    for (; h; h = h->all) {
        bool used = false;
        if (atomic_compare_exchange_strong_explicit(&h->used, &used, true, memory_order_acquire, memory_order_relaxed))
            return h;
    }
    h = p ? plait_allocate(sizeof *h) : NULL;
    if (!h) return NULL;
    atomic_init(&h->used, true);
    h->all = atomic_load_explicit(&p->hubs, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&p->hubs, &h->all, h, memory_order_release, memory_order_relaxed)) {}
    return h;
}

void plait_http_hub_record_end(plait_http_hub *h) { atomic_store_explicit(&h->used, false, memory_order_release); }

/* The end of idle connections. */

static void finish_there(void *session) { finish(session); }
static void retire_there(void *unused)
{
    (void)unused;
    plait_http_hub_retire();
}

void plait_http_close_idle(void)
{
    struct pool *p = atomic_load_explicit(&present, memory_order_acquire);
    if (!p || !(p = pool())) return;
    plait_call_on_thread_stack(retire_there, NULL);
    for (;;) {
        plait_mutex_lock(&p->lock);
        plait_http_session *s = p->idle_count ? remove_idle(p, p->idle_count - 1) : NULL;
        plait_mutex_unlock(&p->lock);
        if (!s) return;
        plait_call_on_thread_stack(finish_there, s);
    }
}
