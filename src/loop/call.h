/* call.h: a function to be called on a loop's own stack, and where a loop's calls are kept.

   What must hold: a call lies in its loop's slabs if it was asked for by the loop's own thread, else alone (another thread's
   post), or in its context. The slabs are the loop's thread's; they are freed when it goes to rest and no call is in them. */
#ifndef PLAIT_LOOP_CALL_H
#define PLAIT_LOOP_CALL_H
#include "coroutine/coroutine.h"
#include <plait/call.h>

/* Its mark in the calendar, of several of these. What the loop finds there without PLAIT_IS_CALL is a coroutine. */
enum plait_call_mark {
    PLAIT_IS_CALL = 1,
    PLAIT_CALL_QUEUED = 2,
    PLAIT_CALL_CANCELLED = 4,
    PLAIT_CALL_IN_SLAB = 8,
    PLAIT_CALL_EMBEDDED = 16
};

struct plait_call {
    union {                   /* first: all addresses are one */
        struct plait_due due; /* in the calendar; its mark always */
        uintptr_t next;       /* or on the list that it is on (loop/ready.h) */
    };
    plait_loop *loop;
    void (*function)(void *);
    void *context;
};

/* One that is part of its context. */
struct plait_embedded_call {
    plait_call call;         /* first: the two addresses are one */
    void (*dropped)(void *); /* called in place of it at the loop's end */
};

static inline bool plait_call_is(const plait_call *c, enum plait_call_mark what) { return c->due.mark & what; }

struct plait_call_slab;
struct plait_calls {
    plait_call *unused; /* by `context` */
    plait_call *fresh;  /* never used, so many: */
    size_t left;
    size_t alive;
    struct plait_call_slab *slabs; /* newest first; its size, in calls: */
    size_t slab_size;
};

/* Calls it, unless it was cancelled, and ends it. */
void plait_call_make(plait_call *);

/* Gives memory of the calls back, if none is alive. */
void plait_calls_rest(struct plait_calls *);

/* The loop to ask something of: the running one. NULL, with words, without one, and in a forked child. */
struct plait_loop *plait_loop_to_ask(void);

/* Ends those calls and watchers of a loop that are left. */
void plait_calls_drop(plait_loop *);

#endif
