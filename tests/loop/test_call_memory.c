/* What calls that are over leave behind: nothing. */
#include "check.h"
#include "loop/loop.h"
#include <plait.h>

enum { CALLS = 10000 };
static plait_call *calls[CALLS];
static int said;

static void say(void *unused)
{
    (void)unused;
    said++;
}

/* The loop has nobody else to run: it goes to rest, unless so short a time was over before. */
static void let_it_rest(void) { check_code(plait_sleep(PLAIT_MILLISECOND), 0); }

static void check_nothing_is_left(void)
{
    plait_loop *l = plait_loop_here;
    check_number(l->due.count, 0);
    check_number(l->calls.alive, 0);
    while (l->calls.slabs) let_it_rest();
}

static int cancel_calls(void)
{
    uint64_t seed = 7;
    for (int n = 0; n < CALLS; n++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        check((calls[n] = plait_call_later(PLAIT_SECOND * 1000 + (int64_t)(seed >> 32), say, NULL)));
    }
    check_number(plait_loop_here->due.count, CALLS);
    let_it_rest(); /* it looks for the first of them */
    for (int step = 0; step < 7; step++)
        for (int n = step; n < CALLS; n += 7) plait_call_cancel(calls[n]);
    check_nothing_is_left();
    check_number(said, 0);
    return 0;
}
PLAIT_TASK(cancel_calls, void, void);

static void AL9_calls_that_were_cancelled_leave_nothing_behind(void **unused)
{
    (void)unused;
    check_code(plait_run(cancel_calls, NULL, NULL), 0);
}

static int make_calls(void)
{
    said = 0;
    for (int n = 0; n < CALLS; n++) check(plait_call_at(PLAIT_NOW, say, NULL));
    while (said < CALLS) check_code(plait_yield(), 0);
    check_nothing_is_left();
    check(plait_call_later(1000 * PLAIT_SECOND, say, NULL)); /* the memory is made anew */
    return 0;
}
PLAIT_TASK(make_calls, void, void);

static void calls_that_were_made_leave_nothing_behind(void **unused)
{
    (void)unused;
    check_code(plait_run(make_calls, NULL, NULL), 0);
    check_number(said, CALLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AL9_calls_that_were_cancelled_leave_nothing_behind),
        cmocka_unit_test(calls_that_were_made_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
