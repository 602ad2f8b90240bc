/* conformance.h: what every executor must show, whatever it is made of. The suite is run unchanged over each; the
   constructor is the only difference. */
#ifndef PLAIT_TEST_CONFORMANCE_H
#define PLAIT_TEST_CONFORMANCE_H
#include <plait/executor.h>

struct conforming {
    const char *name;
    plait_executor *(*make)(void); /* each test has a new one … */
    void (*end)(plait_executor *); /* … ended by this; NULL where there is one for the whole process */
    const char *never;             /* what it says to who would close or free it; NULL where one may */
    bool ends_with_its_loop;       /* it cannot be shut down */
    bool begins_all;               /* it queues nothing: every task begins soon, however many run */
    bool apart;                    /* what stops a task ends a process of its own, and is a failure here */
};

/* Runs the suite, as groups of cmocka tests. Returns how many failed. The program has called plait_init first in main. */
int executor_conformance(const struct conforming *);

#endif
