/* slice.h: several values of a map that share one place in an executor's queue, and one future.

   What must hold:
   - The place's task is plait_slice_task, and its argument the address of the slice. Whoever runs it claims the values one
     after the other, and none twice: `claims` says how many were begun and, above that, where the slice ends. Whoever
     takes the rest back lowers the end. So what was not begun can be run elsewhere while the slice runs.
   - `ran` counts the values that have an outcome, from the first on. It is written behind the outcome, by the runner alone:
     the outcomes of so many may be read at any time, the others when the place is done.
   - Each value is run as if it had been submitted by itself. But they share the context and the scope of the place, which
     must be as they were between two of them.
   - The map owns the slice and waits for the end of its place. */
#ifndef PLAIT_FUTURE_SLICE_H
#define PLAIT_FUTURE_SLICE_H
#include "future/future.h"

/* What the slices of a map have in common. */
struct plait_slices {
    const plait_task *task;
    struct plait_site site;
    bool ends;                    /* with the first failure in the order of the input: what lies behind is not begun */
    _Atomic size_t first_failed;  /* its index; SIZE_MAX */
    _Atomic uint64_t picoseconds; /* that a value takes, lately; 0: not known */
    _Atomic size_t largest;       /* slice that was measured */
};

struct plait_slice {
    struct plait_slices *all;
    size_t first;    /* index in the input */
    size_t capacity; /* values that there is room for */
    _Atomic uint64_t claims;
    _Atomic uint32_t ran;
    bool begun;  /* valid when the place is done, as the next: what has no outcome was cut off, and did not fail */
    bool failed; /* one of its values has */
    const char *arguments; /* in the array of the map's caller, or `own` */
    char *own, *results;   /* NULL where there are none */
    int *codes;
    plait_record **records; /* NULL: there are no words */

    struct plait_packed *packed; /* where another process has its values between these two; the executor's */
    size_t packed_from, packed_end;
};

extern const plait_task plait_slice_task;

/* The slice whose place it is; or NULL. */
static inline struct plait_slice *plait_slice_of(plait_future *f)
{
    return f->task == &plait_slice_task ? *(struct plait_slice **)(void *)f->data : NULL;
}

/* A slice with room for so many values, and with `own` for their arguments; NULL without memory. And made ready for
   `count` values from `first` on: its results and codes are zero. And back; it has been emptied. */
struct plait_slice *plait_slice_new(struct plait_slices *, size_t capacity, bool own);
void plait_slice_begin(struct plait_slice *, size_t first, size_t count, const char *arguments);
void plait_slice_free(struct plait_slice *);

/* Drops what is left in it: when its place is done. */
void plait_slice_empty(struct plait_slice *);

/* Where it ends, counted from its first value; how many were begun; and how many have an outcome. */
size_t plait_slice_end(struct plait_slice *);
size_t plait_slice_begun(struct plait_slice *);
static inline size_t plait_slice_ran(struct plait_slice *s)
{
    return atomic_load_explicit(&s->ran, memory_order_acquire);
}

/* For a runner: claims the next value; false at the end, or when there is no need. */
bool plait_slice_claim(struct plait_slice *, size_t *i);

/* For a runner: what became of the value that comes next after those that have an outcome. Takes the reference of `said`. */
void plait_slice_note(struct plait_slice *, int code, plait_record *said);

/* For a runner that has it claimed elsewhere: so many were begun. */
void plait_slice_set_begun(struct plait_slice *, size_t count);

/* For a runner: so long so many took. */
void plait_slice_measure(struct plait_slices *, int64_t nanoseconds, size_t count);

/* Takes the last `count` values back: false when one of them was begun. */
bool plait_slice_take_back(struct plait_slice *, size_t count);

#endif
