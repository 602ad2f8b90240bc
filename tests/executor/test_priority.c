/* A priority says who of those queued is next: above all else, among what tasks have submitted to their own pool too. */
#include "executor/pool.h"
#include "future/tasks.h"

#define TEST(name) static void name(void **unused __attribute__((unused)))

static _Atomic int order;
static int take_place(int *place) { return *place = order++, 0; }
PLAIT_TASK(take_place, void, int);

static plait_future *submit(plait_executor *ex, int priority)
{
    return plait_submit_with(ex, (&(plait_submit_options){ .priority = priority }), take_place, NULL);
}

static void check_place(plait_future *f, int expected)
{
    int place = -1;
    check_code(plait_await(f, &place), 0);
    check_number(place, expected);
}

TEST_IN_EACH_KIND(M38_a_higher_priority_goes_first_and_equals_in_the_order_of_their_submits)
{
    const int priorities[] = { 0, -1, 5, 0, 1, 5, -7, 1, 0, -1, 2147483647, -2147483647 - 1, 5 },
              places[] = { 6, 9, 1, 7, 4, 2, 11, 5, 8, 10, 0, 12, 3 };
    enum { MANY = sizeof places / sizeof *places };
    for (int fifo = 0; fifo < 2; fifo++) {
        struct held_pool p;
        plait_future *fs[MANY];
        order = 0;
        hold_pool(&p, 1);
        ((struct plait_pool *)p.executor)->fifo = fifo;
        for (int i = 0; i < MANY; i++) fs[i] = submit(p.executor, priorities[i]);
        check_number(statistics_of(p.executor).queued, MANY);
        release_pool(&p);
        for (int i = 0; i < MANY; i++) check_place(fs[i], places[i]);
        check_number(statistics_of(p.executor).submitted, MANY + 1);
        end_pool(&p);
    }
}

TEST_IN_EACH_KIND(M38_a_cancelled_one_is_passed_over_and_others_ignore_it)
{
    struct held_pool p;
    order = 0;
    hold_pool(&p, 1);
    plait_future *plain = submit(p.executor, 0), *high = submit(p.executor, 3), *higher = submit(p.executor, 4);
    check(plait_future_cancel(higher));
    check_code(plait_await(higher, NULL), PLAIT_ETASK);
    release_pool(&p);
    check_place(plain, 1);
    check_place(high, 0);
    end_pool(&p);
    check_place(submit(plait_inline_executor(), -1), 2);
    check_place(submit(plait_thread_per_task_executor(), -1), 3);
}

static plait_executor *own;
static struct gate *at;
static plait_future *inside[3];
static int submit_inside(void)
{
    for (int i = 0; i < 3; i++) inside[i] = submit(own, i);
    return pass(&at);
}
PLAIT_TASK(submit_inside, void, void);

TEST(M38_what_has_one_goes_before_what_a_task_has_submitted_to_its_own_pool)
{
    struct gate gate = { 0 };
    at = &gate;
    order = 0;
    own = pool_of(1);
    plait_future *f = plait_submit(own, submit_inside, NULL);
    until_arrived(&gate, 1);
    plait_future *outside[2] = { submit(own, 1), submit(own, -1) };
    plait_event_set(&gate.open);
    check_code(plait_await(f, NULL), 0);
    const int places[] = { 3, 1, 0 };
    for (int i = 0; i < 3; i++) check_place(inside[i], places[i]);
    check_place(outside[0], 2);
    check_place(outside[1], 4);
    plait_executor_free(own);
}

/* Each submits the next of its priority, until all that were to be held up have run. */
static _Atomic int others, chains_ended;
struct chain {
    int priority, length;
};
static int go_on(const struct chain *chain);
PLAIT_TASK(go_on, struct chain, void);
static int go_on(const struct chain *chain)
{
    struct chain next = { chain->priority, chain->length + 1 };
    check(chain->length < 1000000); /* nobody else ever came */
    plait_submit_options o = { .priority = chain->priority };
    if (others > 0) plait_future_detach(plait_submit_with(own, &o, go_on, &next));
    else atomic_fetch_add(&chains_ended, 1);
    return 0;
}
static int count_down(void)
{
    others--;
    return 0;
}
PLAIT_TASK(count_down, void, void);

TEST(M38_M43_nothing_plain_waits_for_ever_behind_what_is_above_it_nor_what_is_below)
{
    for (int above = 0; above < 2; above++) {
        struct held_pool p;
        hold_pool(&p, 2);
        own = p.executor;
        others = 20;
        chains_ended = 0;
        struct chain chain = { above, 0 };
        plait_submit_options o = { .priority = above }, under = { .priority = above - 1 };
        for (int i = 0; i < 3; i++) plait_future_detach(plait_submit_with(own, &o, go_on, &chain));
        for (int i = 0; i < 20; i++) plait_future_detach(plait_submit_with(own, &under, count_down, NULL));
        release_pool(&p);
        until(others == 0 && chains_ended == 3);
        end_pool(&p);
    }
}

TEST_IN_EACH_KIND(M38_one_with_a_priority_wakes_who_rests_and_ends_with_the_pool)
{
    plait_executor *pool = pool_of(2);
    order = 0;
    for (int i = 0; i < 50; i++) {
        check_place(submit(pool, i % 3 - 1), i);
        if (i % 10 == 0) until(statistics_of(pool).idle == statistics_of(pool).workers);
    }
    for (int i = 0; i < 50; i++) plait_future_detach(submit(pool, i % 5 - 2));
    plait_executor_free(pool);
    check_number(order, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M38_a_higher_priority_goes_first_and_equals_in_the_order_of_their_submits),
        cmocka_unit_test(M38_a_cancelled_one_is_passed_over_and_others_ignore_it),
        cmocka_unit_test(M38_what_has_one_goes_before_what_a_task_has_submitted_to_its_own_pool),
        cmocka_unit_test(M38_M43_nothing_plain_waits_for_ever_behind_what_is_above_it_nor_what_is_below),
        cmocka_unit_test(M38_one_with_a_priority_wakes_who_rests_and_ends_with_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
