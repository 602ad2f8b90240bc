/* group.c: children that end before their braces do.

   What must hold: the first failure is noted, and the others cancelled, before that child's end is counted; so whoever
   finds no child pending finds the outcome too. A child is released by whoever takes its end off the set, in
   plait_group_wait or plait_group_leave: nothing touches the group after the last one. */
#include <plait/group.h>
#include "base/stop.h"
#include "future/future.h"

static struct plait_set *set_of(plait_group *g)
{
    _Static_assert(sizeof(struct plait_set) <= sizeof g->set, "a group has room for its set");
    return (struct plait_set *)(void *)g->set;
}

static void note(plait_group *g, plait_future *f)
{
    struct plait_set *s = set_of(g);
    bool failed =
        f->error && !(f->error == PLAIT_ETASK && (f->was_cut || plait_future_get_state(f) == PLAIT_FUTURE_CANCELLED));
    atomic_store_explicit(&f->seen, true, memory_order_relaxed);
    if (!failed) return;
    plait_mutex_lock(&s->guard);
    bool first = !g->error;
    if (first) {
        g->error = f->error;
        g->record = plait_record_ref(f->record);
        g->cancelled = true;
    }
    plait_mutex_unlock(&s->guard);
    if (first) plait_set_cancel(s);
}

static void arrive(struct plait_set *s, plait_future *f)
{
    note((plait_group *)(void *)((char *)s - offsetof(plait_group, set)), f);
}

plait_group *plait_group_enter(plait_group *g, plait_executor *ex)
{
    *g = (plait_group){ .executor = ex };
    set_of(g)->all = true;
    set_of(g)->arrive = arrive;
    return g;
}

static bool is_cancelled(plait_group *g)
{
    PLAIT_LOCKED(&set_of(g)->guard);
    return g->cancelled;
}

static bool has_children(plait_group *g)
{
    PLAIT_LOCKED(&set_of(g)->guard);
    return set_of(g)->pending > 0;
}

void plait_group_submit_task(plait_group *g, const plait_task *task, const void *argument, const char *file, int line)
{
    struct plait_set *s = set_of(g);
    task = plait_task_given(task);
    plait_future *f = plait_future_for(g->executor, task, argument, task->name, file, line);
    if (!f) {
        note(g, &plait_no_memory_future);
        return;
    }
    if (is_cancelled(g)) { /* it never starts */
        plait_future_release(f);
        plait_future_release(f);
        return;
    }
    int err = plait_argument_missing(task, argument);
    f->deadline = plait_nearest(PLAIT_FOREVER);
    f->inherits = true;
    atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed); /* for us: it may end and be released at once */
    plait_future_start(f, g->executor, err);
    f->watched = true;
    plait_set_add(s, &plait_future_shadow(f)->watch, f);
    if (is_cancelled(g)) plait_future_cancel(f);
    plait_future_release(f);
}

void plait_group_cancel(plait_group *g)
{
    struct plait_set *s = set_of(g);
    plait_mutex_lock(&s->guard);
    g->cancelled = true;
    plait_mutex_unlock(&s->guard);
    plait_set_cancel(s);
}

static int drain(plait_group *g, enum plait_cut cut)
{
    struct plait_set *s = set_of(g);
    struct plait_watch *watch;
    plait_scope *outer = cut == PLAIT_CANCELLABLE ? plait_current()->scope : NULL;
    int err;
    while ((err = plait_set_next(s, &watch, PLAIT_FOREVER, cut, outer)) == 0) plait_future_unref(watch->future);
    return err == PLAIT_EDONE ? 0 : err;
}

int plait_group_wait(plait_group *g)
{
    int cut = drain(g, PLAIT_CANCELLABLE);
    if (cut) {
        plait_group_cancel(g);
        drain(g, PLAIT_NOT_CANCELLABLE);
    }
    if (!g->error) return plait_failed(cut);
    plait_record_keep(plait_record_ref(g->record));
    return g->error;
}

void plait_group_leave(plait_group *g)
{
    if (has_children(g)) plait_group_cancel(g);
    drain(g, PLAIT_NOT_CANCELLABLE);
    plait_record_unref(g->record);
}
