/* at_exit.h: pools that the program has not freed when it ends. See at_exit.c. */
#ifndef PLAIT_EXECUTOR_AT_EXIT_H
#define PLAIT_EXECUTOR_AT_EXIT_H
#include "future/future.h"

/* In the pool, which fills in the first three. */
struct plait_listed {
    plait_executor *executor;
    const char *name;
    void (*settle)(plait_executor *); /* called when it has been shut down; NULL: nothing */
    struct plait_listed *newer, *older;
    bool listed, ending;
};

/* Puts a new pool where the end of the program finds it: 0 or PLAIT_ENOMEM; and takes it off there: false when the end is at
   it and it must stay. */
int plait_list_for_exit(struct plait_listed *);
bool plait_unlist(struct plait_listed *);

#endif
