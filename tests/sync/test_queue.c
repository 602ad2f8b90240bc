/* test_queue.c: values from task to task: order, bounds, memory, work that is counted. */
#include "child.h"
#include "fault.h"
#include "queue_sides.h"

TEST_IN_EACH_KIND(Q1_AQ1_first_in_first_out)
{
    plait_queue *q = queue_of(5);
    for (int turn = 0; turn < 7; turn++) { /* the ring goes round */
        for (int i = 0; i < 3; i++) put(q, 10 * turn + i);
        for (int i = 0; i < 3; i++) get(q, 10 * turn + i);
    }
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q2_an_unbounded_queue_grows_wherever_its_oldest_item_lies)
{
    for (int shift = 0; shift < 40; shift++) {
        plait_queue *q = queue_of(PLAIT_UNBOUNDED);
        for (int i = 0; i < shift; i++) put(q, -1), get(q, -1);
        for (int i = 0; i < 500; i++) put(q, i);
        check_number(plait_queue_count(q), 500);
        for (int i = 0; i < 500; i++) get(q, i);
        nothing(q, PLAIT_EAGAIN);
        plait_queue_free(q);
    }
}

TEST_IN_EACH_KIND(Q3_the_count_is_exact_while_nobody_else_uses_it)
{
    plait_queue *q = queue_of(2);
    for (int i = 0; i < 2; i++) check_number(plait_queue_count(q), i), put(q, i);
    check_number(plait_queue_count(q), 2);
    get(q, 0);
    check_number(plait_queue_count(q), 1);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q4_AQ2_put_now_on_full_gives_EAGAIN)
{
    plait_queue *q = queue_of(1);
    put(q, 1);
    refused(q, PLAIT_EAGAIN);
    get(q, 1);
    nothing(q, PLAIT_EAGAIN);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q5_put_on_full_is_late_at_its_deadline)
{
    clock_by_hand();
    plait_queue *q = queue_of(1);
    put(q, 1);
    int item = 2;
    check_code(plait_queue_put(q, &item, plait_after(0)), PLAIT_ETIMEDOUT);
    struct side s = { .queue = q, .item = 2, .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(puts_one, &s);
    until_asleep(r);
    clock_move(PLAIT_SECOND - 1);
    until_asleep(r);
    check(!runner_done(r));
    clock_move(1);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    get(q, 1);
    nothing(q, PLAIT_EAGAIN); /* it was not put */
    clock_of_the_system();
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q6_AQ2_put_on_full_goes_on_when_a_get_makes_room)
{
    plait_queue *q = queue_of(1);
    for (int with_deadline = 0; with_deadline < 2; with_deadline++) {
        put(q, 1);
        struct side s = { .queue = q, .item = 2 };
        if (with_deadline) s.until = plait_after(1000 * PLAIT_SECOND);
        struct runner *r = runner_start(puts_one, &s);
        until_asleep(r);
        get(q, 1);
        check_code(runner_join(r), 0);
        get(q, 2);
    }
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(AQ7_all_putters_go_on_for_whom_there_is_room_again)
{
    plait_queue *q = queue_of(4);
    struct side s[4];
    struct runner *r[4];
    for (int i = 0; i < 4; i++) put(q, i);
    for (int i = 0; i < 4; i++) {
        s[i] = (struct side){ .queue = q, .item = 4 };
        r[i] = runner_start(puts_one, &s[i]);
        until_asleep(r[i]);
    }
    for (int i = 0; i < 3; i++) get(q, i); /* and nobody runs in between, where they are coroutines */
    size_t through = 0;
    until((through = (size_t)runner_done(r[0]) + runner_done(r[1]) + runner_done(r[2]) + runner_done(r[3])) >= 3);
    check_number(through, 3);
    for (int i = 3, item; i < 8; i++) check_code(plait_queue_get(q, &item, PLAIT_FOREVER), 0);
    for (int i = 0; i < 4; i++) check_code(runner_join(r[i]), 0);
    nothing(q, PLAIT_EAGAIN);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q7_AQ2_get_now_on_empty_gives_EAGAIN)
{
    plait_queue *q = queue_of(4);
    nothing(q, PLAIT_EAGAIN);
    put(q, 1);
    get(q, 1);
    nothing(q, PLAIT_EAGAIN);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q8_get_on_empty_is_late_at_its_deadline)
{
    clock_by_hand();
    plait_queue *q = queue_of(1);
    struct side s = { .queue = q, .item = 77, .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(gets_one, &s);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    check_number(s.item, 77);
    put(q, 1);
    get(q, 1);
    clock_of_the_system();
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q11_a_deadline_does_not_matter_where_nobody_has_to_wait)
{
    plait_queue *q = queue_of(1);
    int item = 1;
    check_code(plait_queue_put(q, &item, plait_deadline_at_(1)), 0);
    check_code(plait_queue_get(q, &item, plait_deadline_at_(1)), 0);
    check_code(plait_queue_put(q, &item, plait_after(1000 * PLAIT_SECOND)), 0);
    check_code(plait_queue_get(q, &item, PLAIT_FOREVER), 0);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q12_AQ8_more_done_than_put_is_refused)
{
    plait_queue *q = queue_of(3);
    check_code(plait_queue_task_done(q), PLAIT_EINVAL);
    check_contains(plait_error()->message, "more work done than was put");
    put(q, 1);
    put(q, 2);
    check_code(plait_queue_task_done(q), 0);
    check_code(plait_queue_task_done(q), 0);
    check_code(plait_queue_task_done(q), PLAIT_EINVAL);
    put(q, 3);
    check_code(plait_queue_task_done(q), 0);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q14_AQ8_join_returns_at_once_where_nothing_is_left_to_do)
{
    plait_queue *q = queue_of(2);
    check_code(plait_queue_join(q, PLAIT_FOREVER), 0);
    put(q, 1);
    check_code(plait_queue_join(q, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_queue_join(q, plait_deadline_at_(1)), PLAIT_ETIMEDOUT);
    get(q, 1);
    check_code(plait_queue_join(q, PLAIT_NOW), PLAIT_EAGAIN); /* taken is not done */
    check_code(plait_queue_task_done(q), 0);
    for (int i = 0; i < 3; i++) check_code(plait_queue_join(q, PLAIT_FOREVER), 0);
    check_code(plait_queue_join(q, PLAIT_NOW), 0);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(AQ8_join_waits_for_the_last_task_done)
{
    clock_by_hand();
    plait_queue *q = queue_of(2);
    put(q, 1);
    put(q, 2);
    struct side s[4] = {
        { .queue = q }, { .queue = q }, { .queue = q, .until = plait_after(PLAIT_SECOND) }, { .queue = q }
    };
    struct runner *r[4];
    for (int i = 0; i < 4; i++) r[i] = runner_start(joins, &s[i]), until_asleep(r[i]);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r[2]), PLAIT_ETIMEDOUT);
    plait_scope_cancel(s[3].scope);
    check_code(runner_join(r[3]), PLAIT_ECANCELED);
    check_code(plait_queue_task_done(q), 0);
    for (int i = 0; i < 2; i++) check(!runner_done(r[i]));
    check_code(plait_queue_task_done(q), 0);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
    clock_of_the_system();
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q16_without_memory_to_grow_the_queue_stays_usable)
{
    plait_queue *q = queue_of(PLAIT_UNBOUNDED);
    int count = 0, item;
    fault_all("memory");
    while (plait_queue_put(q, &count, PLAIT_NOW) == 0) count++;
    check_code(plait_queue_put(q, &count, PLAIT_FOREVER), PLAIT_ENOMEM);
    fault_off();
    check_number(plait_queue_count(q), count);
    put(q, count);
    for (int i = 0; i <= count; i++) get(q, i);
    check_code(plait_queue_get(q, &item, PLAIT_NOW), PLAIT_EAGAIN);
    for (int i = 0; i <= count; i++) check_code(plait_queue_task_done(q), 0); /* what was refused is not counted */
    check_code(plait_queue_task_done(q), PLAIT_EINVAL);
    plait_queue_free(q);
}

static void Q16_without_memory_there_is_no_queue(void **unused)
{
    (void)unused;
    for (size_t nth = 1; nth <= 2; nth++) {
        fault_nth("memory", nth);
        plait_queue *q = plait_queue_new(sizeof(int), 100);
        fault_off();
        check(!q);
        check_code(plait_error()->code, PLAIT_ENOMEM);
        check_contains(plait_error()->message, "no memory for a queue of 100 items of 4 bytes each");
    }
}

static void a_queue_of_nothing_or_of_too_much_is_refused(void **unused)
{
    (void)unused;
    check(!plait_queue_new(0, 10));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check(!plait_queue_new(SIZE_MAX / 2, 4));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check(!plait_queue_new(2, SIZE_MAX - 1));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check(!plait_queue_new(SIZE_MAX / 8, PLAIT_UNBOUNDED));
    check_code(plait_error()->code, PLAIT_EINVAL);
    plait_queue_free(NULL);
}

TEST_IN_EACH_KIND(items_of_any_size_are_copied)
{
    struct odd {
        char text[37];
    } in = { "first" }, out;
    plait_queue *q = plait_queue_new(sizeof in, 3);
    check_code(plait_queue_put(q, &in, PLAIT_NOW), 0);
    strcpy(in.text, "second");
    check_code(plait_queue_put(q, &in, PLAIT_NOW), 0);
    check_code(plait_queue_get(q, &out, PLAIT_NOW), 0);
    check_string(out.text, "first");
    check_code(plait_queue_get(q, &out, PLAIT_NOW), 0);
    check_string(out.text, "second");
    check_code(plait_queue_put(q, &in, PLAIT_NOW), 0);
    plait_queue_free(q); /* with an item in it */
}

TEST_IN_EACH_KIND(AQ6_one_that_is_cancelled_leaves_the_queue_usable)
{
    plait_queue *full = queue_of(1), *empty = queue_of(1);
    put(full, 1);
    struct side s[2] = { { .queue = full, .item = 2 }, { .queue = empty } };
    struct runner *putter = runner_start(puts_one, &s[0]), *getter = runner_start(gets_one, &s[1]);
    until_asleep(putter);
    until_asleep(getter);
    for (int i = 0; i < 2; i++) plait_scope_cancel(s[i].scope);
    check_code(runner_join(putter), PLAIT_ECANCELED);
    check_code(runner_join(getter), PLAIT_ECANCELED);
    get(full, 1);
    nothing(full, PLAIT_EAGAIN);
    put(empty, 3);
    get(empty, 3);
    plait_queue_free(full);
    plait_queue_free(empty);
}

/* More than a ring without a lock is made for. */
enum { LARGE = 9 << 20 };
static char from[LARGE], into[LARGE];
static int puts_large(void *queue) { return plait_queue_put(queue, from, PLAIT_FOREVER); }
static int gets_large(void *queue) { return plait_queue_get(queue, into, PLAIT_FOREVER); }

TEST_IN_EACH_KIND(Q6_Q22_Q23_a_very_large_queue_waits_and_wakes_likewise)
{
    plait_queue *q = plait_queue_new(LARGE, 2);
    check(q);
    for (int i = 0; i < 2; i++) check_code(plait_queue_put(q, from, PLAIT_NOW), 0);
    check_code(plait_queue_put(q, from, PLAIT_NOW), PLAIT_EAGAIN);
    struct runner *r = runner_start(puts_large, q);
    until_asleep(r);
    from[LARGE - 1] = 'x';
    check_code(plait_queue_get(q, into, PLAIT_NOW), 0);
    check_code(runner_join(r), 0);
    r = runner_start(puts_large, q);
    until_asleep(r);
    plait_queue_close(q);
    check_code(runner_join(r), PLAIT_ECLOSED);
    for (int i = 0; i < 2; i++) check_code(plait_queue_get(q, into, PLAIT_NOW), 0);
    check_number(into[LARGE - 1], 'x');
    plait_queue_free(q);

    q = plait_queue_new(LARGE, 2);
    r = runner_start(gets_large, q);
    until_asleep(r);
    check_code(plait_queue_put(q, from, PLAIT_NOW), 0);
    check_code(runner_join(r), 0);
    r = runner_start(gets_large, q);
    until_asleep(r);
    plait_queue_close(q);
    check_code(runner_join(r), PLAIT_ECLOSED);
    plait_queue_free(q);
}

static int frees_with_a_getter(void *unused)
{
    (void)unused;
    struct side s = { .queue = queue_of(1) };
    until_asleep(runner_start(gets_one, &s));
    plait_queue_free(s.queue);
    return 0;
}
static int frees_with_a_putter(void *unused)
{
    (void)unused;
    struct side s = { .queue = queue_of(0) };
    until_asleep(runner_start(puts_one, &s));
    plait_queue_free(s.queue);
    return 0;
}
static int frees_with_a_joiner(void *unused)
{
    (void)unused;
    struct side s = { .queue = queue_of(1) };
    put(s.queue, 1);
    until_asleep(runner_start(joins, &s));
    plait_queue_free(s.queue);
    return 0;
}

static void to_free_a_queue_in_which_somebody_waits_stops_the_program(void **unused)
{
    (void)unused;
    static const char sentence[] = "a queue was freed while somebody waits in it";
    child_stops(frees_with_a_getter, NULL, sentence);
    child_stops(frees_with_a_putter, NULL, sentence);
    child_stops(frees_with_a_joiner, NULL, sentence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(Q1_AQ1_first_in_first_out),
        cmocka_unit_test(Q2_an_unbounded_queue_grows_wherever_its_oldest_item_lies),
        cmocka_unit_test(Q3_the_count_is_exact_while_nobody_else_uses_it),
        cmocka_unit_test(Q4_AQ2_put_now_on_full_gives_EAGAIN),
        cmocka_unit_test(Q5_put_on_full_is_late_at_its_deadline),
        cmocka_unit_test(Q6_AQ2_put_on_full_goes_on_when_a_get_makes_room),
        cmocka_unit_test(AQ7_all_putters_go_on_for_whom_there_is_room_again),
        cmocka_unit_test(Q7_AQ2_get_now_on_empty_gives_EAGAIN),
        cmocka_unit_test(Q8_get_on_empty_is_late_at_its_deadline),
        cmocka_unit_test(Q11_a_deadline_does_not_matter_where_nobody_has_to_wait),
        cmocka_unit_test(Q12_AQ8_more_done_than_put_is_refused),
        cmocka_unit_test(Q14_AQ8_join_returns_at_once_where_nothing_is_left_to_do),
        cmocka_unit_test(AQ8_join_waits_for_the_last_task_done),
        cmocka_unit_test(Q16_without_memory_to_grow_the_queue_stays_usable),
        cmocka_unit_test(Q16_without_memory_there_is_no_queue),
        cmocka_unit_test(a_queue_of_nothing_or_of_too_much_is_refused),
        cmocka_unit_test(items_of_any_size_are_copied),
        cmocka_unit_test(AQ6_one_that_is_cancelled_leaves_the_queue_usable),
        cmocka_unit_test(Q6_Q22_Q23_a_very_large_queue_waits_and_wakes_likewise),
        cmocka_unit_test(to_free_a_queue_in_which_somebody_waits_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
