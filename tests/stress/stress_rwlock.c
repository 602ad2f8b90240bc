/* stress_rwlock.c: nobody reads what is half written; on a quiet lock nobody who waits is forgotten when another gives up,
   and the last writer may free it at once. */
#include "stress.h"
#include <plait/rwlock.h>

static plait_rwlock busy;
static uint64_t written, copy; /* equal but while one writes */
static struct meeting quiet_place = MEETING, hasty_place = MEETING;

static void reads(struct actor *a)
{
    uint64_t seen = written;
    dawdle(a, 300);
    if (!dice(a, 16)) pause_briefly(a, 20 * PLAIT_MICROSECOND);
    check_number(copy, seen);
}

static bool reader(struct actor *a)
{
    if (dice(a, 2)) plait_rwlock_lock_read(&busy), a->good++;
    else if (tally(a, plait_rwlock_lock_read_until(&busy, some_deadline(a)))) return !stopping;
    reads(a);
    plait_rwlock_unlock_read(&busy);
    return !stopping;
}

static bool writer(struct actor *a)
{
    if (dice(a, 2)) plait_rwlock_lock_write(&busy), a->good++;
    else if (tally(a, plait_rwlock_lock_write_until(&busy, some_deadline(a)))) return !stopping;
    written++;
    dawdle(a, 300);
    if (!dice(a, 16)) pause_briefly(a, 20 * PLAIT_MICROSECOND);
    copy++;
    if (dice(a, 4)) {
        plait_rwlock_unlock_write(&busy);
    } else {
        plait_rwlock_downgrade(&busy);
        reads(a);
        plait_rwlock_unlock_read(&busy);
    }
    return !stopping;
}

/* Used once by each of five: two read and one writes, and must; one may be late to write, one to read. */
static bool quiet(struct actor *a)
{
    unsigned mine;
    plait_rwlock *l = meet(&quiet_place, a, sizeof *l, 5, &mine);
    if (!l) return false;
    dawdle(a, 3000);
    if (mine == 0) {
        if (tally(a, plait_rwlock_lock_write_until(l, soon(a, 30 * PLAIT_MICROSECOND))) == 0) {
            dawdle(a, 1000);
            plait_rwlock_unlock_write(l);
        }
    } else if (mine == 1) {
        if (tally(a, plait_rwlock_lock_read_until(l, soon(a, 30 * PLAIT_MICROSECOND))) == 0) {
            dawdle(a, 1000);
            plait_rwlock_unlock_read(l);
        }
    } else if (mine == 2) {
        plait_rwlock_lock_write(l), a->good++;
        dawdle(a, dice(a, 2) ? 10000 : 100);
        if (dice(a, 2)) plait_rwlock_unlock_write(l);
        else plait_rwlock_downgrade(l), dawdle(a, 1000), plait_rwlock_unlock_read(l);
    } else {
        plait_rwlock_lock_read(l), a->good++;
        dawdle(a, dice(a, 2) ? 10000 : 100);
        plait_rwlock_unlock_read(l);
    }
    if (part(l)) {
        check_number(l->word | l->readers | l->leaving | l->writer.word | l->writer.waiters, 0);
        meeting_end(l);
    }
    return true;
}

/* Three use it, each to read and then to write; the last writer ends it, while others are on their way out. */
struct hasty {
    plait_rwlock lock;
    unsigned through;
};

static bool hasty(struct actor *a)
{
    unsigned mine;
    struct hasty *h = meet(&hasty_place, a, sizeof *h, 3, &mine);
    if (!h) return false;
    dawdle(a, 2000);
    if (dice(a, 2)) {
        plait_rwlock_lock_read(&h->lock);
        dawdle(a, 500);
        plait_rwlock_unlock_read(&h->lock);
    }
    if (tally(a, plait_rwlock_lock_write_until(&h->lock, soon(a, 20 * PLAIT_MICROSECOND))))
        plait_rwlock_lock_write(&h->lock), a->good++;
    dawdle(a, dice(a, 2) ? 5000 : 100);
    bool last = ++h->through == 3;
    plait_rwlock_unlock_write(&h->lock);
    if (last) meeting_end(h);
    return true;
}

static bool right(void)
{
    printf("%llu times written\n", (unsigned long long)written);
    return written == total_of("writer") && copy == written && (busy.word | busy.readers | busy.leaving) == 0 &&
           (busy.writer.word | busy.writer.waiters) == 0;
}

int main(void)
{
    cast("reader", reader, 3, 6);
    cast("writer", writer, 2, 3);
    cast("quiet", quiet, 5, 7);
    cast("hasty", hasty, 3, 5);
    return stress("rwlock", NULL, right);
}
