/* outcome.c: from the code that a task returned, and what it said, to the outcome that those see who wait for it. What must
   hold: a code that waits say about themselves is never the outcome of a task. */
#include "future/future.h"

/* What became of a task whose code is one that waits say about themselves: as its outcome, it would be taken for what was
   said of the wait for it, after which the future goes on. NULL for all other codes. */
static const char *said_of_a_wait(int code)
{
    switch (code) {
    case PLAIT_ECANCELED: return "was cancelled";
    case PLAIT_ETIMEDOUT: return "timed out";
    case PLAIT_EAGAIN: return "would have had to wait";
    case PLAIT_EDEADLK: return "would have waited for ever";
    default: return NULL;
    }
}

plait_record *plait_wrap(int *error, plait_record *said, const char *how)
{
    if (!said_of_a_wait(*error)) return said;
    if (!said) said = plait_record_say(*error, NULL, "%s", plait_error_text(*error));
    *error = PLAIT_ETASK;
    return plait_record_say(PLAIT_ETASK, said, "the task %s", how);
}

/* The record of a task that returned `error`: what it said itself, with its name and site; or one that names it, with
   what it said as the cause. */
plait_record *plait_conclude(struct plait_site site, int *error, bool *was_cut, plait_record *said)
{
    if (said && (*error == 0 || said->public.code != *error)) {
        plait_record_unref(said);
        said = NULL;
    }
    if (*error == 0) return NULL;
    if (*error > 0) {
        said = plait_record_say(PLAIT_EINVAL, said, "it returned %d, which is neither 0 nor a negative code", *error);
        *error = PLAIT_EINVAL;
    }
    *was_cut = *error == PLAIT_ECANCELED;
    const char *how = said_of_a_wait(*error);
    if (how) {
        said = plait_wrap(error, said, how);
    } else if (!said || said->task[0] || atomic_load_explicit(&said->references, memory_order_acquire) != 1) {
        said = plait_record_say(*error, said, "%s", plait_error_text(*error));
    }
    if (said) plait_record_set_task(said, site.name, site.file, site.line);
    return said;
}
