/* stage.h: where tasks and births of workers are held, and tell what they come to. It lies in memory that the test, programs
   that it starts, and workers share. */
#ifndef PLAIT_TEST_STAGE_H
#define PLAIT_TEST_STAGE_H
#include <plait/task.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { WORKERS = 2 };

struct stage {
    _Atomic bool open, births_held;
    _Atomic int slots, come;      /* tasks that are held, or births */
    _Atomic int workers[WORKERS]; /* in which the first of them are */
    _Atomic bool one_is_deaf;
    _Atomic int runs;                           /* of tasks, to their end */
    _Atomic int right, successes;               /* outcomes */
    _Atomic bool ready, begin_the_end, leaving; /* a program */
};
extern struct stage *stage;

/* First in main, before plait_init and after it; the second in the test alone. */
void stage_look(void);
void stage_begin(void);
void stage_clear(void);

int be_tiny(void);
PLAIT_TASK_DECLARE(be_tiny, void, void);
int be_held(void);
PLAIT_TASK_DECLARE(be_held, void, void); /* in a cancellation point, until the stage is open */
int compute_for_ever(void);
PLAIT_TASK_DECLARE(compute_for_ever, void, void); /* the second one is not even ended by a SIGTERM */

#endif
