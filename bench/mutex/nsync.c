/* nsync: nsync_mu.
   subject: nsync_mu
   package: libnsync-dev
   libraries: -lnsync */
#include "mutex/mutex.h"
#include <nsync.h>

static _Alignas(128) struct {
    nsync_mu mutex;
    volatile long count;
} shared;

static inline void add(void)
{
    nsync_mu_lock(&shared.mutex);
    shared.count++;
    nsync_mu_unlock(&shared.mutex);
}

int main(int argc, char **argv)
{
    mutex_measure(argc, argv, &shared.count);
    return 0;
}
