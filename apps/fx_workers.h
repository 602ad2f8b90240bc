/* fx_workers.h: what the worker processes of a model share with the main process: that a stop was asked for, and what each of
   them has counted. */
#ifndef PLAIT_APPS_FX_WORKERS_H
#define PLAIT_APPS_FX_WORKERS_H

#include "apps/fetch.h"
#include <plait/process_executor.h>

enum { FX_WORKERS_MOST = 240 }; /* as <plait/process_executor.h> says */

/* A pool of at most so many processes, and of FX_WORKERS_MOST, that run fetch_rates: interrupted() in this process is interrupted() in each of them.
   NULL with a record. Ended by fx_workers_free; one at a time. */
plait_executor *fx_workers_new(int count);

/* Waits for what is inside, and adds up what has been counted. NULL is nothing. */
void fx_workers_free(plait_executor *pool);

/* Of the workers of pools that have been freed: how many there were, and all of them together; the threads of this process
   with them. */
struct fx_workers_counts {
    long processes, requests, threads, peak_kib;
};
struct fx_workers_counts fx_workers_counts(void);

#endif
