/* What one writes by hand: a ring under a mutex, two condition variables, a signal only when somebody waits.
   subject: pthread mutex and conditions
   package: libc6-dev */
#include "queue/queue.h"
#include <gnu/libc-version.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t item_there = PTHREAD_COND_INITIALIZER, room_there = PTHREAD_COND_INITIALIZER;
static int ring[CAPACITY], getters, putters;
static unsigned in, out;

static inline void put(int item)
{
    pthread_mutex_lock(&guard);
    while (in - out == CAPACITY) {
        putters++;
        pthread_cond_wait(&room_there, &guard);
        putters--;
    }
    ring[in++ % CAPACITY] = item;
    int wake = getters;
    pthread_mutex_unlock(&guard);
    if (wake) pthread_cond_signal(&item_there);
}

static inline int get(void)
{
    pthread_mutex_lock(&guard);
    while (in == out) {
        getters++;
        pthread_cond_wait(&item_there, &guard);
        getters--;
    }
    int item = ring[out++ % CAPACITY], wake = putters;
    pthread_mutex_unlock(&guard);
    if (wake) pthread_cond_signal(&room_there);
    return item;
}

int main(int argc, char **argv)
{
    queue_measure(argc, argv);
    printf("version glibc-%s\n", gnu_get_libc_version());
    return 0;
}
