/* plait.h: threads, worker processes and coroutines, plaited into one. This header brings in all of libplait; the parts
   in plait/ may also be included one by one. <plait/http.h> belongs to libplait-http and is included by itself.

   What holds for every call:
   - 0 is success, a negative code an error: -errno, plait's own (<plait/error.h>) or the user's. errno is not touched
     on purpose and never carries meaning.
   - A call that may wait takes a plait_deadline, works from any thread and from any coroutine, and is a cancellation
     point unless its text says otherwise: in a dead scope it gives PLAIT_ECANCELED at once.
   - Objects may be used by many at once unless their text says otherwise; freeing one while it is in use is an error.
   - In a forked child the parent's threads are gone: what belongs to them gives PLAIT_EFORKED, and locks, queues and other
     objects that they were using at the fork must not be used there. New ones may.
   - A broken rule (unlock of a mutex not held, a future dropped while pending) stops the program with a sentence. */
#ifndef PLAIT_H
#define PLAIT_H

#include <plait/barrier.h>
#include <plait/bytes.h>
#include <plait/call.h>
#include <plait/completions.h>
#include <plait/condition.h>
#include <plait/error.h>
#include <plait/event.h>
#include <plait/executor.h>
#include <plait/foreign_loop.h>
#include <plait/fork.h>
#include <plait/future.h>
#include <plait/group.h>
#include <plait/io.h>
#include <plait/local.h>
#include <plait/loop.h>
#include <plait/map.h>
#include <plait/mutex.h>
#include <plait/once.h>
#include <plait/pipe.h>
#include <plait/process.h>
#include <plait/process_executor.h>
#include <plait/promise.h>
#include <plait/queue.h>
#include <plait/recursive_mutex.h>
#include <plait/report.h>
#include <plait/rwlock.h>
#include <plait/scope.h>
#include <plait/semaphore.h>
#include <plait/shared.h>
#include <plait/signal.h>
#include <plait/task.h>
#include <plait/thread.h>
#include <plait/throttle.h>
#include <plait/time.h>
#include <plait/timer.h>
#include <plait/type.h>
#include <plait/version.h>

#endif
