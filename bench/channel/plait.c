/* plait: plait_queue_put and plait_queue_get with PLAIT_FOREVER, the same queue as between threads.
   subject: plait */
#include "channel/channel.h"
#include <plait.h>

static plait_queue *queue;

static int put_all(void)
{
    for (int i = 0; i < ITEMS; i++) bench_must(plait_queue_put(queue, &i, PLAIT_FOREVER), "plait_queue_put");
    return 0;
}
PLAIT_TASK(put_all, void, void);

static int get_all(void)
{
    for (int i = 0, item; i < ITEMS; i++) {
        bench_must(plait_queue_get(queue, &item, PLAIT_FOREVER), "plait_queue_get");
        channel_sum += item;
    }
    return 0;
}
PLAIT_TASK(get_all, void, void);

static int both(void)
{
    plait_future *putter = plait_spawn(put_all, NULL), *getter = plait_spawn(get_all, NULL);
    bench_must(plait_await(putter, NULL), "the putter");
    bench_must(plait_await(getter, NULL), "the getter");
    return 0;
}
PLAIT_TASK(both, void, void);

int main(int argc, char **argv)
{
    queue = plait_queue_new(sizeof(int), channel_capacity(argc, argv));
    uint64_t start = bench_now();
    bench_must(plait_run(both, NULL, NULL), "plait_run");
    channel_report(start);
    plait_queue_free(queue);
    bench_report_version(plait_version());
    return 0;
}
