/* Who finds a queue closed and empty may end its life, although the one who closed it has not returned yet. */
#include "check.h"
#include <plait.h>

enum { ROUNDS = 3000 };

static int drain_and_free(void *queue)
{
    int item, err;
    while ((err = plait_queue_get(queue, &item, PLAIT_FOREVER)) == 0) {}
    check_code(err, PLAIT_ECLOSED);
    plait_queue_free(queue);
    return 0;
}

static void who_finds_it_closed_may_free_it(void **state)
{
    (void)state;
    const size_t capacities[] = { 4, PLAIT_UNBOUNDED };
    for (size_t i = 0; i < 2 * ROUNDS; i++) {
        plait_queue *queue = plait_queue_new(sizeof(int), capacities[i % 2]);
        plait_thread *consumer = plait_thread_start(drain_and_free, queue, NULL);
        check(consumer != NULL);
        check_code(plait_queue_put(queue, &(int){ 1 }, PLAIT_FOREVER), 0);
        plait_queue_close(queue);
        plait_thread_free(consumer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(who_finds_it_closed_may_free_it) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
