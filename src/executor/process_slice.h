/* process_slice.h: a slice of a map in a worker process: several values of one task in one cell, packed into one block of shared
   memory with their results.

   What must hold:
   - The worker claims the values one after the other, as threads do (future/slice.h), in `claims` of the block; `ran` counts
     those that have an outcome, and is released behind it. So when the worker has died, it is known which value it died in:
     that one fails, those before it have their outcomes, those behind it go to another worker.
   - Task and worker read the arguments, and write the results, where they lie; those that own memory lie in parcels.
   - Words of failures are blocks of their own, linked before their values are counted in `ran`.
   - While a slice is with a worker its `packed` is set. All on this side is under the guard of the pool. */
#ifndef PLAIT_EXECUTOR_PROCESS_SLICE_H
#define PLAIT_EXECUTOR_PROCESS_SLICE_H
#include "future/slice.h"
#include "process/parcel.h"

struct plait_packed_words {
    _Atomic(struct plait_packed_words *) next; /* in the order of the values */
    uint32_t index;
    plait_parcel said;
};

struct plait_packed {
    _Atomic uint64_t claims; /* as a slice's */
    _Atomic uint32_t ran;
    uint32_t count;
    bool ends;           /* with its first failure */
    int64_t nanoseconds; /* that those took which ran; 0: it is not known */
    _Atomic(struct plait_packed_words *) words;
    struct plait_packed_words *last; /* of them: the worker's alone */
    size_t results_at, codes_at;     /* from here */
};

/* Packs what a slice has not run yet, or as much of it as there is memory for: 0, or a code with a record. */
int plait_slice_pack(struct plait_slice *, plait_shared_memory *);

/* Takes over what it has an outcome for by now; the block stays. And drops the block. */
void plait_slice_sync(struct plait_slice *, plait_shared_memory *);
struct plait_bytes_moved {
    uint64_t copied, in_place; /* of the plait_bytes in it */
};
struct plait_bytes_moved plait_slice_unpack(struct plait_slice *, plait_shared_memory *);

/* When all that was packed has run: whether there is more. */
bool plait_slice_goes_on(struct plait_slice *);

/* When its worker has died: the value that it died in fails, with a code and a record, whose reference this takes; the first
   of those that it was given when it got nowhere. Whether values are left that another is to run. After plait_slice_unpack. */
bool plait_slice_survives(struct plait_slice *, int code, plait_record *);

/* The code of the first that failed; or 0. */
int plait_slice_code(struct plait_slice *);

/* Takes its last `count` values back from the worker that has it; false: not all of them have yet to begin. 0 of them: it is only looked at. */
bool plait_slice_take_back_packed(struct plait_slice *, plait_shared_memory *, size_t count);

/* By the worker, when code of the program's has returned: that may have forked, and this be the child, whose the cells are not. It
   comes to its end here. */
void plait_worker_end_if_forked(void);

/* By the worker, in the context and the scope of the task: runs what there is. `cancelled` becomes 1 when it is to stop. */
void plait_packed_run(struct plait_packed *, const plait_task *, plait_context *, plait_shared_memory *,
                      const _Atomic uint32_t *cancelled);

#endif
