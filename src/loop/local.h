/* local.h: what a higher room keeps with a loop, such as the connections that its coroutines share.

   What must hold: only the loop's thread touches it. What is still there at the loop's end is told of it, once, on the
   loop's own stack, when no task is left; calls and watchers may still be ended then, and none is called any more. */
#ifndef PLAIT_LOOP_LOCAL_H
#define PLAIT_LOOP_LOCAL_H
#include <plait/loop.h>

typedef struct plait_loop_local plait_loop_local;
struct plait_loop_local {
    plait_loop_local *next;
    void (*close)(plait_loop_local *); /* also says whose it is */
};

/* The loop whose coroutine runs. NULL in a plain thread, on a loop's own stack, and in a child that a coroutine forked. */
PLAIT_API plait_loop *plait_loop_of_coroutine(void);

/* What is kept with the running loop and has this function, or NULL. To keep something, and to keep it no longer. */
PLAIT_API plait_loop_local *plait_loop_find_local(plait_loop *, void (*close)(plait_loop_local *));
PLAIT_API void plait_loop_keep_local(plait_loop *, plait_loop_local *);
PLAIT_API void plait_loop_drop_local(plait_loop *, plait_loop_local *);

#endif
