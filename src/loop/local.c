/* local.c: see local.h. A list, since few rooms keep anything. */
#include "loop/local.h"
#include "loop/loop.h"

plait_loop *plait_loop_of_coroutine(void)
{
    plait_loop *l = plait_loop_here;
    return l && !l->forked && l->running != &l->own ? l : NULL;
}

plait_loop_local *plait_loop_find_local(plait_loop *l, void (*close)(plait_loop_local *))
{
    plait_loop_local *at = l->locals;
    while (at && at->close != close) at = at->next;
    return at;
}

void plait_loop_keep_local(plait_loop *l, plait_loop_local *local)
{
    local->next = l->locals;
    l->locals = local;
}

void plait_loop_drop_local(plait_loop *l, plait_loop_local *local)
{
    plait_loop_local **at = &l->locals;
    while (*at != local) at = &(*at)->next;
    *at = local->next;
}

void plait_loop_close_locals(plait_loop *l)
{
    plait_loop_local *local;
    while ((local = l->locals)) {
        l->locals = local->next;
        local->close(local);
    }
}
