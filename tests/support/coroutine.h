/* coroutine.h: a second kind of runner, for the tests: stackful coroutines, all of one scheduler on one thread. Nothing
   here is needed to wait: a coroutine makes the same calls as a thread. */
#ifndef PLAIT_TEST_COROUTINE_H
#define PLAIT_TEST_COROUTINE_H
#include <stdbool.h>

void coroutines_run(void (*first)(void *), void *argument); /* returns when all that were started have ended */
void coroutine_start(void (*function)(void *),
                     void *argument); /* on the running scheduler, after those that are ready */
void coroutine_yield(void);           /* the others that are ready go first */
bool coroutine_running(void);         /* whether the caller is one */

#endif
