/* stress_barrier.c: of those that meet all go on or none; each round gives each number once; who waits for one that gave up
   is told. */
#include "stress.h"
#include <plait/barrier.h>

enum { PARTIES = 4 };
static plait_barrier busy;
static _Atomic uint64_t rounds, went_on, numbers;
static struct meeting quiet_place = MEETING;

static int ends_a_round(void *unused)
{
    (void)unused;
    rounds++;
    return 0;
}

static bool party(struct actor *a)
{
    size_t index = PARTIES;
    int err = plait_barrier_wait(&busy, &index, some_deadline(a));
    if (err == PLAIT_EBROKEN) {
        a->closed++;
        if (!stopping) plait_barrier_reset(&busy);
        if (stopping)
            plait_barrier_abort(&busy); /* the reset came after the end: nobody else would let the others go */
    } else if (tally(a, err) == 0) {
        went_on++;
        numbers += index;
    }
    if (!dice(a, 8)) pause_briefly(a, 20 * PLAIT_MICROSECOND);
    return !stopping;
}

static bool meddler(struct actor *a)
{
    pause_briefly(a, 300 * PLAIT_MICROSECOND);
    if (dice(a, 2)) plait_barrier_abort(&busy);
    else plait_barrier_reset(&busy);
    if (stopping) plait_barrier_abort(&busy);
    a->good++;
    return !stopping;
}

/* Used once by three, of whom one may give up: by being late, so that the others are told. */
struct quiet {
    plait_barrier barrier;
    pthread_mutex_t making;
    int outcomes[3];
    size_t indexes[3];
};

static bool quiet(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&quiet_place, a, sizeof *q, 3, &mine);
    if (!q) return false;
    pthread_mutex_lock(&q->making);
    if (!q->barrier.parties) q->barrier.parties = 3;
    pthread_mutex_unlock(&q->making);
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    dawdle(a, 3000);
    plait_deadline until = mine ? PLAIT_FOREVER : soon(a, 40 * PLAIT_MICROSECOND);
    q->outcomes[mine] = plait_barrier_wait(&q->barrier, &q->indexes[mine], until);
    if (q->outcomes[mine] == PLAIT_EBROKEN) a->closed++;
    else tally(a, q->outcomes[mine]);
    if (part(q)) {
        if (q->outcomes[0]) {
            check_code(q->outcomes[0], PLAIT_ETIMEDOUT);
            for (int i = 1; i < 3; i++) check_code(q->outcomes[i], PLAIT_EBROKEN);
        } else {
            for (int i = 1; i < 3; i++) check_code(q->outcomes[i], 0);
            check_number(1u << q->indexes[0] | 1u << q->indexes[1] | 1u << q->indexes[2], 7);
        }
        check_number(q->barrier.waiters, 0);
        meeting_end(q);
    }
    return true;
}

static void stop(void) { plait_barrier_abort(&busy); }

static bool right(void)
{
    printf("%llu rounds\n", (unsigned long long)rounds);
    return went_on == PARTIES * rounds && numbers == rounds * (PARTIES * (PARTIES - 1) / 2) && busy.waiting == 0 &&
           busy.waiters == 0;
}

int main(void)
{
    plait_barrier_options o = { .action = ends_a_round };
    check_code(plait_barrier_init(&busy, PARTIES, &o), 0);
    cast("party", party, 4, 7);
    cast("meddler", meddler, 1, 1);
    cast("quiet", quiet, 4, 8);
    return stress("barrier", stop, right);
}
