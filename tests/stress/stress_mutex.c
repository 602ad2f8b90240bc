/* stress_mutex.c: a counter that a mutex guards is exact; of mutexes that are used once by each of three nobody who waits
   is forgotten, and the last to unlock may free at once. */
#include "stress.h"
#include "park/context.h"
#include <plait/mutex.h>

static plait_mutex counter_lock;
static uint64_t counter;
static struct meeting quiet_place = MEETING, hasty_place = MEETING;

static bool locker(struct actor *a)
{
    if (dice(a, 2)) plait_mutex_lock(&counter_lock), a->good++;
    else if (tally(a, plait_mutex_lock_until(&counter_lock, some_deadline(a)))) return !stopping;
    uint64_t seen = counter;
    if (dice(a, 2)) dawdle(a, 200);
    if (!dice(a, 16)) pause_briefly(a, 20 * PLAIT_MICROSECOND); /* with the mutex held */
    counter = seen + 1;
    plait_mutex_unlock(&counter_lock);
    return !stopping;
}

/* Inside of another task: the context of a nested one is in the lock word. */
static bool nested(struct actor *a)
{
    plait_context *inside = plait_context_enter(NULL);
    check(inside);
    bool more = locker(a);
    plait_record_unref(plait_context_leave(inside, "nested"));
    return more;
}

/* Two that must have it, and one that may be late: then nobody comes by to repair what it has lost. */
static bool quiet(struct actor *a)
{
    unsigned mine;
    plait_mutex *m = meet(&quiet_place, a, sizeof *m, 3, &mine);
    if (!m) return false;
    int err = 0;
    dawdle(a, 2000);
    if (mine == 2) err = tally(a, plait_mutex_lock_until(m, soon(a, 30 * PLAIT_MICROSECOND)));
    else plait_mutex_lock(m), a->good++;
    if (!err) {
        dawdle(a, dice(a, 2) ? 20000 : 100);
        plait_mutex_unlock(m);
    }
    if (part(m)) meeting_end(m);
    return true;
}

static bool hasty(struct actor *a)
{
    unsigned mine;
    plait_mutex *m = meet(&hasty_place, a, sizeof *m, 3, &mine);
    if (!m) return false;
    dawdle(a, 2000);
    if (tally(a, plait_mutex_lock_until(m, soon(a, 30 * PLAIT_MICROSECOND)))) plait_mutex_lock(m), a->good++;
    dawdle(a, dice(a, 2) ? 10000 : 100);
    bool last = part(m);
    plait_mutex_unlock(m); /* who left earlier must be through with it */
    if (last) meeting_end(m);
    return true;
}

static bool right(void)
{
    uint64_t locked = total_of("locker") + total_of("nested");
    if (counter != locked) printf("counted %llu of %llu\n", (unsigned long long)counter, (unsigned long long)locked);
    return counter == locked && counter_lock.word == 0 && counter_lock.waiters == 0;
}

int main(void)
{
    cast("locker", locker, 3, 6);
    cast("nested", nested, 1, 2);
    cast("quiet", quiet, 4, 6);
    cast("hasty", hasty, 4, 6);
    return stress("mutex", NULL, right);
}
