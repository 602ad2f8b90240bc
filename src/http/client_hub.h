/* client_hub.h: what carries out the requests of a loop's coroutines: one libcurl multi handle, whose connections they
   share, driven by watchers and calls of the loop, on the loop's own stack.

   What must hold:
   - Only the loop's thread touches it, and libcurl is called on that thread's own stack alone: by the loop, or for a
     coroutine by plait_call_on_thread_stack. No coroutine runs meanwhile.
   - A transfer that has ended, or was given up, is one that libcurl does not know any more before its coroutine goes on.
   - What fails for one transfer does not touch the others: no callback tells libcurl of a failure for which it would give
     up the whole multi handle.
   - It ends with its loop, which has no coroutine left then, and so no transfer.
   - Records are never freed, only used again, and a forked child closes its copies of the parent's sockets and touches
     nothing else of them. */
#ifndef PLAIT_HTTP_CLIENT_HUB_H
#define PLAIT_HTTP_CLIENT_HUB_H
#include "http/client_transfer.h"
#include "http/client_wires.h"
#include "loop/local.h"

typedef struct plait_http_hub plait_http_hub;
struct plait_http_hub {
    plait_loop_local local; /* first: the two addresses are one */
    bool retired;           /* it takes no more, and ends with its last transfer */
    CURLM *multi;
    plait_http_wires wires;
    long most, allowed; /* connections: by the limit of descriptors, and at present */
    plait_call *timer;
    int64_t timer_at, timer_wanted;     /* when libcurl is called, and when it wants to be, on plait's clock; 0: not */
    struct plait_http_guest *running;   /* the transfers that libcurl knows */
    struct plait_http_guest *concerned; /* those that the present call of libcurl may have changed */
    struct plait_http_guest *spare;     /* with an easy handle each */
    size_t guests, spares;              /* taken and not given back; and those */

    /* The pool's. */
    _Atomic bool used;
    plait_http_hub *all; /* the next of all records */
};

/* A transfer for a coroutine of this loop, the running one. 0 or PLAIT_ENOMEM. */
int plait_http_hub_take(plait_loop *, plait_http_transfer **transfer);

/* Has the running loop's connections closed, if it has any: those that are in use, and others then too, when the last
   request under way has ended. On the loop's own stack. */
void plait_http_hub_retire(void);

/* For the child of a fork. */
void plait_http_hub_disown(plait_http_hub *);

#endif
