/* value.c: see value.h. What must hold: a kind that owns memory is told apart here, and nowhere else in the room but for
   the block that is handed over, which the submit has to itself. */
#include "future/value.h"
#include "base/type.h"
#include <string.h>

size_t plait_argument_room(const plait_task *task, const void *argument)
{
    if (!argument) return 0;
    if (task->argument_kind == PLAIT_KIND_STRUCT) return plait_type_room(task->argument_description, argument);
    const plait_bytes *bytes = argument;
    return bytes->data ? bytes->size + 1 : 0;
}

void plait_argument_settle(const plait_task *task, void *copy, void *room)
{
    if (task->argument_kind == PLAIT_KIND_STRUCT) {
        plait_type_settle(task->argument_description, copy, room);
        return;
    }
    plait_bytes *bytes = copy;
    bytes->data = memcpy(room, bytes->data, bytes->size);
    ((char *)room)[bytes->size] = 0;
}

static void clear(uint32_t kind, const plait_type *description, void *value)
{
    if (kind == PLAIT_KIND_BYTES) plait_bytes_clear(value);
    if (kind == PLAIT_KIND_STRUCT) plait_type_clear_value(description, value);
}

void plait_argument_clear(const plait_task *task, void *argument)
{
    clear(task->argument_kind, task->argument_description, argument);
}

void plait_result_clear(const plait_task *task, void *result)
{
    clear(task->result_kind, task->result_description, result);
}

int plait_result_copy(const plait_task *task, void *to, const void *from)
{
    if (task->result_kind == PLAIT_KIND_STRUCT) return plait_type_copy_value(task->result_description, to, from);
    const plait_bytes *bytes = from;
    return plait_bytes_copy(to, bytes->data, bytes->size);
}
