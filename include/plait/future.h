/* future.h: submit a task, get a future; wait for it, take its result.

   A future is PENDING, then RUNNING, then FINISHED; or PENDING, then CANCELLED. Each one must be awaited or detached,
   once: plait_await, plait_await_until (when it gives the outcome), plait_future_unref (once it is done),
   plait_future_detach, or by handing it to a completions object or group. A future that is dropped while its work is
   still to come stops the program with a sentence; a failure that nobody looked at is reported on stderr. What
   is no task gets a future by a promise, <plait/promise.h>. */
#ifndef PLAIT_FUTURE_H
#define PLAIT_FUTURE_H

#include <plait/error.h>
#include <plait/task.h>
#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_future plait_future;
typedef struct plait_executor plait_executor;

/* Zero bytes are the defaults. */
typedef struct plait_submit_options {
    const char *name;        /* instead of the function's, in errors; must live as long as the future */
    plait_deadline deadline; /* its waits end then; and a task whose turn comes later never starts,
                                which is told when its turn comes */
    int64_t limit;           /* nanoseconds from its start after which its waits end */
    int retries;             /* how often it is run again, at once, with the same argument, after it has failed */
    int priority;            /* tasks of a higher one start first, of equal ones in the order of their submits */
} plait_submit_options;

/* A task that its deadline or limit ended, or kept from starting, fails with PLAIT_ETASK, the cause PLAIT_ETIMEDOUT. The
   limit is each attempt's own. After a cancel, or past the deadline, nothing is tried again; the outcome is that of the
   last attempt.
   A priority counts in the queue of a thread executor, where it also goes before what tasks have submitted to their own
   pool; executors without a queue ignore it. What has none (0) is not held up for ever by what is above it, nor what is
   below 0 by what is not: one of 64 that a worker takes is theirs. */

/* Submits task `f` with its argument (a pointer to it, NULL for void) to an executor. The argument is copied. Never
   NULL: what fails at submit is a failed future (PLAIT_EINVAL without a task or its argument, PLAIT_ECLOSED,
   PLAIT_ENOMEM, PLAIT_EFORKED, or what the executor says). No cancellation point. The caller owns the future. Options written in place go into parentheses of their own:
   plait_submit_with(ex, (&(plait_submit_options){ .name = "big" }), f, &n). */
#define plait_submit(executor, f, ...)                                                                                 \
    plait_submit_task((executor), &f##_plait_task, PLAIT_ARGUMENT_(f, __VA_ARGS__), NULL, 0, __FILE__, __LINE__)
#define plait_submit_with(executor, options, f, ...)                                                                   \
    plait_submit_task((executor), &f##_plait_task, PLAIT_ARGUMENT_(f, __VA_ARGS__), (options),                         \
                      sizeof(plait_submit_options), __FILE__, __LINE__)
PLAIT_API plait_future *plait_submit_task(plait_executor *executor, const plait_task *task, const void *argument,
                                          const plait_submit_options *options, size_t options_size, const char *file,
                                          int line);

/* Waits for f, copies the result to *out (NULL: drops it), and ends f: always. Returns f's own code (its record is then
   plait_error()); or PLAIT_ECANCELED when the wait was cut short, PLAIT_EDEADLK when f is the running task itself or one
   that it runs inside of, or belongs to a loop of this thread that cannot go on meanwhile (asked by one of its calls, or
   where another loop drives it), PLAIT_EFORKED when f is a parent process's: then f is cancelled and detached.
   A result of another size than the task's stops the program. A result that owns memory (a plait_bytes, a described struct)
   belongs to the caller; where the future has other owners, it is a copy. Then PLAIT_ENOMEM too. */
#define plait_await(future, out) plait_await_sized((future), (out), PLAIT_RESULT_SIZE_(out))
PLAIT_API int plait_await_sized(plait_future *future, void *out, size_t size) PLAIT_MUST_CHECK;

/* plait_await for a future of task `f`: the type of *out is checked at compile time (NULL drops the result). A future of
   a task with another result stops the program. */
#define plait_take(f, future, out) plait_take_task((future), &f##_plait_task, PLAIT_RESULT_(f, out))
PLAIT_API int plait_take_task(plait_future *future, const plait_task *task, void *out) PLAIT_MUST_CHECK;

/* plait_await until `deadline`, but ends f only when it gives f's outcome: with PLAIT_ETIMEDOUT, PLAIT_EAGAIN,
   PLAIT_ECANCELED or PLAIT_EDEADLK f goes on and is still the caller's. No future's outcome is one of these. */
#define plait_await_until(future, out, deadline)                                                                       \
    plait_await_until_sized((future), (out), PLAIT_RESULT_SIZE_(out), (deadline))
PLAIT_API int plait_await_until_sized(plait_future *future, void *out, size_t size,
                                      plait_deadline deadline) PLAIT_MUST_CHECK;

/* Waits until f is done; ends nothing, takes nothing. The code is about the wait alone: 0; PLAIT_EAGAIN;
   PLAIT_ETIMEDOUT; PLAIT_ECANCELED; PLAIT_EDEADLK; PLAIT_EFORKED in a forked child, where futures that its parent
   submitted are never done. */
PLAIT_API int plait_future_wait(plait_future *future, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Reads the outcome of a done future without ending it: its code, and the result copied to *out (NULL: not copied).
   PLAIT_EAGAIN while it is not done. What a result read so owns still belongs to the future. */
#define plait_future_result(future, out) plait_future_result_sized((future), (out), PLAIT_RESULT_SIZE_(out))
PLAIT_API int plait_future_result_sized(plait_future *future, void *out, size_t size);

typedef enum plait_future_state {
    PLAIT_FUTURE_PENDING,
    PLAIT_FUTURE_RUNNING,
    PLAIT_FUTURE_FINISHED, /* succeeded or failed */
    PLAIT_FUTURE_CANCELLED /* before it ran */
} plait_future_state;

/* The state now; the last two are for good. Never waits. */
PLAIT_API plait_future_state plait_future_get_state(plait_future *future);

/* Cancels: a pending future is CANCELLED at once and never runs (its outcome is PLAIT_ETASK, the cause
   PLAIT_ECANCELED); a running task's scope is cancelled, so its next wait tells it. True if the task will not run, now
   or by an earlier call; false if it runs or ran. Never waits. */
PLAIT_API bool plait_future_cancel(plait_future *future);

/* One more owner, or one less. The last to go from a future that is not done stops the program. */
PLAIT_API plait_future *plait_future_ref(plait_future *future);
PLAIT_API void plait_future_unref(plait_future *future);

/* Gives the caller's ownership up: the task runs on unwatched. If it fails, that is reported on stderr. */
PLAIT_API void plait_future_detach(plait_future *future);

/* The argument (it lives in the future), NULL for void; the name; where it was submitted. Valid while the caller owns
   the future. */
PLAIT_API const void *plait_future_argument(plait_future *future);
PLAIT_API const char *plait_future_name(plait_future *future);

/* Writes the future's name, where it was submitted, its state now, and when it is finished how: "is_prime (main.c:17)
   pending", "… running", "… cancelled", "… finished returned bool", "… finished failed ENOENT". Cut at `size` bytes with
   its NUL; returns the full length. Never waits, and is no look at a failure. */
PLAIT_API size_t plait_future_describe(plait_future *future, char *text, size_t size);

/* What plait_future_add_callback calls, with the future, which is done, and the context. It may do with the future what it
   owns a share for; without one it may read the outcome until it returns. It must not throw. */
typedef void (*plait_callback)(plait_future *future, void *context);

/* Calls callback(future, context) when the future is done, after those who wait for it have been woken, in the order of
   addition and with no lock of plait's held: on the thread that ends it, which is a worker, the one who awaits it in
   place, or the one who cancels it, inside of that call; so it had better not take long. The scopes in force there do
   not cut its waits, its failures do not become plait_error() there. On a future that is done already it is called at
   once, here. What is added twice is called twice. 0; PLAIT_ENOMEM (it will not be called; never for a done future);
   PLAIT_EFORKED for a future of the parent process. */
PLAIT_API int plait_future_add_callback(plait_future *future, plait_callback callback, void *context) PLAIT_MUST_CHECK;

/* The same as a task on an executor, submitted when the future is done, which lives until it has run. When the executor
   does not take it, that is reported on stderr. 0; PLAIT_ENOMEM; PLAIT_EFORKED; PLAIT_EINVAL for no executor. */
PLAIT_API int plait_future_add_callback_on(plait_future *future, plait_executor *executor, plait_callback callback,
                                           void *context) PLAIT_MUST_CHECK;

/* Takes back one addition of this callback with this context. True if that prevented the call. False if there is
   nothing left to prevent: then a call that was under way has returned, unless it is the very one that asks, or one that
   an addition to a done future makes. Waits for that, and is no cancellation point. */
PLAIT_API bool plait_future_remove_callback(plait_future *future, plait_callback callback, void *context);

typedef enum plait_wait_mode { PLAIT_ALL_COMPLETED, PLAIT_FIRST_COMPLETED, PLAIT_FIRST_EXCEPTION } plait_wait_mode;

/* Waits until all of the `count` futures are done, or one is, or one has failed (a cancelled one has not failed; if none
   fails, all). Moves the done ones to the front, in their order (that of the others may change), and says in *done_count
   (unless NULL) how many they are, whatever it returns. Futures may come from different executors and may be named more than once. Ends
   none. 0; PLAIT_EAGAIN; PLAIT_ETIMEDOUT; PLAIT_ECANCELED; PLAIT_EDEADLK and PLAIT_EFORKED as above; PLAIT_EINVAL for an
   unknown mode; PLAIT_ENOMEM. */
PLAIT_API int plait_wait(plait_future **futures, size_t count, plait_wait_mode mode, plait_deadline deadline,
                         size_t *done_count) PLAIT_MUST_CHECK;

/* Awaits all of the `count` futures, and so ends them: always. The results go to the array `out` (NULL: dropped), the
   codes to the array `errors` (NULL: not kept), in the order of the futures; out[i] is written where errors[i] is 0. All
   are of the same result type. A failure does not cancel the others. 0; the code of the first failure in order (its
   record is then plait_error()); PLAIT_ECANCELED when the wait was cut short: those that are not done are then cancelled
   and detached, with that code in `errors` (in a scope that is dead before, all are); PLAIT_EDEADLK, PLAIT_EFORKED as for plait_await. */
#define plait_gather(futures, count, out, errors)                                                                      \
    plait_gather_sized((futures), (count), (out), PLAIT_RESULT_SIZE_(out), (errors))
PLAIT_API int plait_gather_sized(plait_future **futures, size_t count, void *out, size_t size,
                                 int *errors) PLAIT_MUST_CHECK;

PLAIT_END_DECLARATIONS

/* The size of what `out` points to; anything for NULL. */
#ifdef __cplusplus
extern "C++" {
template <class R> constexpr size_t plait_result_size_(R *)
{
    return sizeof(typename std::conditional<std::is_void<R>::value, char, R>::type);
}
constexpr size_t plait_result_size_(decltype(nullptr)) { return 0; }
}
#define PLAIT_RESULT_SIZE_(out) plait_result_size_(out)
#else
#define PLAIT_RESULT_SIZE_(out) sizeof(*_Generic((out), void * : (char *)0, int : (char *)0, default : (out)))
#endif

#endif
