/* stress_event.c: whoever waits when an event is set goes on, whatever comes after; who saw it set may free it. */
#include "stress.h"
#include <plait/event.h>

static plait_event busy;
static struct meeting quiet_place = MEETING, hasty_place = MEETING, flash_place = MEETING;

static bool waiter(struct actor *a)
{
    tally(a, plait_event_wait(&busy, some_deadline(a)));
    return !stopping;
}

static bool setter(struct actor *a)
{
    plait_event_set(&busy);
    dawdle(a, 200);
    if (!stopping) plait_event_clear(&busy);
    if (dice(a, 2)) pause_briefly(a, 30 * PLAIT_MICROSECOND);
    a->good++;
    return !stopping;
}

static void stop(void) { plait_event_set(&busy); }

/* Set once, and stays set; two wait for ever, one not so long. */
static bool quiet(struct actor *a)
{
    unsigned mine;
    plait_event *e = meet(&quiet_place, a, sizeof *e, 4, &mine);
    if (!e) return false;
    dawdle(a, 3000);
    if (mine == 3) {
        plait_event_set(e);
    } else if (mine == 2) {
        tally(a, plait_event_wait(e, soon(a, 40 * PLAIT_MICROSECOND)));
    } else {
        PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
        check_code(tally(a, plait_event_wait(e, PLAIT_FOREVER)), 0);
    }
    if (part(e)) meeting_end(e);
    return true;
}

/* Set and cleared at once, until both that wait have gone on: each by a setting that came when it was on the list. */
struct flash {
    plait_event event;
    _Atomic unsigned gone;
};

static bool flash(struct actor *a)
{
    unsigned mine;
    struct flash *f = meet(&flash_place, a, sizeof *f, 3, &mine);
    if (!f) return false;
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    if (mine == 2) {
        while (f->gone < 2) {
            plait_event_set(&f->event);
            plait_event_clear(&f->event);
            pause_briefly(a, 5 * PLAIT_MICROSECOND);
        }
    } else {
        check_code(tally(a, plait_event_wait(&f->event, PLAIT_FOREVER)), 0);
        f->gone++;
    }
    if (part(f)) meeting_end(f);
    return true;
}

/* One sets; the other, which waits or looks, ends it at once. */
static bool hasty(struct actor *a)
{
    unsigned mine;
    plait_event *e = meet(&hasty_place, a, sizeof *e, 2, &mine);
    if (!e) return false;
    dawdle(a, 3000);
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    if (mine == 1) {
        plait_event_set(e);
        return true;
    }
    if (dice(a, 2))
        while (tally(a, plait_event_wait(e, soon(a, 30 * PLAIT_MICROSECOND)))) {}
    else
        while (!plait_event_is_set(e)) pause_briefly(a, 2 * PLAIT_MICROSECOND);
    meeting_end(e);
    return true;
}

static bool right(void) { return plait_event_is_set(&busy) && total_of("waiter") > 0; }

int main(void)
{
    cast("waiter", waiter, 3, 6);
    cast("setter", setter, 1, 1);
    cast("quiet", quiet, 5, 7);
    cast("flash", flash, 4, 5);
    cast("hasty", hasty, 3, 5);
    return stress("event", stop, right);
}
