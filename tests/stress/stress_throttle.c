/* stress_throttle.c: no more goes out than has come, whoever waits, is cut short, reserves or changes the rate meanwhile;
   all that was promised goes back or out; on a quiet throttle each change reaches those that sleep. */
#include "stress.h"
#include <plait/event.h>
#include <plait/throttle.h>
#include <sched.h>

__extension__ typedef unsigned __int128 wide;
enum { COUNT = 300000, BURST = 50 };

static plait_throttle busy, steady;
static int64_t steady_since, busy_since;
static _Atomic uint64_t busy_out, never_used, steady_out;
static struct meeting quiet_place = MEETING;

/* Whether so many may have come within a time at most, by the fastest rate that there was. */
static bool may_have_come(uint64_t tokens, int64_t since, uint64_t count)
{
    return (wide)tokens * PLAIT_SECOND <= (wide)(uint64_t)(plait_time() - since) * count;
}

static bool user(struct actor *a)
{
    uint64_t tokens = dice(a, 4) ? 1 : 1 + dice(a, BURST / 2);
    int err = plait_throttle_acquire(&busy, tokens, some_deadline(a));
    if (err != PLAIT_EINVAL && tally(a, err) == 0) busy_out += tokens;
    if (!may_have_come(busy_out, busy_since, COUNT)) check(!"more are out than can have come");
    return !stopping;
}

#define SLICE (10 * PLAIT_MILLISECOND)
/* Slower, and at its fastest again; said to be too fast; asked about; taken from ahead. */
static bool changer(struct actor *a)
{
    switch (dice(a, 5)) {
    case 0: check_code(plait_throttle_set_rate(&busy, 1 + dice(a, COUNT), PLAIT_SECOND, 1 + dice(a, BURST)), 0); break;
    case 1: plait_throttle_push_back(&busy, (int64_t)dice(a, 300) * PLAIT_MICROSECOND); break;
    case 2: {
        int64_t wait = plait_throttle_reserve(&busy, 1);
        check(wait >= 0);
        PLAIT_SHIELD(as_long_as_it_takes, PLAIT_FOREVER); /* at the slowest rate that is long after the end */
        for (; wait > 0 && !stopping; wait -= SLICE) (void)plait_sleep(wait < SLICE ? wait : SLICE);
        if (wait <= 0) busy_out++;
        else never_used++;
        break;
    }
    case 3: check(plait_throttle_delay(&busy, 1) >= 0); break;
    default: check_code(plait_throttle_set_rate(&busy, COUNT, PLAIT_SECOND, BURST), 0);
    }
    a->good++;
    pause_briefly(a, 200 * PLAIT_MICROSECOND);
    if (!stopping) return true;
    check_code(plait_throttle_set_rate(&busy, COUNT, PLAIT_SECOND, BURST), 0); /* so that all get through */
    return false;
}

/* Only takes, in all ways, and is never cut short: so to the token what has come is out or in the bucket. */
static bool taker(struct actor *a)
{
    uint64_t tokens = 1 + dice(a, 3);
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    if (tally(a, plait_throttle_acquire(&steady, tokens, dice(a, 4) ? PLAIT_FOREVER : PLAIT_NOW)) == 0)
        steady_out += tokens;
    return !stopping;
}

struct quiet {
    plait_throttle throttle;
    _Atomic int ready; /* 1: being made */
};

static plait_throttle *throttle_of(struct quiet *q)
{
    int none = 0;
    if (atomic_compare_exchange_strong(&q->ready, &none, 1)) {
        check_code(plait_throttle_init(&q->throttle, 1, INT64_MAX, 10), 0); /* as good as never */
        q->ready = 2;
    }
    while (q->ready != 2) sched_yield();
    return &q->throttle;
}

/* Two must have their tokens, which come by the change alone; a third is late, and takes no place or gives it back. */
static bool quiet(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&quiet_place, a, sizeof *q, 4, &mine);
    if (!q) return false;
    plait_throttle *t = throttle_of(q);
    dawdle(a, 3000);
    if (mine == 3) {
        check_code(plait_throttle_set_rate(t, 1000000, PLAIT_SECOND, 10), 0);
        if (dice(a, 2)) plait_throttle_push_back(t, (int64_t)dice(a, 50000));
        a->good++;
    } else if (mine == 2) {
        tally(a, plait_throttle_acquire(t, 1, soon(a, 40 * PLAIT_MICROSECOND)));
    } else {
        PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
        check_code(tally(a, plait_throttle_acquire(t, 1 + mine, PLAIT_FOREVER)), 0);
    }
    if (part(q)) {
        check_number(t->waiters, 0);
        check(!t->newest);
        meeting_end(q);
    }
    return true;
}

static plait_throttle_statistics statistics(plait_throttle *t)
{
    plait_throttle_statistics s;
    plait_throttle_get_statistics(t, &s);
    return s;
}

static bool right(void)
{
    int64_t before = plait_time() - steady_since;
    plait_throttle_statistics s = statistics(&steady), b = statistics(&busy);
    int64_t after = plait_time() - steady_since;
    uint64_t least = (uint64_t)((wide)(uint64_t)before * 100000 / PLAIT_SECOND),
             most = (uint64_t)((wide)(uint64_t)after * 100000 / PLAIT_SECOND);
    printf("%llu tokens out of the busy one; of the steady one %llu out and %llu in, of %llu\n",
           (unsigned long long)busy_out, (unsigned long long)s.granted, (unsigned long long)s.tokens,
           (unsigned long long)most);
    return s.waiting == 0 && b.waiting == 0 && s.promised == 0 && s.granted == steady_out &&
           s.granted + s.tokens >= least && s.granted + s.tokens <= most && !busy.newest && !steady.newest &&
           busy.waiters == 0 && b.granted == busy_out + never_used;
}

int main(void)
{
    check_code(plait_throttle_init(&busy, COUNT, PLAIT_SECOND, BURST), 0);
    busy_since = busy.at;
    check_code(plait_throttle_init(&steady, 100000, PLAIT_SECOND, 1 << 30), 0); /* never full */
    steady_since = steady.at;
    cast("user", user, 4, 8);
    cast("changer", changer, 1, 1);
    cast("taker", taker, 3, 6);
    cast("quiet", quiet, 5, 7);
    return stress("throttle", NULL, right);
}
