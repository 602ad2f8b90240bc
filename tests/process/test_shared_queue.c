/* test_shared_queue.c: items handed from process to process. */
#include "clock.h"
#include "others.h"
#include <unistd.h>

enum { MIB = 1 << 20 };

struct item {
    unsigned from, number;
    unsigned char rest[40];
};

struct shared {
    plait_queue *queue;
    _Atomic int step;
    _Atomic uint64_t sum;
};
static plait_shared_memory *memory;

static struct shared *begin(size_t capacity)
{
    memory = shared_begin(8 * MIB);
    struct shared *s = plait_shared_alloc(memory, sizeof *s);
    check(s != NULL);
    s->queue = plait_shared_queue_new(memory, sizeof(struct item), capacity);
    check(s->queue != NULL);
    return s;
}

static void end(struct shared *s)
{
    plait_queue_free(s->queue);
    shared_end(memory);
}

static int put(struct shared *s, unsigned from, unsigned number, plait_deadline deadline)
{
    struct item i = { .from = from, .number = number };
    memset(i.rest, (int)(from ^ number), sizeof i.rest);
    return plait_queue_put(s->queue, &i, deadline);
}

static int get(struct shared *s, struct item *i, plait_deadline deadline)
{
    int err = plait_queue_get(s->queue, i, deadline);
    for (size_t n = 0; !err && n < sizeof i->rest; n++) check(i->rest[n] == (unsigned char)(i->from ^ i->number));
    return err;
}

static int puts_two(void *shared)
{
    struct shared *s = shared;
    return put(s, 1, 2, PLAIT_FOREVER) || put(s, 1, 3, PLAIT_FOREVER);
}

static void J2_items_put_before_a_fork_and_in_the_child_all_arrive_in_order(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin(10);
    for (unsigned n = 0; n < 2; n++) check_code(put(s, 0, n, PLAIT_NOW), 0);
    check_number(other_join(other_start(puts_two, s)), 0);
    for (unsigned n = 0; n < 4; n++) {
        struct item i;
        check_code(get(s, &i, PLAIT_NOW), 0);
        check_number(i.number, n);
        check_number(i.from, n >= 2);
    }
    struct item i;
    check_code(get(s, &i, PLAIT_NOW), PLAIT_EAGAIN);
    end(s);
}

static int takes_one(void *shared)
{
    struct item i;
    return get(shared, &i, PLAIT_FOREVER);
}

static void J3_J10_the_count_follows_puts_and_gets_at_once(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin(3);
    for (unsigned n = 0; n < 3; n++) {
        check_number(plait_queue_count(s->queue), n);
        check_code(put(s, 0, n, PLAIT_NOW), 0);
    }
    check_number(plait_queue_count(s->queue), 3);
    check_code(put(s, 0, 3, PLAIT_NOW), PLAIT_EAGAIN);
    check_number(other_join(other_start(takes_one, s)), 0);
    check_number(plait_queue_count(s->queue), 2);
    end(s);
}

enum { WORKERS = 3, JOBS = 200 };

static int works(void *shared)
{
    struct shared *s = shared;
    struct item i;
    int err;
    while ((err = get(s, &i, PLAIT_FOREVER)) == 0) {
        s->sum += i.number;
        if (plait_queue_task_done(s->queue)) return 1;
    }
    return err == PLAIT_ECLOSED ? 0 : 2;
}

TEST_IN_EACH_KIND(J4_join_returns_when_other_processes_have_dealt_with_all_items)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin(8);
    check_code(plait_queue_join(s->queue, PLAIT_NOW), 0);
    pid_t workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) workers[i] = other_start(works, s);
    uint64_t sum = 0;
    for (unsigned n = 0; n < JOBS; n++) {
        check_code(put(s, 0, n, PLAIT_FOREVER), 0);
        sum += n;
    }
    check_code(plait_queue_join(s->queue, PLAIT_FOREVER), 0);
    check_number(s->sum, sum);
    check_code(plait_queue_task_done(s->queue), PLAIT_EINVAL);
    plait_queue_close(s->queue);
    for (int i = 0; i < WORKERS; i++) check_number(other_join(workers[i]), 0);
    end(s);
}

struct getter {
    struct shared *s;
    plait_deadline deadline;
};

static int gets(void *getter)
{
    struct getter *g = getter;
    struct item i;
    int err = get(g->s, &i, g->deadline);
    return err ? err : (int)i.number;
}

TEST_IN_EACH_KIND(J5_a_get_with_a_deadline_waits_until_then)
{
    clock_by_hand();
    struct shared *s = begin(1);
    struct getter g = { s, plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(gets, &g);
    until_asleep(r);
    clock_move(PLAIT_SECOND - 1);
    until_asleep(r);
    check(!runner_done(r));
    clock_move(1);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    clock_of_the_system();
    end(s);
}

TEST_IN_EACH_KIND(J6_J7_a_put_that_fails_tells_its_caller_and_the_queue_goes_on)
{
    struct shared *s = begin(1);
    check_code(put(s, 0, 0, PLAIT_NOW), 0);
    check_code(put(s, 0, 1, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(put(s, 0, 1, plait_after(0)), PLAIT_ETIMEDOUT);
    check_number(plait_queue_count(s->queue), 1);
    check_number(gets(&(struct getter){ s, PLAIT_NOW }), 0);
    check_number(plait_queue_count(s->queue), 0);
    check_code(put(s, 0, 2, PLAIT_NOW), 0);
    check_number(gets(&(struct getter){ s, PLAIT_NOW }), 2);
    end(s);
}

static int gets_until_closed(void *shared)
{
    struct shared *s = shared;
    struct item i;
    int err, count = 0;
    s->step++;
    while ((err = get(s, &i, PLAIT_FOREVER)) == 0) count++;
    return err == PLAIT_ECLOSED ? count : 100;
}

TEST_IN_EACH_KIND(J8_J14_a_closed_queue_takes_no_more_and_is_drained_and_may_be_closed_again)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin(4);
    pid_t other = other_start(gets_until_closed, s);
    struct runner *r = runner_start(gets_until_closed, s);
    until(s->step == 2);
    until_asleep(r);
    for (unsigned n = 0; n < 20; n++) check_code(put(s, 0, n, PLAIT_FOREVER), 0);
    plait_queue_close(s->queue);
    plait_queue_close(s->queue);
    check_code(put(s, 0, 0, PLAIT_FOREVER), PLAIT_ECLOSED);
    check_number(runner_join(r) + other_join(other), 20);
    check_number(plait_queue_count(s->queue), 0);
    check_code(gets(&(struct getter){ s, PLAIT_NOW }), PLAIT_ECLOSED);
    end(s);
}

/* Most often the one that was woken for the item has not looked yet when the queue is closed: so it is he who tells. */
TEST_IN_EACH_KIND(a_close_reaches_all_though_the_one_that_was_woken_is_slow)
{
    for (int round = 0; round < 20; round++) {
        struct shared *s = begin(4);
        struct runner *r[3];
        for (int i = 0; i < 3; i++) r[i] = runner_start(gets_until_closed, s), until_asleep(r[i]);
        check_code(put(s, 0, 1, PLAIT_FOREVER), 0);
        plait_queue_close(s->queue);
        int got = 0;
        for (int i = 0; i < 3; i++) got += runner_join(r[i]);
        check_number(got, 1);
        end(s);
    }
}

/* Likewise for the second of two items. */
TEST_IN_EACH_KIND(items_put_at_once_reach_as_many_that_sleep)
{
    for (int round = 0; round < 20; round++) {
        struct shared *s = begin(4);
        struct getter g = { s, PLAIT_FOREVER };
        struct runner *r[3];
        for (int i = 0; i < 3; i++) r[i] = runner_start(gets, &g), until_asleep(r[i]);
        for (unsigned n = 0; n < 3; n++) check_code(put(s, 0, n, PLAIT_FOREVER), 0);
        int sum = 0;
        for (int i = 0; i < 3; i++) sum += runner_join(r[i]);
        check_number(sum, 3);
        end(s);
    }
}

TEST_IN_EACH_KIND(J9_to_close_a_queue_that_nobody_used_waits_for_nothing)
{
    struct shared *s = begin(4);
    plait_queue_close(s->queue);
    check_code(plait_queue_join(s->queue, PLAIT_NOW), 0);
    end(s);
}

TEST_IN_EACH_KIND(a_queue_closed_now_drops_what_is_in_it_and_counts_it_as_done)
{
    struct shared *s = begin(4);
    for (unsigned n = 0; n < 4; n++) check_code(put(s, 0, n, PLAIT_FOREVER), 0);
    check_number(gets(&(struct getter){ s, PLAIT_NOW }), 0);
    plait_queue_close_now(s->queue);
    check_code(gets(&(struct getter){ s, PLAIT_NOW }), PLAIT_ECLOSED);
    check_code(plait_queue_join(s->queue, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_queue_task_done(s->queue), 0);
    check_code(plait_queue_join(s->queue, PLAIT_FOREVER), 0);
    end(s);
}

enum { MANY = 100000 };

static int puts_many_and_ends(void *shared)
{
    for (unsigned n = 0; n < MANY; n++)
        if (put(shared, 1, n, PLAIT_NOW)) return 1;
    return 0;
}

static void J11_M17_a_process_ends_though_nobody_has_taken_what_it_put(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin(MANY);
    check_number(other_join(other_start(puts_many_and_ends, s)), 0);
    for (unsigned n = 0; n < MANY; n++) {
        struct item i;
        check_code(get(s, &i, PLAIT_NOW), 0);
        check_number(i.number, n);
    }
    end(s);
}

static int takes_one_and_waits(void *shared)
{
    struct shared *s = shared;
    s->step++;
    struct item i;
    if (get(s, &i, PLAIT_FOREVER)) return 1;
    wait_for_the_end();
}

TEST_IN_EACH_KIND(a_getter_that_dies_asleep_takes_nothing_with_it)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin(4);
    pid_t other = other_start(takes_one_and_waits, s);
    until(s->step == 1);
    struct runner *r = runner_start(gets, &(struct getter){ s, PLAIT_FOREVER });
    until_asleep(r);
    other_kill(other);
    check_code(put(s, 0, 7, PLAIT_FOREVER), 0);
    check_number(runner_join(r), 7);
    end(s);
}

static int puts_all(void *shared)
{
    for (unsigned n = 0; n < JOBS; n++)
        if (put(shared, 2, n, PLAIT_FOREVER)) return 1;
    return 0;
}

TEST_IN_EACH_KIND(a_full_one_makes_putters_of_all_kinds_wait)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin(1);
    pid_t other = other_start(puts_all, s);
    struct runner *r = runner_start(puts_all, s);
    uint64_t sum = 0;
    for (unsigned n = 0; n < 2 * JOBS; n++) sum += (unsigned)gets(&(struct getter){ s, PLAIT_FOREVER });
    check_number(sum, 2 * (JOBS * (JOBS - 1) / 2));
    check_number(runner_join(r), 0);
    check_number(other_join(other), 0);
    end(s);
}

static void a_shape_that_cannot_be_is_told(void **unused)
{
    (void)unused;
    memory = shared_begin(MIB);
    check(!plait_shared_queue_new(memory, 0, 5));
    check_code(plait_error_code(), PLAIT_EINVAL);
    check(!plait_shared_queue_new(memory, 8, 0));
    check_code(plait_error_code(), PLAIT_EINVAL);
    check(!plait_shared_queue_new(memory, 8, PLAIT_UNBOUNDED));
    check_code(plait_error_code(), PLAIT_ENOMEM);
    plait_queue *q = plait_shared_queue_new(memory, 8, 5);
    check_code(plait_queue_set_capacity(q, 6), PLAIT_ENOTSUP);
    plait_queue_free(q);
    shared_end(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(J2_items_put_before_a_fork_and_in_the_child_all_arrive_in_order),
        cmocka_unit_test(J3_J10_the_count_follows_puts_and_gets_at_once),
        cmocka_unit_test(J4_join_returns_when_other_processes_have_dealt_with_all_items),
        cmocka_unit_test(J5_a_get_with_a_deadline_waits_until_then),
        cmocka_unit_test(J6_J7_a_put_that_fails_tells_its_caller_and_the_queue_goes_on),
        cmocka_unit_test(J8_J14_a_closed_queue_takes_no_more_and_is_drained_and_may_be_closed_again),
        cmocka_unit_test(items_put_at_once_reach_as_many_that_sleep),
        cmocka_unit_test(a_close_reaches_all_though_the_one_that_was_woken_is_slow),
        cmocka_unit_test(J9_to_close_a_queue_that_nobody_used_waits_for_nothing),
        cmocka_unit_test(a_queue_closed_now_drops_what_is_in_it_and_counts_it_as_done),
        cmocka_unit_test(J11_M17_a_process_ends_though_nobody_has_taken_what_it_put),
        cmocka_unit_test(a_getter_that_dies_asleep_takes_nothing_with_it),
        cmocka_unit_test(a_full_one_makes_putters_of_all_kinds_wait),
        cmocka_unit_test(a_shape_that_cannot_be_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
