/* server_roster.h: which connections a server (one of its lanes) has, what each is doing, and which of them has to go so that
   another is served. Connections that rest between requests keep a worker each, and there are fewer workers than connections.
   Where connections are coroutines there are as many workers as anybody wants.

   What must hold, under the guard:
   - While a connection waits for a worker, none rests: who is to rest then goes instead, and who adds a connection for which
     there is no worker ends the one that has rested longest. So who connects is served as soon as somebody rests. A short
     wait is no rest: the next request of a busy client, or the first one of a new client, is on its way.
   - One that is told to go while it rests is not cut off: its descriptor is shut for reading, which ends its wait. If a
     request was faster, that is answered, with "Connection: close"; so no request that has arrived is lost.
   - Only the connection's own task closes its descriptor, after it has left the roster: a descriptor that is listed is
     open and is the connection's own.
   - A scope that is listed is alive: its task takes it off before it leaves it. */
#ifndef PLAIT_HTTP_SERVER_ROSTER_H
#define PLAIT_HTTP_SERVER_ROSTER_H
#include <plait/condition.h>
#include <plait/scope.h>

enum plait_http_state {
    PLAIT_HTTP_QUEUED,  /* waits for a worker */
    PLAIT_HTTP_READY,   /* waits for a request's first byte, but not long enough yet to be said to rest */
    PLAIT_HTTP_RESTING, /* has waited longer */
    PLAIT_HTTP_LEAVING, /* was told to go while it rested */
    PLAIT_HTTP_BUSY,    /* with a request */
    PLAIT_HTTP_DONE     /* the last response is out */
};

struct plait_http_entry {
    struct plait_http_entry *next, *previous; /* of all */
    struct plait_http_entry *newer, *older;   /* of those that rest */
    enum plait_http_state state;
    bool last;    /* the present request is the last one */
    bool closing; /* its client was told so */
    bool owes;    /* an answer; for its task alone, but for roster_leave */
    int fd;
    plait_scope *scope; /* of its task, once it has begun */
};

struct plait_http_roster {
    plait_mutex guard;
    plait_condition changed; /* open or listening went down */
    struct plait_http_entry *all, *oldest, *newest;
    size_t threads;         /* workers; SIZE_MAX / 2: no end of them */
    size_t open;            /* connections, until their descriptors are closed */
    size_t leaving;         /* of these, LEAVING */
    size_t closing;         /* of these, closing */
    bool listening;         /* the acceptor is there, or to come */
    plait_scope *accepting; /* of the acceptor */
    bool stopping;          /* no more connections, no more rest */
    bool cutting;           /* no more waits */
    bool cut;               /* one that owed an answer had to go */
};

/* The acceptor's: it has begun (false: there is nothing to accept any more); it has closed its descriptor. */
bool plait_http_roster_accept(struct plait_http_roster *, plait_scope *);
void plait_http_roster_deafen(struct plait_http_roster *);

/* A new connection with its descriptor. While the server stops that is one which was in line before: it may have sent its
   request, but is waited for no longer. False: it is too late. */
bool plait_http_roster_add(struct plait_http_roster *, struct plait_http_entry *, int fd);

/* Ends the connection that has rested longest, for want of descriptors. False: none rests. */
bool plait_http_roster_relieve(struct plait_http_roster *);

/* The connection's own, in this order. Its task begins: false when it is too late for that. */
bool plait_http_roster_begin(struct plait_http_roster *, struct plait_http_entry *, plait_scope *);

/* It waits for a request; it has waited for a while. False when it has to go. */
bool plait_http_roster_ready(struct plait_http_roster *, struct plait_http_entry *);
bool plait_http_roster_rest(struct plait_http_roster *, struct plait_http_entry *);

/* A request's first byte is there. */
void plait_http_roster_work(struct plait_http_roster *, struct plait_http_entry *);

/* A response is ready to go: whether it is the last one, as it is if the connection `wants` that. */
bool plait_http_roster_last(struct plait_http_roster *, struct plait_http_entry *, bool wants);

/* It is out. */
void plait_http_roster_done(struct plait_http_roster *, struct plait_http_entry *);

/* Off the lists; then its descriptor is closed; then it is gone. */
void plait_http_roster_leave(struct plait_http_roster *, struct plait_http_entry *);
void plait_http_roster_gone(struct plait_http_roster *, struct plait_http_entry *);

/* The end, in this order: no more connections, no more rest; until none is open and the acceptor has gone (0; PLAIT_EAGAIN,
   PLAIT_ETIMEDOUT); no more waits; until all is over, in a shield: whether one that owed an answer had to go. */
void plait_http_roster_begin_stop(struct plait_http_roster *);
int plait_http_roster_wait(struct plait_http_roster *, plait_deadline) PLAIT_MUST_CHECK;
void plait_http_roster_cut(struct plait_http_roster *);
bool plait_http_roster_end(struct plait_http_roster *);

#endif
