/* value.h: what the arguments and results of tasks own beside their own bytes, by their kind. */
#ifndef PLAIT_FUTURE_VALUE_H
#define PLAIT_FUTURE_VALUE_H
#include <plait/task.h>

static inline bool plait_argument_owns(const plait_task *task) { return task->argument_kind != PLAIT_KIND_PLAIN; }

/* The bytes that the future needs for copies of what the argument owns, SIZE_MAX when they are too many; and these copies
   made, in a room of that size, for the argument's own copy. Not for a block that is handed over. */
size_t plait_argument_room(const plait_task *, const void *argument);
void plait_argument_settle(const plait_task *, void *copy, void *room);

/* An argument that its maker does not want any more, whether it was submitted or not. */
void plait_argument_clear(const plait_task *, void *argument);

static inline bool plait_result_owns(const plait_task *task) { return task->result_kind != PLAIT_KIND_PLAIN; }
void plait_result_clear(const plait_task *, void *result);
int plait_result_copy(const plait_task *, void *to, const void *from); /* 0 or PLAIT_ENOMEM, *to then zero bytes */

#endif
