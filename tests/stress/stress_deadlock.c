/* stress_deadlock.c: locks of all kinds taken in every order: each ring of tasks that wait for each other is found and one
   of them told, so that all come to their end; where all keep to one order nobody is ever told; a quiet ring is broken by
   one, and by one alone.

   A ring needs a task that holds a higher lock and asks for a lower one. These ask in a way that may fail; those that go
   upward may ask in either way. */
#include "runners.h"
#include "stress.h"
#include <plait/condition.h>
#include <plait/rwlock.h>

enum { LOCKS = 6, AT_ONCE = 3 };

static struct set {
    plait_mutex mutex[3];
    plait_recursive_mutex recursive[2];
    plait_rwlock rwlock;
    uint64_t guarded[LOCKS]; /* each by its lock */
    _Atomic uint64_t taken[LOCKS];
} tangled, ordered;

static void lock(struct set *s, uint64_t which)
{
    if (which < 3) plait_mutex_lock(&s->mutex[which]);
    else if (which < 5) plait_recursive_mutex_lock(&s->recursive[which - 3]);
    else plait_rwlock_lock_write(&s->rwlock);
}

static int lock_until(struct set *s, uint64_t which, plait_deadline until)
{
    return which < 3   ? plait_mutex_lock_until(&s->mutex[which], until)
           : which < 5 ? plait_recursive_mutex_lock_until(&s->recursive[which - 3], until)
                       : plait_rwlock_lock_write_until(&s->rwlock, until);
}

static void unlock(struct set *s, uint64_t which)
{
    if (which < 3) plait_mutex_unlock(&s->mutex[which]);
    else if (which < 5) plait_recursive_mutex_unlock(&s->recursive[which - 3]);
    else plait_rwlock_unlock_write(&s->rwlock);
}

static void count(struct set *s, uint64_t which)
{
    s->guarded[which]++;
    s->taken[which]++;
}

/* Some locks, one after the other. Returns what ended it. */
static int take_some(struct actor *a, struct set *s, const uint64_t *wanted, size_t count_wanted)
{
    uint64_t highest = 0;
    size_t got = 0;
    int err = 0;
    for (; got < count_wanted && !err; got += !err) {
        uint64_t next = wanted[got];
        bool upward = next >= highest;
        a->doing = upward ? "asking for a higher lock" : "asking for a lower lock";
        if (upward && dice(a, 2)) lock(s, next);
        else err = lock_until(s, next, some_deadline(a));
        if (err) continue;
        if (upward) highest = next;
        count(s, next);
        if (!dice(a, 8)) pause_briefly(a, 200 * PLAIT_MICROSECOND);
    }
    a->doing = NULL;
    if (!dice(a, 64)) pause_briefly(a, 15 * PLAIT_MILLISECOND); /* so that those who wait look why */
    while (got--) unlock(s, wanted[got]);
    return err;
}

static _Atomic uint64_t told;

static bool crosser(struct actor *a)
{
    uint64_t wanted[AT_ONCE];
    size_t n = 0;
    while (n < AT_ONCE) {
        uint64_t next = dice(a, LOCKS);
        bool again = false;
        for (size_t i = 0; i < n; i++) again |= wanted[i] == next;
        if (!again) wanted[n++] = next;
    }
    int err = take_some(a, &tangled, wanted, 2 + dice(a, AT_ONCE - 1));
    if (err == PLAIT_EDEADLK) {
        check_contains(plait_error()->message, "each wait for a lock that the next one holds");
        told++;
        a->closed++;
    } else {
        tally(a, err);
    }
    return !stopping;
}

/* Here EDEADLK would be an alarm without a fire: tally ends the program. */
static bool orderly(struct actor *a)
{
    uint64_t first = dice(a, LOCKS - AT_ONCE + 1), wanted[AT_ONCE];
    for (uint64_t i = 0; i < AT_ONCE; i++) wanted[i] = first + i;
    tally(a, take_some(a, &ordered, wanted, AT_ONCE));
    return !stopping;
}

/* A ring of three, of whom one at least may fail, and a fourth that waits for one of them. Nobody else comes by. */

enum { RING = 3 };
struct ring {
    plait_mutex mutex[RING];
    _Atomic int here, told, through;
};
static struct meeting place = MEETING;

static bool quiet(struct actor *a)
{
    unsigned mine;
    struct ring *r = meet(&place, a, sizeof *r, RING + 1, &mine);
    if (!r) return false;
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    a->doing = "in a quiet ring";
    bool may_fail = mine == 0 || mine == RING || chance(r) >> mine & 1;
    plait_mutex *next = &r->mutex[(mine + 1) % RING];
    if (mine < RING) {
        plait_mutex_lock(&r->mutex[mine]);
        r->here++;
    }
    until(r->here == RING);
    dawdle(a, 3000);
    int err = 0;
    if (may_fail) err = plait_mutex_lock_until(next, PLAIT_FOREVER);
    else plait_mutex_lock(next);
    if (!err) plait_mutex_unlock(next);
    if (mine < RING) plait_mutex_unlock(&r->mutex[mine]);
    if (err) {
        check_code(err, PLAIT_EDEADLK);
        check(mine < RING);
        r->told++;
    }
    a->doing = NULL;
    a->good++;
    if (part(r)) {
        check_number(r->told, 1);
        meeting_end(r);
    }
    return true;
}

static bool right(void)
{
    bool good = true;
    uint64_t taken = 0;
    for (int i = 0; i < LOCKS; i++) {
        good &= tangled.guarded[i] == tangled.taken[i] && ordered.guarded[i] == ordered.taken[i];
        taken += tangled.taken[i];
    }
    printf("%llu locks taken in every order, %llu times told of a deadlock\n", (unsigned long long)taken,
           (unsigned long long)told);
    return good;
}

int main(void)
{
    cast("crosser", crosser, 5, 9);
    cast("orderly", orderly, 3, 6);
    cast("quiet", quiet, 6, 10);
    return stress("deadlock", NULL, right);
}
