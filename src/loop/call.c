/* call.c: functions called on a loop's own stack: soon, at a time, from another thread, or when a descriptor is ready.
   What must hold: a call is in one place: the heap, the queue or the inbox; it is freed by whoever takes it out. */
#include "loop/loop.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/stop.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

static plait_call *call_new(void (*function)(void *), void *context)
{
    plait_call *c = function ? plait_allocate(sizeof *c) : NULL;
    if (!c) {
        plait_fail(function ? PLAIT_ENOMEM : PLAIT_EINVAL, function ? "no memory for a call" : "a call of no function");
        return NULL;
    }
    c->due.is_call = true;
    c->function = function;
    c->context = context;
    return c;
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
    void (*function)(void *) = c->cancelled ? NULL : c->function;
    void *context = c->context;
    c->queued = false;
    if (!c->dropped) free(c);
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
    plait_call *c = call_new(function, context);
    if (!c) return plait_error_code();
    c->queued = true;
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
    plait_call *c = l ? call_new(function, context) : NULL;
    if (!c) return NULL;
    c->loop = l;
    plait_due_add(l, &c->due, plait_deadline_at_(plait_is_now(at) ? 1 : at.at ? at.at : INT64_MAX));
    return c;
}

plait_call *plait_call_later(int64_t nanoseconds, void (*function)(void *), void *context)
{
    return plait_call_at(plait_after(nanoseconds), function, context);
}

void plait_call_cancel(plait_call *c)
{
    must_be_ours(c->loop, "a call");
    if (c->queued) {
        c->cancelled = true; /* freed when its turn comes */
        return;
    }
    plait_due_remove(c->loop, &c->due);
    free(c);
}

/* Descriptors. */

struct plait_watcher {
    plait_fd_wait wait;
    plait_call call; /* queued when the descriptor is ready */
    plait_watcher *next, **from;
    void (*function)(int, short, void *);
    void *context;
    bool busy, stopped;
};

static void is_ready(plait_fd_wait *wait)
{
    plait_watcher *w = wait->context;
    w->call.queued = true;
    plait_ready_put(&w->call.loop->ready, plait_item_call(&w->call));
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
    else if (!gone && plait_poller_add(&w->call.loop->poller, &w->wait) != 0) is_ready(&w->wait);
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
    w->call = (plait_call){ .function = watched_is_ready, .context = w, .loop = l, .dropped = watcher_is_left };
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
    must_be_ours(w->call.loop, "a watcher");
    if (w->stopped) plait_stop("a watcher was ended twice");
    w->stopped = true;
    plait_poller_remove(&w->call.loop->poller, &w->wait);
    *w->from = w->next;
    if (w->next) w->next->from = w->from;
    if (!w->busy && !w->call.queued) free(w); /* else when that is over */
}

void plait_calls_drop(plait_loop *l)
{
    plait_item i;
    while ((i = plait_ready_take(&l->ready))) {
        plait_call *c = plait_item_address(i);
        c->queued = false;
        if (c->dropped) c->dropped(c->context);
        else free(c);
    }
    while (l->due.first) {
        plait_call *c = (plait_call *)(void *)l->due.first;
        plait_due_remove(l, &c->due);
        free(c);
    }
    for (plait_watcher *w = l->watchers, *next; w; w = next) {
        next = w->next;
        plait_poller_remove(&l->poller, &w->wait);
        free(w);
    }
}
