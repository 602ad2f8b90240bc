/* test_queue_order.c: queues in another order than first in, first out; and that all the rest is the same for them. */
#include "fault.h"
#include "queue_flavours.h"

TEST_IN_EACH_KIND(Q1_AQ1_the_last_in_is_the_first_out)
{
    plait_queue *q = flavour_of(LIFO, PLAIT_UNBOUNDED);
    for (int i = 0; i < 100; i++) put(q, i);
    for (int i = 99; i >= 50; i--) get(q, i);
    for (int i = 200; i < 210; i++) put(q, i);
    for (int i = 209; i >= 200; i--) get(q, i);
    for (int i = 49; i >= 0; i--) get(q, i);
    nothing(q, PLAIT_EAGAIN);
    plait_queue_free(q);
}

TEST_IN_EACH_KIND(Q1_AQ1_the_smallest_first)
{
    plait_queue *q = flavour_of(PRIORITY, PLAIT_UNBOUNDED);
    enum { N = 500 };
    unsigned random = 12345;
    int counts[N] = { 0 };
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++) {
            random = random * 1103515245 + 12345;
            int item = (int)(random >> 16) % N;
            counts[item]++;
            put(q, item);
        }
        for (int i = 0, smallest = 0; i < N - 10 * round; i++) {
            while (!counts[smallest]) smallest++;
            counts[smallest]--;
            get(q, smallest);
        }
    }
    plait_queue_free(q);
}

struct job {
    long double weight; /* wants to lie aligned */
    int priority, number;
};

static int by_priority(const void *a, const void *b, void *calls)
{
    const struct job *x = a, *y = b;
    check((uintptr_t)x % _Alignof(struct job) == 0 && (uintptr_t)y % _Alignof(struct job) == 0);
    ++*(int *)calls;
    return y->priority - x->priority; /* the highest first */
}

TEST_IN_EACH_KIND(Q36_of_equal_ones_the_first_in_is_the_first_out)
{
    int calls = 0;
    plait_queue_options o = { .compare = by_priority, .context = &calls };
    plait_queue *q = plait_queue_new_with(sizeof(struct job), 300, &o);
    check(q);
    for (int i = 0; i < 300; i++) {
        struct job j = { .weight = i, .priority = i * 7 % 3, .number = i };
        check_code(plait_queue_put(q, &j, PLAIT_NOW), 0);
        if (i % 4 == 3) { /* some leave meanwhile, and come again */
            check_code(plait_queue_get(q, &j, PLAIT_NOW), 0);
            j.number = i;
            check_code(plait_queue_put(q, &j, PLAIT_NOW), 0);
        }
    }
    int priority = 2, number = -1;
    for (int i = 0; i < 300; i++) {
        struct job j;
        check_code(plait_queue_get(q, &j, PLAIT_NOW), 0);
        check(j.priority <= priority);
        if (j.priority < priority) priority = j.priority, number = -1;
        check(j.number >= number);
        number = j.number;
    }
    check_number(priority, 0);
    check(calls > 300);
    plait_queue_free(q);
}

static int one_after_another(const void *a, const void *b, void *context)
{
    (void)a, (void)b, (void)context;
    return 0;
}

TEST_IN_EACH_KIND(Q36_where_all_are_equal_it_is_first_in_first_out)
{
    plait_queue_options o = { .compare = one_after_another };
    plait_queue *q = plait_queue_new_with(sizeof(int), PLAIT_UNBOUNDED, &o);
    for (int i = 0, out = 0; i < 1000; i++) {
        put(q, i);
        if (i % 3 == 2) get(q, out++);
    }
    for (int i = 333; i < 1000; i++) get(q, i);
    plait_queue_free(q);
}

static void options_that_contradict_each_other_are_refused(void **unused)
{
    (void)unused;
    plait_queue_options both = { .lifo = true, .compare = by_size }, lifo = { .lifo = true },
                        priority = { .compare = by_size };
    check(!plait_queue_new_with(sizeof(int), 5, &both));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check(!plait_queue_new_with(sizeof(int), 0, &lifo));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check(!plait_queue_new_with(sizeof(int), 0, &priority));
    check_contains(plait_error()->message, "an order for a queue in which no item rests");
    check(!plait_queue_new_with(0, 5, &lifo));
    check(!plait_queue_new_with(SIZE_MAX / 4, 5, &priority));
    check_code(plait_error()->code, PLAIT_EINVAL);
    struct {
        plait_queue_options known;
        int unknown;
    } newer = { .unknown = 1 };
    check(!plait_queue_new_sized(sizeof(int), 5, &newer.known, sizeof newer));
    check_code(plait_error()->code, PLAIT_EINVAL);
}

TEST_IN_EACH_KIND(Q4_Q7_Q10_Q11_to_try_and_to_be_late_are_the_same)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        plait_queue *q = flavour_of(f, 2);
        int item = 77;
        nothing(q, PLAIT_EAGAIN);
        check_code(plait_queue_get(q, &item, plait_after(-1)), PLAIT_ETIMEDOUT);
        put(q, 0);
        check_code(plait_queue_put(q, &(int){ 1 }, plait_after(-PLAIT_SECOND)), 0); /* late, and need not wait */
        refused(q, PLAIT_EAGAIN);
        check_code(plait_queue_put(q, &item, plait_deadline_at_(1)), PLAIT_ETIMEDOUT);
        check_number(plait_queue_count(q), 2);
        for (int i = 0; i < 2; i++) get(q, nth_of(f, i, 2));
        plait_queue_free(q);
    }
}

TEST_IN_EACH_KIND(Q5_Q6_Q8_AQ2_to_wait_is_the_same)
{
    clock_by_hand();
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        plait_queue *q = flavour_of(f, 1);
        struct side late = { .queue = q, .until = plait_after(PLAIT_SECOND) }, s = { .queue = q, .item = 5 };
        struct runner *l = runner_start(gets_one, &late), *r;
        until_asleep(l);
        r = runner_start(gets_one, &s), until_asleep(r);
        clock_move(PLAIT_SECOND);
        check_code(runner_join(l), PLAIT_ETIMEDOUT);
        put(q, 3);
        check_code(runner_join(r), 0);
        check_number(s.item, 3);
        put(q, 4);
        late.until = plait_after(PLAIT_SECOND);
        l = runner_start(puts_one, &late), until_asleep(l);
        s.item = 5;
        r = runner_start(puts_one, &s), until_asleep(r);
        clock_move(PLAIT_SECOND);
        check_code(runner_join(l), PLAIT_ETIMEDOUT);
        get(q, 4);
        check_code(runner_join(r), 0);
        get(q, 5);
        plait_queue_free(q);
    }
    clock_of_the_system();
}

TEST_IN_EACH_KIND(Q12_Q14_Q18_Q25_Q26_what_is_counted_is_the_same)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        plait_queue *q = flavour_of(f, 3);
        check_code(plait_queue_task_done(q), PLAIT_EINVAL);
        check_code(plait_queue_join(q, PLAIT_FOREVER), 0);
        for (int i = 0; i < 3; i++) put(q, i);
        check_code(plait_queue_join(q, PLAIT_NOW), PLAIT_EAGAIN);
        struct side s = { .queue = q };
        struct runner *r = runner_start(joins, &s);
        until_asleep(r);
        plait_queue_close(q);
        refused(q, PLAIT_ECLOSED);
        for (int i = 0; i < 3; i++) {
            check(!runner_done(r));
            get(q, nth_of(f, i, 3));
            check_code(plait_queue_task_done(q), 0);
        }
        check_code(runner_join(r), 0);
        nothing(q, PLAIT_ECLOSED);
        check_code(plait_queue_task_done(q), PLAIT_EINVAL);
        plait_queue_free(q);
    }
}

TEST_IN_EACH_KIND(Q22_Q23_who_waits_is_woken_by_close)
{
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        for (int putters = 0; putters < 2; putters++) {
            plait_queue *q = flavour_of(f, 1);
            if (putters) put(q, 0);
            struct side s[3] = { { .queue = q }, { .queue = q }, { .queue = q } };
            struct runner *r[3];
            for (int i = 0; i < 3; i++) r[i] = runner_start(putters ? puts_one : gets_one, &s[i]), until_asleep(r[i]);
            plait_queue_close(q);
            for (int i = 0; i < 3; i++) check_code(runner_join(r[i]), PLAIT_ECLOSED);
            plait_queue_free(q);
        }
    }
}

TEST_IN_EACH_KIND(Q16_without_memory_to_grow_it_stays_usable)
{
    for (enum flavour f = RESIZABLE; f < FLAVOURS; f++) {
        plait_queue *q = flavour_of(f, PLAIT_UNBOUNDED);
        int count = 0;
        fault_all("memory");
        while (plait_queue_put(q, &count, PLAIT_NOW) == 0) count++;
        check_code(plait_queue_put(q, &count, PLAIT_FOREVER), PLAIT_ENOMEM);
        fault_off();
        check(count > 0);
        check_number(plait_queue_count(q), count);
        put(q, count);
        for (int i = 0; i <= count; i++) get(q, nth_of(f, i, count + 1));
        nothing(q, PLAIT_EAGAIN);
        plait_queue_free(q);
    }
}

struct crowd {
    plait_queue *queue;
    _Atomic int in, out;
    _Atomic long in_sum, out_sum;
};

static int produces(void *crowd)
{
    struct crowd *c = crowd;
    for (int i = 0; i < 500; i++) {
        int item = c->in++;
        c->in_sum += item;
        check_code(plait_queue_put(c->queue, &item, PLAIT_FOREVER), 0);
    }
    return 0;
}

static int consumes(void *crowd)
{
    struct crowd *c = crowd;
    for (int item, err; (err = plait_queue_get(c->queue, &item, PLAIT_FOREVER)) != PLAIT_ECLOSED;) {
        check_code(err, 0);
        c->out++;
        c->out_sum += item;
        check_code(plait_queue_task_done(c->queue), 0);
    }
    return 0;
}

TEST_IN_EACH_KIND(Q31_Q33_each_item_is_taken_once)
{
    for (enum flavour f = RESIZABLE; f < FLAVOURS; f++) {
        struct crowd c = { .queue = flavour_of(f, 7) };
        struct runner *putters[3], *getters[3];
        for (int i = 0; i < 3; i++) putters[i] = runner_start(produces, &c), getters[i] = runner_start(consumes, &c);
        for (int i = 0; i < 3; i++) runner_join(putters[i]);
        plait_queue_close(c.queue);
        check_code(plait_queue_join(c.queue, PLAIT_FOREVER), 0);
        for (int i = 0; i < 3; i++) runner_join(getters[i]);
        check_number(c.out, 1500);
        check_number(c.out_sum, c.in_sum);
        plait_queue_free(c.queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(Q1_AQ1_the_last_in_is_the_first_out),
        cmocka_unit_test(Q1_AQ1_the_smallest_first),
        cmocka_unit_test(Q36_of_equal_ones_the_first_in_is_the_first_out),
        cmocka_unit_test(Q36_where_all_are_equal_it_is_first_in_first_out),
        cmocka_unit_test(options_that_contradict_each_other_are_refused),
        cmocka_unit_test(Q4_Q7_Q10_Q11_to_try_and_to_be_late_are_the_same),
        cmocka_unit_test(Q5_Q6_Q8_AQ2_to_wait_is_the_same),
        cmocka_unit_test(Q12_Q14_Q18_Q25_Q26_what_is_counted_is_the_same),
        cmocka_unit_test(Q22_Q23_who_waits_is_woken_by_close),
        cmocka_unit_test(Q16_without_memory_to_grow_it_stays_usable),
        cmocka_unit_test(Q31_Q33_each_item_is_taken_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
