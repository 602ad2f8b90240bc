/* test_queue_close.c: the end of a queue, and crowds that use it until then. */
#include "queue_flavours.h"

TEST_IN_EACH_KIND(Q18_AQ10_a_closed_queue_gives_what_is_left_and_then_ECLOSED)
{
    plait_queue *q = queue_of(3);
    put(q, 1);
    put(q, 2);
    plait_queue_close(q);
    plait_queue_close(q);
    refused(q, PLAIT_ECLOSED);
    get(q, 1);
    get(q, 2);
    for (int i = 0; i < 3; i++) nothing(q, PLAIT_ECLOSED);
    int item;
    check_code(plait_queue_get(q, &item, PLAIT_FOREVER), PLAIT_ECLOSED);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q22_getters_that_wait_are_woken_by_close)
{
    plait_queue *q = queue_of(3);
    struct side s[3] = { { .queue = q }, { .queue = q, .until = plait_after(1000 * PLAIT_SECOND) }, { .queue = q } };
    struct runner *r[3];
    for (int i = 0; i < 3; i++) r[i] = runner_start(gets_one, &s[i]), until_asleep(r[i]);
    plait_queue_close(q);
    for (int i = 0; i < 3; i++) check_code(runner_join(r[i]), PLAIT_ECLOSED);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q23_AQ10_putters_that_wait_are_woken_by_close)
{
    plait_queue *q = queue_of(1);
    put(q, 0);
    struct side s[3] = { { .queue = q }, { .queue = q, .until = plait_after(1000 * PLAIT_SECOND) }, { .queue = q } };
    struct runner *r[3];
    for (int i = 0; i < 3; i++) r[i] = runner_start(puts_one, &s[i]), until_asleep(r[i]);
    plait_queue_close(q);
    for (int i = 0; i < 3; i++) check_code(runner_join(r[i]), PLAIT_ECLOSED);
    get(q, 0);
    nothing(q, PLAIT_ECLOSED);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q25_Q26_after_close_joiners_wait_for_what_is_left)
{
    plait_queue *q = queue_of(2);
    put(q, 1);
    put(q, 2);
    struct side s[2] = { { .queue = q }, { .queue = q } };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(joins, &s[i]), until_asleep(r[i]);
    plait_queue_close(q);
    refused(q, PLAIT_ECLOSED);
    get(q, 1);
    check_code(plait_queue_task_done(q), 0);
    for (int i = 0; i < 2; i++) check(!runner_done(r[i]));
    get(q, 2);
    check_code(plait_queue_task_done(q), 0);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
    check_code(plait_queue_join(q, PLAIT_FOREVER), 0);
    check_code(plait_queue_task_done(q), PLAIT_EINVAL);
    plait_queue_free(q);
}

struct crowd {
    plait_queue *queue;
    int each;
    enum { BLOCKING, TRYING, TIMED } how;
    _Atomic int in, out, closed, joined;
    _Atomic long in_sum, out_sum;
};

static plait_deadline deadline_of(struct crowd *c)
{
    return c->how == BLOCKING ? PLAIT_FOREVER : c->how == TRYING ? PLAIT_NOW : plait_after(50 * PLAIT_MICROSECOND);
}

static int produces(void *crowd)
{
    struct crowd *c = crowd;
    for (int put = 0; put < c->each;) {
        int item = c->in++, err = plait_queue_put(c->queue, &item, deadline_of(c));
        if (err == 0) {
            c->in_sum += item;
            put++;
            continue;
        }
        c->in--;
        if (err == PLAIT_ECLOSED) break;
        check(err == PLAIT_EAGAIN || err == PLAIT_ETIMEDOUT);
        let_others_run();
    }
    return 0;
}

static int consumes(void *crowd)
{
    struct crowd *c = crowd;
    for (int item, err; (err = plait_queue_get(c->queue, &item, deadline_of(c))) != PLAIT_ECLOSED;) {
        if (err == 0) {
            c->out++;
            c->out_sum += item;
            check_code(plait_queue_task_done(c->queue), 0);
        } else {
            check(err == PLAIT_EAGAIN || err == PLAIT_ETIMEDOUT);
            let_others_run();
        }
    }
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

TEST_IN_EACH_KIND(Q29_under_close_nobody_hangs_and_each_getter_ends_once)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        struct crowd c = { .queue = flavour_of(f, 2), .each = 1000000 };
        struct runner *putters[3], *getters[3], *joiners[2];
        for (int i = 0; i < 3; i++) putters[i] = runner_start(produces, &c), getters[i] = runner_start(consumes, &c);
        for (int i = 0; i < 2; i++) joiners[i] = runner_start(waits_for_all, &c);
        until(c.out > 300);
        plait_queue_close(c.queue);
        for (int i = 0; i < 3; i++) runner_join(putters[i]);
        for (int i = 0; i < 3; i++) runner_join(getters[i]);
        for (int i = 0; i < 2; i++) runner_join(joiners[i]);
        check_number(c.closed, 3);
        check_number(c.joined, 2);
        check_number(c.out, c.in);
        check_number(c.out_sum, c.in_sum);
        plait_queue_free(c.queue);
    }
}

TEST_IN_EACH_KIND(Q30_of_one_getter_too_many_one_gets_ECLOSED)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        plait_queue *q = flavour_of(f, PLAIT_UNBOUNDED);
        struct side s[4] = { { .queue = q }, { .queue = q }, { .queue = q }, { .queue = q } };
        struct runner *r[4];
        for (int i = 0; i < 4; i++) r[i] = runner_start(gets_one, &s[i]), until_asleep(r[i]);
        for (int i = 0; i < 3; i++) put(q, i);
        plait_queue_close(q);
        int good = 0, closed = 0;
        for (int i = 0; i < 4; i++) {
            int err = runner_join(r[i]);
            good += err == 0;
            closed += err == PLAIT_ECLOSED;
        }
        check_number(good, 3);
        check_number(closed, 1);
        plait_queue_free(q);
    }
}

TEST_IN_EACH_KIND(Q31_workers_that_finish_what_is_left_release_the_joiners)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        struct crowd c = { .queue = flavour_of(f, 10) };
        struct runner *workers[2], *joiners[2];
        for (int i = 0; i < 10; i++) put(c.queue, i);
        for (int i = 0; i < 2; i++) joiners[i] = runner_start(waits_for_all, &c), until_asleep(joiners[i]);
        plait_queue_close(c.queue);
        for (int i = 0; i < 2; i++) workers[i] = runner_start(consumes, &c);
        for (int i = 0; i < 2; i++) runner_join(workers[i]), runner_join(joiners[i]);
        check_number(c.joined, 2);
        check_number(c.out, 10);
        plait_queue_free(c.queue);
    }
}

static int puts_in_order(void *side)
{
    struct side *s = side;
    for (int i = 0; i < s->item; i++) check_code(plait_queue_put(s->queue, &i, PLAIT_FOREVER), 0);
    return 0;
}

TEST_IN_EACH_KIND(Q32_one_producer_and_one_consumer_keep_the_order)
{
    static const size_t capacities[] = { 1, 3, 0, PLAIT_UNBOUNDED };
    for (size_t c = 0; c < 4; c++) {
        struct side s = { .queue = queue_of(capacities[c]), .item = 1000 };
        struct runner *r = runner_start(puts_in_order, &s);
        for (int i = 0, item; i < 1000; i++) {
            check_code(plait_queue_get(s.queue, &item, PLAIT_FOREVER), 0);
            check_number(item, i);
        }
        runner_join(r);
        plait_queue_free(s.queue);
    }
}

static void many_of_both(struct crowd *c)
{
    struct runner *putters[3], *getters[3];
    for (int i = 0; i < 3; i++) putters[i] = runner_start(produces, c), getters[i] = runner_start(consumes, c);
    for (int i = 0; i < 3; i++) runner_join(putters[i]);
    plait_queue_close(c->queue);
    for (int i = 0; i < 3; i++) runner_join(getters[i]);
    check_number(c->out, 3 * c->each);
    check_number(c->out_sum, c->in_sum);
    check_code(plait_queue_join(c->queue, PLAIT_NOW), 0);
    plait_queue_free(c->queue);
}

TEST_IN_EACH_KIND(Q33_AQ13_of_many_producers_and_consumers_each_item_is_taken_once)
{
    static const size_t capacities[] = { 1, 3, PLAIT_UNBOUNDED, 0 };
    for (int how = BLOCKING; how <= TIMED; how++)
        for (enum flavour f = FIFO; f < FLAVOURS; f++)
            for (size_t n = 0; n < 4; n++) {
                if (capacities[n] == 0 && (how == TRYING || f > RESIZABLE))
                    continue; /* who only tries never meets who only tries; in a rendezvous there is no order */
                struct crowd c = { .queue = flavour_of(f, capacities[n]), .each = how == BLOCKING ? 300 : 60 };
                c.how = how;
                many_of_both(&c);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(Q18_AQ10_a_closed_queue_gives_what_is_left_and_then_ECLOSED),
        cmocka_unit_test(Q22_getters_that_wait_are_woken_by_close),
        cmocka_unit_test(Q23_AQ10_putters_that_wait_are_woken_by_close),
        cmocka_unit_test(Q25_Q26_after_close_joiners_wait_for_what_is_left),
        cmocka_unit_test(Q29_under_close_nobody_hangs_and_each_getter_ends_once),
        cmocka_unit_test(Q30_of_one_getter_too_many_one_gets_ECLOSED),
        cmocka_unit_test(Q31_workers_that_finish_what_is_left_release_the_joiners),
        cmocka_unit_test(Q32_one_producer_and_one_consumer_keep_the_order),
        cmocka_unit_test(Q33_AQ13_of_many_producers_and_consumers_each_item_is_taken_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
