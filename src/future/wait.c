/* wait.c: plait_wait and plait_gather over an array of futures. What must hold: when the one returns, nothing of it is left
   in any future; when the other does, all are ended. */
#include "base/memory.h"
#include "future/future.h"
#include <stdlib.h>

enum { FEW = 16 }; /* futures whose watches fit on the stack */

/* Moves the done ones to the front and returns how many they are. */
static size_t partition(plait_future **futures, size_t count)
{
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        plait_future *f = futures[i];
        if (!plait_future_done(f)) continue;
        futures[i] = futures[done];
        futures[done++] = f;
    }
    return done;
}

static bool enough(plait_future **futures, size_t count, plait_wait_mode mode)
{
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        if (!plait_future_done(futures[i])) continue;
        done++;
        if (mode == PLAIT_FIRST_COMPLETED || (mode == PLAIT_FIRST_EXCEPTION && plait_future_failed(futures[i])))
            return true;
    }
    return done == count;
}

static int wait_all(plait_future **futures, size_t count, plait_deadline deadline)
{
    int err = 0;
    for (size_t i = 0; i < count && !err; i++)
        err = plait_future_wait_or_run(futures[i], deadline, PLAIT_CANCELLABLE, NULL);
    return err;
}

static int wait_first(plait_future **futures, size_t count, plait_wait_mode mode, plait_deadline deadline)
{
    struct plait_watch few[FEW], *watches = count <= FEW ? few : plait_allocate(count * sizeof *watches);
    if (!watches) return PLAIT_ENOMEM;
    struct plait_set set = { 0 };
    for (size_t i = 0; i < count; i++) plait_set_add(&set, &watches[i], futures[i]);
    struct plait_watch *ended;
    int err;
    do err = plait_set_next(&set, &ended, deadline, PLAIT_CANCELLABLE, NULL);
    while (!err && mode == PLAIT_FIRST_EXCEPTION && !plait_future_failed(ended->future));
    if (err == PLAIT_EDONE) err = 0; /* all ended, none failed */
    for (size_t i = 0; i < count; i++)
        if (watches[i].set) plait_set_remove(&set, &watches[i]);
    while (plait_set_next(&set, &ended, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE, NULL) == 0) {} /* those about to arrive */
    if (watches != few) free(watches);
    return err;
}

int plait_wait(plait_future **futures, size_t count, plait_wait_mode mode, plait_deadline deadline, size_t *done_count)
{
    int err = mode > PLAIT_FIRST_EXCEPTION ? plait_fail(PLAIT_EINVAL, "plait_wait has no mode %d", (int)mode)
                                           : plait_failed(plait_wait_begin(deadline));
    if (!err && !enough(futures, count, mode)) {
        if (plait_is_now(deadline)) err = PLAIT_EAGAIN;
        else
            err = mode == PLAIT_ALL_COMPLETED ? wait_all(futures, count, deadline)
                                              : wait_first(futures, count, mode, deadline);
        err = plait_failed(err);
    }
    size_t done = partition(futures, count);
    if (done_count) *done_count = done;
    return err;
}

/* Once begun it takes all that is done, though a cut came meanwhile: so one that comes when all are is the next wait's. */
static int take_or_await(plait_future *f, bool begun, void *out, size_t i, size_t size)
{
    void *at = out ? (char *)out + i * size : NULL;
    int err = begun ? plait_await_until_sized(f, at, size, PLAIT_NOW) : PLAIT_EAGAIN;
    return err == PLAIT_EAGAIN ? plait_await_sized(f, at, size) : err;
}

int plait_gather_sized(plait_future **futures, size_t count, void *out, size_t size, int *errors)
{
    int first = 0;
    bool begun = plait_wait_begin(PLAIT_FOREVER) == 0, cut = false;
    plait_record *words = NULL;
    size_t i = 0;
    for (; i < count && !cut; i++) {
        int err = take_or_await(futures[i], begun, out, i, size);
        if (errors) errors[i] = err;
        cut = err == PLAIT_ECANCELED; /* what only waits say */
        if (!err || (first && !cut)) continue;
        first = err;
        plait_record_unref(words);
        plait_record **here = plait_record_here();
        words = here ? plait_record_ref(*here) : NULL;
    }
    for (size_t left = count; left > i;
         left--) { /* the newest first: none is to begin in the place of one that we end */
        int err = take_or_await(futures[left - 1], begun, out, left - 1, size);
        if (errors) errors[left - 1] = err;
    }
    if (first) plait_record_keep(words);
    return first;
}
