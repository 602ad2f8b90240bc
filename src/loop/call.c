/* call.c: functions called on a loop's own stack: soon, at a time, from another thread, or when a descriptor is ready.
   What must hold: a call is in one place: the calendar, the queue or the inbox; it is freed by whoever takes it out. */
#include "loop/loop.h"
#include "base/fork.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "base/sanitizers.h"
#include "base/stop.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LINE = 64 };
_Static_assert(sizeof(plait_call) <= LINE, "one miss of the cache for each: a million are visited in no order");

/* A slab begins with this, in the room of a call. */
struct plait_call_slab {
    struct plait_call_slab *older;
};
enum { SMALLEST_SLAB = 16, LARGEST_SLAB = 4096, LARGE_SLAB = 1024, POPULATE_WRITE = 23 };
#if defined ASAN || defined TSAN
enum { SLABS = 0 }; /* they are to see each call by itself */
#else
enum { SLABS = 1 };
#endif

/* For a large slab its pages are asked for at once, which is half as dear as one by one: as many calls are there, so more
   will come. */
static bool refill(struct plait_calls *calls)
{
    size_t size = calls->slab_size * 2;
    if (size < SMALLEST_SLAB) size = SMALLEST_SLAB;
    if (size > LARGEST_SLAB) size = LARGEST_SLAB;
    size_t bytes = size * sizeof(plait_call);
    struct plait_call_slab *slab = aligned_alloc(size < LARGE_SLAB ? LINE : 4096, bytes);
    if (!slab) return false;
    if (size >= LARGE_SLAB) madvise(slab, bytes, POPULATE_WRITE);
    slab->older = calls->slabs;
    calls->slabs = slab;
    calls->slab_size = size;
    calls->fresh = (plait_call *)(void *)slab + 1;
    calls->left = size - 1;
    return true;
}

static plait_call *take_place(struct plait_calls *calls)
{
    plait_call *c = calls->unused;
    if (c) {
        calls->unused = c->context;
    } else {
        if (!calls->left && !refill(calls)) return NULL;
        c = calls->fresh++;
        calls->left--;
    }
    calls->alive++;
    return c;
}

static void free_slabs(struct plait_calls *calls)
{
    for (struct plait_call_slab *s = calls->slabs, *older; s; s = older) {
        older = s->older;
        free(s);
    }
    *calls = (struct plait_calls){ 0 };
}

void plait_calls_rest(struct plait_calls *calls)
{
    if (!calls->alive && calls->slab_size > SMALLEST_SLAB) free_slabs(calls);
}

static plait_call *call_new(plait_loop *l, void (*function)(void *), void *context)
{
    if (!function) {
        plait_fail(PLAIT_EINVAL, "a call of no function");
        return NULL;
    }
    bool in_slab = SLABS && l == plait_loop_here, refused = plait_refused("memory");
    plait_call *c = refused ? NULL : in_slab ? take_place(&l->calls) : malloc(sizeof *c);
    if (!c) {
        plait_fail(PLAIT_ENOMEM, "no memory for a call");
        return NULL;
    }
    *c = (plait_call){ .loop = l, .function = function, .context = context };
    c->due.mark = PLAIT_IS_CALL | (in_slab ? PLAIT_CALL_IN_SLAB : 0);
    return c;
}

static void call_free(plait_call *c)
{
    if (!plait_call_is(c, PLAIT_CALL_IN_SLAB)) {
        free(c);
        return;
    }
    struct plait_calls *calls = &c->loop->calls;
    c->context = calls->unused;
    calls->unused = c;
    calls->alive--;
}

plait_loop *plait_loop_to_ask(void)
{
    plait_loop *l = plait_loop_here;
    if (!l) plait_fail(PLAIT_EINVAL, "no loop runs on this thread");
    else if (l->forked) plait_fail(PLAIT_EFORKED, "asked of a loop in a forked child: it is the parent's");
    return l && !l->forked ? l : NULL;
}

/* What it says by plait_fail is not that of whoever drives the loop. */
void plait_call_make(plait_call *c)
{
    void (*function)(void *) = plait_call_is(c, PLAIT_CALL_CANCELLED) ? NULL : c->function;
    void *context = c->context;
    if (plait_call_is(c, PLAIT_CALL_EMBEDDED)) c->due.mark &= ~PLAIT_CALL_QUEUED;
    else call_free(c);
    if (!function) return;
    plait_record **here = plait_record_here(), *kept = *here;
    *here = NULL;
    function(context);
    plait_record_unref(*here);
    *here = kept;
}

static void must_be_ours(plait_loop *l, const char *what)
{
    if (!plait_loop_is_of_this_thread(l))
        plait_stop("%s of a loop was taken back by another thread than the loop's", what);
}

int plait_loop_post(plait_loop *l, void (*function)(void *), void *context)
{
    if (l->executor.generation != plait_process_generation())
        return plait_fail(PLAIT_EFORKED, "a call was posted in a forked child to a loop of its parent");
    plait_call *c = call_new(l, function, context);
    if (!c) return plait_error_code();
    c->due.mark |= PLAIT_CALL_QUEUED;
    if (l == plait_loop_here) {
        plait_ready_put(&l->ready, plait_item_call(c));
    } else if (!plait_loop_send(l, plait_item_call(c))) {
        free(c);
        return plait_fail(PLAIT_ECLOSED, "a call was posted to a loop that has ended");
    }
    return 0;
}

int plait_call_soon(void (*function)(void *), void *context)
{
    plait_loop *l = plait_loop_to_ask();
    return l ? plait_loop_post(l, function, context) : plait_error()->code;
}

plait_call *plait_call_at(plait_deadline at, void (*function)(void *), void *context)
{
    plait_loop *l = plait_loop_to_ask();
    plait_call *c = l ? call_new(l, function, context) : NULL;
    if (!c) return NULL;
    plait_calendar_add(&l->due, &c->due, plait_is_now(at) ? 1 : at.at ? at.at : INT64_MAX);
    return c;
}

plait_call *plait_call_later(int64_t nanoseconds, void (*function)(void *), void *context)
{
    return plait_call_at(plait_after(nanoseconds), function, context);
}

void plait_call_cancel(plait_call *c)
{
    must_be_ours(c->loop, "a call");
    if (plait_call_is(c, PLAIT_CALL_QUEUED)) {
        c->due.mark |= PLAIT_CALL_CANCELLED; /* freed when its turn comes */
        return;
    }
    plait_calendar_remove(&c->loop->due, &c->due);
    call_free(c);
}

/* Descriptors. */

struct plait_watcher {
    plait_fd_wait wait;
    struct plait_embedded_call embedded; /* queued when the descriptor is ready */
    plait_watcher *next, **from;
    void (*function)(int, short, void *);
    void *context;
    bool busy, stopped;
};

static void is_ready(plait_fd_wait *wait)
{
    plait_watcher *w = wait->context;
    plait_call *c = &w->embedded.call;
    c->due.mark |= PLAIT_CALL_QUEUED;
    plait_ready_put(&c->loop->ready, plait_item_call(c));
}

/* A descriptor that cannot be watched any longer is told of once, and then no more. */
static void watched_is_ready(void *watcher)
{
    plait_watcher *w = watcher;
    bool gone = !w->wait.got;
    w->busy = true;
    if (!w->stopped) w->function(w->wait.fd, gone ? POLLNVAL : w->wait.got, w->context);
    w->busy = false;
    if (w->stopped) free(w);
    else if (!gone && plait_poller_add(&w->embedded.call.loop->poller, &w->wait) != 0) is_ready(&w->wait);
}

static void watcher_is_left(void *watcher)
{
    plait_watcher *w = watcher;
    if (w->stopped) free(w); /* one that goes on is on their list */
}

plait_watcher *plait_loop_watch(int fd, short events, void (*function)(int, short, void *), void *context)
{
    plait_loop *l = plait_loop_to_ask();
    if (l && !function) {
        plait_fail(PLAIT_EINVAL, "a descriptor was to be watched for no function");
        return NULL;
    }
    plait_watcher *w = l ? plait_allocate(sizeof *w) : NULL;
    if (!w) {
        if (l) plait_fail(PLAIT_ENOMEM, "no memory to watch a descriptor");
        return NULL;
    }
    w->wait = (plait_fd_wait){ .fd = fd, .events = events, .ready = is_ready, .context = w };
    w->embedded.call = (plait_call){ .function = watched_is_ready, .context = w, .loop = l };
    w->embedded.call.due.mark = PLAIT_IS_CALL | PLAIT_CALL_EMBEDDED;
    w->embedded.dropped = watcher_is_left;
    w->function = function;
    w->context = context;
    int err = plait_poller_add(&l->poller, &w->wait);
    if (err) {
        free(w);
        err = err > 0 ? -EPERM : err;
        plait_fail(err, "descriptor %d cannot be watched: %s", fd, plait_error_text(err));
        return NULL;
    }
    w->from = &l->watchers;
    if ((w->next = l->watchers)) w->next->from = &w->next;
    l->watchers = w;
    return w;
}

void plait_loop_unwatch(plait_watcher *w)
{
    plait_call *c = &w->embedded.call;
    must_be_ours(c->loop, "a watcher");
    if (w->stopped) plait_stop("a watcher was ended twice");
    w->stopped = true;
    plait_poller_remove(&c->loop->poller, &w->wait);
    *w->from = w->next;
    if (w->next) w->next->from = w->from;
    if (!w->busy && !plait_call_is(c, PLAIT_CALL_QUEUED)) free(w); /* else when that is over */
}

void plait_calls_drop(plait_loop *l)
{
    plait_item i;
    while ((i = plait_ready_take(&l->ready))) {
        plait_call *c = plait_item_address(i);
        if (plait_call_is(c, PLAIT_CALL_EMBEDDED)) ((struct plait_embedded_call *)c)->dropped(c->context);
        else call_free(c);
    }
    for (struct plait_due *d; (d = plait_calendar_first(&l->due));) {
        plait_calendar_remove(&l->due, d);
        call_free((plait_call *)(void *)d); /* no coroutine is left */
    }
    free_slabs(&l->calls);
    for (plait_watcher *w = l->watchers, *next; w; w = next) {
        next = w->next;
        plait_poller_remove(&l->poller, &w->wait);
        free(w);
    }
}
