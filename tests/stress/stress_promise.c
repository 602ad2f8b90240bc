/* stress_promise.c: promises that are set, made to fail, started, cancelled and given up by several at once, while others
   wait for them in all ways: exactly one decides the outcome, and all see that one. Each is used once: what a lost wake-up
   would leave asleep nobody else repairs. */
#include "runners.h"
#include "stress.h"
#include <plait.h>

PLAIT_PROMISE(number, uint64_t);

enum { FIRST = 4711, SECOND = 815, FAILURE = PLAIT_EUSER - 3, SETTERS = 2, PARTS = 6 };

struct quiet {
    plait_promise *_Atomic promise;
    plait_future *future;
    _Atomic unsigned arrived;
    _Atomic unsigned setting; /* setters that are through; the last gives the promise up */
    _Atomic unsigned wins, starts, calls;
    _Atomic int outcome; /* the winner's */
    _Atomic uint64_t value;
    _Atomic int seen[PARTS];
    _Atomic uint64_t seen_value[PARTS];
};
static struct meeting place = MEETING;
static _Atomic uint64_t outcomes[4]; /* set, failed, cancelled, given up */

static void won(struct quiet *q, int outcome, uint64_t value)
{
    q->outcome = outcome;
    q->value = value;
    q->wins++;
}

/* All begin together, or whoever has come. */
static void begin(struct quiet *q)
{
    q->arrived++;
    until(q->promise && (chance(q) % 4 == 0 || q->arrived == PARTS));
}

static void called(plait_future *f, void *quiet)
{
    (void)f;
    ((struct quiet *)quiet)->calls++;
}

static void make(struct quiet *q)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    for (int i = 1; i < PARTS - SETTERS; i++) plait_future_ref(f);
    check_code(plait_future_add_callback(f, called, q), 0);
    q->future = f;
    q->promise = p;
}

static void end_setting(struct quiet *q)
{
    if (atomic_fetch_add(&q->setting, 1) + 1 == SETTERS) plait_promise_free(q->promise);
}

static void set(struct actor *a, struct quiet *q)
{
    dawdle(a, 4000);
    uint64_t value = FIRST;
    if (dice(a, 3) && plait_promise_set(number, q->promise, &value) == 0) won(q, 0, FIRST);
    end_setting(q);
}

static void start_and_end(struct actor *a, struct quiet *q)
{
    dawdle(a, 2000);
    bool may = dice(a, 2) == 0 || plait_promise_start(q->promise);
    dawdle(a, 2000);
    uint64_t value = SECOND, way = may ? dice(a, 3) : 2;
    if (way == 0 && plait_promise_set(number, q->promise, &value) == 0) won(q, 0, SECOND);
    if (way == 1 && plait_promise_fail(q->promise, plait_fail(FAILURE, "no number")) == 0) won(q, FAILURE, 0);
    end_setting(q);
}

static void cancel(struct actor *a, struct quiet *q)
{
    dawdle(a, 4000);
    if (dice(a, 3) == 0 && plait_future_cancel(q->future)) won(q, PLAIT_ETASK, 0);
    plait_future_detach(q->future);
}

static void wait_late(struct actor *a, struct quiet *q, unsigned mine)
{
    uint64_t value = 0;
    int err;
    do err = plait_await_until(q->future, &value, soon(a, 20 * PLAIT_MICROSECOND));
    while (err == PLAIT_ETIMEDOUT);
    q->seen[mine] = err;
    q->seen_value[mine] = value;
}

static void wait_in_a_set(struct quiet *q, unsigned mine)
{
    plait_completions *c = plait_completions_new();
    plait_future *f;
    uint64_t value = 0;
    plait_completions_add(c, q->future);
    check_code(plait_completions_next(c, &f, PLAIT_FOREVER), 0);
    plait_completions_free(c);
    q->seen[mine] = plait_await(f, &value);
    q->seen_value[mine] = value;
}

static void wait_for_any(struct actor *a, struct quiet *q, unsigned mine)
{
    uint64_t value = 0;
    plait_future *f = q->future;
    check_code(plait_wait(&f, 1, (plait_wait_mode)dice(a, 3), PLAIT_FOREVER, NULL), 0);
    q->seen[mine] = plait_future_result(f, &value);
    q->seen_value[mine] = value;
    plait_future_unref(f);
}

static void check_outcome(struct quiet *q)
{
    check(q->wins <= 1);
    check_number(q->calls, 1);
    if (!q->wins) q->outcome = PLAIT_EBROKEN;
    for (unsigned i = 3; i < PARTS; i++) {
        check_code(q->seen[i], q->outcome);
        check(q->seen_value[i] == q->value);
    }
    outcomes[q->outcome == 0 ? 0 : q->outcome == FAILURE ? 1 : q->outcome == PLAIT_ETASK ? 2 : 3]++;
}

static bool quiet(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&place, a, sizeof *q, PARTS, &mine);
    if (!q) return false;
    PLAIT_SHIELD(deaf, PLAIT_FOREVER); /* it must come to its end */
    a->doing = "with a promise";
    if (mine == 0) make(q);
    begin(q);
    switch (mine) {
    case 0: set(a, q); break;
    case 1: start_and_end(a, q); break;
    case 2: cancel(a, q); break;
    case 3: wait_late(a, q, mine); break;
    case 4: wait_in_a_set(q, mine); break;
    default: wait_for_any(a, q, mine);
    }
    a->doing = NULL;
    a->good++;
    if (part(q)) {
        check_outcome(q);
        meeting_end(q);
    }
    return true;
}

static bool right(void)
{
    printf("%llu promises were set, %llu failed, %llu were cancelled, %llu given up\n", (unsigned long long)outcomes[0],
           (unsigned long long)outcomes[1], (unsigned long long)outcomes[2], (unsigned long long)outcomes[3]);
    return outcomes[0] + outcomes[1] + outcomes[2] + outcomes[3] > 0;
}

int main(void)
{
    cast("quiet", quiet, 6, 12);
    return stress("stress_promise", NULL, right);
}
