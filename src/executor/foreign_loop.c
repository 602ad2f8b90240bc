/* foreign_loop.c: the public face of a loop that another one drives; its passes and its end are those of plait_run. */
#include "base/fork.h"
#include "base/options.h"
#include "base/stop.h"
#include "executor/loop.h"
#include "park/scope.h"
#include <plait/foreign_loop.h>

plait_loop *plait_loop_new_sized(const plait_loop_options *options, size_t options_size)
{
    plait_loop_options o;
    if (plait_options_read(&o, sizeof o, options, options_size)) return NULL;
    return plait_loop_open(&plait_loop_executor_operations, o.stack_size, PLAIT_LOOP_IS_FOREIGN);
}

static bool is_the_parents(plait_loop *l) { return l->executor.generation != plait_process_generation(); }

static int refuse_in_child(void)
{
    return plait_fail(PLAIT_EFORKED, "asked of a loop in a forked child: it is the parent's");
}

/* Stops where it may not be `done`: turned or freed. */
static void must_be_free_for(plait_loop *l, const char *done)
{
    if (plait_loop_here)
        plait_stop("a loop was %s inside of %s: only the one that drives it does that", done,
                   plait_loop_here != l ? "another that runs"
                   : l->foreign         ? "its own turn"
                                        : "itself");
    if (!l->foreign || !plait_loop_is_of_this_thread(l))
        plait_stop("a loop was %s by another thread than its own", done);
}

int plait_loop_fd(plait_loop *l) { return is_the_parents(l) ? refuse_in_child() : l->poller.epoll; }

int plait_loop_turn(plait_loop *l, plait_deadline deadline)
{
    if (is_the_parents(l)) return refuse_in_child();
    must_be_free_for(l, "turned");
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    plait_foreign_enter(l);
    while (!plait_loop_pass(l, plait_is_now(deadline) ? deadline : plait_nearest(deadline)) &&
           !(err = plait_wait_over(deadline, PLAIT_CANCELLABLE))) {}
    plait_foreign_leave(l);
    return plait_failed(err);
}

void plait_loop_free(plait_loop *l)
{
    if (!l) return;
    if (is_the_parents(l)) {
        plait_foreign_forget(l);
        return;
    }
    must_be_free_for(l, "freed");
    plait_foreign_enter(l);
    plait_loop_end(l);
}

plait_executor *plait_loop_get_executor(plait_loop *l) { return &l->executor; }
