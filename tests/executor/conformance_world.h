/* conformance_world.h: what the tests of the suite have in common with their tasks. What must hold: nothing in the suite
   depends on where a task runs, in this process or in another, nor on when: inside its submit, at once, or later. What
   tests and tasks share lies in a shared memory that is made before any executor is: a task gets pointers into it by its
   argument, and its executor by own_executor(). What is to be held is held at a gate that another opens. */
#ifndef PLAIT_TEST_CONFORMANCE_WORLD_H
#define PLAIT_TEST_CONFORMANCE_WORLD_H
#include "executor/conformance.h"
#include "future/tasks.h"
#include <plait/shared.h>

/* The part of the suite that is about the end of an executor. */
int executor_conformance_shutdown(void);

/* The one that the suite is run over, and the executor of the test that runs. */
extern const struct conforming *conforming;
extern plait_executor *ex;

/* For a task: the executor that it runs on. In a worker process, where that one is not, it is one that the process has of
   its own. */
plait_executor *own_executor(void);

void begin_executor(void);
void end_executor(void);

/* A test whose body is run by each kind of runner, with an executor of its own each time. */
#define CONFORMS(name)                                                                                                 \
    static void name##_with(void);                                                                                     \
    TEST_IN_EACH_KIND(name)                                                                                            \
    {                                                                                                                  \
        begin_executor();                                                                                              \
        name##_with();                                                                                                 \
        end_executor();                                                                                                \
    }                                                                                                                  \
    static void name##_with(void)

/* Zeroed memory that this process and its workers have; it is there up to the end, as tasks that were detached may still
   use it. */
void *shared_new(size_t size);

struct counter {
    _Atomic int *count;
};
struct counter counter_new(void);
int count_there(const struct counter *);
PLAIT_TASK_DECLARE(count_there, struct counter, void);

/* As the gate of future/tasks.h, for tasks in whatever process. */
struct shared_gate {
    plait_event *open;
    _Atomic size_t arrived;
};
struct gate_place {
    struct shared_gate *gate;
};
struct gate_place shared_gate_new(void);
void until_come(struct gate_place, size_t count);
void open_shared_gate(struct gate_place);
int enter(const struct gate_place *);
PLAIT_TASK_DECLARE(enter, struct gate_place, void);
int enter_stubbornly(const struct gate_place *); /* no cancel opens it */
PLAIT_TASK_DECLARE(enter_stubbornly, struct gate_place, void);

#endif
