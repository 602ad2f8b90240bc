/* values.h: tasks over each kind of value that crosses to a worker, small and large. A victim comes to AT_RUNNING of the plan,
   a bystander does not; else the two do the same. The plan counts the runs. */
#ifndef PLAIT_TEST_VALUES_H
#define PLAIT_TEST_VALUES_H
#include <plait/future.h>

enum { KINDS = 3, MOST_OF_A_VALUE = 512 };
struct kind {
    const char *name;
    const plait_task *victim, *bystander;
    void (*make)(int n, void *argument);
    void (*clear)(void *argument);
    bool (*right)(int n, void *result); /* whether it is that of argument n; clears it */
};
extern const struct kind kinds[KINDS];

#endif
