/* plait: plait_queue of ints, put and get with PLAIT_FOREVER.
   subject: plait */
#include "queue/queue.h"
#include <plait.h>

static plait_queue *queue;

static inline void put(int item) { bench_must(plait_queue_put(queue, &item, PLAIT_FOREVER), "plait_queue_put"); }

static inline int get(void)
{
    int item = 0;
    bench_must(plait_queue_get(queue, &item, PLAIT_FOREVER), "plait_queue_get");
    return item;
}

int main(int argc, char **argv)
{
    queue = plait_queue_new(sizeof(int), CAPACITY);
    queue_measure(argc, argv);
    plait_queue_free(queue);
    bench_report_version(plait_version());
    return 0;
}
