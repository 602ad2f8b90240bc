/* glibc: pthread_mutex_t of the default kind.
   subject: pthread_mutex
   package: libc6-dev */
#include "mutex/mutex.h"
#include <gnu/libc-version.h>

static _Alignas(128) struct {
    pthread_mutex_t mutex;
    volatile long count;
} shared = { PTHREAD_MUTEX_INITIALIZER, 0 };

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
