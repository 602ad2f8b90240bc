/* barrier.h: a place where tasks meet: each waits there until all have come, then all go on, and it can be used again.

   One that does not come for long enough breaks it: then nobody waits for what will not happen. */
#ifndef PLAIT_BARRIER_H
#define PLAIT_BARRIER_H

#include <plait/mutex.h>
PLAIT_BEGIN_DECLARATIONS

/* The fields are plait's own. It needs no end: free its memory when all have returned from it. */
typedef struct plait_barrier {
    plait_mutex guard;
    PLAIT_ATOMIC_(uintptr_t) waiters;
    struct plait_party *newest;
    size_t parties, waiting;
    int64_t timeout;
    int (*action)(void *context);
    void *context;
    bool broken;
    uintptr_t reserved[3];
} plait_barrier;
/* clang-format off */
#define PLAIT_BARRIER_INIT(parties) { PLAIT_MUTEX_INIT, 0, 0, (parties), 0, 0, 0, 0, 0, { 0, 0, 0 } }
/* clang-format on */

/* Zero bytes are the defaults. */
typedef struct plait_barrier_options {
    int (*action)(
        void *context); /* run by the one who comes last, before anybody goes on. 0; else it breaks the barrier.
                                     It must not use the barrier, nor throw */
    void *context;      /* for the action */
    int64_t timeout;    /* nanoseconds, for waits without a deadline; default none */
} plait_barrier_options;

/* Makes *barrier one for `parties` tasks, before anybody uses it. PLAIT_EINVAL for no party or a negative time-out. */
PLAIT_API int plait_barrier_init_sized(plait_barrier *barrier, size_t parties, const plait_barrier_options *options,
                                       size_t options_size);
static inline int plait_barrier_init(plait_barrier *barrier, size_t parties, const plait_barrier_options *options)
{
    return plait_barrier_init_sized(barrier, parties, options, sizeof *options);
}

/* Waits until all have come. 0, and in *index (unless NULL) a number from 0 to parties - 1, to each another one.
   PLAIT_ETIMEDOUT: this breaks it. PLAIT_ECANCELED: the others wait on for one to come in this one's place. PLAIT_EBROKEN
   when it is or gets broken. What the action returned, to the one who ran it. PLAIT_EAGAIN (PLAIT_NOW): this one is not
   the last, or another is just coming or going; it was not counted. PLAIT_EINVAL for a barrier that was not made,
   PLAIT_EDEADLK from inside of its action. While an action runs, others wait for its end whatever their deadlines. */
PLAIT_API int plait_barrier_wait(plait_barrier *barrier, size_t *index, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Breaks it: those that wait, and all that come later, get PLAIT_EBROKEN. Waits for nothing but a running action. */
PLAIT_API void plait_barrier_abort(plait_barrier *barrier);

/* Makes it usable again, whether it was broken or not. Those that wait get PLAIT_EBROKEN. Waits as above. */
PLAIT_API void plait_barrier_reset(plait_barrier *barrier);

/* Whether it is broken, and how many wait in it now. Wait as above. */
PLAIT_API bool plait_barrier_is_broken(plait_barrier *barrier);
PLAIT_API size_t plait_barrier_waiting(plait_barrier *barrier);

PLAIT_END_DECLARATIONS
#endif
