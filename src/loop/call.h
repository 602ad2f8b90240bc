/* call.h: a function to be called on a loop's own stack. */
#ifndef PLAIT_LOOP_CALL_H
#define PLAIT_LOOP_CALL_H
#include "coroutine/coroutine.h"
#include <plait/call.h>

struct plait_call {
    struct plait_due due; /* first: the two addresses are one */
    uintptr_t next;       /* on the list that it is on (loop/ready.h) */
    plait_loop *loop;
    void (*function)(void *);
    void *context;
    bool queued, cancelled;
    void (*dropped)(
        void *); /* of one that is part of its context: called in place of it at the loop's end; NULL: freed */
};

/* Calls it, unless it was cancelled, and ends it. */
void plait_call_make(plait_call *);

/* The loop to ask something of: the running one. NULL, with words, without one, and in a forked child. */
struct plait_loop *plait_loop_to_ask(void);

/* Ends those calls and watchers of a loop that are left. */
void plait_calls_drop(plait_loop *);

#endif
