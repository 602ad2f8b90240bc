/* test_queue_close_now.c: the end of a queue with what is in it, and who is given that. */
#include "queue_flavours.h"
#include <plait/event.h>

/* What was dropped, in order. */
struct dropped {
    int items[16];
    _Atomic int count;
    plait_event *may_go; /* the first one waits for that */
};

static void drop(void *item, void *dropped)
{
    struct dropped *d = dropped;
    if (d->may_go && d->count == 0) check_code(plait_event_wait(d->may_go, PLAIT_FOREVER), 0);
    d->items[d->count] = *(int *)item;
    d->count++;
}

static plait_queue *dropping(enum flavour flavour, size_t capacity, struct dropped *d)
{
    plait_queue_options o = { .drop = drop, .context = d };
    return flavour_with(flavour, capacity, &o);
}

TEST_IN_EACH_KIND(Q20_Q21_AQ11_what_is_inside_is_dropped_and_counts_as_done)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        struct dropped d = { .count = 0 };
        plait_queue *q = dropping(f, 5, &d);
        for (int i = 0; i < 4; i++) put(q, i);
        plait_queue_close_now(q);
        check_number(d.count, 4);
        for (int i = 0; i < 4; i++) check_number(d.items[i], nth_of(f, i, 4));
        for (int i = 0; i < 3; i++) nothing(q, PLAIT_ECLOSED);
        refused(q, PLAIT_ECLOSED);
        check_number(plait_queue_count(q), 0);
        check_code(plait_queue_join(q, PLAIT_FOREVER), 0);
        check_code(plait_queue_task_done(q), PLAIT_EINVAL);
        plait_queue_free(q);
        check_number(d.count, 4);
    }
}

TEST_IN_EACH_KIND(Q20_without_a_function_for_it_they_are_just_gone)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        plait_queue *q = flavour_of(f, PLAIT_UNBOUNDED);
        for (int i = 0; i < 40; i++) put(q, i);
        plait_queue_close_now(q);
        nothing(q, PLAIT_ECLOSED);
        check_code(plait_queue_join(q, PLAIT_NOW), 0);
        plait_queue_free(q);
    }
}

TEST_IN_EACH_KIND(Q22_Q23_Q24_whoever_waits_is_woken)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        for (int putters = 0; putters < 2; putters++) {
            struct dropped d = { .count = 0 };
            plait_queue *q = dropping(f, 1, &d);
            put(q, 7);
            if (!putters) get(q, 7);
            struct side s[3] = { { .queue = q }, { .queue = q }, { .queue = q } };
            struct runner *r[3];
            for (int i = 0; i < 3; i++)
                r[i] = runner_start(i == 2 ? joins : putters ? puts_one : gets_one, &s[i]), until_asleep(r[i]);
            plait_queue_close_now(q);
            for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), PLAIT_ECLOSED);
            check_number(d.count, putters);
            if (!putters) { /* Q27: what was taken before is still to be dealt with */
                check(!runner_done(r[2]));
                check_code(plait_queue_task_done(q), 0);
            }
            check_code(runner_join(r[2]), 0);
            check_code(plait_queue_task_done(q), PLAIT_EINVAL);
            plait_queue_free(q);
        }
    }
}

TEST_IN_EACH_KIND(Q27_what_was_taken_before_still_needs_its_task_done)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        struct dropped d = { .count = 0 };
        plait_queue *q = dropping(f, 3, &d);
        for (int i = 0; i < 3; i++) put(q, i);
        get(q, nth_of(f, 0, 3));
        plait_queue_close_now(q);
        check_number(d.count, 2);
        check_code(plait_queue_join(q, PLAIT_NOW), PLAIT_EAGAIN);
        check_code(plait_queue_task_done(q), 0);
        check_code(plait_queue_join(q, PLAIT_NOW), 0);
        check_code(plait_queue_task_done(q), PLAIT_EINVAL);
        plait_queue_free(q);
    }
}

TEST_IN_EACH_KIND(Q28_it_may_come_after_close_and_stays)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        plait_queue *q = flavour_of(f, 3);
        for (int i = 0; i < 3; i++) put(q, i);
        plait_queue_close(q);
        get(q, nth_of(f, 0, 3));
        plait_queue_close_now(q);
        nothing(q, PLAIT_ECLOSED);
        plait_queue_close(q);
        plait_queue_close_now(q);
        nothing(q, PLAIT_ECLOSED);
        refused(q, PLAIT_ECLOSED);
        plait_queue_free(q);
    }
}

TEST_IN_EACH_KIND(Q34_what_was_taken_is_not_dropped_and_the_rest_with_the_queue)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        struct dropped d = { .count = 0 };
        plait_queue *q = dropping(f, 3, &d);
        for (int i = 0; i < 3; i++) put(q, i);
        get(q, nth_of(f, 0, 3));
        check_number(d.count, 0);
        plait_queue_free(q);
        check_number(d.count, 2);
        for (int i = 0; i < 2; i++) check_number(d.items[i], nth_of(f, i + 1, 3));
    }
}

static int closes_now(void *queue)
{
    plait_queue_close_now(queue);
    return 0;
}

TEST_IN_EACH_KIND(joiners_go_when_the_last_has_been_dropped_and_one_drops)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        plait_event may_go = PLAIT_EVENT_INIT;
        struct dropped d = { .may_go = &may_go };
        plait_queue *q = dropping(f, 4, &d);
        for (int i = 0; i < 3; i++) put(q, i);
        struct side s = { .queue = q };
        struct runner *joiner = runner_start(joins, &s), *closer;
        until_asleep(joiner);
        closer = runner_start(closes_now, q);
        until_listed(&may_go.waiters, 1); /* it is dropping the first */
        refused(q, PLAIT_ECLOSED);
        plait_queue_close_now(q); /* somebody is at it */
        check_number(d.count, 0);
        check(!runner_done(joiner));
        plait_event_set(&may_go);
        check_code(runner_join(closer), 0);
        check_code(runner_join(joiner), 0);
        check_number(d.count, 3);
        plait_queue_free(q);
    }
}

TEST_IN_EACH_KIND(in_a_rendezvous_there_is_nothing_to_drop)
{
    struct dropped d = { .count = 0 };
    plait_queue_options o = { .drop = drop, .context = &d };
    plait_queue *q = plait_queue_new_with(sizeof(int), 0, &o);
    struct side s[2] = { { .queue = q }, { .queue = q } };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(puts_one, &s[i]), until_asleep(r[i]);
    plait_queue_close_now(q);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), PLAIT_ECLOSED);
    plait_queue_free(q);
    check_number(d.count, 0);
}

struct crowd {
    plait_queue *queue;
    _Atomic int put, got, dropped, closed, joined;
};

static void counts(void *item, void *crowd)
{
    (void)item;
    ((struct crowd *)crowd)->dropped++;
}

static int produces(void *crowd)
{
    struct crowd *c = crowd;
    int item = 1, err;
    while ((err = plait_queue_put(c->queue, &item, PLAIT_FOREVER)) == 0) c->put++;
    check_code(err, PLAIT_ECLOSED);
    return 0;
}

static int consumes(void *crowd)
{
    struct crowd *c = crowd;
    int item, err;
    while ((err = plait_queue_get(c->queue, &item, PLAIT_FOREVER)) == 0) {
        c->got++;
        check_code(plait_queue_task_done(c->queue), 0);
    }
    check_code(err, PLAIT_ECLOSED);
    c->closed++;
    return 0;
}

static int waits_for_all(void *crowd)
{
    struct crowd *c = crowd;
    check_code(plait_queue_join(c->queue, PLAIT_FOREVER), 0);
    c->joined++;
    return 0;
}

TEST_IN_EACH_KIND(Q29_nobody_hangs_and_each_item_is_got_or_dropped)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        struct crowd c = { .put = 0 };
        plait_queue_options o = { .drop = counts, .context = &c };
        c.queue = flavour_with(f, 4, &o);
        struct runner *putters[3], *getters[2], *joiners[2];
        for (int i = 0; i < 3; i++) putters[i] = runner_start(produces, &c);
        for (int i = 0; i < 2; i++)
            getters[i] = runner_start(consumes, &c), joiners[i] = runner_start(waits_for_all, &c);
        until(c.got > 200);
        plait_queue_close_now(c.queue);
        for (int i = 0; i < 3; i++) runner_join(putters[i]);
        for (int i = 0; i < 2; i++) runner_join(getters[i]), runner_join(joiners[i]);
        check_number(c.closed, 2);
        check_number(c.joined, 2);
        check_number(c.put, c.got + c.dropped);
        plait_queue_free(c.queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(Q20_Q21_AQ11_what_is_inside_is_dropped_and_counts_as_done),
        cmocka_unit_test(Q20_without_a_function_for_it_they_are_just_gone),
        cmocka_unit_test(Q22_Q23_Q24_whoever_waits_is_woken),
        cmocka_unit_test(Q27_what_was_taken_before_still_needs_its_task_done),
        cmocka_unit_test(Q28_it_may_come_after_close_and_stays),
        cmocka_unit_test(Q34_what_was_taken_is_not_dropped_and_the_rest_with_the_queue),
        cmocka_unit_test(joiners_go_when_the_last_has_been_dropped_and_one_drops),
        cmocka_unit_test(in_a_rendezvous_there_is_nothing_to_drop),
        cmocka_unit_test(Q29_nobody_hangs_and_each_item_is_got_or_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
