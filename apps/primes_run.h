/* primes_run.h: whether numbers are prime: asked of an executor as they come, printed in their order. */
#ifndef PLAIT_APPS_PRIMES_RUN_H
#define PLAIT_APPS_PRIMES_RUN_H

#include <plait.h>

struct primes_work {
    const char *name;                             /* that failures are told under */
    plait_executor *executor;                     /* NULL: coroutines on a loop, which is run for that */
    int (*next)(void *context, uint64_t *number); /* 0; PLAIT_EDONE; or a code that ends the work. It may wait */
    void *context;

    size_t answered, failed; /* what has become of the numbers */
    int write_error;         /* errno of a line that could not be written, which ends the work */
    int64_t cpu_time;        /* nanoseconds that the answers took, on the CPUs where they were found */
};

/* Prints a line for each number, in the order of `next`, as soon as it and those before it are known; a number whose task
   has failed is told on stderr. No more than a bounded count of them are in memory. 0, or why it ended early: what
   `next` gave; PLAIT_ECLOSED after a write error; PLAIT_ENOMEM and the like. */
int primes_run(struct primes_work *work);

#endif
