/* glibc: pthread_mutex_t that spins for a while before it sleeps.
   subject: pthread_mutex, adaptive
   package: libc6-dev */
#include "mutex/mutex.h"
#include <gnu/libc-version.h>

static _Alignas(128) struct {
    pthread_mutex_t mutex;
    volatile long count;
} shared = { PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP, 0 };

static inline void add(void)
{
    pthread_mutex_lock(&shared.mutex);
    shared.count++;
    pthread_mutex_unlock(&shared.mutex);
}

int main(int argc, char **argv)
{
    mutex_measure(argc, argv, &shared.count);
    printf("version glibc-%s\n", gnu_get_libc_version());
    return 0;
}
