/* jobs.h: the tasks that the stress of futures and executors submits: what one does is told by its number, so that its
   result can be checked by whoever gets it, and the jobs that began and that ended are counted. */
#ifndef PLAIT_TEST_JOBS_H
#define PLAIT_TEST_JOBS_H
#include "stress.h"
#include <plait.h>

struct job {
    uint64_t number;
    unsigned depth; /* it may submit jobs of its own, and wait for them, so deep */
    unsigned pool;  /* to which */
    bool may_fail;  /* not where nobody will look at it: that would be reported */
};

enum { JOB_POOLS = 3, JOB_EXECUTORS = 5 };
extern plait_executor *job_executors[JOB_EXECUTORS]; /* pools of 1, 2 and 4; a thread for each; inline */
extern _Atomic uint64_t jobs_submitted, jobs_begun, jobs_ended;

void jobs_begin(void); /* makes the executors */
bool jobs_end(void);   /* frees them: whether all is as it must be */

/* A new job; and one submitted to some executor. */
struct job job_new(struct actor *, bool may_fail);
plait_future *job_submit(struct actor *, bool may_fail);

/* Stops unless a job may end so: with 0 and the right result, with its own failure, or cancelled. */
void job_ended(uint64_t number, int code, uint64_t result);

/* Its number; and its end, for a future that is done. */
uint64_t job_number(plait_future *);
void job_end_done(plait_future *);

int job_run(const struct job *, uint64_t *result);
PLAIT_TASK(job_run, struct job, uint64_t);

#endif
