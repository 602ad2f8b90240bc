/* stress_condition.c: tokens go from hand to hand and none is lost; a single signal on a quiet condition reaches one who
   can use it, however many leave late or cancelled. */
#include "stress.h"
#include <plait/condition.h>

enum { TOKENS = 2 };
static plait_mutex lock;
static plait_condition token_back, all_here;
static unsigned tokens = TOKENS;
static uint64_t waves;
static struct meeting quiet_place = MEETING, crowd_place = MEETING;

static bool taker(struct actor *a)
{
    int err = 0;
    plait_deadline until = some_deadline(a);
    plait_mutex_lock(&lock);
    while (!tokens && !err) err = plait_condition_wait(&token_back, &lock, until);
    bool got = tokens > 0;
    if (got) tokens--;
    plait_mutex_unlock(&lock);
    tally(a, got ? 0 : err);
    if (!got) return !stopping;
    if (!dice(a, 4)) pause_briefly(a, 10 * PLAIT_MICROSECOND);
    plait_mutex_lock(&lock);
    tokens++;
    bool first = dice(a, 2);
    if (first) plait_condition_signal(&token_back);
    plait_mutex_unlock(&lock);
    if (!first) plait_condition_signal(&token_back);
    return !stopping;
}

/* A broadcast moves the wave on; surfers wait for the next one. */
static bool surfer(struct actor *a)
{
    int err = 0;
    plait_deadline until = some_deadline(a);
    plait_mutex_lock(&lock);
    uint64_t seen = waves;
    if (dice(a, 4) == 0) {
        waves++;
        plait_condition_broadcast(&all_here);
    }
    while (waves == seen && !err && !stopping) err = plait_condition_wait(&all_here, &lock, until);
    plait_mutex_unlock(&lock);
    tally(a, err);
    return !stopping;
}

static void stop(void)
{
    plait_mutex_lock(&lock);
    plait_condition_broadcast(&all_here);
    plait_condition_broadcast(&token_back);
    plait_mutex_unlock(&lock);
}

/* One token, given once with one signal. Part 0 must have it; part 1 may have it first, or leave; part 2 gives it. */
struct quiet {
    plait_mutex lock;
    plait_condition there;
    bool token, done;
};

static void give(struct quiet *q, bool before)
{
    plait_mutex_lock(&q->lock);
    q->token = true;
    if (before) plait_condition_signal(&q->there);
    plait_mutex_unlock(&q->lock);
    if (!before) plait_condition_signal(&q->there);
}

static bool quiet(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&quiet_place, a, sizeof *q, 3, &mine);
    if (!q) return false;
    dawdle(a, 3000);
    if (mine == 2) {
        give(q, dice(a, 2));
    } else if (mine == 1) {
        int err = 0;
        plait_deadline until = soon(a, 40 * PLAIT_MICROSECOND);
        plait_mutex_lock(&q->lock);
        while (!q->token && !q->done && !err) err = plait_condition_wait(&q->there, &q->lock, until);
        bool got = q->token;
        if (got || q->done) err = 0;
        q->token = false;
        plait_mutex_unlock(&q->lock);
        tally(a, err);
        if (got) give(q, dice(a, 2));
    } else {
        PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
        plait_mutex_lock(&q->lock);
        while (!q->token) check_code(plait_condition_wait(&q->there, &q->lock, PLAIT_FOREVER), 0);
        q->token = false;
        q->done = true;
        plait_condition_signal(&q->there); /* for part 1, if it waits still */
        plait_mutex_unlock(&q->lock);
        a->good++;
    }
    if (part(q)) meeting_end(q);
    return true;
}

/* Three wait, the fourth tells all with one broadcast. */
static bool crowd(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&crowd_place, a, sizeof *q, 4, &mine);
    if (!q) return false;
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    dawdle(a, 3000);
    plait_mutex_lock(&q->lock);
    if (mine == 3) q->done = true;
    else
        while (!q->done) {
            int err =
                plait_condition_wait(&q->there, &q->lock, mine == 2 ? soon(a, 20 * PLAIT_MICROSECOND) : PLAIT_FOREVER);
            tally(a, err);
        }
    bool first = dice(a, 2);
    if (mine == 3 && first) plait_condition_broadcast(&q->there);
    plait_mutex_unlock(&q->lock);
    if (mine == 3 && !first) plait_condition_broadcast(&q->there);
    if (part(q)) meeting_end(q);
    return true;
}

static bool right(void)
{
    if (tokens != TOKENS) printf("%u tokens are left of %d\n", tokens, TOKENS);
    return tokens == TOKENS && token_back.waiters == 0 && all_here.waiters == 0;
}

int main(void)
{
    cast("taker", taker, 3, 6);
    cast("surfer", surfer, 2, 4);
    cast("quiet", quiet, 4, 6);
    cast("crowd", crowd, 4, 6);
    return stress("condition", stop, right);
}
