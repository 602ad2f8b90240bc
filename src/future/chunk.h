/* chunk.h: several futures that share one place in an executor's queue.

   What must hold: the place is a future of its own, which nobody awaits and which runs the others one after the other, each
   in a context of its own, as if it had been submitted by itself. Each can be cancelled by itself, and be run in place by
   one who awaits it. Whatever becomes of the place, none of them is left: they share its failure, or its cancel. They are
   linked by `link`, and each one's reference for the executor is the place's. */
#ifndef PLAIT_FUTURE_CHUNK_H
#define PLAIT_FUTURE_CHUNK_H
#include "future/future.h"

struct plait_chunk {
    plait_future *first, *last;
    size_t count;
    bool stop; /* after one that fails the others are cancelled */
};

/* Adds a future that has not been given to an executor. */
void plait_chunk_add(struct plait_chunk *, plait_future *);

/* Gives all to the executor, and empties the chunk; with no executor they are cancelled. */
void plait_chunk_submit(struct plait_chunk *, plait_executor *);

/* What has become of a place that nobody runs is what becomes of those that share it. `f` may be any future. */
void plait_chunk_fail(plait_future *f, int error, plait_record *record);
void plait_chunk_withdraw(plait_future *f);

#endif
