/* A queue in a child of fork(2): the child may end it, whoever waits in it in the parent. */
#include "child.h"
#include "queue_flavours.h"

static void never_drops(void *item, void *context)
{
    (void)item, (void)context;
    check(false);
}

static int frees(void *queue)
{
    plait_queue_free(queue);
    return 0;
}

static void child_frees(plait_queue *q)
{
    char text[1024];
    int status = child_run(frees, q, text, sizeof text);
    if (status) fputs(text, stderr);
    check_number(status, 0);
}

static void a_child_may_free_what_its_parent_waits_in(void **unused)
{
    (void)unused;
    const plait_queue_options o = { .drop = never_drops };
    for (enum flavour flavour = FIFO; flavour < FLAVOURS; flavour++) {
        struct side getter = { .queue = flavour_with(flavour, 1, &o) }, joiner = getter;
        struct runner *gets = runner_start(gets_one, &getter);
        until_asleep(gets);
        child_frees(getter.queue);
        put(getter.queue, 5);
        check_code(runner_join(gets), 0);
        put(getter.queue, 6);
        struct runner *waits = runner_start(joins, &joiner);
        until_asleep(waits);
        child_frees(getter.queue); /* what is in it is the parent's to drop */
        get(getter.queue, 6);
        for (int i = 0; i < 2; i++) check_code(plait_queue_task_done(getter.queue), 0);
        check_code(runner_join(waits), 0);
        plait_queue_free(getter.queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_may_free_what_its_parent_waits_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
