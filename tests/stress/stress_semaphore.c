/* stress_semaphore.c: permits are neither lost nor made; on a quiet semaphore each release reaches one who takes it, and
   who got the last may free it at once. */
#include "stress.h"
#include <plait/semaphore.h>

enum { PERMITS = 3 };
static plait_semaphore busy = PLAIT_SEMAPHORE_INIT(PERMITS);
static _Atomic int inside;
static struct meeting quiet_place = MEETING, hasty_place = MEETING;

static bool user(struct actor *a)
{
    size_t got = 0, wanted = 1 + dice(a, 2);
    while (got < wanted &&
           tally(a, plait_semaphore_acquire(&busy, got ? soon(a, 50 * PLAIT_MICROSECOND) : some_deadline(a))) == 0)
        got++, inside++;
    if (inside > PERMITS) check(!"more are inside than there are permits");
    if (!dice(a, 4)) pause_briefly(a, 10 * PLAIT_MICROSECOND);
    inside -= (int)got;
    if (got == 2 && dice(a, 2)) check_code(plait_semaphore_release(&busy, 2), 0);
    else
        for (; got; got--) check_code(plait_semaphore_release(&busy, 1), 0);
    return !stopping;
}

/* Two permits come, in one release or in two, for two that must have one; a third may have one first, and gives it back. */
static bool quiet(struct actor *a)
{
    unsigned mine;
    plait_semaphore *s = meet(&quiet_place, a, sizeof *s, 4, &mine);
    if (!s) return false;
    dawdle(a, 3000);
    if (mine == 3) {
        if (dice(a, 2)) check_code(plait_semaphore_release(s, 2), 0);
        else
            for (int i = 0; i < 2; i++) check_code(plait_semaphore_release(s, 1), 0), dawdle(a, 2000);
    } else if (mine == 2) {
        if (tally(a, plait_semaphore_acquire(s, soon(a, 40 * PLAIT_MICROSECOND))) == 0)
            check_code(plait_semaphore_release(s, 1), 0);
    } else {
        PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
        check_code(tally(a, plait_semaphore_acquire(s, PLAIT_FOREVER)), 0);
    }
    if (part(s)) {
        check_number(plait_semaphore_value(s), 0);
        meeting_end(s);
    }
    return true;
}

/* Who has taken all that there will be ends it, while the releasers are on their way out. */
struct hasty {
    plait_semaphore semaphore;
    _Atomic unsigned taken;
};

static bool hasty(struct actor *a)
{
    unsigned mine;
    struct hasty *h = meet(&hasty_place, a, sizeof *h, 3, &mine);
    if (!h) return false;
    dawdle(a, 3000);
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    if (mine == 2) {
        check_code(plait_semaphore_release(&h->semaphore, 2), 0);
    } else {
        while (tally(a, plait_semaphore_acquire(&h->semaphore, soon(a, 30 * PLAIT_MICROSECOND)))) {}
        if (atomic_fetch_add_explicit(&h->taken, 1, memory_order_acq_rel) == 1) meeting_end(h);
    }
    return true;
}

static bool right(void)
{
    if (plait_semaphore_value(&busy) != PERMITS)
        printf("%zu permits are left of %d\n", plait_semaphore_value(&busy), PERMITS);
    return plait_semaphore_value(&busy) == PERMITS && busy.waiters == 0;
}

int main(void)
{
    cast("user", user, 4, 8);
    cast("quiet", quiet, 5, 7);
    cast("hasty", hasty, 4, 6);
    return stress("semaphore", NULL, right);
}
