/* stress_future.c: futures of all executors, awaited, waited for, watched in sets and cancelled by threads and coroutines.
   Quiet futures are each submitted, waited for and cancelled once, by four: what a lost wake-up would leave asleep nobody
   else repairs. */
#include "jobs.h"
#include "runners.h"

/* One future, ended in one of the ways. */

static bool awaiter(struct actor *a)
{
    uint64_t way = dice(a, 4), result = 0;
    bool may_detach = way % 2;
    plait_future *f = job_submit(a, !may_detach);
    uint64_t number = job_number(f);
    int err;
    a->doing = "in a wait for one future";
    if (way == 0) {
        err = plait_await(f, &result);
    } else if (way == 1) {
        do err = plait_await_until(f, &result, soon(a, 100 * PLAIT_MICROSECOND));
        while (err == PLAIT_ETIMEDOUT && dice(a, 8));
        if (err == PLAIT_ETIMEDOUT || err == PLAIT_ECANCELED) plait_future_detach(f);
    } else if (way == 2) {
        dawdle(a, 3000);
        bool never = plait_future_cancel(f);
        check(!never || plait_future_get_state(f) == PLAIT_FUTURE_CANCELLED);
        err = plait_await(f, &result);
        check(!never || err == PLAIT_ETASK || err == PLAIT_ECANCELED);
    } else if ((err = plait_future_wait(f, some_deadline(a))) == 0) {
        err = plait_future_result(f, &result);
        plait_future_unref(f);
    } else {
        plait_future_cancel(f);
        plait_future_detach(f);
    }
    a->doing = NULL;
    if (err == PLAIT_ECANCELED || err == PLAIT_ETIMEDOUT || err == PLAIT_EAGAIN) {
        tally(a, err);
        return !stopping;
    }
    job_ended(number, err, result);
    a->good++;
    return !stopping;
}

/* Several, by plait_wait. */

static bool waiter(struct actor *a)
{
    plait_future *fs[24];
    size_t count = 1 + dice(a, dice(a, 4) ? 6 : 24), done = 0;
    for (size_t i = 0; i < count; i++)
        fs[i] = i && !dice(a, 6) ? plait_future_ref(fs[dice(a, i)]) : job_submit(a, false);
    a->doing = "in plait_wait";
    int err = tally(a, plait_wait(fs, count, (plait_wait_mode)dice(a, 3), some_deadline(a), &done));
    a->doing = "ending what was waited for";
    check(err || done);
    for (size_t i = 0; i < count; i++) {
        if (i < done) {
            job_end_done(fs[i]);
        } else {
            if (dice(a, 2)) plait_future_cancel(fs[i]);
            plait_future_detach(fs[i]);
        }
    }
    a->doing = NULL;
    return !stopping;
}

/* Sets of one's own, left in the middle or emptied. */

static bool completer(struct actor *a)
{
    plait_completions *c = plait_completions_new();
    plait_future *f;
    size_t added = 0, most = dice(a, 60);
    int err = 0;
    while (!err) {
        for (; added < most && plait_completions_pending(c) < 8; added++)
            plait_completions_add(c, job_submit(a, false));
        a->doing = "in plait_completions_next";
        err = plait_completions_next(c, &f, some_deadline(a));
        a->doing = NULL;
        if (err) break;
        job_end_done(f);
        a->good++;
    }
    check(err != PLAIT_EDONE || added == most);
    if (err != PLAIT_EDONE) tally(a, err);
    a->doing = "in plait_completions_free";
    plait_completions_free(c);
    a->doing = NULL;
    return !stopping;
}

/* One set for many: what is added is given back, each once. */

static plait_completions *shared;
static _Atomic uint64_t added, given_back;

static bool adder(struct actor *a)
{
    if (plait_completions_pending(shared) < 200) {
        added++;
        plait_completions_add(shared, job_submit(a, true));
        a->good++;
    }
    return !stopping;
}

static bool consumer(struct actor *a)
{
    plait_future *f;
    a->doing = "in plait_completions_next of the shared set";
    int err = plait_completions_next(shared, &f, some_deadline(a));
    a->doing = NULL;
    if (err == PLAIT_EDONE || tally(a, err)) return !stopping;
    job_end_done(f);
    given_back++;
    return !stopping;
}

/* Quiet futures. */

struct quiet {
    _Atomic(plait_future *) future;
    plait_event ran;
    _Atomic unsigned runs;
    _Atomic bool never;
};
static struct meeting quiet_place = MEETING;

static int run_quietly(struct quiet *const *q, uint64_t *result)
{
    (*q)->runs++;
    *result = 4711;
    plait_event_set(&(*q)->ran);
    return 0;
}
PLAIT_LOCAL_TASK(run_quietly, struct quiet *, uint64_t);

static plait_future *future_of(struct quiet *q)
{
    until(q->future);
    return q->future;
}

static bool quiet(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&quiet_place, a, sizeof *q, 4, &mine);
    if (!q) return false;
    uint64_t result = 0;
    int err;
    a->doing = "with a quiet future";
    PLAIT_SHIELD(deaf, PLAIT_FOREVER); /* it must come to its end */
    if (mine == 0) {
        plait_future *f = plait_submit(job_executors[chance(q) % 4], run_quietly, &q);
        for (int i = 0; i < 3; i++) plait_future_ref(f);
        q->future = f;
        err = plait_await(f, &result);
        check(err == PLAIT_ETASK || (err == 0 && result == 4711));
    } else if (mine == 1) {
        plait_future *f = future_of(q);
        dawdle(a, 6000);
        if (chance(q) & 64) q->never = plait_future_cancel(f);
        plait_future_detach(f);
    } else if (mine == 2) {
        plait_future *f = future_of(q);
        while ((err = plait_await_until(f, &result, soon(a, 20 * PLAIT_MICROSECOND))) == PLAIT_ETIMEDOUT) {}
        check(err == PLAIT_ETASK || (err == 0 && result == 4711));
    } else {
        plait_future *f = future_of(q);
        dawdle(a, 3000);
        check_code(plait_wait(&f, 1, (plait_wait_mode)(chance(q) / 128 % 3), PLAIT_FOREVER, NULL), 0);
        plait_future_unref(f);
    }
    a->doing = NULL;
    a->good++;
    if (part(q)) {
        check_number(q->runs, !q->never);
        meeting_end(q);
    }
    return true;
}

static bool right(void)
{
    plait_future *f;
    for (; plait_completions_next(shared, &f, PLAIT_FOREVER) == 0; given_back++) job_end_done(f); /* added last */
    plait_completions_free(shared);
    printf("%llu added to the shared set, %llu given back\n", (unsigned long long)added,
           (unsigned long long)given_back);
    return jobs_end() && added == given_back;
}

int main(void)
{
    jobs_begin();
    shared = plait_completions_new();
    cast("awaiter", awaiter, 3, 10);
    cast("waiter", waiter, 2, 6);
    cast("completer", completer, 2, 6);
    cast("adder", adder, 1, 4);
    cast("consumer", consumer, 2, 4);
    cast("quiet", quiet, 4, 8);
    return stress("stress_future", NULL, right);
}
