/* server_lane.c: accepting, a task of its own for each listening socket.

   What must hold:
   - It never spins: with as many connections as are allowed it waits for one to end, and when the system has no descriptor
     left it waits a while, longer each time.
   - It takes a permit only for a connection that is there, so that none lies with a lane that nobody connects to.
   - At the end, what the system has in line is taken as well, as far as there are permits, since requests may have come
     with it; but not for ever, whoever goes on connecting. */
#include "base/stop.h"
#include "http/server.h"
#include <plait/io.h>
#include <plait/loop.h>
#include <poll.h>

typedef struct plait_http_lane *http_lane;

enum { AT_ONCE = 16 }; /* so many are accepted, then all others of a loop have their turn */
static const int64_t shortest_pause = 10 * PLAIT_MILLISECOND, longest_pause = PLAIT_SECOND;

/* Ends a connection that rests, one of this lane if it can be: that may give a descriptor which is missing. */
static void relieve(struct plait_http_lane *lane)
{
    struct plait_http_server *s = lane->server;
    bool done = plait_http_roster_relieve(&lane->roster);
    for (size_t i = 0; i < s->lane_count && !done; i++) done = plait_http_roster_relieve(&s->lanes[i].roster);
}

static void accept_connections(struct plait_http_lane *lane)
{
    struct plait_http_server *s = lane->server;
    int64_t pause = 0;
    for (unsigned taken = 1; plait_semaphore_acquire(&s->room, PLAIT_FOREVER) == 0;) {
        int fd = plait_accept(lane->listener, PLAIT_NOW);
        if (fd >= 0) {
            pause = 0;
            plait_http_connection_start(lane, fd);
            if (taken++ % AT_ONCE == 0 && plait_yield()) return;
            continue;
        }
        plait_semaphore_release(&s->room, 1);
        if (fd == PLAIT_EAGAIN) fd = plait_wait_fd(lane->listener, POLLIN, PLAIT_FOREVER);
        if (fd >= 0) continue;
        if (fd == PLAIT_ECANCELED) return;
        if (!pause) plait_report("%s: cannot accept connections for now: %s", s->url, plait_error_text(fd));
        relieve(lane);
        pause = !pause ? shortest_pause : pause * 2 < longest_pause ? pause * 2 : longest_pause;
        if (plait_sleep(pause)) return;
    }
}

static void take_those_in_line(struct plait_http_lane *lane)
{
    struct plait_http_server *s = lane->server;
    for (size_t left = plait_http_in_line(lane->listener); left; left--) {
        if (plait_semaphore_acquire(&s->room, PLAIT_NOW)) return;
        int fd = plait_accept(lane->listener, PLAIT_NOW);
        if (fd < 0) {
            plait_semaphore_release(&s->room, 1);
            return;
        }
        plait_http_connection_start(lane, fd);
    }
}

static int accept_all(const http_lane *argument)
{
    struct plait_http_lane *lane = *argument;
    PLAIT_CANCEL_SCOPE(accepting);
    if (plait_http_roster_accept(&lane->roster, &accepting)) accept_connections(lane);
    if (lane == lane->server->lanes) plait_http_remove_file(lane->server);
    take_those_in_line(lane);
    plait_close(lane->listener);
    plait_http_roster_deafen(&lane->roster);
    return 0;
}
PLAIT_LOCAL_TASK(accept_all, http_lane, void);

int plait_http_lane_start(struct plait_http_lane *lane, plait_executor *ex)
{
    lane->roster.listening = true;
    plait_future *f = plait_submit(ex, accept_all, &lane);
    if (plait_future_get_state(f) != PLAIT_FUTURE_FINISHED || !plait_future_result(f, NULL)) {
        lane->acceptor = f;
        return 0;
    }
    lane->roster.listening = false;
    PLAIT_SHIELD(shield, PLAIT_FOREVER);
    return plait_await(f, NULL);
}
