/* Groups: no child outlives the braces, in whatever way they are left; the first failure cancels the others. */
#include "clock.h"
#include "fault.h"
#include "future/future.h"
#include "future/tasks.h"

static struct plait_set *set_of(plait_group *g) { return (struct plait_set *)(void *)g->set; }

static size_t children(plait_group *g)
{
    plait_mutex_lock(&set_of(g)->guard);
    size_t pending = set_of(g)->pending;
    plait_mutex_unlock(&set_of(g)->guard);
    return pending;
}

TEST_IN_EACH_KIND(AN1_AN18_the_wait_ends_when_all_children_have_and_they_are_dropped)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(3);
    PLAIT_GROUP(group, pool);
    for (int i = 0; i < 3; i++) plait_group_submit(&group, pass, &at);
    until_arrived(&gate, 3);
    check_number(children(&group), 3);
    plait_event_set(&gate.open);
    check_code(plait_group_wait(&group), 0);
    check_number(gate.passed, 3);
    check_number(children(&group), 0);
    check_code(plait_group_wait(&group), 0);
    plait_executor_free(pool);
}

/* The ways out. */

static struct gate left;
static plait_executor *own;

static int leave_by_return(void)
{
    struct gate *at = &left;
    PLAIT_GROUP(group, own);
    for (int i = 0; i < 4; i++) plait_group_submit(&group, pass, &at);
    until_arrived(&left, 2);
    return 7;
}

TEST_IN_EACH_KIND(AN5_leaving_without_a_wait_cancels_and_drains)
{
    struct gate *at = &left;
    own = pool_of(2);
    left = (struct gate){ 0 };
    check_number(leave_by_return(), 7);
    check_number(left.cut, 2); /* those that ran; the others never started */
    check_number(left.arrived, 2);
    left = (struct gate){ 0 };
    for (int turn = 0; turn < 3; turn++) {
        PLAIT_GROUP(group, own);
        plait_group_submit(&group, pass, &at);
        until_arrived(&left, (size_t)turn + 1);
        if (turn == 0) continue;
        if (turn == 1) goto next;
        break;
    next:;
    }
    check_number(left.cut, 3);
    left = (struct gate){ 0 };
    {
        PLAIT_TIMEOUT(dead, PLAIT_NOW); /* leaving is no cancellation point */
        PLAIT_GROUP(group, own);
        plait_group_submit(&group, pass_stubbornly, &at);
        until_arrived(&left, 1);
        plait_event_set(&left.open);
    }
    check_number(left.passed, 1);
    {
        PLAIT_GROUP(group, own);
        plait_group_submit(&group, nothing, NULL);
        check_code(plait_group_wait(&group), 0);
        plait_group_submit(&group, pass, &at); /* after the wait, and none follows; the gate is open */
    }
    plait_executor_free(own);
}

/* Failures. */

struct failing {
    struct gate *gate;
    int code;
};
static int fail_behind(const struct failing *f)
{
    int err = pass_stubbornly(&f->gate);
    return err ? err : f->code ? plait_fail(f->code, "child failed with %d", f->code) : 0;
}
PLAIT_LOCAL_TASK(fail_behind, struct failing, void);

TEST_IN_EACH_KIND(AN3_AN4_M28_the_first_failure_cancels_the_others_and_is_the_groups)
{
    struct gate one = { 0 }, two = { 0 }, others = { 0 }, *at = &others;
    plait_executor *pool = pool_of(4);
    PLAIT_GROUP(group, pool);
    plait_group_submit(&group, fail_behind, &((struct failing){ &one, -EIO }));
    plait_group_submit(&group, fail_behind, &((struct failing){ &two, -EPIPE }));
    for (int i = 0; i < 2; i++) plait_group_submit(&group, pass, &at);
    until_arrived(&one, 1);
    until_arrived(&two, 1);
    until_arrived(&others, 2);
    for (int i = 0; i < 5; i++) plait_group_submit(&group, pass, &at); /* these wait for a worker */
    plait_event_set(&two.open);
    until(others.cut == 2); /* nobody waits for the group yet */
    plait_event_set(&one.open);
    check_code(plait_group_wait(&group), -EPIPE);
    const plait_error_record *e = plait_error();
    check_string(e->task, "fail_behind");
    check_string(e->message, "child failed with -32");
    check_contains(e->file, "test_group.c");
    check_number(others.arrived, 2);
    plait_group_submit(&group, pass, &at); /* AN16: is cancelled at once */
    check_code(plait_group_wait(&group), -EPIPE);
    check_number(others.arrived, 2);
    plait_executor_free(pool);
}

TEST_IN_EACH_KIND(AN2_a_child_that_ends_cancelled_is_no_failure_but_one_that_timed_out_is)
{
    int cancelled = PLAIT_ECANCELED, late = PLAIT_ETIMEDOUT;
    plait_executor *pool = pool_of(2);
    PLAIT_GROUP(group, pool);
    plait_group_submit(&group, fail_with, &cancelled);
    check_code(plait_group_wait(&group), 0);
    plait_group_submit(&group, fail_with, &late);
    check_code(plait_group_wait(&group), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ETIMEDOUT);
    plait_executor_free(pool);
}

/* Cancels. */

static int cancel_group(void *group)
{
    plait_group_cancel(group);
    return 0;
}

TEST_IN_EACH_KIND(AN23_M29_a_group_may_be_cancelled_by_anybody)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(2);
    PLAIT_GROUP(group, pool);
    for (int i = 0; i < 6; i++) plait_group_submit(&group, pass, &at);
    until_arrived(&gate, 2);
    struct runner *other = runner_start(cancel_group, &group);
    check_code(plait_group_wait(&group), 0); /* no failure by itself */
    check_code(runner_join(other), 0);
    check_number(gate.cut, 2);
    check_number(gate.arrived, 2);
    plait_group_submit(&group, nothing, NULL);
    check_code(plait_group_wait(&group), 0);
    plait_group_cancel(&group);
    plait_executor_free(pool);
}

struct waiting_group {
    plait_executor *pool;
    struct gate *gate, *failing;
    int64_t limit;
    int code;
    plait_event entered;
};
static int wait_in_scope(void *waiting)
{
    struct waiting_group *w = waiting;
    PLAIT_TIMEOUT(scope, plait_after(w->limit));
    PLAIT_GROUP(group, w->pool);
    plait_group_submit(&group, pass, &w->gate);
    if (w->failing) plait_group_submit(&group, fail_behind, &((struct failing){ w->failing, -EIO }));
    plait_event_set(&w->entered);
    w->code = plait_group_wait(&group);
    check(plait_cancelled());
    check_number(children(&group), 0);
    return 0;
}

TEST_IN_EACH_KIND(AN6_AN7_AN22_a_wait_that_is_cut_cancels_the_children_and_a_failure_wins)
{
    clock_by_hand();
    for (int fails = 0; fails < 2; fails++) {
        struct gate gate = { 0 }, failing = { 0 };
        plait_executor *pool = pool_of(2);
        struct waiting_group w = { pool, &gate, fails ? &failing : NULL, PLAIT_SECOND, 1, PLAIT_EVENT_INIT };
        struct runner *r = runner_start(wait_in_scope, &w);
        until_arrived(&gate, 1);
        if (fails) until_arrived(&failing, 1);
        until(plait_event_is_set(&w.entered));
        until_asleep(r);
        clock_move(PLAIT_SECOND);
        until(gate.cut == 1);
        plait_event_set(&failing.open); /* fails in its clean-up */
        check_code(runner_join(r), 0);
        check_code(w.code, fails ? -EIO : PLAIT_ECANCELED);
        plait_executor_free(pool);
    }
    clock_of_the_system();
}

static int sleep_on(int64_t *until_then)
{
    *until_then = 0;
    return plait_sleep_until(PLAIT_FOREVER);
}
PLAIT_TASK(sleep_on, void, int64_t);

TEST_IN_EACH_KIND(AN11_children_inherit_the_deadline)
{
    clock_by_hand();
    plait_executor *pool = pool_of(2);
    {
        PLAIT_SHIELD(outer, plait_after(2 * PLAIT_SECOND));
        PLAIT_GROUP(group, pool);
        {
            PLAIT_TIMEOUT(inner, plait_after(PLAIT_SECOND));
            plait_group_submit(&group, sleep_on, NULL);
        }
        until(statistics_of(pool).running == 1);
        clock_move(PLAIT_SECOND);
        check_code(plait_group_wait(&group), 0); /* it ended by itself: our own scope is alive */
        check(!plait_cancelled());
    }
    {
        PLAIT_CANCEL_SCOPE(dead);
        plait_scope_cancel(&dead);
        PLAIT_GROUP(group, pool);
        plait_group_submit(&group, sleep_on, NULL);
        check_code(plait_group_wait(&group), PLAIT_ECANCELED);
    }
    {
        PLAIT_TIMEOUT(dead, PLAIT_NOW);
        PLAIT_GROUP(empty, pool);
        check_code(plait_group_wait(&empty), PLAIT_ECANCELED);
    }
    plait_executor_free(pool);
    clock_of_the_system();
}

/* Children that add children. */

struct family {
    plait_group *group;
    _Atomic int *count;
    int generations;
};
static int multiply(const struct family *f);
PLAIT_LOCAL_TASK(multiply, struct family, void);
static int multiply(const struct family *f)
{
    atomic_fetch_add(f->count, 1);
    struct family younger = { f->group, f->count, f->generations - 1 };
    for (int i = 0; f->generations && i < 3; i++) plait_group_submit(f->group, multiply, &younger);
    return 0;
}

TEST_IN_EACH_KIND(AN15_children_may_add_children)
{
    for (int workers = 1; workers <= 4; workers += 3) {
        plait_executor *pool = pool_of(workers);
        for (int waits = 0; waits < 2; waits++) {
            _Atomic int count = 0;
            {
                PLAIT_GROUP(group, pool);
                plait_group_submit(&group, multiply, &((struct family){ &group, &count, 6 }));
                if (waits) check_code(plait_group_wait(&group), 0);
            }
            if (waits) check_number(count, (3 * 3 * 3 * 3 * 3 * 3 * 3 - 1) / 2);
        }
        plait_executor_free(pool);
    }
}

struct endless {
    plait_group *group;
    _Atomic int *count;
};
static int go_on_for_ever(const struct endless *e);
PLAIT_LOCAL_TASK(go_on_for_ever, struct endless, void);
static int go_on_for_ever(const struct endless *e)
{
    int n = atomic_fetch_add(e->count, 1);
    plait_group_submit(e->group, go_on_for_ever, e);
    if (n % 2) plait_group_submit(e->group, go_on_for_ever, e);
    return n == 200 ? -EOVERFLOW : 0;
}

TEST_IN_EACH_KIND(AN17_even_endless_children_end_with_one_failure)
{
    plait_executor *pool = pool_of(2);
    _Atomic int count = 0;
    PLAIT_GROUP(group, pool);
    plait_group_submit(&group, go_on_for_ever, &((struct endless){ &group, &count }));
    check_code(plait_group_wait(&group), -EOVERFLOW);
    plait_executor_free(pool);
}

/* Groups inside of groups. */

struct level {
    int depth, fails_at;
    _Atomic int *ended;
};
static int open_level(const struct level *l);
PLAIT_LOCAL_TASK(open_level, struct level, void);
static int open_level(const struct level *l)
{
    if (l->depth == l->fails_at) return plait_fail(-EDOM, "level %d", l->depth);
    PLAIT_GROUP(group, own);
    struct level below = { l->depth + 1, l->fails_at, l->ended };
    for (int i = 0; l->depth < 4 && i < 2; i++) plait_group_submit(&group, open_level, &below);
    int err = plait_group_wait(&group);
    atomic_fetch_add(l->ended, 1);
    return err;
}

TEST_IN_EACH_KIND(AN8_AN21_nested_groups_in_a_pool_of_their_own)
{
    for (int workers = 1; workers <= 2; workers++) {
        _Atomic int ended = 0;
        own = pool_of(workers);
        check_code(plait_await(plait_submit(own, open_level, &((struct level){ 0, -1, &ended })), NULL), 0);
        check_number(ended, 31);
        check_code(plait_await(plait_submit(own, open_level, &((struct level){ 0, 4, &ended })), NULL), -EDOM);
        const plait_error_record *e = plait_error();
        while (e->cause) e = e->cause;
        check_string(e->message, "level 4");
        check_string(e->task, "open_level");
        plait_executor_free(own);
    }
}

TEST_IN_EACH_KIND(a_worker_that_ends_a_group_runs_its_children_itself)
{
    _Atomic int ended = 0;
    own = pool_of(1);
    check_code(plait_await(plait_submit(own, open_level, &((struct level){ 0, -1, &ended })), NULL), 0);
    check_number(statistics_of(own).spares, 0);
    plait_executor_free(own);
}

/* No executor, no argument. */

TEST_IN_EACH_KIND(AN16_a_failure_at_submit_is_the_childs)
{
    PLAIT_GROUP(group, NULL);
    check_code(plait_group_wait(&group), 0);
    plait_group_submit(&group, nothing, NULL);
    check_code(plait_group_wait(&group), PLAIT_EINVAL);
    check_contains(plait_error()->message, "no executor");
    PLAIT_GROUP(other, plait_inline_executor());
    plait_group_submit_task(&other, &square_plait_task, NULL, __FILE__, __LINE__);
    check_code(plait_group_wait(&other), PLAIT_EINVAL);
    check_contains(plait_error()->message, "without its argument");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AN1_AN18_the_wait_ends_when_all_children_have_and_they_are_dropped),
        cmocka_unit_test(AN5_leaving_without_a_wait_cancels_and_drains),
        cmocka_unit_test(AN3_AN4_M28_the_first_failure_cancels_the_others_and_is_the_groups),
        cmocka_unit_test(AN2_a_child_that_ends_cancelled_is_no_failure_but_one_that_timed_out_is),
        cmocka_unit_test(AN23_M29_a_group_may_be_cancelled_by_anybody),
        cmocka_unit_test(AN6_AN7_AN22_a_wait_that_is_cut_cancels_the_children_and_a_failure_wins),
        cmocka_unit_test(AN11_children_inherit_the_deadline),
        cmocka_unit_test(AN15_children_may_add_children),
        cmocka_unit_test(AN17_even_endless_children_end_with_one_failure),
        cmocka_unit_test(AN8_AN21_nested_groups_in_a_pool_of_their_own),
        cmocka_unit_test(a_worker_that_ends_a_group_runs_its_children_itself),
        cmocka_unit_test(AN16_a_failure_at_submit_is_the_childs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
