/* test_queue_capacity.c: a queue that holds more or less than when it was made. */
#include "fault.h"
#include "queue_flavours.h"

static plait_queue *resizable(enum flavour flavour, size_t capacity)
{
    plait_queue_options o = { .resizable = true };
    return flavour_with(flavour, capacity, &o);
}

TEST_IN_EACH_KIND(Q15_less_than_what_is_inside_keeps_that_and_put_full)
{
    for (enum flavour f = RESIZABLE; f < FLAVOURS; f++) {
        plait_queue *q = resizable(f, 4);
        for (int i = 0; i < 4; i++) put(q, i);
        check_code(plait_queue_set_capacity(q, 2), 0);
        check_number(plait_queue_count(q), 4);
        struct side s = { .queue = q, .item = 9 };
        struct runner *r = runner_start(puts_one, &s);
        until_asleep(r);
        for (int i = 0; i < 2; i++) {
            refused(q, PLAIT_EAGAIN);
            get(q, nth_of(f, i, 4));
        }
        refused(q, PLAIT_EAGAIN); /* two are left, and that is all it holds */
        check(!runner_done(r));
        get(q, nth_of(f, 2, 4));
        check_code(runner_join(r), 0);
        check_number(plait_queue_count(q), 2);
        plait_queue_free(q);
    }
}

TEST_IN_EACH_KIND(more_lets_as_many_putters_go_as_there_is_room_for)
{
    for (enum flavour f = RESIZABLE; f < FLAVOURS; f++) {
        plait_queue *q = resizable(f, 1);
        put(q, 0);
        struct side s[3];
        struct runner *r[3];
        for (int i = 0; i < 3; i++) {
            s[i] = (struct side){ .queue = q, .item = i + 1 };
            r[i] = runner_start(puts_one, &s[i]), until_asleep(r[i]);
        }
        check_code(plait_queue_set_capacity(q, 3), 0);
        for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
        until_asleep(r[2]);
        check_number(plait_queue_count(q), 3);
        check_code(plait_queue_set_capacity(q, PLAIT_UNBOUNDED), 0);
        check_code(runner_join(r[2]), 0);
        for (int i = 4; i < 100; i++) put(q, i);
        check_number(plait_queue_count(q), 100);
        plait_queue_free(q);
    }
}

/* Growing keeps the order, wherever the oldest item lies. */
TEST_IN_EACH_KIND(more_keeps_what_is_inside_in_order)
{
    for (int shift = 0; shift < 6; shift++) {
        for (size_t capacity = 6; capacity < 15; capacity++) {
            plait_queue *q = resizable(RESIZABLE, 6);
            for (int i = 0; i < shift; i++) put(q, -1), get(q, -1);
            for (int i = 0; i < 6; i++) put(q, i);
            check_code(plait_queue_set_capacity(q, capacity), 0);
            for (size_t i = 6; i < capacity; i++) put(q, (int)i);
            refused(q, PLAIT_EAGAIN);
            for (size_t i = 0; i < capacity; i++) get(q, (int)i);
            plait_queue_free(q);
        }
    }
}

TEST_IN_EACH_KIND(a_rendezvous_may_become_a_queue_and_be_one_again)
{
    plait_queue *q = resizable(RESIZABLE, 0);
    refused(q, PLAIT_EAGAIN);
    struct side s[2] = { { .queue = q, .item = 1 }, { .queue = q, .item = 2 } };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(puts_one, &s[i]), until_asleep(r[i]);
    check_code(plait_queue_set_capacity(q, 1), 0);
    check_code(runner_join(r[0]), 0);
    check_code(plait_queue_set_capacity(q, 0), 0);
    check_number(plait_queue_count(q), 1);
    get(q, 1); /* what is inside comes first */
    get(q, 2); /* and then who waits, hand to hand */
    check_code(runner_join(r[1]), 0);
    nothing(q, PLAIT_EAGAIN);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q16_without_memory_nothing_changes)
{
    for (enum flavour f = RESIZABLE; f < FLAVOURS; f++) {
        plait_queue *q = resizable(f, 2);
        put(q, 0);
        put(q, 1);
        fault_all("memory");
        check_code(plait_queue_set_capacity(q, 1000), PLAIT_ENOMEM);
        fault_off();
        refused(q, PLAIT_EAGAIN);
        for (int i = 0; i < 2; i++) get(q, nth_of(f, i, 2));
        plait_queue_free(q);
    }
}

TEST_IN_EACH_KIND(what_cannot_be_is_refused)
{
    plait_queue *q = queue_of(3), *r = resizable(RESIZABLE, 3), *p = resizable(PRIORITY, 3);
    check_code(plait_queue_set_capacity(q, 4), PLAIT_ENOTSUP);
    check_contains(plait_error()->message, "not made resizable");
    check_code(plait_queue_set_capacity(r, SIZE_MAX - 1), PLAIT_EINVAL);
    check_code(plait_queue_set_capacity(p, 0), PLAIT_EINVAL);
    for (int i = 0; i < 3; i++) put(q, i), put(r, i), put(p, i);
    refused(q, PLAIT_EAGAIN), refused(r, PLAIT_EAGAIN), refused(p, PLAIT_EAGAIN);
    plait_queue_free(q), plait_queue_free(r), plait_queue_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(Q15_less_than_what_is_inside_keeps_that_and_put_full),
        cmocka_unit_test(more_lets_as_many_putters_go_as_there_is_room_for),
        cmocka_unit_test(more_keeps_what_is_inside_in_order),
        cmocka_unit_test(a_rendezvous_may_become_a_queue_and_be_one_again),
        cmocka_unit_test(Q16_without_memory_nothing_changes),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
