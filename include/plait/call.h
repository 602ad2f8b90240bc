/* call.h: functions called on a loop's own stack: soon, at a time, when a descriptor is ready. For what is no task: other
   libraries' events, and programs that call back rather than wait.

   A function that is called so must not wait, since the whole loop would, and in C++ must not throw. It cannot fail: what
   it says by plait_fail is nobody else's business. Whoever asks for one runs on the loop, as a task or another call, but
   for plait_loop_post. What was asked for and has not come when the loop ends is dropped. */
#ifndef PLAIT_CALL_H
#define PLAIT_CALL_H

#include <plait/error.h>
#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_loop plait_loop;

/* Calls function(context) in the loop's next pass, in the order of the calls. 0; PLAIT_ENOMEM; PLAIT_EINVAL outside of a
   loop, or for no function; PLAIT_EFORKED in a child that a coroutine has forked. */
PLAIT_API int plait_call_soon(void (*function)(void *context), void *context) PLAIT_MUST_CHECK;

/* The same from any thread, for a loop that is there; PLAIT_ECLOSED when it has ended, as long as no other loop has begun:
   the next may have the same address. Never waits. */
PLAIT_API int plait_loop_post(plait_loop *loop, void (*function)(void *context), void *context) PLAIT_MUST_CHECK;

/* The same at a time: of two with the same time, the one that was asked for first comes first; one whose time has passed
   comes in the next pass, or as soon as those before it have come. The call is valid until its function begins or it is
   cancelled. NULL: PLAIT_ENOMEM, PLAIT_EINVAL or PLAIT_EFORKED as above. PLAIT_FOREVER never comes. */
typedef struct plait_call plait_call;
PLAIT_API plait_call *plait_call_later(int64_t nanoseconds, void (*function)(void *context), void *context);
PLAIT_API plait_call *plait_call_at(plait_deadline at, void (*function)(void *context), void *context);

/* Takes it back, before its function has begun. By the loop's thread: another that tries stops the program. */
PLAIT_API void plait_call_cancel(plait_call *call);

/* Calls function(fd, revents, context) whenever the descriptor is ready for `events` (as for poll(2)), as long as it is:
   until plait_loop_unwatch, by the loop's thread. It stays the caller's, and is to be closed after that. NULL:
   PLAIT_ENOMEM, -EBADF, -EPERM for a file, PLAIT_EINVAL or PLAIT_EFORKED as above. */
typedef struct plait_watcher plait_watcher;
PLAIT_API plait_watcher *plait_loop_watch(int fd, short events, void (*function)(int fd, short revents, void *context),
                                          void *context);
PLAIT_API void plait_loop_unwatch(plait_watcher *watcher);

/* Calls function(context) on the stack of the running thread, for what might need more than a coroutine's has: other
   libraries, large arrays. Returns when it has. In a plain thread it is a plain call. The function runs as part of the
   task: what it says by plait_fail is the task's; but it must not wait, which would stop the program. */
PLAIT_API void plait_call_on_thread_stack(void (*function)(void *context), void *context);

PLAIT_END_DECLARATIONS
#endif
