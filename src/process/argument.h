/* argument.h: an argument that is handed over (plait_bytes_take) instead of copied. */
#ifndef PLAIT_PROCESS_ARGUMENT_H
#define PLAIT_PROCESS_ARGUMENT_H
#include "base/bytes.h"
#include <plait/task.h>

/* The block, its mark taken off; NULL where the argument is none or is not handed over. To be cleared by plait_bytes_clear
   when it has been used, whatever became of that. */
static inline plait_bytes *plait_argument_taken(const plait_task *task, const void *argument)
{
    plait_bytes *given = (plait_bytes *)(uintptr_t)argument; /* plait_bytes_take had it as not const */
    if (!task || task->argument_kind != PLAIT_KIND_BYTES || !given || !(given->size & PLAIT_BYTES_TAKEN)) return NULL;
    given->size &= ~PLAIT_BYTES_TAKEN;
    return given;
}

#endif
