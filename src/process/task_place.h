/* task_place.h: a task by where it lies, for another process of the same build: an address says nothing there. */
#ifndef PLAIT_PROCESS_TASK_PLACE_H
#define PLAIT_PROCESS_TASK_PLACE_H
#include "process/module.h"
#include <plait/task.h>

struct plait_task_place {
    uint64_t offset; /* of its descriptor in its module */
    bool in_program;
    char name[64];
    struct plait_build module;
    char path[PATH_MAX];
};

/* 0; PLAIT_ENOTSUP, with words, for a task that lies nowhere. */
int plait_task_locate(const plait_task *, struct plait_task_place *);

/* The task, whose library is loaded if it is not yet; NULL with a record. */
const plait_task *plait_task_find(const struct plait_task_place *);

#endif
