/* hooks.h: the table through which higher rooms look into lower ones: tests make an allocation fail, and the tracer and
   the seeded scheduler will stand here. Empty, it costs a load and a branch that is never taken.

   What must hold: the table is filled before the threads that it concerns are started, and not changed while they run. */
#ifndef PLAIT_BASE_HOOKS_H
#define PLAIT_BASE_HOOKS_H
#include <plait/api.h>

struct plait_hooks {
    /* Whether the resource asked for at `point` ("memory", "thread", "descriptor", "mapping"; "words": to sleep on several;
       "patience": to look again without being woken; "guard": one in a page table) is to be refused. */
    bool (*refuse)(const char *point);

    /* Told by a worker process at each step of its life (executor/process_pool.h), with the name of the task that it has in
       hand, or NULL: tests end it there. And "serves" by the first process of a server on processes, when another has said
       so. */
    void (*reached)(const char *step, const char *task);
};
extern PLAIT_API struct plait_hooks plait_hooks;

static inline bool plait_refused(const char *point)
{
    return __builtin_expect(plait_hooks.refuse != NULL, 0) && plait_hooks.refuse(point);
}

static inline void plait_reached(const char *step, const char *task)
{
    if (__builtin_expect(plait_hooks.reached != NULL, 0)) plait_hooks.reached(step, task);
}

#endif
