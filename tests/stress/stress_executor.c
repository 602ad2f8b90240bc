/* stress_executor.c: pools under maps, groups and recursion from inside and outside, by threads and coroutines; and pools
   that are made, closed and freed while what is in them is cancelled and waited for by others. */
#include "jobs.h"
#include "runners.h"

static bool mapper(struct actor *a)
{
    struct job in[40];
    uint64_t out[40];
    size_t count = dice(a, 40);
    for (size_t i = 0; i < count; i++) in[i] = job_new(a, true);
    for (size_t i = 0; i < count && dice(a, 2); i++) in[i].may_fail = false;
    plait_map_options options = { .window = dice(a, 10), .deadline = some_deadline(a) };
    a->doing = "in plait_map";
    int err = plait_map(job_executors[dice(a, JOB_EXECUTORS)], job_run, in, count, out, &options);
    a->doing = NULL;
    for (size_t i = 0; i < count && !err; i++) job_ended(in[i].number, 0, out[i]);
    tally(a, err == PLAIT_ETASK || err <= PLAIT_EUSER ? 0 : err);
    return !stopping;
}

/* Groups: children that submit children; ended in each way. */

struct child {
    plait_group *group;
    _Atomic unsigned *running;
    struct job job;
    unsigned generations;
};
static int be_child(const struct child *c);
PLAIT_LOCAL_TASK(be_child, struct child, void);
static int be_child(const struct child *c)
{
    uint64_t result;
    atomic_fetch_add(c->running, 1);
    struct child younger = *c;
    for (younger.generations = c->generations; younger.generations;) {
        younger.generations--;
        younger.job.number += 1u << 20;
        atomic_fetch_add_explicit(&jobs_submitted, 1, memory_order_relaxed);
        plait_group_submit(c->group, be_child, &younger);
    }
    int err = job_run(&c->job, &result);
    atomic_fetch_sub(c->running, 1);
    return err;
}

static void fill(struct actor *a, plait_group *group, _Atomic unsigned *running)
{
    for (uint64_t n = dice(a, 10); n; n--) {
        struct child c = { group, running, job_new(a, !dice(a, 8)), (unsigned)dice(a, 4) };
        plait_group_submit(group, be_child, &c);
    }
}

static int leave(struct actor *a, _Atomic unsigned *running)
{
    PLAIT_GROUP(group, job_executors[dice(a, JOB_EXECUTORS)]);
    for (uint64_t rounds = dice(a, 3);; rounds--) {
        fill(a, &group, running);
        if (!dice(a, 6)) plait_group_cancel(&group);
        if (!dice(a, 6)) return 0;
        int err = plait_group_wait(&group);
        check_number(*running, 0);
        if (err || !rounds) return err;
    }
}

static bool grouper(struct actor *a)
{
    _Atomic unsigned running = 0;
    a->doing = "in a group";
    int err = leave(a, &running);
    check_number(running, 0);
    a->doing = NULL;
    tally(a, err == PLAIT_ETASK || err <= PLAIT_EUSER ? 0 : err);
    return !stopping;
}

/* A group that another cancels. */

struct group_of_two {
    _Atomic(plait_group *) group;
    plait_event may_leave;
};
static struct meeting group_place = MEETING;

static bool cancelled_group(struct actor *a)
{
    unsigned mine;
    struct group_of_two *q = meet(&group_place, a, sizeof *q, 2, &mine);
    if (!q) return false;
    PLAIT_SHIELD(deaf, PLAIT_FOREVER);
    a->doing = "with a group that another cancels";
    if (mine == 0) {
        _Atomic unsigned running = 0;
        PLAIT_GROUP(group, job_executors[chance(q) % 4]);
        q->group = &group;
        fill(a, &group, &running);
        int err = plait_group_wait(&group);
        check(!err || err == PLAIT_ETASK || err <= PLAIT_EUSER);
        check_number(running, 0);
        check_code(plait_event_wait(&q->may_leave, PLAIT_FOREVER), 0);
    } else {
        until(q->group);
        dawdle(a, 20000);
        plait_group_cancel(q->group);
        plait_event_set(&q->may_leave);
    }
    a->doing = NULL;
    a->good++;
    if (part(q)) meeting_end(q);
    return true;
}

/* Recursion: each level waits for two below it, in one of the ways. */

struct tree {
    unsigned depth, pool;
    uint64_t random;
};
static int grow(const struct tree *t, uint64_t *leaves);
PLAIT_TASK(grow, struct tree, uint64_t);
static int grow(const struct tree *t, uint64_t *leaves)
{
    *leaves = 1;
    if (!t->depth) return 0;
    plait_executor *ex = job_executors[t->pool];
    uint64_t random = t->random * 6364136223846793005u + 1442695040888963407u, below[2] = { 0, 0 };
    struct tree trees[2] = { { t->depth - 1, t->pool, random }, { t->depth - 1, t->pool, random ^ 0x5555 } };
    int err = 0;
    if (random >> 62 == 0) {
        err = plait_map(ex, grow, trees, 2, below, NULL);
    } else {
        plait_future *fs[2];
        for (int i = 0; i < 2; i++) fs[i] = plait_submit(ex, grow, &trees[i]);
        if (random >> 62 == 1) err = plait_wait(fs, 2, PLAIT_ALL_COMPLETED, PLAIT_FOREVER, NULL);
        if (random >> 62 == 2) err = plait_future_wait(fs[1], plait_after(3600 * PLAIT_SECOND));
        for (int i = 0; i < 2; i++) {
            int code = plait_await(fs[i], &below[i]);
            err = err ? err : code;
        }
    }
    *leaves = below[0] + below[1];
    return err;
}

static bool grower(struct actor *a)
{
    struct tree t = { 1 + (unsigned)dice(a, 7), (unsigned)dice(a, JOB_POOLS), dice(a, UINT32_MAX) };
    uint64_t leaves = 0;
    a->doing = "with a tree of tasks";
    int err = plait_await(plait_submit(job_executors[t.pool], grow, &t), &leaves);
    check(err || leaves == (uint64_t)1 << t.depth);
    a->doing = NULL;
    tally(a, err);
    return !stopping;
}

/* Pools that come and go. */

enum { INSIDE = 6 };
struct short_lived {
    plait_future *futures[INSIDE];
    _Atomic bool there;
    _Atomic unsigned ran;
};
static struct meeting pool_place = MEETING;

static int run_shortly(struct short_lived *const *s)
{
    (*s)->ran++;
    return 0;
}
PLAIT_LOCAL_TASK(run_shortly, struct short_lived *, void);

static bool short_lived(struct actor *a)
{
    unsigned mine, cancelled = 0;
    struct short_lived *s = meet(&pool_place, a, sizeof *s, 3, &mine);
    if (!s) return false;
    PLAIT_SHIELD(deaf, PLAIT_FOREVER);
    a->doing = "with a pool that comes and goes";
    if (mine == 0) {
        plait_executor *pool =
            plait_thread_executor_new(&(plait_thread_options){ .workers = 1 + (int)(chance(s) % 3) });
        check(pool);
        for (int i = 0; i < INSIDE; i++) {
            s->futures[i] = plait_submit(pool, run_shortly, &s);
            plait_future_ref(s->futures[i]);
            plait_future_ref(s->futures[i]);
        }
        s->there = true;
        if (chance(s) & 8) plait_executor_close(pool);
        if (chance(s) & 16)
            check_code(plait_await(plait_submit(pool, run_shortly, &s), NULL), chance(s) & 8 ? PLAIT_ECLOSED : 0);
        if (chance(s) & 32) dawdle(a, 5000);
        plait_executor_free(pool);
        for (int i = 0; i < INSIDE; i++) check(plait_future_get_state(s->futures[i]) >= PLAIT_FUTURE_FINISHED);
    } else {
        until(s->there);
        dawdle(a, 5000);
        for (int i = 0; i < INSIDE; i++) {
            if (mine == 1 && (chance(s) >> 6 & 1)) cancelled += plait_future_cancel(s->futures[INSIDE - 1 - i]);
            else check_code(plait_future_wait(s->futures[i], PLAIT_FOREVER), 0);
        }
    }
    for (int i = 0; i < INSIDE; i++) {
        int err = plait_await(s->futures[i], NULL);
        check(err == 0 || err == PLAIT_ETASK);
    }
    check(s->ran <= INSIDE + 1 - cancelled);
    a->doing = NULL;
    a->good++;
    if (part(s)) meeting_end(s);
    return true;
}

/* Many that nobody waits for. */

static _Atomic uint64_t crowd_sent, crowd_came;
static int come(void)
{
    atomic_fetch_add_explicit(&crowd_came, 1, memory_order_relaxed);
    return 0;
}
PLAIT_TASK(come, void, void);

static bool crowd(struct actor *a)
{
    if (crowd_sent - crowd_came > 5000) return !stopping;
    plait_executor *ex = job_executors[dice(a, JOB_POOLS)];
    for (uint64_t n = dice(a, 300); n; n--) {
        crowd_sent++;
        plait_future_detach(plait_submit(ex, come, NULL));
        a->good++;
    }
    return !stopping;
}

static bool right(void)
{
    bool good = jobs_end();
    printf("%llu sent, %llu came\n", (unsigned long long)crowd_sent, (unsigned long long)crowd_came);
    return good && crowd_sent == crowd_came;
}

int main(void)
{
    jobs_begin();
    cast("mapper", mapper, 2, 6);
    cast("grouper", grouper, 2, 6);
    cast("cancelled group", cancelled_group, 2, 4);
    cast("grower", grower, 2, 4);
    cast("short-lived", short_lived, 3, 6);
    cast("crowd", crowd, 1, 2);
    return stress("stress_executor", NULL, right);
}
