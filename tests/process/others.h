/* others.h: other processes for the tests of shared memory: plain forks, that die with the test. */
#ifndef PLAIT_TEST_OTHERS_H
#define PLAIT_TEST_OTHERS_H
#include "runners.h"
#include "sanitizers.h"
#include <plait.h>
#include <sys/types.h>

/* Runs function(argument) in a forked child, which ends with what it returns, 0 to 255 (a code comes negated). */
pid_t other_start(int (*function)(void *), void *argument);
int other_join(pid_t); /* that; stops when it was killed */
void other_kill(pid_t);

/* From the first shared_begin on nobody looks again without having been woken, so that a lost wake-up is seen; or they do. */
void be_patient(bool);

/* A new shared memory, and its end, after which nobody but this process may have had it. */
plait_shared_memory *shared_begin(size_t limit);
void shared_end(plait_shared_memory *);

/* In a child: waits to be killed. */
_Noreturn void wait_for_the_end(void);

/* gcc's ThreadSanitizer ends a forked child that starts a thread. */
#ifdef TSAN_OF_GCC
#define SKIP_WITHOUT_OTHERS() skip()
#else
#define SKIP_WITHOUT_OTHERS() (void)0
#endif

#endif
