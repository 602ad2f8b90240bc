/* stress_timer.c: timers that are started, cancelled, freed and let go at random: each call that was not prevented is
   made, once, and none after its timer was freed. */
#include "stress.h"
#include <plait/event.h>
#include <plait/timer.h>
#include <stdlib.h>

static _Atomic uint64_t expected, made, ticks;
static struct meeting place = MEETING;

static int rings(void *calls)
{
    ++*(_Atomic int *)calls;
    made++;
    return 0;
}

/* One timer, from its start to its end. */
static bool starter(struct actor *a)
{
    _Atomic int *calls = calloc(1, sizeof *calls);
    check(calls);
    plait_timer *t = plait_timer_start(soon(a, 300 * PLAIT_MICROSECOND), rings, (void *)calls, NULL);
    check(t);
    dawdle(a, 5000);
    if (dice(a, 3) == 0) pause_briefly(a, 300 * PLAIT_MICROSECOND);
    bool prevented = false;
    switch (dice(a, 3)) {
    case 0: prevented = plait_timer_cancel(t); break;
    case 1:
        while (!*calls) pause_briefly(a, 100 * PLAIT_MICROSECOND);
        break;
    default: prevented = plait_timer_cancel(t) || plait_timer_cancel(t);
    }
    plait_timer_free(t);
    check_number(*calls, !prevented); /* it is over, whatever it was */
    if (!prevented) expected++;
    free((void *)calls);
    tally(a, 0);
    return !stopping;
}

/* Again and again, ended by its own call or from outside. */
struct ticking {
    plait_timer *timer;
    int left;
    plait_event set, over;
};

static int ticks_down(void *ticking)
{
    struct ticking *t = ticking;
    ticks++;
    if (--t->left) return 0;
    check_code(plait_event_wait(&t->set, PLAIT_FOREVER), 0);
    plait_timer_free(t->timer);
    plait_event_set(&t->over); /* the last access */
    return 0;
}

static bool ticker(struct actor *a)
{
    struct ticking t = { .left = 1 + (int)dice(a, 5) };
    t.timer = plait_timer_start(soon(a, 100 * PLAIT_MICROSECOND), ticks_down, &t,
                                &(plait_timer_options){ .period = 1 + (int64_t)dice(a, 50000) });
    check(t.timer);
    plait_event_set(&t.set);
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    check_code(tally(a, plait_event_wait(&t.over, PLAIT_FOREVER)), 0);
    return !stopping;
}

/* One starts it, one waits for its call, one may cancel: then who waits is told. */
struct shared {
    plait_timer *timer;
    plait_event started, over;
};
static int sets(void *shared)
{
    plait_event_set(&((struct shared *)shared)->over);
    return 0;
}

static bool quiet(struct actor *a)
{
    unsigned mine;
    struct shared *s = meet(&place, a, sizeof *s, 3, &mine);
    if (!s) return false;
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    dawdle(a, 3000);
    if (mine == 0) {
        s->timer = plait_timer_start(soon(a, 60 * PLAIT_MICROSECOND), sets, s, NULL);
        check(s->timer);
        plait_event_set(&s->started);
    } else if (mine == 1) {
        check_code(plait_event_wait(&s->started, PLAIT_FOREVER), 0);
        if (chance(s) % 2) pause_briefly(a, 60 * PLAIT_MICROSECOND);
        if (chance(s) % 4 != 0 && plait_timer_cancel(s->timer)) plait_event_set(&s->over);
    } else {
        check_code(tally(a, plait_event_wait(&s->over, PLAIT_FOREVER)), 0);
    }
    if (part(s)) {
        plait_timer_free(s->timer);
        meeting_end(s);
    }
    return true;
}

static bool right(void)
{
    printf("%llu calls made of %llu, %llu ticks\n", (unsigned long long)made, (unsigned long long)expected,
           (unsigned long long)ticks);
    return made == expected;
}

int main(void)
{
    cast("starter", starter, 4, 8);
    cast("ticker", ticker, 2, 3);
    cast("quiet", quiet, 4, 5);
    return stress("timer", NULL, right);
}
