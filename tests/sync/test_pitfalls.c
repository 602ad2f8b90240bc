/* test_pitfalls.c: what programs with queues and pipes are often written with by mistake: more is sent than fits before
   anybody reads, and workers leave when the queue is empty for a moment. */
#include "runners.h"
#include <plait/queue.h>

static int reads_until_closed(void *queue)
{
    int item, expected = 0, err;
    while (!(err = plait_queue_get(queue, &item, PLAIT_FOREVER))) check_number(item, expected++);
    check_code(err, PLAIT_ECLOSED);
    return expected;
}

/* Into what holds two, and into what holds none, before its reader is there. A queue between tasks of one process: one
   between processes is to show the same. */
TEST_IN_EACH_KIND(Z5_what_is_filled_before_its_reader_exists_tells_and_does_not_hang)
{
    for (int capacity = 0; capacity <= 2; capacity += 2) {
        plait_queue *q = plait_queue_new(sizeof(int), (size_t)capacity);
        int next = 0;
        for (; next < capacity; next++) check_code(plait_queue_put(q, &next, plait_after(PLAIT_MILLISECOND)), 0);
        check_code(plait_queue_put(q, &next, PLAIT_NOW), PLAIT_EAGAIN);
        check_code(plait_queue_put(q, &next, plait_after(PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
        check_number(plait_queue_count(q), capacity); /* and what was refused is not in it */
        struct runner *reader = runner_start(reads_until_closed, q);
        for (; next < 5; next++) check_code(plait_queue_put(q, &next, PLAIT_FOREVER), 0);
        plait_queue_close(q);
        check_number(runner_join(reader), 5);
        plait_queue_free(q);
    }
}

struct work {
    plait_queue *queue;
    _Atomic int done;
};

static int works(void *work)
{
    struct work *w = work;
    for (int item; plait_queue_get(w->queue, &item, PLAIT_FOREVER) == 0; plait_queue_task_done(w->queue))
        w->done += item;
    return 0;
}

TEST_IN_EACH_KIND(Z6_workers_stay_while_the_queue_is_empty_and_leave_when_it_is_closed)
{
    struct work w = { .queue = plait_queue_new(sizeof(int), 4) };
    struct runner *workers[3];
    for (int i = 0; i < 3; i++) until_asleep(workers[i] = runner_start(works, &w)); /* it is empty from the start */
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < 10; i++) check_code(plait_queue_put(w.queue, &(int){ 1 }, PLAIT_FOREVER), 0);
        check_code(plait_queue_join(w.queue, PLAIT_FOREVER), 0);
        check_number(w.done, 10 * round);
        for (int i = 0; i < 3; i++) until_asleep(workers[i]);
        for (int i = 0; i < 3; i++) check(!runner_done(workers[i]));
    }
    plait_queue_close(w.queue);
    for (int i = 0; i < 3; i++) check_code(runner_join(workers[i]), 0);
    plait_queue_free(w.queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(Z5_what_is_filled_before_its_reader_exists_tells_and_does_not_hang),
        cmocka_unit_test(Z6_workers_stay_while_the_queue_is_empty_and_leave_when_it_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
