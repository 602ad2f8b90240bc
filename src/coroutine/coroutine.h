/* coroutine.h: something that runs on a stack of its own: who it is, and the switch between two of them on one thread.
   What to go on with, and when, is the loop's affair (loop/loop.h).

   What must hold:
   - A coroutine is type-stable: its record lies in the top page of its stack and is never unmapped, nor ever of another
     kind; it is used again for the next task, with its parker and its contexts. Of very many that are unused, most are
     dropped: their records are zeros until they are made anew.
   - It is pinned to one loop and so to one thread as long as it runs a task.
   - A switch is from the coroutine that runs to another of the same loop; the loop's own stack counts as one. */
#ifndef PLAIT_COROUTINE_COROUTINE_H
#define PLAIT_COROUTINE_COROUTINE_H
#include "base/calendar.h"
#include "coroutine/stack.h"
#include "coroutine/switch.h"
#include "park/context.h"
#include "base/sanitizers.h"
#include <string.h>

struct plait_loop;
typedef struct plait_coroutine plait_coroutine;
struct plait_coroutine {
    plait_parker parker; /* first: the two addresses are one */
    plait_stack_pointer left_at;
    plait_context *current; /* the context that it left off in */
    struct plait_loop *loop;
    uintptr_t next;                      /* what comes after it in the queue of what is ready (loop/ready.h) */
    _Atomic(struct plait_knock *) knock; /* by which other threads wake it */
    void *future;                        /* the task that it runs; NULL: none */
    bool condemned;                      /* by plait_loop_cancel, with that task */
    struct plait_due due;                /* not marked, which says what it is part of */
    int64_t since;                       /* when it began that, where somebody might ask */
    plait_coroutine *newer, *older;      /* on the list of the loop's, while it runs a task */
    plait_context root, inner;           /* its own, and the one that its task is run in */
    struct plait_stack stack;
    void *globals;       /* C++: its thread's, of which `exceptions` are a copy while it does not run; NULL: C alone */
    void *exceptions[2]; /* those caught, and how many are not yet */
    void *fiber, *fake_stack; /* what the sanitizers know it by */
};

/* By this other threads wake a coroutine (loop/strand.c). Type-stable and never dropped: one who comes late and is at work
   on it finds it as it was, or another coroutine's. */
struct plait_knock {
    _Atomic(struct plait_loop *) loop; /* to whose inbox they bring it; NULL: the coroutine has no loop */
    uintptr_t next;                    /* what comes after it there */
    plait_coroutine *coroutine;
    _Atomic bool coming; /* it is on its way there */
};

enum { PLAIT_STACK_SIZE = 64 << 10 };

/* One whose stack has `size` bytes: a new one, which calls entry(coroutine) when it is first switched to, which must not
   return; or one that was given back, which goes on where it left off. NULL without memory. And back, not while it runs. */
plait_coroutine *plait_coroutine_new(size_t size, const struct plait_parker_operations *,
                                     void (*entry)(void *coroutine));
void plait_coroutine_free(plait_coroutine *);

int plait_coroutine_switch_told(plait_coroutine *from, plait_coroutine *to); /* the sanitizers; the stacks alone */

/* Makes zeroed memory stand for the stack of the running thread. */
void plait_coroutine_adopt(plait_coroutine *);

/* Goes on with `to`; returns 0 when somebody goes on with `from`, which is the one that runs. Where no sanitizer must be
   told it is all in line, and its end is the switch itself: so nobody returns from it but to whoever has left. */
static inline int plait_coroutine_switch(plait_coroutine *from, plait_coroutine *to)
{
    from->current = plait_current_;
    plait_current_ = to->current;
    if (from->globals) {
        memcpy(from->exceptions, from->globals, sizeof from->exceptions);
        memcpy(from->globals, to->exceptions, sizeof to->exceptions);
    }
#if defined ASAN || defined TSAN
    return plait_coroutine_switch_told(from, to);
#else
    return plait_stack_switch(&from->left_at, to->left_at);
#endif
}

/* To be called first on a new stack. */
void plait_coroutine_arrived(void);

#endif
