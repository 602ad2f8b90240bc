/* foreign.c: a loop that another one drives: it watches the poller's descriptor, and turns us when that is readable.

   What must hold: between two turns the descriptor is readable when a turn has something to do. What a turn leaves ready
   rings the bell at its end. What is brought after that finds the bell PARKED_ON, since the loop is not the running one
   and so all, its own thread too, come by the inbox; what came before has left its token, and the end of the turn sees
   that. Times have a timerfd, descriptors are the poller's own. So it may be readable for nothing, never the reverse. */
#include "base/clock.h"
#include "base/hooks.h"
#include "loop/loop.h"
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

int plait_foreign_open(plait_loop *l)
{
    if (!l->bell.parker.operations) plait_thread_parker_prepare(&l->bell);
    int event = plait_thread_parker_event(&l->bell.parker), err = event < 0 ? event : 0;
    if (err) return err;
    if (plait_refused("descriptor")) return -EMFILE;
    l->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (l->timer < 0) return -errno;
    err = plait_poller_hear(&l->poller, event);
    if (!err) err = plait_poller_hear(&l->poller, l->timer);
    if (err) close(l->timer);
    return err;
}

void plait_foreign_close(plait_loop *l) { close(l->timer); }

void plait_foreign_enter(plait_loop *l)
{
    plait_thread_parker_woke(&l->bell.parker);
    plait_loop_here = l;
}

/* Whether the first of the times has come; else the timer is set to it. With a clock that is moved by hand, a move rings. */
static bool is_due(plait_loop *l)
{
    struct plait_due *first = plait_calendar_first(&l->due);
    int64_t at = first ? first->at : 0;
    if (at && at <= plait_time()) return true;
    if (at == l->timer_at || !plait_clock_is_system()) return false;
    struct itimerspec when = { .it_value = { at / PLAIT_SECOND, at % PLAIT_SECOND } };
    timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &when, NULL);
    l->timer_at = at;
    return false;
}

void plait_foreign_leave(plait_loop *l)
{
    plait_loop_here = NULL;
    bool ring = !plait_thread_parker_sleeps(&l->bell.parker, false);
    if (is_due(l) || l->ready.first || l->spares > PLAIT_LOOP_SPARES) ring = true;
    uint64_t one = 1;
    if (ring) (void)!write(l->bell.event, &one, sizeof one); /* refused only when it is readable already */
}

void plait_foreign_forget(plait_loop *l)
{
    if (plait_loop_is_of_this_thread(l)) { /* else that is not there */
        plait_hosted_remove(&l->hosted);
        plait_overflow_leave(&l->overflow);
    }
    close(l->timer);
    plait_poller_close(&l->poller);
}
