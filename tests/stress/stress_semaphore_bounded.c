/* stress_semaphore_bounded.c: at its limit a semaphore takes nothing more, whoever comes and goes meanwhile; and what
   belongs to it always comes back. */
#include "stress.h"
#include <plait/semaphore.h>

enum { LIMIT = 4 };
static plait_semaphore semaphore = PLAIT_SEMAPHORE_INIT_BOUNDED(LIMIT, LIMIT);
static _Atomic int inside;

static bool user(struct actor *a)
{
    PLAIT_ACQUIRED(err, &semaphore, some_deadline(a));
    if (tally(a, err)) return !stopping;
    check(++inside <= LIMIT);
    if (!dice(a, 4)) pause_briefly(a, 10 * PLAIT_MICROSECOND);
    inside--;
    return !stopping;
}

/* Takes all there is, one by one, and gives it back at once. */
static bool taker_of_all(struct actor *a)
{
    size_t got = 0;
    while (got < LIMIT && tally(a, plait_semaphore_acquire(&semaphore, soon(a, 50 * PLAIT_MICROSECOND))) == 0) got++;
    inside += (int)got;
    check(inside <= LIMIT);
    dawdle(a, 500);
    inside -= (int)got;
    if (got) check_code(plait_semaphore_release(&semaphore, got), 0);
    return !stopping;
}

/* More than the limit never fits, whatever is taken now. */
static bool giver_of_too_much(struct actor *a)
{
    check_code(plait_semaphore_release(&semaphore, LIMIT + 1 + dice(a, 9)), PLAIT_EINVAL);
    a->good++;
    dawdle(a, 3000);
    return !stopping;
}

static bool right(void)
{
    printf("%llu releases refused\n", (unsigned long long)total_of("giver"));
    return plait_semaphore_value(&semaphore) == LIMIT && semaphore.waiters == 0 &&
           plait_semaphore_release(&semaphore, 1) == PLAIT_EINVAL;
}

int main(void)
{
    cast("user", user, 6, 12);
    cast("taker of all", taker_of_all, 2, 2);
    cast("giver", giver_of_too_much, 1, 0);
    return stress("semaphore_bounded", NULL, right);
}
