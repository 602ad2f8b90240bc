/* fork.h: a task in the caller's own frame, for work that splits itself again and again.

       PLAIT_FORK(left, pool, sum, &lower_half);             may begin on another worker of the pool
       int err = sum(&upper_half, &upper);                   meanwhile
       int other = plait_join(&left, &lower);                most often: run here, now

   It costs no allocation: the fork lives until the end of the braces that it is declared in, and is joined there if not
   before. */
#ifndef PLAIT_FORK_H
#define PLAIT_FORK_H

#include <plait/executor.h>
#include <plait/scope.h>
PLAIT_BEGIN_DECLARATIONS

/* The fields are plait's own. A fork is used where it was declared and never copied. */
typedef struct plait_fork {
    const plait_task *task;
    const void *argument;
    void *result;
    const char *file;
    int line;
    int error;
    PLAIT_ATOMIC_(uint32_t) state;
    bool joined;
    bool was_cut;
    PLAIT_ATOMIC_(uintptr_t) waiters;
    plait_executor *executor; /* that has taken it over, or NULL */
    int64_t at;               /* where on its worker's deque */
    plait_deadline deadline;
    void *record;
    plait_scope scope;
    void *reserved[4];
} plait_fork;

/* Declares a fork `name` of task `f` with its argument, which is copied, but not what it owns (a plait_bytes, a described
   struct), which must live until the join. In a task of a thread executor, given that executor, another worker may take it; it inherits the
   deadline of the scopes in force. Elsewhere, or when the worker has very many of them, it runs at the join. */
#define PLAIT_FORK(name, executor, f, ...)                                                                             \
    struct {                                                                                                           \
        plait_fork fork;                                                                                               \
        unsigned char argument[f##_plait_argument_size + 1] __attribute__((aligned(16)));                              \
        unsigned char result[f##_plait_result_size + 1] __attribute__((aligned(16)));                                  \
    } name;                                                                                                            \
    plait_fork *name##_leave_ __attribute__((cleanup(plait_fork_leave_at_), unused)) =                                 \
        plait_fork_begin(&name.fork, (executor), &f##_plait_task, PLAIT_ARGUMENT_(f, __VA_ARGS__), name.argument,      \
                         name.result, __FILE__, __LINE__)

/* What the macro does, for other languages: begins *fork, with room for argument and result that lives as long; ends one
   that was not joined, cancelling it. Returns its first argument. */
PLAIT_API plait_fork *plait_fork_begin(plait_fork *fork, plait_executor *executor, const plait_task *task,
                                       const void *argument, void *argument_room, void *result_room, const char *file,
                                       int line);
PLAIT_API void plait_fork_leave(plait_fork *fork);
static inline void plait_fork_leave_at_(plait_fork **fork) { plait_fork_leave(*fork); }

/* Waits for the fork's end, running it here if nobody has begun it, and copies the result to *out (NULL: drops it). Once for
   each fork, by the task that declared it. Returns the fork's own code; PLAIT_ECANCELED when a scope of the caller
   ended: the fork is then cancelled, and has ended all the same when this returns; PLAIT_EFORKED in a child of fork(2), for
   one that another worker runs in the parent. */
#define plait_join(forked, out) plait_join_sized(&(forked)->fork, (out), PLAIT_RESULT_SIZE_(out))
PLAIT_API int plait_join_sized(plait_fork *fork, void *out, size_t size) PLAIT_MUST_CHECK;

PLAIT_END_DECLARATIONS
#endif
