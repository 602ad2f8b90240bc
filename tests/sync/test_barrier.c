/* test_barrier.c: nobody goes on before all have come, and nobody waits for one that will not come. */
#include "clock.h"
#include "runners.h"
#include "park/scope.h"
#include <plait/barrier.h>

struct visitor {
    plait_barrier *barrier;
    plait_deadline until;
    size_t index;
    _Atomic(plait_scope *) scope;
};

static int visits(void *visitor)
{
    struct visitor *v = visitor;
    PLAIT_CANCEL_SCOPE(scope);
    v->scope = &scope;
    return plait_barrier_wait(v->barrier, &v->index, v->until);
}

static struct runner *comes(struct visitor *v, plait_barrier *b, plait_deadline until)
{
    v->barrier = b, v->until = until, v->index = 99;
    size_t before = waiters_listed(&b->waiters);
    struct runner *r = runner_start(visits, v);
    until_listed(&b->waiters, before + 1);
    return r;
}

static plait_barrier barrier_for(size_t parties)
{
    plait_barrier b;
    check_code(plait_barrier_init(&b, parties, NULL), 0);
    return b;
}

static void B1_AK60_no_party_and_a_negative_time_out_are_refused(void **unused)
{
    (void)unused;
    plait_barrier b = PLAIT_BARRIER_INIT(3), zero;
    plait_barrier_options o = { .timeout = -1 };
    check_code(plait_barrier_init(&b, 0, NULL), PLAIT_EINVAL);
    check_code(plait_barrier_init(&b, 3, &o), PLAIT_EINVAL);
    check_contains(plait_error()->message, "a barrier for 3 tasks with a time-out of -1 ns");
    check_number(b.parties, 3); /* as it was */
    memset(&zero, 0, sizeof zero);
    check_code(plait_barrier_wait(&zero, NULL, PLAIT_FOREVER), PLAIT_EINVAL);
    check_code(plait_barrier_init(&zero, 3, NULL), 0);
    check_number(zero.parties, 3);
}

TEST_IN_EACH_KIND(B3_AK60_AK61_all_go_on_when_the_last_has_come_each_with_a_number_and_again)
{
    enum { N = 5 };
    plait_barrier b = barrier_for(N);
    for (int round = 0; round < 3; round++) {
        struct visitor v[N];
        struct runner *r[N];
        for (size_t i = 0; i < N - 1; i++) r[i] = comes(&v[i], &b, PLAIT_FOREVER);
        check_number(plait_barrier_waiting(&b), N - 1);
        for (size_t i = 0; i < N - 1; i++) check(!runner_done(r[i]));
        size_t index;
        check_code(plait_barrier_wait(&b, &index, PLAIT_FOREVER), 0);
        unsigned numbers = 1u << index;
        for (size_t i = 0; i < N - 1; i++) check_code(runner_join(r[i]), 0), numbers |= 1u << v[i].index;
        check_number(numbers, (1 << N) - 1);
        check_number(plait_barrier_waiting(&b), 0);
    }
}

struct crowd {
    plait_barrier barrier;
    _Atomic int rounds[30], firsts;
};

static int goes_round(void *crowd)
{
    struct crowd *c = crowd;
    for (int round = 0; round < 30; round++) {
        size_t index;
        c->rounds[round]++;
        check_code(plait_barrier_wait(&c->barrier, &index, PLAIT_FOREVER), 0);
        check_number(c->rounds[round], 4); /* all are here: none is a round behind */
        if (index == 0) c->firsts++;
    }
    return 0;
}

TEST_IN_EACH_KIND(AK62_nobody_is_a_round_ahead)
{
    struct crowd c = { .barrier = PLAIT_BARRIER_INIT(4) };
    struct runner *r[4];
    for (int i = 0; i < 4; i++) r[i] = runner_start(goes_round, &c);
    for (int i = 0; i < 4; i++) check_code(runner_join(r[i]), 0);
    check_number(c.firsts, 30);
}

struct deed {
    int result;
    _Atomic int done;
};

static int acts(void *deed)
{
    struct deed *d = deed;
    d->done++;
    return d->result ? plait_fail(d->result, "the deed was not done") : 0;
}

static int sees_it_done(void *visitor)
{
    struct visitor *v = visitor;
    int err = visits(v);
    check_number(((struct deed *)v->barrier->context)->done, 1);
    return err;
}

TEST_IN_EACH_KIND(the_action_is_run_once_before_anybody_goes_on)
{
    struct deed d = { 0 };
    plait_barrier_options o = { .action = acts, .context = &d };
    plait_barrier b;
    check_code(plait_barrier_init(&b, 3, &o), 0);
    struct visitor v[3];
    struct runner *r[3];
    for (int i = 0; i < 3; i++) {
        v[i] = (struct visitor){ .barrier = &b };
        check_number(d.done, 0);
        r[i] = runner_start(sees_it_done, &v[i]);
        if (i < 2) until_listed(&b.waiters, (size_t)i + 1);
    }
    for (int i = 0; i < 3; i++) check_code(runner_join(r[i]), 0);
    check_number(d.done, 1);
}

TEST_IN_EACH_KIND(B11_an_action_that_fails_breaks_it)
{
    struct deed d = { .result = PLAIT_EUSER - 7 };
    plait_barrier_options o = { .action = acts, .context = &d };
    plait_barrier b;
    check_code(plait_barrier_init(&b, 2, &o), 0);
    struct visitor v;
    struct runner *r = comes(&v, &b, PLAIT_FOREVER);
    size_t index = 99;
    check_code(plait_barrier_wait(&b, &index, PLAIT_FOREVER), PLAIT_EUSER - 7);
    check_string(plait_error()->message, "the deed was not done");
    check_code(runner_join(r), PLAIT_EBROKEN);
    check_number(index, 99);
    check_number(v.index, 99);
    check(plait_barrier_is_broken(&b));
}

static int waits_inside(void *barrier) { return plait_barrier_wait(barrier, NULL, PLAIT_FOREVER); }

TEST_IN_EACH_KIND(an_action_that_waits_at_its_barrier_gets_EDEADLK)
{
    plait_barrier b;
    plait_barrier_options o = { .action = waits_inside, .context = &b };
    check_code(plait_barrier_init(&b, 1, &o), 0);
    check_code(plait_barrier_wait(&b, NULL, PLAIT_FOREVER), PLAIT_EDEADLK);
    check(plait_barrier_is_broken(&b));
}

/* Late before it could even come in: it breaks it all the same. */
TEST_IN_EACH_KIND(B8_one_that_is_late_at_the_door_breaks_it)
{
    clock_by_hand();
    plait_barrier b = barrier_for(3);
    struct visitor v[2];
    struct runner *r[2] = { comes(&v[0], &b, PLAIT_FOREVER) };
    plait_mutex_lock(&b.guard);
    v[1] = (struct visitor){ .barrier = &b, .until = plait_after(PLAIT_SECOND) };
    r[1] = runner_start(visits, &v[1]);
    until_listed(&b.guard.waiters, 1);
    clock_move(PLAIT_SECOND);
    until_asleep(r[1]); /* it waits on, to come in and say so */
    plait_mutex_unlock(&b.guard);
    check_code(runner_join(r[1]), PLAIT_ETIMEDOUT);
    check_code(runner_join(r[0]), PLAIT_EBROKEN);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(B5_B7_B12_AK65_abort_breaks_it_until_it_is_reset)
{
    plait_barrier b = barrier_for(3);
    struct visitor v[2];
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = comes(&v[i], &b, PLAIT_FOREVER);
    check(!plait_barrier_is_broken(&b));
    plait_barrier_abort(&b);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), PLAIT_EBROKEN);
    check(plait_barrier_is_broken(&b));
    check_number(plait_barrier_waiting(&b), 0);
    check_code(plait_barrier_wait(&b, NULL, PLAIT_FOREVER), PLAIT_EBROKEN);
    check_code(plait_barrier_wait(&b, NULL, PLAIT_NOW), PLAIT_EBROKEN);
    check_code(plait_barrier_wait(&b, NULL, plait_deadline_at_(1)), PLAIT_EBROKEN);
    plait_barrier_abort(&b);
    plait_barrier_reset(&b);
    check(!plait_barrier_is_broken(&b));
    for (int i = 0; i < 2; i++) r[i] = comes(&v[i], &b, PLAIT_FOREVER);
    check_code(plait_barrier_wait(&b, NULL, PLAIT_FOREVER), 0);
    for (int i = 0; i < 2; i++) check_code(runner_join(r[i]), 0);
}

TEST_IN_EACH_KIND(B6_AK64_reset_lets_those_go_that_wait_and_leaves_it_usable)
{
    plait_barrier b = barrier_for(2);
    struct visitor v;
    struct runner *r = comes(&v, &b, PLAIT_FOREVER);
    plait_barrier_reset(&b);
    check_code(runner_join(r), PLAIT_EBROKEN);
    check(!plait_barrier_is_broken(&b));
    r = comes(&v, &b, PLAIT_FOREVER);
    check_code(plait_barrier_wait(&b, NULL, PLAIT_NOW), 0);
    check_code(runner_join(r), 0);
}

TEST_IN_EACH_KIND(B8_one_that_is_late_breaks_it)
{
    clock_by_hand();
    plait_barrier b = barrier_for(3);
    struct visitor v[2];
    struct runner *r[2] = { comes(&v[0], &b, PLAIT_FOREVER), comes(&v[1], &b, plait_after(PLAIT_SECOND)) };
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r[0]), PLAIT_EBROKEN);
    check_code(runner_join(r[1]), PLAIT_ETIMEDOUT);
    check(plait_barrier_is_broken(&b));
    check_number(b.waiting, 0);
    plait_barrier_reset(&b);
    check_code(plait_barrier_wait(&b, NULL, plait_after(-1)), PLAIT_ETIMEDOUT);
    check(plait_barrier_is_broken(&b));
    clock_of_the_system();
}

TEST_IN_EACH_KIND(B9_a_time_out_for_all_waits_without_a_deadline)
{
    clock_by_hand();
    plait_barrier_options o = { .timeout = PLAIT_SECOND };
    plait_barrier b;
    check_code(plait_barrier_init(&b, 3, &o), 0);
    struct visitor v[2];
    struct runner *r[2] = { comes(&v[0], &b, plait_after(PLAIT_SECOND * 10)), comes(&v[1], &b, PLAIT_FOREVER) };
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r[0]), PLAIT_EBROKEN);
    check_code(runner_join(r[1]), PLAIT_ETIMEDOUT);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(B10_AK61_one_party_never_waits)
{
    plait_barrier b = barrier_for(1);
    size_t index = 99;
    check_code(plait_barrier_wait(&b, &index, PLAIT_FOREVER), 0);
    check_number(index, 0);
    check_code(plait_barrier_wait(&b, NULL, PLAIT_NOW), 0);
    check_code(plait_barrier_wait(&b, NULL, plait_deadline_at_(1)), 0);
}

TEST_IN_EACH_KIND(who_does_not_wait_is_not_counted)
{
    plait_barrier b = barrier_for(2);
    check_code(plait_barrier_wait(&b, NULL, PLAIT_NOW), PLAIT_EAGAIN);
    {
        PLAIT_CANCEL_SCOPE(scope);
        plait_scope_cancel(&scope);
        check_code(plait_barrier_wait(&b, NULL, PLAIT_FOREVER), PLAIT_ECANCELED);
    }
    check(!plait_barrier_is_broken(&b));
    check_number(plait_barrier_waiting(&b), 0);
}

TEST_IN_EACH_KIND(AK63_one_that_is_cancelled_leaves_it_whole)
{
    plait_barrier b = barrier_for(4);
    for (size_t which = 0; which < 3; which++) { /* the first, the second or the last that came */
        struct visitor v[4];
        struct runner *r[4];
        for (size_t i = 0; i < 3; i++) r[i] = comes(&v[i], &b, PLAIT_FOREVER);
        plait_scope_cancel(v[which].scope);
        check_code(runner_join(r[which]), PLAIT_ECANCELED);
        check(!plait_barrier_is_broken(&b));
        check_number(plait_barrier_waiting(&b), 2);
        r[which] = comes(&v[which], &b, PLAIT_FOREVER); /* another one in its place */
        check_code(plait_barrier_wait(&b, &v[3].index, PLAIT_FOREVER), 0);
        unsigned numbers = 1u << v[3].index;
        for (size_t i = 0; i < 3; i++) check_code(runner_join(r[i]), 0), numbers |= 1u << v[i].index;
        check_number(numbers, 15);
    }
}

/* Who gives up while the last one comes has come, whatever its deadline says. */
TEST_IN_EACH_KIND(one_that_is_late_when_all_have_come_is_not_late)
{
    clock_by_hand();
    plait_barrier b = barrier_for(3);
    struct visitor v[3] = { { .barrier = &b }, { .barrier = &b }, { .barrier = &b } };
    struct runner *r[3] = { comes(&v[0], &b, PLAIT_FOREVER), comes(&v[1], &b, plait_after(PLAIT_SECOND)) };
    plait_mutex_lock(&b.guard);
    r[2] = runner_start(visits, &v[2]);
    until_listed(&b.guard.waiters, 1); /* the last one is at the door */
    clock_move(PLAIT_SECOND);
    until_listed(&b.guard.waiters, 2); /* and one is on its way out */
    check_number(waiters_listed(&b.waiters), 1);
    plait_mutex_unlock(&b.guard);
    unsigned numbers = 0;
    for (int i = 0; i < 3; i++) check_code(runner_join(r[i]), 0), numbers |= 1u << v[i].index;
    check_number(numbers, 7);
    check(!plait_barrier_is_broken(&b));
    clock_of_the_system();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(B1_AK60_no_party_and_a_negative_time_out_are_refused),
        cmocka_unit_test(B3_AK60_AK61_all_go_on_when_the_last_has_come_each_with_a_number_and_again),
        cmocka_unit_test(AK62_nobody_is_a_round_ahead),
        cmocka_unit_test(the_action_is_run_once_before_anybody_goes_on),
        cmocka_unit_test(B11_an_action_that_fails_breaks_it),
        cmocka_unit_test(an_action_that_waits_at_its_barrier_gets_EDEADLK),
        cmocka_unit_test(B5_B7_B12_AK65_abort_breaks_it_until_it_is_reset),
        cmocka_unit_test(B6_AK64_reset_lets_those_go_that_wait_and_leaves_it_usable),
        cmocka_unit_test(B8_one_that_is_late_breaks_it),
        cmocka_unit_test(B8_one_that_is_late_at_the_door_breaks_it),
        cmocka_unit_test(B9_a_time_out_for_all_waits_without_a_deadline),
        cmocka_unit_test(B10_AK61_one_party_never_waits),
        cmocka_unit_test(who_does_not_wait_is_not_counted),
        cmocka_unit_test(AK63_one_that_is_cancelled_leaves_it_whole),
        cmocka_unit_test(one_that_is_late_when_all_have_come_is_not_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
