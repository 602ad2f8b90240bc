/* foreign_loop.h: a loop for a thread that has one already: GLib's, libuv's, a toolkit's, or a plain poll. That one, the
   host, watches a descriptor, and turns plait's loop when it is readable:

       static gboolean turn(gint fd, GIOCondition events, gpointer loop)
       {
           (void)!plait_loop_turn(loop, PLAIT_NOW);
           return G_SOURCE_CONTINUE;
       }
       …
       plait_loop *loop = plait_loop_new(NULL);
       g_unix_fd_add(plait_loop_fd(loop), G_IO_IN, turn, loop);
       plait_future_detach(plait_submit(plait_loop_get_executor(loop), fetch, &url));

   The loop belongs to the thread that made it. It is the running loop only inside of a turn; between two turns that thread
   is to it like any other: it submits to the loop's executor, it posts (plait_loop_post), and must not wait for what the
   loop is to do: an await of a future of the loop's executor gives PLAIT_EDEADLK there. A thread may have several. */
#ifndef PLAIT_FOREIGN_LOOP_H
#define PLAIT_FOREIGN_LOOP_H

#include <plait/loop.h>
PLAIT_BEGIN_DECLARATIONS

/* Zero bytes are the defaults. */
typedef struct plait_loop_options {
    size_t stack_size; /* bytes of each coroutine's stack; default 64 KiB */
} plait_loop_options;

/* A loop for the calling thread, which ends it with plait_loop_free. NULL: PLAIT_EINVAL inside of a running loop;
   PLAIT_ENOMEM; -EMFILE or -ENFILE without the three descriptors that it needs. */
PLAIT_API plait_loop *plait_loop_new_sized(const plait_loop_options *options, size_t options_size);
static inline plait_loop *plait_loop_new(const plait_loop_options *options)
{
    return plait_loop_new_sized(options, sizeof *options);
}

/* Cancels the tasks that are left and turns the loop until they have ended, as plait_run does; calls that are left are
   dropped. NULL is nothing. No cancellation point. By the loop's thread, outside of a turn: else it stops the program. In a
   forked child it closes the child's copies of its descriptors, and no more: the tasks are the parent's. */
PLAIT_API void plait_loop_free(plait_loop *loop);

/* A descriptor that is readable (POLLIN) while a turn has something to do: tasks or calls that are ready or were brought,
   a time that has come, a descriptor or a signal. It is the loop's: only to be watched. Each wait of the host's has to
   look at it anew, level-triggered. PLAIT_EFORKED in a forked child. */
PLAIT_API int plait_loop_fd(plait_loop *loop);

/* One pass: lets what is ready run, each until it waits. Asleep until `deadline` when nothing is; PLAIT_NOW, which is for
   hosts, never sleeps. 0 when something has run; PLAIT_EAGAIN or PLAIT_ETIMEDOUT when there was nothing (for a host all one: it goes
   on to watch); PLAIT_ECANCELED in a dead scope, which cuts the sleep short and cancels no task; PLAIT_EFORKED in a forked
   child. By the loop's thread and outside of any running loop, its own or another: else it stops the program. */
PLAIT_API int plait_loop_turn(plait_loop *loop, plait_deadline deadline) PLAIT_MUST_CHECK;

/* The executor of a loop, for its own thread and all others, also of one that plait_run drives. It is the loop's: never
   closed nor freed; submits give PLAIT_ECLOSED when the loop has ended, as long as no other has begun. */
PLAIT_API plait_executor *plait_loop_get_executor(plait_loop *loop);

PLAIT_END_DECLARATIONS
#endif
