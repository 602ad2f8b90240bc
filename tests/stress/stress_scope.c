/* stress_scope.c: whoever waits in a scope that is cancelled, once, by another, goes on, whatever it waits for; nobody
   goes on for a scope that has not ended. */
#include "stress.h"
#include <fcntl.h>
#include <plait/condition.h>
#include <plait/event.h>
#include <plait/io.h>
#include <plait/queue.h>
#include <plait/semaphore.h>
#include <poll.h>
#include <unistd.h>

static int never[2]; /* a pipe into which nobody writes */
static plait_event no_event;
static plait_semaphore no_permit;
static plait_queue *no_item;
static plait_mutex lock;
static plait_condition no_signal;
static struct meeting cancel_place = MEETING, expiry_place = MEETING;

static int wait_for_ever(struct actor *a)
{
    int err;
    switch (dice(a, 6)) {
    case 0: return plait_sleep_until(PLAIT_FOREVER);
    case 1: return plait_event_wait(&no_event, PLAIT_FOREVER);
    case 2: return plait_semaphore_acquire(&no_permit, PLAIT_FOREVER);
    case 3: return plait_queue_get(no_item, &err, PLAIT_FOREVER);
    case 4: return plait_wait_fd(never[0], POLLIN, PLAIT_FOREVER);
    default:
        plait_mutex_lock(&lock);
        err = plait_condition_wait(&no_signal, &lock, PLAIT_FOREVER);
        plait_mutex_unlock(&lock);
        return err;
    }
}

/* Part 0 waits for ever in a scope that it has shown; part 1 cancels that, perhaps while it goes to sleep. */
struct shown {
    plait_scope scope;
    _Atomic bool entered;
};

static bool cancelled(struct actor *a)
{
    unsigned mine;
    struct shown *s = meet(&cancel_place, a, sizeof *s, 2, &mine);
    if (!s) return false;
    PLAIT_SHIELD(alone, PLAIT_FOREVER);
    if (mine == 0) {
        plait_scope_enter(&s->scope, dice(a, 2) ? PLAIT_FOREVER : plait_after(1000 * PLAIT_SECOND), 0);
        s->entered = true;
        dawdle(a, 1000);
        check_code(tally(a, wait_for_ever(a)), PLAIT_ECANCELED);
        check(plait_scope_cancelled(&s->scope));
        plait_scope_leave(&s->scope);
    } else {
        while (!s->entered) pause_briefly(a, 2 * PLAIT_MICROSECOND);
        dawdle(a, 3000);
        plait_scope_cancel(&s->scope);
        a->good++;
    }
    if (part(s)) meeting_end(s);
    return true;
}

/* Nobody cancels this one: its time is over. */
static bool expired(struct actor *a)
{
    unsigned mine;
    void *object = meet(&expiry_place, a, 1, 1, &mine);
    if (!object) return false;
    PLAIT_SHIELD(mine_alone, soon(a, 50 * PLAIT_MICROSECOND));
    check_code(tally(a, wait_for_ever(a)), PLAIT_ECANCELED);
    check(plait_scope_expired(&mine_alone));
    meeting_end(object);
    return true;
}

static bool right(void)
{
    bool empty = no_event.waiters == 0 && no_permit.waiters == 0 && no_signal.waiters == 0;
    plait_queue_free(no_item); /* which stops if somebody is still in it */
    return empty;
}

int main(void)
{
    check_number(pipe2(never, O_CLOEXEC), 0);
    no_item = plait_queue_new(sizeof(int), 1);
    cast("cancelled", cancelled, 6, 10);
    cast("expired", expired, 3, 5);
    return stress("scope", NULL, right);
}
