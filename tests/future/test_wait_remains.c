/* What plait_wait leaves in the futures that it has waited for, in whatever way it ends: nothing. */
#include "clock.h"
#include "fault.h"
#include "future/future.h"
#include "future/tasks.h"

PLAIT_PROMISE(step, void);

enum { MOST = 40 }; /* more than a wait has room for on its stack */
static plait_promise *promises[MOST];
static plait_future *fs[MOST], *kept[MOST];
static const size_t sizes[] = { 1, 3, MOST };
static size_t count;

static void begin(size_t size)
{
    count = size;
    for (size_t i = 0; i < count; i++) {
        promises[i] = plait_promise_new(step, &fs[i]);
        kept[i] = fs[i];
    }
}

/* Neither a node on a wait list nor a share. */
static void check_nothing_is_left(void)
{
    for (size_t i = 0; i < count; i++) {
        check_number(waiters_listed(&kept[i]->waiters), 0);
        check_number(kept[i]->owners, 1);
        check_number(kept[i]->references, promises[i] ? 2 : 1);
        check(!kept[i]->watched);
    }
}

static void end(void)
{
    for (size_t i = 0; i < count; i++) {
        plait_promise_free(promises[i]);
        (void)!plait_await(kept[i], NULL); /* PLAIT_EBROKEN, unless it was kept */
    }
}

static void keep(size_t i)
{
    check_code(plait_promise_set(step, promises[i], NULL), 0);
    plait_promise_free(promises[i]);
    promises[i] = NULL;
}

static plait_wait_mode mode;
static plait_deadline deadline;
static int wait_for_them(void *unused)
{
    (void)unused;
    return plait_wait(fs, count, mode, deadline, NULL);
}

static int wait_in_a_scope(void *unused)
{
    (void)unused;
    PLAIT_TIMEOUT(scope, deadline);
    return plait_wait(fs, count, mode, PLAIT_FOREVER, NULL);
}

/* One of a size in a mode, that sleeps. */
static struct runner *sleeper(int (*function)(void *))
{
    struct runner *r = runner_start(function, NULL);
    until_asleep(r);
    check(mode == PLAIT_ALL_COMPLETED ||
          waiters_listed(&kept[count - 1]->waiters) == 1); /* there is something to leave */
    return r;
}

static void with_each(void (*body)(void))
{
    for (mode = PLAIT_ALL_COMPLETED; mode <= PLAIT_FIRST_EXCEPTION; mode++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            begin(sizes[i]);
            body();
            check_nothing_is_left();
            end();
        }
}

static void have_enough(void)
{
    deadline = PLAIT_FOREVER;
    struct runner *r = sleeper(wait_for_them);
    for (size_t i = mode == PLAIT_FIRST_COMPLETED ? count - 1 : 0; i < count; i++) keep(i);
    check_code(runner_join(r), 0);
}

static void have_a_failure(void)
{
    deadline = PLAIT_FOREVER;
    struct runner *r = sleeper(wait_for_them);
    check_code(plait_promise_fail(promises[count / 2], PLAIT_EUSER), 0);
    if (mode == PLAIT_ALL_COMPLETED)
        for (size_t i = 0; i < count; i++)
            if (i != count / 2) keep(i);
    check_code(runner_join(r), 0);
}

static void are_late(void)
{
    deadline = plait_after(PLAIT_SECOND);
    struct runner *r = sleeper(wait_for_them);
    clock_move(2 * PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
}

static void are_cut_short(void)
{
    deadline = plait_after(PLAIT_SECOND);
    struct runner *r = sleeper(wait_in_a_scope);
    clock_move(2 * PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ECANCELED);
}

static void have_no_time(void)
{
    deadline = PLAIT_NOW;
    check_code(wait_for_them(NULL), PLAIT_EAGAIN);
    deadline = plait_after(0);
    check_code(wait_for_them(NULL), PLAIT_ETIMEDOUT);
}

static void have_no_memory(void)
{
    if (mode == PLAIT_ALL_COMPLETED || count < MOST) return; /* which need none */
    deadline = PLAIT_FOREVER;
    fault_all("memory");
    check_code(wait_for_them(NULL), PLAIT_ENOMEM);
    fault_off();
}

TEST_IN_EACH_KIND(W16_a_wait_that_has_enough_leaves_nothing_behind) { with_each(have_enough); }
TEST_IN_EACH_KIND(W16_a_wait_that_is_ended_by_a_failure_leaves_nothing_behind) { with_each(have_a_failure); }
TEST_IN_EACH_KIND(W16_a_wait_without_memory_leaves_nothing_behind) { with_each(have_no_memory); }
TEST_IN_EACH_KIND(W16_a_wait_that_is_late_or_cut_short_leaves_nothing_behind)
{
    clock_by_hand();
    with_each(are_late);
    with_each(are_cut_short);
    with_each(have_no_time);
    clock_of_the_system();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W16_a_wait_that_has_enough_leaves_nothing_behind),
        cmocka_unit_test(W16_a_wait_that_is_ended_by_a_failure_leaves_nothing_behind),
        cmocka_unit_test(W16_a_wait_without_memory_leaves_nothing_behind),
        cmocka_unit_test(W16_a_wait_that_is_late_or_cut_short_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
