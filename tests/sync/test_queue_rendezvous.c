/* test_queue_rendezvous.c: a queue of capacity 0, in which no item rests. */
#include "queue_sides.h"

TEST_IN_EACH_KIND(in_a_rendezvous_nothing_rests)
{
    plait_queue *q = queue_of(0);
    refused(q, PLAIT_EAGAIN);
    nothing(q, PLAIT_EAGAIN);
    int item = 1;
    check_code(plait_queue_put(q, &item, plait_deadline_at_(1)), PLAIT_ETIMEDOUT);
    check_code(plait_queue_get(q, &item, plait_deadline_at_(1)), PLAIT_ETIMEDOUT);
    check_number(plait_queue_count(q), 0);
    check_code(plait_queue_join(q, PLAIT_NOW), 0); /* what was not put is not counted */
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(in_a_rendezvous_a_putter_waits_for_a_getter)
{
    plait_queue *q = queue_of(0);
    struct side s[2] = { { .queue = q, .item = 1 }, { .queue = q, .item = 2 } };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(puts_one, &s[i]), until_asleep(r[i]);
    get(q, 1);
    check_code(runner_join(r[0]), 0);
    check(!runner_done(r[1]));
    get(q, 2);
    check_code(runner_join(r[1]), 0);
    nothing(q, PLAIT_EAGAIN);
    for (int i = 0; i < 2; i++) check_code(plait_queue_task_done(q), 0);
    check_code(plait_queue_task_done(q), PLAIT_EINVAL);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(in_a_rendezvous_a_getter_waits_for_a_putter)
{
    plait_queue *q = queue_of(0);
    struct side s[2] = { { .queue = q }, { .queue = q } };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(gets_one, &s[i]), until_asleep(r[i]);
    put(q, 1);
    put(q, 2);
    refused(q, PLAIT_EAGAIN);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0), check_number(s[i].item, i + 1);
    for (int i = 0; i < 2; i++) check_code(plait_queue_task_done(q), 0);
    check_code(plait_queue_task_done(q), PLAIT_EINVAL);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(in_a_rendezvous_an_item_that_went_over_is_put_however_late_its_putter)
{
    clock_by_hand();
    plait_queue *q = queue_of(0);
    for (int i = 0; i < 20; i++) { /* the getter comes just before, or just after, the putter's deadline */
        struct side s = { .queue = q, .item = 1, .until = plait_after(PLAIT_SECOND) };
        struct runner *r = runner_start(puts_one, &s);
        until_asleep(r);
        int item = 0, got;
        if (i % 2) clock_move(PLAIT_SECOND);
        got = plait_queue_get(q, &item, PLAIT_NOW);
        if (!(i % 2)) clock_move(PLAIT_SECOND);
        int put = runner_join(r);
        check(got == 0 ? put == 0 && item == 1 : got == PLAIT_EAGAIN && put == PLAIT_ETIMEDOUT);
    }
    clock_of_the_system();
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(in_a_rendezvous_close_lets_both_sides_go)
{
    plait_queue *q = queue_of(0);
    struct side s[2] = { { .queue = q }, { .queue = q } };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(gets_one, &s[i]), until_asleep(r[i]);
    plait_queue_close(q);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), PLAIT_ECLOSED);
    plait_queue_free(q);
    s[0].queue = s[1].queue = q = queue_of(0);
    for (int i = 0; i < 2; i++) r[i] = runner_start(puts_one, &s[i]), until_asleep(r[i]);
    plait_queue_close(q);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), PLAIT_ECLOSED);
    refused(q, PLAIT_ECLOSED);
    nothing(q, PLAIT_ECLOSED);
    check_code(plait_queue_join(q, PLAIT_NOW), 0);
    plait_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_rendezvous_nothing_rests),
        cmocka_unit_test(in_a_rendezvous_a_putter_waits_for_a_getter),
        cmocka_unit_test(in_a_rendezvous_a_getter_waits_for_a_putter),
        cmocka_unit_test(in_a_rendezvous_an_item_that_went_over_is_put_however_late_its_putter),
        cmocka_unit_test(in_a_rendezvous_close_lets_both_sides_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
