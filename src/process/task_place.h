/* task_place.h: a task, or a function, by where it lies, for another process of the same build: an address says nothing
   there. */
#ifndef PLAIT_PROCESS_TASK_PLACE_H
#define PLAIT_PROCESS_TASK_PLACE_H
#include "process/module.h"
#include <plait/task.h>

struct plait_task_place {
    uint64_t offset; /* of its descriptor in its module, or of the function */
    bool in_program;
    char name[64]; /* of a function, what it is called in words of errors: "the handler" */
    struct plait_build module;
    char path[PATH_MAX];
};

/* 0; PLAIT_ENOTSUP, with words, for a task that lies nowhere. */
PLAIT_API int plait_task_locate(const plait_task *, struct plait_task_place *);

/* The task, whose library is loaded if it is not yet; NULL with a record. */
PLAIT_API const plait_task *plait_task_find(const struct plait_task_place *);

/* The same for a function. That its place has a function the caller answers for: the program is the same build. */
PLAIT_API int plait_function_locate(void (*function)(void), const char *name, struct plait_task_place *);
PLAIT_API void (*plait_function_find(const struct plait_task_place *))(void);

#endif
