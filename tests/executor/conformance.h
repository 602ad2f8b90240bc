/* conformance.h: what every executor must show, whatever it is made of. The suite is run unchanged over each; the
   constructor is the only difference. */
#ifndef PLAIT_TEST_CONFORMANCE_H
#define PLAIT_TEST_CONFORMANCE_H
#include <plait/executor.h>

/* Runs it, as a group of cmocka tests, over executors made by `make`: each test has a new one, ended by
   plait_executor_free unless there is one for the whole process. Returns how many failed. */
extern bool executor_queues; /* set to false for one that begins every task soon, however many run */
int executor_conformance(const char *name, plait_executor *(*make)(void), bool one_for_the_process);

/* The part of it that is about the end of an executor. */
int executor_conformance_shutdown(const char *name, plait_executor *(*make)(void), bool one_for_the_process);

#endif
