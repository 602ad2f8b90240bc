/* test_wait_tells.c: what a wait for several futures says of them is what is so when it returns, not when it was woken. */
#include "clock.h"
#include "future/beside.h"

PLAIT_PROMISE(number, int);
static const int seven = 7;

enum { MANY = 4 };
struct waiting {
    plait_future *futures[MANY];
    plait_promise *promises[MANY];
    plait_wait_mode mode;
    plait_deadline until;
    size_t done, found; /* said, and seen right after */
};

static int waits(void *waiting)
{
    struct waiting *w = waiting;
    int err = plait_wait(w->futures, MANY, w->mode, w->until, &w->done);
    while (w->found < MANY && plait_future_get_state(w->futures[w->found]) == PLAIT_FUTURE_FINISHED) w->found++;
    return err;
}

static void begin(struct waiting *w, plait_wait_mode mode, plait_deadline until)
{
    *w = (struct waiting){ .mode = mode, .until = until };
    for (int i = 0; i < MANY; i++) w->promises[i] = plait_promise_new(number, &w->futures[i]);
}

static void end(struct waiting *w)
{
    for (int i = 0; i < MANY; i++) {
        if (plait_promise_set(number, w->promises[i], &seven) != 0) check(!plait_promise_start(w->promises[i]));
        plait_promise_free(w->promises[i]);
    }
    check_code(plait_gather(w->futures, MANY, NULL, NULL), 0);
}

static void several_in_one_pass(void)
{
    for (int first = PLAIT_FIRST_COMPLETED; first <= PLAIT_FIRST_EXCEPTION; first++) {
        struct waiting w;
        begin(&w, (plait_wait_mode)first, PLAIT_FOREVER);
        struct runner *r = runner_start(waits, &w);
        until_asleep(r);
        for (int i = 1; i < MANY; i++) /* and nobody else runs in between */
            if (first == PLAIT_FIRST_EXCEPTION && i == 1) check_code(plait_promise_fail(w.promises[i], -EIO), 0);
            else check_code(plait_promise_set(number, w.promises[i], &seven), 0);
        check_code(runner_join(r), 0);
        check_number(w.done, MANY - 1);
        check_number(w.found, MANY - 1);
        check_code(plait_promise_set(number, w.promises[0], &seven), 0);
        for (int i = 0; i < MANY; i++) plait_promise_free(w.promises[i]);
        int err = plait_gather(w.futures, MANY, NULL, NULL);
        check_code(err, first == PLAIT_FIRST_EXCEPTION ? -EIO : 0);
    }
}

static void AW5_those_that_end_in_the_same_pass_are_among_the_done(void **unused)
{
    (void)unused;
    runners_of(RUNNERS_ARE_COROUTINES, several_in_one_pass);
}

/* The time and the first of them at once: either may be told, and the count is right. */
TEST_IN_EACH_KIND(AW10_when_time_and_a_task_come_together_the_count_is_right)
{
    for (int turn = 0; turn < 20; turn++) {
        clock_by_hand();
        struct waiting w;
        begin(&w, PLAIT_FIRST_COMPLETED, plait_after(PLAIT_SECOND));
        struct runner *r = runner_start(waits, &w);
        until_asleep(r);
        if (turn % 2) check_code(plait_promise_set(number, w.promises[2], &seven), 0);
        clock_move(PLAIT_SECOND);
        if (turn % 2 == 0) check_code(plait_promise_set(number, w.promises[2], &seven), 0);
        int err = runner_join(r);
        check(err == 0 || (err == PLAIT_ETIMEDOUT && turn % 2 == 0)); /* woken beats late */
        check(w.done <= w.found);                                     /* on threads it may have ended in between */
        check(err == PLAIT_ETIMEDOUT || w.done == 1);
        if (runner_kind == RUNNERS_ARE_COROUTINES) check_number(w.done, w.found);
        end(&w);
        clock_of_the_system();
    }
}

/* One may stop to ask, and go on later, elsewhere. */
struct asking {
    plait_completions *set;
    _Atomic(plait_future *) got[2];
};
static int asks_for_two(void *asking)
{
    struct asking *a = asking;
    for (int i = 0; i < 2; i++) {
        plait_future *f;
        int err = plait_completions_next(a->set, &f, PLAIT_FOREVER);
        if (err) return err;
        a->got[i] = f;
    }
    return 0;
}

TEST_WITH_TASKS(AW21_AW24_the_futures_given_come_back_and_one_may_stop_asking_and_go_on)
{
    struct gate gates[MANY] = { 0 };
    plait_future *futures[MANY];
    struct asking a[2] = { { .set = plait_completions_new() } };
    a[1].set = a[0].set;
    for (int i = 0; i < MANY; i++)
        futures[i] = plait_submit(ex, pass_numbered, &((struct numbered_gate){ &gates[i], i }));
    for (int i = 0; i < MANY; i++) plait_completions_add(a[0].set, futures[i]);
    for (int i = 0; i < 2; i++) {
        struct runner *r = runner_start(asks_for_two, &a[i]);
        for (int j = 0; j < 2; j++) {
            plait_event_set(&gates[3 - 2 * i - j].open);
            until(a[i].got[j] != NULL);
        }
        check_code(runner_join(r), 0);
        check_number(plait_completions_pending(a[0].set), 2 - 2 * i);
    }
    for (int i = 0; i < MANY; i++) {
        plait_future *f = a[i / 2].got[i % 2];
        check(f == futures[3 - i]);
        int number;
        check_code(plait_await(f, &number), 0);
        check_number(number, 3 - i);
    }
    plait_completions_free(a[0].set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AW5_those_that_end_in_the_same_pass_are_among_the_done),
        cmocka_unit_test(AW10_when_time_and_a_task_come_together_the_count_is_right),
        cmocka_unit_test(AW21_AW24_the_futures_given_come_back_and_one_may_stop_asking_and_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
