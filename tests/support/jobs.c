/* jobs.c: see jobs.h. */
#include "jobs.h"
#include "runners.h"

plait_executor *job_executors[JOB_EXECUTORS];
_Atomic uint64_t jobs_submitted, jobs_begun, jobs_ended;
static _Atomic uint64_t numbers;

enum { FAILURE = PLAIT_EUSER - 7 };
static uint64_t right_result(uint64_t number) { return number * 0x9E3779B97F4A7C15u; }

static uint64_t roll(uint64_t *random, uint64_t sides)
{
    *random ^= *random << 13, *random ^= *random >> 7, *random ^= *random << 17;
    return (*random >> 11) % sides;
}

static struct job job_below(const struct job *j, uint64_t *random)
{
    atomic_fetch_add_explicit(&jobs_submitted, 1, memory_order_relaxed);
    return (struct job){ .number = atomic_fetch_add(&numbers, 1) + 1,
                         .depth = j->depth - 1,
                         .may_fail = true,
                         .pool = roll(random, 4) ? j->pool : (unsigned)roll(random, JOB_POOLS) };
}

/* What is waited for below may be cut by our own cancel; all else that it may say is right for a job. */
static int passed_on(int err) { return err == PLAIT_ETIMEDOUT || err == PLAIT_EAGAIN ? 0 : err; }

static int await_one(const struct job *j, uint64_t *random, bool with_deadline)
{
    uint64_t result = 0;
    struct job below = job_below(j, random);
    plait_future *f = plait_submit(job_executors[j->pool], job_run, &below);
    if (with_deadline) {
        int err = plait_await_until(f, &result, plait_after((int64_t)roll(random, 300000)));
        if (err != PLAIT_ETIMEDOUT && err != PLAIT_ECANCELED) {
            job_ended(below.number, err, result);
            return err;
        }
        if (roll(random, 2)) plait_future_cancel(f);
    }
    int err = plait_await(f, &result);
    job_ended(below.number, err, result);
    return err;
}

static int await_group(const struct job *j, uint64_t *random)
{
    PLAIT_GROUP(group, job_executors[j->pool]);
    for (uint64_t n = 1 + roll(random, 3); n; n--) {
        struct job below = job_below(j, random);
        plait_group_submit(&group, job_run, &below);
    }
    if (roll(random, 8) == 0) plait_group_cancel(&group);
    if (roll(random, 8) == 0) return 0;
    int err = plait_group_wait(&group);
    check(err == 0 || err == FAILURE || err == PLAIT_ECANCELED || err == PLAIT_ETASK);
    return err;
}

static int await_map(const struct job *j, uint64_t *random)
{
    struct job below[6];
    uint64_t results[6];
    size_t count = 1 + roll(random, 6);
    for (size_t i = 0; i < count; i++) below[i] = job_below(j, random);
    plait_map_options options = { .window = roll(random, 4) };
    int err = plait_map(job_executors[j->pool], job_run, below, count, results, &options);
    for (size_t i = 0; i < count && !err; i++) job_ended(below[i].number, 0, results[i]);
    return err;
}

static int await_first(const struct job *j, uint64_t *random)
{
    plait_future *fs[3];
    for (int i = 0; i < 3; i++) {
        struct job below = job_below(j, random);
        fs[i] = plait_submit(job_executors[j->pool], job_run, &below);
    }
    size_t done = 0;
    int err = plait_wait(fs, 3, (plait_wait_mode)roll(random, 3), PLAIT_FOREVER, &done);
    check(err == PLAIT_ECANCELED || (err == 0 && done > 0));
    for (int i = 0; i < 3; i++) {
        if ((size_t)i >= done) plait_future_cancel(fs[i]);
        uint64_t number = job_number(fs[i]), result = 0;
        int code = plait_await(fs[i], &result);
        job_ended(number, code, result);
    }
    return err;
}

static int work(const struct job *j, uint64_t *random)
{
    switch (roll(random, j->depth ? 16 : 8)) {
    case 0: return FAILURE;
    case 1: return plait_fail(FAILURE, "job %llu fails", (unsigned long long)j->number);
    case 2: return plait_sleep((int64_t)roll(random, 50000));
    case 3:
        for (uint64_t n = roll(random, 3000); n; n--)
            if (n % 64 == 0 && plait_cancelled()) return PLAIT_ECANCELED;
        return 0;
    case 4: return j->may_fail ? PLAIT_ETASK : 0;
    case 8:
    case 9: return await_one(j, random, false);
    case 10: return await_one(j, random, true);
    case 11: return await_group(j, random);
    case 12: return await_map(j, random);
    case 13: return await_first(j, random);
    case 14: {
        plait_mutex mine = PLAIT_MUTEX_INIT; /* so that nothing is run in place */
        PLAIT_LOCKED(&mine);
        return await_one(j, random, false);
    }
    case 15: {
        PLAIT_TIMEOUT(limit, plait_after((int64_t)roll(random, 200000)));
        return await_one(j, random, false);
    }
    default: return 0;
    }
}

int job_run(const struct job *j, uint64_t *result)
{
    uint64_t random = right_result(j->number) | 1;
    atomic_fetch_add_explicit(&jobs_begun, 1, memory_order_relaxed);
    *result = right_result(j->number);
    int err = passed_on(work(j, &random));
    atomic_fetch_add_explicit(&jobs_ended, 1, memory_order_relaxed);
    return j->may_fail ? err : plait_cancelled() ? PLAIT_ECANCELED : 0;
}

void job_ended(uint64_t number, int code, uint64_t result)
{
    if (code == 0) check(result == right_result(number));
    else check(code == FAILURE || code == PLAIT_ETASK || code == PLAIT_ECANCELED);
}

uint64_t job_number(plait_future *f) { return ((const struct job *)plait_future_argument(f))->number; }

void job_end_done(plait_future *f)
{
    check(plait_future_get_state(f) >= PLAIT_FUTURE_FINISHED);
    uint64_t number = job_number(f), result = 0;
    int code = plait_await_until(f, &result, PLAIT_NOW);
    job_ended(number, code, result);
}

struct job job_new(struct actor *a, bool may_fail)
{
    atomic_fetch_add_explicit(&jobs_submitted, 1, memory_order_relaxed);
    return (struct job){ .number = atomic_fetch_add(&numbers, 1) + 1,
                         .depth = (unsigned)dice(a, 4),
                         .pool = (unsigned)dice(a, JOB_POOLS),
                         .may_fail = may_fail };
}

plait_future *job_submit(struct actor *a, bool may_fail)
{
    struct job j = job_new(a, may_fail);
    uint64_t which = dice(a, 32);
    return plait_submit(job_executors[which == 0 ? 3 : which < 4 ? 4 : which % JOB_POOLS], job_run, &j);
}

void jobs_begin(void)
{
    const int workers[JOB_POOLS] = { 1, 2, 4 };
    for (int i = 0; i < JOB_POOLS; i++)
        check(job_executors[i] = plait_thread_executor_new(&(plait_thread_options){ .workers = workers[i] }));
    job_executors[3] = plait_thread_per_task_executor();
    job_executors[4] = plait_inline_executor();
}

bool jobs_end(void)
{
    until(jobs_begun == jobs_ended); /* the threads for one task each have nobody who waits for them */
    size_t spares = 0;
    for (int i = 0; i < JOB_POOLS; i++) {
        plait_executor_statistics s;
        plait_executor_get_statistics(job_executors[i], &s);
        spares += s.spares;
        plait_executor_free(job_executors[i]);
    }
    uint64_t submitted = jobs_submitted, ended = jobs_ended;
    printf("%llu jobs submitted, %llu ran, %zu threads stood in\n", (unsigned long long)submitted,
           (unsigned long long)ended, spares);
    return ended && ended <= submitted && jobs_begun == ended;
}
