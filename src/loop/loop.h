/* loop.h: what runs many coroutines on one thread: a queue of what is ready, a calendar of what waits for its time, a poller
   of descriptors, and an inbox for all that other threads bring.

   What must hold:
   - Only the loop's thread touches it, but for `inbox`, `signals`, and `thread`, which does not change while it is open.
   - `thread` is what wakes it: the parker of its thread, or, of a loop that a foreign one drives, a bell of its own, which
     says PARKED_ON from the end of each turn to the begin of the next: so what is brought meanwhile makes the poller's
     descriptor readable. Between two turns its thread is to it as any other (foreign.c).
   - A coroutine that has parked lends its stack to the switch alone: what may call the program's functions (an end, a
     cancel) is done by a coroutine that runs, or on the loop's own stack.
   - A coroutine is made ready by its loop's thread alone, which needs no atomic operation for that: for one that it runs
     itself, for a time that has come, a descriptor, or a knock from its inbox. Another thread brings that there: whoever
     has set `coming`; others rely on him until the loop has cleared it, which it does first.
   - A knock has no loop while its coroutine is none of a loop's, not even a spare one, and while the loop is open that is
     not given away with a knock on its way. So one that meets no loop, or one that has closed, was for a task that has
     ended; if there is a loop by the time that this is noted, the coroutine is woken there, for those who relied on it.
     A closed loop's record is put aside for the next when it has given all of them away.
   - What is in the inbox is the loop's from the push on: it may run and end at once, and the loop with it. Who pushes
     touches `thread` alone afterwards, and its parker; both are type-stable. He reads it after the push: before, it might
     be that of a loop that has ended since, whose record is another's now. That one cannot end before it has taken what
     was pushed; when it has, nobody needs to be woken.
   - Who pushes into an empty inbox unparks the thread. The loop empties it after it slept; when it was filled after the
     loop looked and before it sleeps, the token is there and it does not.
   - A coroutine that stops goes on to the next one by itself, without the loop's own stack, until `budget` is used up;
     then the loop looks around. So nothing that is always ready keeps it from its descriptors and times.
   - Loops are type-stable: what comes too late for one finds its inbox closed. */
#ifndef PLAIT_LOOP_LOOP_H
#define PLAIT_LOOP_LOOP_H
#include "coroutine/overflow.h"
#include "loop/local.h"
#include "loop/poller.h"
#include "loop/ready.h"
#include "loop/signals.h"
#include "park/thread_parker.h"

#define PLAIT_INBOX_CLOSED PLAIT_ITEM_KINDS /* a knock of nobody */
enum { PLAIT_LOOP_SPARES = 1024 };          /* so many stay when there is nothing else to do */

/* What an executor over several loops keeps of one of them, for other threads to look at. */
struct plait_loop_account {
    plait_waitlist guard;                         /* its spin bit: over the list of those that run a task */
    plait_loop *loop;                             /* guarded too; NULL before it is open and when it has been closed */
    _Atomic bool cancels;                         /* what it has not begun */
    _Atomic size_t load;                          /* tasks given to it that have not ended */
    _Atomic uint64_t finished, failed, cancelled; /* of those: run to their end; with a failure; never run */
};

struct plait_errand {
    void (*function)(void *);
    void *context;
};

struct plait_loop {
    plait_executor executor;               /* first: the two addresses are one */
    _Alignas(64) _Atomic plait_item inbox; /* newest first */
    _Atomic(plait_parker *) thread;
    struct plait_thread_parker bell; /* its eventfd is never closed */
    struct plait_signals signals;
    _Alignas(64) plait_ready ready;
    plait_parker *host; /* its thread's */
    struct plait_hosted hosted;
    unsigned budget; /* how many may go on before the loop looks around */
    bool forked;     /* this is the child, the loop is the parent's */
    size_t spares;
    plait_coroutine *running, *spare, *newest; /* now; without a task, by `older`; of those with one */
    size_t tasks;                              /* given to it and not ended */
    size_t condemned;                          /* of those that were running at the last plait_loop_cancel: not ended */
    size_t stack_size;
    plait_float_control control;        /* that its tasks begin with: the thread's */
    struct plait_loop_account *account; /* NULL: none */
    struct plait_errand *errand;        /* what the running coroutine wants to have called on the thread's stack */
    struct plait_calls calls;
    plait_watcher *watchers;
    plait_loop_local *locals;
    struct plait_signal_watch *signal_watches;
    plait_poller poller;
    struct plait_overflow_guard overflow;
    plait_coroutine own; /* stands for the thread's stack */
    bool foreign;        /* another loop drives it, by turns */
    int timer;           /* of a foreign one: the descriptor that tells that a time has come */
    int64_t timer_at;    /* and when; 0: never */
    uint64_t passes;     /* so far; for tests */
    plait_loop *unused;  /* the next of those that are closed */
    plait_calendar due;
};

/* The running thread's loop, or NULL. */
extern _Thread_local plait_loop *plait_loop_here __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* loop.c */

/* Opens one on this thread, on which none runs: NULL with words. It runs from then on, but for a foreign one. And closes
   one that runs, has no tasks left and can get none. */
enum plait_loop_kind { PLAIT_LOOP_RUNS, PLAIT_LOOP_IS_FOREIGN };
plait_loop *plait_loop_open(const struct plait_executor_operations *, size_t stack_size, enum plait_loop_kind);
void plait_loop_close(plait_loop *);

/* Looks around, asleep until `until` if nothing is ready; then lets what is ready run, for a while: whether anything was. */
bool plait_loop_pass(plait_loop *, plait_deadline until);

/* Cancels what is left, makes passes until it has ended, and closes. */
void plait_loop_end(plait_loop *);

/* Whether the running thread is the loop's. */
bool plait_loop_is_of_this_thread(plait_loop *);

/* No more in, if it has no tasks left: whether so. */
bool plait_loop_shut(plait_loop *);

/* Takes over what is in the inbox. */
void plait_loop_empty_inbox(plait_loop *);

/* From any thread: false when it is closed. */
bool plait_loop_send(plait_loop *, plait_item);

/* foreign.c */

/* The descriptors of a foreign loop, beside the poller, which is open: 0 or -errno. And what of them is not kept for the next. */
int plait_foreign_open(plait_loop *);
void plait_foreign_close(plait_loop *);

/* Around a turn: makes it the running loop; and leaves it, its descriptor readable while there is something to do. */
void plait_foreign_enter(plait_loop *);
void plait_foreign_leave(plait_loop *);

/* In a forked child, where it can be neither turned nor used again. */
void plait_foreign_forget(plait_loop *);

/* local.c */

/* Ends what higher rooms keep with it. */
void plait_loop_close_locals(plait_loop *);

/* strand.c */

/* Gives it a future to run, by its own thread: after all that is ready. */
void plait_loop_take(plait_loop *, plait_future *);

/* Calls what the coroutine that has just been left wants to have called, and goes on with it; until none does. */
void plait_loop_run_errands(plait_loop *);

/* A coroutine to run a future that was taken; NULL: there is no memory for one, the future has failed. */
plait_coroutine *plait_loop_begin(plait_loop *, plait_future *);

/* Makes a coroutine ready, if it has parked, for something that the loop has seen. */
void plait_loop_resume(plait_loop *, plait_coroutine *);

/* One that another thread has woken, from the inbox. */
void plait_loop_wake(plait_loop *, struct plait_knock *);

/* Makes one without a task nobody's; `always`, or false: a wake for it is on its way here. */
bool plait_loop_part_with(plait_loop *, plait_coroutine *, bool always);

/* Cancels all tasks that there are; those that come later are not concerned. */
void plait_loop_cancel(plait_loop *);

#endif
