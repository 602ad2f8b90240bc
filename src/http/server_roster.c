/* server_roster.c: see server_roster.h. */
#include "http/server_roster.h"
#include <plait/error.h>
#include <sys/socket.h>

/* Whether more connections want a worker than will have one soon; `promised` are those that have yet to send the response
   which says that they close. */
static bool is_crowded(const struct plait_http_roster *r, size_t promised)
{
    return r->open > r->threads + r->leaving + promised;
}

static void unlist_resting(struct plait_http_roster *r, struct plait_http_entry *e)
{
    *(e->older ? &e->older->newer : &r->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &r->newest) = e->older;
    e->older = e->newer = NULL;
}

static void tell_to_go(struct plait_http_roster *r, struct plait_http_entry *e)
{
    unlist_resting(r, e);
    e->state = PLAIT_HTTP_LEAVING;
    e->last = true;
    r->leaving++;
    shutdown(e->fd, SHUT_RD);
}

static void make_room(struct plait_http_roster *r)
{
    while (r->oldest && is_crowded(r, 0)) tell_to_go(r, r->oldest);
}

bool plait_http_roster_accept(struct plait_http_roster *r, plait_scope *scope)
{
    PLAIT_LOCKED(&r->guard);
    r->accepting = r->stopping ? NULL : scope;
    return !r->stopping;
}

void plait_http_roster_deafen(struct plait_http_roster *r)
{
    PLAIT_LOCKED(&r->guard);
    r->accepting = NULL;
    r->listening = false;
    plait_condition_broadcast(&r->changed);
}

bool plait_http_roster_add(struct plait_http_roster *r, struct plait_http_entry *e, int fd)
{
    PLAIT_LOCKED(&r->guard);
    if (r->cutting) return false;
    *e = (struct plait_http_entry){ .next = r->all, .state = PLAIT_HTTP_QUEUED, .fd = fd };
    if (r->all) r->all->previous = e;
    r->all = e;
    r->open++;
    make_room(r);
    return true;
}

bool plait_http_roster_relieve(struct plait_http_roster *r)
{
    PLAIT_LOCKED(&r->guard);
    if (!r->oldest) return false;
    tell_to_go(r, r->oldest);
    return true;
}

bool plait_http_roster_begin(struct plait_http_roster *r, struct plait_http_entry *e, plait_scope *scope)
{
    PLAIT_LOCKED(&r->guard);
    if (r->cutting) return false;
    e->scope = scope;
    e->state = PLAIT_HTTP_READY;
    return true;
}

bool plait_http_roster_ready(struct plait_http_roster *r, struct plait_http_entry *e)
{
    PLAIT_LOCKED(&r->guard);
    e->state = PLAIT_HTTP_READY;
    return !r->stopping;
}

bool plait_http_roster_rest(struct plait_http_roster *r, struct plait_http_entry *e)
{
    PLAIT_LOCKED(&r->guard);
    if (is_crowded(r, 0)) { /* a server that stops has shut it for reading already */
        e->state = PLAIT_HTTP_LEAVING;
        r->leaving++;
        return false;
    }
    e->state = PLAIT_HTTP_RESTING;
    e->older = r->newest;
    *(r->newest ? &r->newest->newer : &r->oldest) = e;
    r->newest = e;
    return true;
}

void plait_http_roster_work(struct plait_http_roster *r, struct plait_http_entry *e)
{
    PLAIT_LOCKED(&r->guard);
    if (e->state == PLAIT_HTTP_RESTING) unlist_resting(r, e);
    if (e->state == PLAIT_HTTP_LEAVING) r->leaving--;
    e->state = PLAIT_HTTP_BUSY;
    make_room(r); /* if it was told to go, another has to */
}

bool plait_http_roster_last(struct plait_http_roster *r, struct plait_http_entry *e, bool wants)
{
    PLAIT_LOCKED(&r->guard);
    if (wants || r->stopping || is_crowded(r, r->closing)) e->last = true;
    if (e->last && !e->closing) {
        e->closing = true;
        r->closing++;
    }
    return e->last;
}

void plait_http_roster_done(struct plait_http_roster *r, struct plait_http_entry *e)
{
    PLAIT_LOCKED(&r->guard);
    e->state = PLAIT_HTTP_DONE;
}

void plait_http_roster_leave(struct plait_http_roster *r, struct plait_http_entry *e)
{
    PLAIT_LOCKED(&r->guard);
    if (e->state == PLAIT_HTTP_RESTING) unlist_resting(r, e);
    if (e->next) e->next->previous = e->previous;
    *(e->previous ? &e->previous->next : &r->all) = e->next;
    e->scope = NULL;
    if (r->cutting && e->owes) r->cut = true;
}

void plait_http_roster_gone(struct plait_http_roster *r, struct plait_http_entry *e)
{
    PLAIT_LOCKED(&r->guard);
    r->open--;
    if (e->state == PLAIT_HTTP_LEAVING) r->leaving--;
    if (e->closing) r->closing--;
    plait_condition_broadcast(&r->changed);
}

void plait_http_roster_begin_stop(struct plait_http_roster *r)
{
    PLAIT_LOCKED(&r->guard);
    if (r->stopping) return;
    r->stopping = true;
    if (r->accepting) plait_scope_cancel(r->accepting);
    for (struct plait_http_entry *e = r->all; e; e = e->next) {
        if (e->state == PLAIT_HTTP_RESTING) tell_to_go(r, e);
        else if (e->state == PLAIT_HTTP_QUEUED || e->state == PLAIT_HTTP_READY) shutdown(e->fd, SHUT_RD);
    }
}

int plait_http_roster_wait(struct plait_http_roster *r, plait_deadline deadline)
{
    PLAIT_LOCKED(&r->guard);
    int err = 0;
    while ((r->open || r->listening) && !err) err = plait_condition_wait(&r->changed, &r->guard, deadline);
    return err;
}

void plait_http_roster_cut(struct plait_http_roster *r)
{
    PLAIT_LOCKED(&r->guard);
    r->cutting = true;
    for (struct plait_http_entry *e = r->all; e; e = e->next)
        if (e->scope) plait_scope_cancel(e->scope);
}

bool plait_http_roster_end(struct plait_http_roster *r)
{
    (void)!plait_http_roster_wait(r, PLAIT_FOREVER); /* in a shield: 0 */
    PLAIT_LOCKED(&r->guard);
    return r->cut;
}
