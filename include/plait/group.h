/* group.h: tasks that do not outlive a pair of braces. */
#ifndef PLAIT_GROUP_H
#define PLAIT_GROUP_H

#include <plait/executor.h>
PLAIT_BEGIN_DECLARATIONS

/* The fields are plait's own. A group is used where it was declared and never copied. */
typedef struct plait_group {
    plait_executor *executor;
    void *record; /* the words of the first failure */
    int error;    /* its code */
    bool cancelled;
    uintptr_t set[16]; /* of the children that have not ended */
    void *reserved[4];
} plait_group;

/* Declares a group `name` whose children run on `executor`. Where the braces are left before plait_group_wait has said
   how it went, the children are cancelled and waited for. */
#define PLAIT_GROUP(name, executor)                                                                                    \
    plait_group name;                                                                                                  \
    plait_group *name##_leave_ __attribute__((cleanup(plait_group_leave_at_), unused)) =                               \
        plait_group_enter(&name, (executor))

/* What the macro does, for other languages: enters *group and returns it; leaves it. */
PLAIT_API plait_group *plait_group_enter(plait_group *group, plait_executor *executor);
PLAIT_API void plait_group_leave(plait_group *group);
static inline void plait_group_leave_at_(plait_group **group) { plait_group_leave(*group); }

/* Submits a child, with its argument (a pointer to it, NULL for void). It inherits the deadline of the scopes in force. Its result is not kept: it writes through what its
   argument names, or is a task for its effect. A failure at submit is the child's failure. In a group that has failed
   or was cancelled the child is cancelled at once. No cancellation point. By the task that entered the group or by one
   of its children. */
#define plait_group_submit(group, f, ...)                                                                              \
    plait_group_submit_task((group), &f##_plait_task, PLAIT_ARGUMENT_(f, __VA_ARGS__), __FILE__, __LINE__)
PLAIT_API void plait_group_submit_task(plait_group *group, const plait_task *task, const void *argument,
                                       const char *file, int line);

/* Waits until all children have ended. The first that fails cancels the others. 0 when all succeeded; the code of the
   first failure (its record is plait_error()); PLAIT_ECANCELED when this wait was cut short: the children are then
   cancelled too; PLAIT_EDEADLK when all are for loops of this thread, as for plait_await, and so are then cancelled: if
   one has begun, nobody could wait for its end, and the program stops. Whatever it returns, no child runs any more. May be repeated after further submits. */
PLAIT_API int plait_group_wait(plait_group *group) PLAIT_MUST_CHECK;

/* Cancels the children that are there and those to come. Not a failure by itself: plait_group_wait gives 0 unless a
   child failed with something else. From any thread while the group lives. */
PLAIT_API void plait_group_cancel(plait_group *group);

PLAIT_END_DECLARATIONS
#endif
