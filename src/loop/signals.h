/* signals.h: which signals a loop is told of. See signals.c. */
#ifndef PLAIT_LOOP_SIGNALS_H
#define PLAIT_LOOP_SIGNALS_H
#include <plait/signal.h>
#include <stdatomic.h>

/* What the handler looks at and writes to, a bit for each signal. A loop's record is type-stable, so it is always there. */
struct plait_signals {
    _Atomic uint64_t watched;
    _Atomic uint64_t once;  /* of these, those that are taken but once */
    _Atomic uint64_t spent; /* of those, those that came */
    _Atomic uint64_t came;  /* to be taken by the loop */
    struct plait_loop *next;
    bool listed; /* among all that have ever watched, for good */
};

/* plait_loop_watch_signal, on that loop. `once`: only the first that comes; what comes then is treated as if this loop did
   not watch it, by the handler itself, though the loop be busy. */
int plait_signals_watch(struct plait_loop *, int number, bool once, void (*function)(int number, void *context),
                        void *context);
bool plait_signals_unwatch(struct plait_loop *, int number);

/* Makes the calls ready for what came. */
void plait_signals_serve(struct plait_loop *);

/* Watches nothing any more. */
void plait_signals_drop(struct plait_loop *);

#endif
