/* plait: plait_mutex_lock and _unlock.
   subject: plait */
#include "mutex/mutex.h"
#include <plait.h>

static _Alignas(128) struct {
    plait_mutex mutex;
    volatile long count;
} shared;

static inline void add(void)
{
    plait_mutex_lock(&shared.mutex);
    shared.count++;
    plait_mutex_unlock(&shared.mutex);
}

int main(int argc, char **argv)
{
    mutex_measure(argc, argv, &shared.count);
    bench_report_version(plait_version());
    return 0;
}
