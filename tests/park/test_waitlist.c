/* test_waitlist.c: the ring of waiters: who is claimed when, what closes, who lost the race. */
#include "clock.h"
#include "runners.h"
#include "park/scope.h"

static plait_waiter node(void) { return (plait_waiter){ .parker = NULL }; }
static uint32_t state_of(plait_waiter *w) { return atomic_load_explicit(&w->state, memory_order_relaxed); }

static void the_first_to_come_is_the_first_to_be_claimed(void **unused)
{
    (void)unused;
    plait_waitlist list = 0;
    plait_waiter w[4] = { node(), node(), node(), node() };
    check(plait_waitlist_empty(&list));
    check(!plait_waitlist_claim(&list));
    for (int i = 0; i < 4; i++) {
        check(plait_waitlist_add(&list, &w[i]));
        check_number(waiters_listed(&list), i + 1);
        check_number(state_of(&w[i]), PLAIT_LISTED);
    }
    for (int i = 0; i < 4; i++) {
        check(!plait_waitlist_empty(&list));
        plait_waiter *first = plait_waitlist_claim(&list);
        check(first == &w[i]);
        check(!first->next);
        check_number(state_of(first), PLAIT_CLAIMED);
    }
    check_number(list, 0);
}

static void one_who_is_put_in_front_is_claimed_first(void **unused)
{
    (void)unused;
    plait_waitlist list = 0;
    plait_waiter w[3] = { node(), node(), node() };
    for (int i = 0; i < 3; i++)
        plait_waitlist_release(&list, plait_ring_add(plait_waitlist_hold(&list), &w[i], i == 2));
    check(plait_waitlist_claim(&list) == &w[2]);
    check(plait_waitlist_claim(&list) == &w[0]);
    plait_waitlist_release(&list, plait_ring_add(plait_waitlist_hold(&list), &w[0], true));
    check(plait_waitlist_claim(&list) == &w[0]);
    check(plait_waitlist_claim(&list) == &w[1]);
    plait_waitlist_release(&list, plait_ring_add(plait_waitlist_hold(&list), &w[1], true));
    check(plait_waitlist_claim(&list) == &w[1]);
    check(!plait_waitlist_claim(&list));
}

static void anybody_may_be_removed(void **unused)
{
    (void)unused;
    for (int which = 0; which < 3; which++) {
        plait_waitlist list = 0;
        plait_waiter w[3] = { node(), node(), node() };
        for (int i = 0; i < 3; i++) plait_waitlist_add(&list, &w[i]);
        check(plait_waitlist_remove(&list, &w[which]));
        check_number(waiters_listed(&list), 2);
        for (int i = 0; i < 3; i++)
            if (i != which) check(plait_waitlist_claim(&list) == &w[i]);
        check_number(list, 0);
    }
}

static void one_who_was_claimed_cannot_be_removed(void **unused)
{
    (void)unused;
    plait_waitlist list = 0;
    plait_waiter w[2] = { node(), node() };
    for (int i = 0; i < 2; i++) plait_waitlist_add(&list, &w[i]);
    plait_waitlist_claim(&list);
    uint64_t before = plait_wait_races;
    check(!plait_waitlist_remove(&list, &w[0]));
    check_number(plait_wait_races, before + 1);
    check(plait_waitlist_remove(&list, &w[1]));
    check_number(plait_wait_races, before + 1);
}

static void all_are_claimed_in_order(void **unused)
{
    (void)unused;
    plait_waitlist list = 0;
    plait_waiter w[3] = { node(), node(), node() };
    check(!plait_waitlist_claim_all(&list, false));
    for (int i = 0; i < 3; i++) plait_waitlist_add(&list, &w[i]);
    plait_waiter *chain = plait_waitlist_claim_all(&list, false);
    for (int i = 0; i < 3; i++, chain = chain->next) {
        check(chain == &w[i]);
        check_number(state_of(chain), PLAIT_CLAIMED);
    }
    check(!chain);
    check_number(list, 0);
    check(!plait_waitlist_closed(&list));
}

static void a_closed_list_takes_nobody_until_it_is_opened(void **unused)
{
    (void)unused;
    plait_waitlist list = 0;
    plait_waiter w = node();
    check(!plait_waitlist_claim_all(&list, true));
    check(plait_waitlist_closed(&list));
    check(plait_waitlist_empty(&list));
    check(!plait_waitlist_add(&list, &w));
    check(!plait_waitlist_claim(&list));
    check(!plait_waitlist_claim_all(&list, false));
    check(plait_waitlist_closed(&list)); /* for ever, but for open */
    plait_waitlist_open(&list);
    check(!plait_waitlist_closed(&list));
    check(plait_waitlist_add(&list, &w));
    plait_waitlist_open(&list);
    check_number(waiters_listed(&list), 1);
    check(plait_waitlist_remove(&list, &w));
}

struct sleeper {
    plait_waiter node;
    plait_waitlist *list;
};

static int waits_on(void *sleeper)
{
    struct sleeper *s = sleeper;
    s->node = (plait_waiter){ .parker = plait_current()->parker };
    plait_waitlist_add(s->list, &s->node);
    return plait_wait_in(s->list, &s->node, PLAIT_FOREVER, PLAIT_CANCELLABLE);
}

TEST_IN_EACH_KIND(a_chain_is_woken_whole)
{
    plait_waitlist list = 0;
    struct sleeper s[3];
    struct runner *r[3];
    for (int i = 0; i < 3; i++) s[i].list = &list, r[i] = runner_start(waits_on, &s[i]), until_listed(&list, i + 1);
    plait_wake(NULL);
    plait_wake(plait_waitlist_claim_all(&list, false));
    for (int i = 0; i < 3; i++) {
        check_number(runner_join(r[i]), 0);
        check_number(state_of(&s[i].node), PLAIT_WOKEN);
    }
}

/* Claimed, but not woken yet: neither a passed deadline nor a token lets it go, for the waker is at work on its node. */
static int waits_a_second(void *sleeper)
{
    struct sleeper *s = sleeper;
    s->node = (plait_waiter){ .parker = plait_current()->parker };
    plait_waitlist_add(s->list, &s->node);
    return plait_wait_in(s->list, &s->node, plait_after(PLAIT_SECOND), PLAIT_CANCELLABLE);
}

TEST_IN_EACH_KIND(one_who_was_claimed_waits_for_its_waker_however_late)
{
    clock_by_hand();
    plait_waitlist list = 0;
    struct sleeper s = { .list = &list };
    struct runner *r = runner_start(waits_a_second, &s);
    until_asleep(r);
    uint64_t before = plait_wait_races;
    plait_waiter *claimed = plait_waitlist_claim(&list);
    check(claimed == &s.node);
    clock_move(2 * PLAIT_SECOND);
    until(plait_wait_races == before + 1);
    for (int i = 0; i < 10; i++) {
        until_asleep(r);
        plait_unpark(runner_parker(r));
        check(!runner_done(r));
    }
    plait_wake(claimed);
    check_code(runner_join(r), 0); /* woken beats late */
    clock_of_the_system();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_to_come_is_the_first_to_be_claimed),
        cmocka_unit_test(one_who_is_put_in_front_is_claimed_first),
        cmocka_unit_test(anybody_may_be_removed),
        cmocka_unit_test(one_who_was_claimed_cannot_be_removed),
        cmocka_unit_test(all_are_claimed_in_order),
        cmocka_unit_test(a_closed_list_takes_nobody_until_it_is_opened),
        cmocka_unit_test(a_chain_is_woken_whole),
        cmocka_unit_test(one_who_was_claimed_waits_for_its_waker_however_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
