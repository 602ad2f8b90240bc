/* server_crew.h: a server on processes: server_crew.c in the one that was asked for it, server_member.c in each of those that
   serve.

   The first process, the server's, listens and does nothing else: it makes the listening sockets, starts the others, which
   have these sockets in common, and keeps them open until it stops. So what the system has in line is lost with nobody:
   where one process has died, the others take what comes meanwhile.

   What must hold:
   - A member is told by messages over a pipe until when it may take to end: the deadline of each stop. It tells by one that
     it serves, and by its result whether it had to cut somebody off. What it does not do in time, its death does.
   - A member that ends before it was told to is replaced, as often as that takes; after a while if it has not lived long,
     which grows while none can even serve. What ends one before it has ever served is the failure of the whole.
   - The members are looked after by coroutines of one loop, and processes are started, and the first process's own sockets
     closed, on that loop alone: so no descriptor is closed while it is handed on. */
#ifndef PLAIT_HTTP_SERVER_CREW_H
#define PLAIT_HTTP_SERVER_CREW_H
#include "http/server.h"
#include "process/task_place.h"

struct plait_http_crew;

/* What a member is started with: this, the numbers of the listening sockets, and behind them what the handler's context
   points to. */
struct plait_http_orders {
    plait_http_server_options options; /* with the defaults filled in, and no processes */
    struct plait_task_place handler, initializer;
    bool initializes;
    char url[256];
    int pipe;
    size_t listener_count, context_size;
    int listeners[];
};

/* server_member.c: the life of a member, whose orders these are; *cut: some requests were cut off. */
PLAIT_TASK_DECLARE(plait_http_member, plait_bytes, bool);

/* Starts the members, on the server's executor, a single loop, and waits until all of them serve. 0; or why one does not,
   with a record: what has been started is then to be stopped too. */
int plait_http_crew_start(struct plait_http_server *);

/* Tells all of them to stop, and waits until they have. Whether some requests were cut off, by now. May be repeated. */
bool plait_http_crew_stop(struct plait_http_crew *, plait_deadline);

/* When all have ended. NULL is nothing. */
void plait_http_crew_free(struct plait_http_crew *);

#endif
