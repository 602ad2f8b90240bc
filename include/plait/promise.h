/* promise.h: a future that the program itself ends, for what is no task: the answer of a library that calls back, say.

       PLAIT_PROMISE(lookup, struct address);                       at file scope: a name, and what it gives

       plait_future *f;
       plait_promise *p = plait_promise_new(lookup, &f);
       resolver_ask(host, answered, p);                             and f is awaited like any other

       static void answered(void *p, const struct address *found)   on some thread of that library
       {
           if (found) plait_promise_set(lookup, p, found);
           else plait_promise_fail(p, plait_fail(PLAIT_EUSER, "no such host"));
           plait_promise_free(p);
       }

   The future is owned as one that was submitted, and is for all calls, sets and callbacks a future as any other. The
   promise is the other end. Of all those that set it, let it fail or cancel its future exactly one decides the outcome.
   None of the calls here waits, or is a cancellation point; they work on any thread. The one that ends the future makes
   the calls of plait_future_add_callback. */
#ifndef PLAIT_PROMISE_H
#define PLAIT_PROMISE_H

#include <plait/future.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_promise plait_promise;

/* A new promise and, in *future, its future, pending: the caller's both. NULL without memory; the future has then failed
   with PLAIT_ENOMEM, so who awaits it needs no further care, and the other calls take a NULL promise for one that is kept. */
#define plait_promise_new(name, future) plait_promise_new_task(&name##_plait_task, (future), __FILE__, __LINE__)
PLAIT_API plait_promise *plait_promise_new_task(const plait_task *task, plait_future **future, const char *file,
                                                int line);

/* Tells that the work has begun: its future is PLAIT_FUTURE_RUNNING, and plait_future_cancel, which ends a pending one,
   only asks from here on. Need not be called. True for exactly one call; false when it was called before, or the outcome
   is there: then the work must not be done. */
PLAIT_API bool plait_promise_start(plait_promise *promise);

/* Whether somebody has cancelled the future: it has ended so or, after a start, should end soon. */
PLAIT_API bool plait_promise_cancelled(plait_promise *promise);

/* Keeps the promise: its future has succeeded with *value (NULL for void), which is copied, while what it owns (a
   plait_bytes, a struct of PLAIT_PROMISE_TYPED) is handed over. 0; PLAIT_EINVAL when the future has an outcome already,
   which stays, or without a value; PLAIT_EFORKED in a forked child. Where it is not 0, the value is still the caller's.
   The type of *value is checked at compile time, and that the promise is one of `name` when it is set. */
#define plait_promise_set(name, promise, value)                                                                        \
    plait_promise_set_task((promise), &name##_plait_task, PLAIT_KEPT_(name, value))
PLAIT_API int plait_promise_set_task(plait_promise *promise, const plait_task *task, const void *value);

/* Its future has failed with `code`, and with the words of plait_error() where they are about this code. What waits say
   about themselves becomes PLAIT_ETASK with that code as the cause, as for a task. 0; PLAIT_EINVAL when the future has an
   outcome already, which stays, or for a code that is not negative; PLAIT_EFORKED in a forked child. */
PLAIT_API int plait_promise_fail(plait_promise *promise, int code);

/* Gives the promise up, once, whatever has become of it. A future that has no outcome fails with PLAIT_EBROKEN: nobody
   waits for ever. NULL is nothing. */
PLAIT_API void plait_promise_free(plait_promise *promise);

PLAIT_END_DECLARATIONS

/* Names a kind of promise and the type of its result (void: none), at file scope or in a header. The name serves
   plait_take too. The second form is for a struct that PLAIT_TYPE has described under the name `type`. */
#define PLAIT_PROMISE(name, result) PLAIT_PROMISE_1_(name, result, PLAIT_IS_VOID_(result), PLAIT_KIND_OF_(result), NULL)
#define PLAIT_PROMISE_TYPED(name, result, type)                                                                        \
    PLAIT_DESCRIBES_(name, void, result, type)                                                                         \
    PLAIT_PROMISE_1_(name, result, PLAIT_IS_VOID_(result), PLAIT_KIND_STRUCT, &type)
#define PLAIT_PROMISE_1_(name, R, vr, kind, description) PLAIT_PROMISE_2_(name, R, vr, kind, description)
#define PLAIT_PROMISE_2_(name, R, vr, kind, description)                                                               \
    PLAIT_ANY_##vr##_(name, R) PLAIT_UNUSED_ typedef R name##_plait_result;                                            \
    PLAIT_UNUSED_ static const plait_task name##_plait_task = {                                                        \
        NULL, 0,    PLAIT_SIZE_##vr##_(R), PLAIT_KIND_PLAIN, kind, PLAIT_TASK_LOCAL, 0, #name, "void",                 \
        #R,   NULL, description,           { NULL, NULL }                                                              \
    }
#ifdef __cplusplus
#define PLAIT_KEPT_(name, value) plait_argument_<name##_plait_result>(value)
#else
#define PLAIT_KEPT_(name, value)                                                                                       \
    _Generic(1 ? (value) : (const name##_plait_result *)0, const name##_plait_result * : (value))
#endif

#endif
