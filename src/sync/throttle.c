/* throttle.c: a token bucket as a line that is drawn once and read by all: token number k of all that ever drip into it
   comes at a time that follows from the rate alone. Whoever takes n tokens takes a ticket, the number of the last of
   them, and has them from the time of its ticket on. So one who waits sleeps once, exactly until then, and is woken for
   nothing else but a line that was drawn anew.

   What must hold, under the spin bit of the wait list, which guards all fields and is held for some tens of
   instructions:
   - At the time `at` exactly come + part / nanoseconds tokens have come, and each nanosecond after it brings count /
     nanoseconds more. A line that is continued goes on from a whole nanosecond with the exact part, so nothing is ever
     rounded. A line that was pushed back has an `at` that is yet to come, and until then nothing comes.
   - `taken` is the last ticket that was given out. come - taken is what is in the bucket, never more than `burst`;
     below zero it is what is promised. Tickets are counted modulo 2^64 and compared by their distance from `come`.
   - Nobody goes with a ticket above `come`. Nobody goes without a ticket, and tickets are given out in order: so nobody
     passes, and in no stretch of time go more than the rate and the burst allow.
   - Whoever sleeps is on the wait list since before the spin bit was let go under which its time was reckoned. Whoever
     draws the line anew takes all off that list in the same step: each reckons again before it sleeps on.
   - Those that wait with a ticket are also in order, oldest to newest, with what they would give back: the tickets from
     `first` up. One that is cut short gives them to the line if they are the last that were given out; else to the next
     newer one, should that be cut short too; else, for a reserved one came right after it, to nobody.

   A sequence lock beside a counter of tickets would save nothing here: each taker must write, and to take all at one
   point in time, under one read-modify-write, leaves nothing to argue about. */
#include <plait/throttle.h>
#include "base/stop.h"
#include "park/scope.h"
#include "sync/shared.h"
#include "sync/throttle.h"

__extension__ typedef unsigned __int128 wide;

struct holder {
    plait_waiter node; /* first: the two addresses are one */
    struct holder *older, *newer;
    uint64_t first, ticket; /* it has those above `first` and up to `ticket`, its own at the end */
    bool holds;
    int64_t due;
};

/* How many more tokens than `ticket` have come; below zero, how many are missing. */
static int64_t above(plait_throttle *t, uint64_t ticket) { return (int64_t)(t->come - ticket); }

/* A full bucket has no room for a part either. */
static void spill(plait_throttle *t)
{
    if (above(t, t->taken) >= (int64_t)t->burst) t->come = t->taken + t->burst, t->part = 0;
}

/* Continues the line to `now`. One who read the clock before another that came here first finds it further already. */
static void flow(plait_throttle *t, int64_t now)
{
    if (now < t->at) return;
    wide sum = (wide)(uint64_t)(now - t->at) * t->count + t->part, gained = sum / t->nanoseconds;
    uint64_t room = t->burst + t->taken - t->come;
    t->come += gained < room ? (uint64_t)gained : room;
    t->part = (uint64_t)(sum % t->nanoseconds);
    t->at = now;
    spill(t);
}

/* The first nanosecond at which `ticket` has come. */
static int64_t due(plait_throttle *t, uint64_t ticket)
{
    int64_t missing = -above(t, ticket);
    if (missing <= 0) return 0;
    wide wait = ((wide)(uint64_t)missing * t->nanoseconds - t->part + t->count - 1) / t->count;
    return wait > (wide)(uint64_t)(INT64_MAX - t->at) ? INT64_MAX : t->at + (int64_t)wait;
}

static plait_waiter *hold(plait_throttle *t, int64_t now)
{
    plait_waiter *last = plait_waitlist_hold(&t->waiters);
    if (!t->nanoseconds) plait_stop("a throttle was used before plait_throttle_init");
    flow(t, now);
    return last;
}

/* Lets go, after the line was drawn anew: all that wait are to reckon again. */
static void release_all(plait_throttle *t, plait_waiter *last)
{
    plait_waiter *chain = NULL, **end = &chain;
    while (last) {
        last = plait_ring_claim(last, end);
        end = &(*end)->next;
    }
    plait_waitlist_release(&t->waiters, NULL);
    plait_wake(chain);
}

/* 0, or why `tokens` more cannot be promised. */
static int refuse(plait_throttle *t, uint64_t tokens)
{
    if (tokens == 0 || tokens > t->burst) return PLAIT_EINVAL;
    return -above(t, t->taken + tokens) > (int64_t)(2 * PLAIT_THROTTLE_MOST) ? -EOVERFLOW : 0;
}

static int refused(int code, uint64_t tokens, uint64_t burst)
{
    if (code != PLAIT_EINVAL) return plait_fail(code, "more tokens of a throttle are promised than can be counted");
    return plait_fail(code, "%llu tokens of a throttle that holds %llu at most", (unsigned long long)tokens,
                      (unsigned long long)burst);
}

/* Those that wait with a ticket. */

static void take_place(plait_throttle *t, struct holder *me, uint64_t tokens)
{
    me->first = t->taken;
    me->ticket = t->taken += tokens;
    me->holds = true;
    me->newer = NULL;
    if ((me->older = t->newest)) me->older->newer = me;
    t->newest = me;
}

static void leave_place(plait_throttle *t, struct holder *me)
{
    if (me->older) me->older->newer = me->newer;
    if (me->newer) me->newer->older = me->older;
    else t->newest = me->older;
}

static void give_back(plait_throttle *t, struct holder *me)
{
    if (me->newer && me->newer->first == me->ticket) {
        me->newer->first = me->first;
    } else if (t->taken == me->ticket) {
        t->taken = me->first;
        spill(t);
    }
}

/* What is to be done by one that wants `tokens`, after its wait, if it has waited, ended with `cut`. */
enum { WAIT = 1 };
static int decide(plait_throttle *t, struct holder *me, uint64_t tokens, plait_deadline nearest, int cut)
{
    int err = me->holds ? 0 : refuse(t, tokens);
    if (err) return err;
    uint64_t ticket = me->holds ? me->ticket : t->taken + tokens;
    if (above(t, ticket) >= 0) {
        if (me->holds) leave_place(t, me);
        else t->taken = ticket;
        t->granted += tokens;
        return 0;
    }
    if (cut) {
        if (me->holds) leave_place(t, me), give_back(t, me);
        return cut;
    }
    me->due = due(t, ticket);
    if (!me->holds && (!nearest.at || me->due <= nearest.at)) take_place(t, me, tokens);
    return WAIT;
}

int plait_throttle_acquire(plait_throttle *t, uint64_t tokens, plait_deadline deadline)
{
    int cut = plait_wait_begin(deadline);
    if (cut) return plait_failed(cut);
    if (plait_is_shared(&t->waiters)) return plait_shared->throttle_acquire(t, tokens, deadline);
    struct holder me = { .node = plait_waiter_here() };
    plait_deadline nearest = plait_nearest(deadline);
    for (bool waited = false;; waited = true) {
        int64_t now = plait_time();
        if (cut != PLAIT_ECANCELED) /* PLAIT_ETIMEDOUT may mean that the tokens are due */
            cut = plait_is_now(deadline) ? PLAIT_EAGAIN : deadline.at && deadline.at <= now ? PLAIT_ETIMEDOUT : 0;
        plait_waiter *last = hold(t, now);
        if (waited) t->waiting--;
        int err = decide(t, &me, tokens, nearest, cut);
        uint64_t burst = t->burst;
        if (err == WAIT) {
            t->waiting++;
            last = plait_ring_add(last, &me.node, false);
        }
        plait_waitlist_release(&t->waiters, last);
        if (err == PLAIT_EINVAL || err == -EOVERFLOW) return refused(err, tokens, burst);
        if (err != WAIT) return plait_failed(err);
        plait_deadline until = me.holds ? plait_sooner(deadline, plait_deadline_at_(me.due)) : deadline;
        cut = plait_wait_in(&t->waiters, &me.node, until, PLAIT_CANCELLABLE);
    }
}

static int64_t ask(plait_throttle *t, uint64_t tokens, bool take)
{
    if (plait_is_shared(&t->waiters)) return plait_shared->throttle_ask(t, tokens, take);
    int64_t now = plait_time(), at = 0;
    plait_waiter *last = hold(t, now);
    int err = refuse(t, tokens);
    uint64_t burst = t->burst;
    if (!err) {
        at = due(t, t->taken + tokens);
        if (take) t->taken += tokens, t->granted += tokens;
    }
    plait_waitlist_release(&t->waiters, last);
    if (err) return refused(err, tokens, burst);
    return at == INT64_MAX ? at : at > now ? at - now : 0;
}

int64_t plait_throttle_delay(plait_throttle *t, uint64_t tokens) { return ask(t, tokens, false); }
int64_t plait_throttle_reserve(plait_throttle *t, uint64_t tokens) { return ask(t, tokens, true); }

static int check_rate(uint64_t count, int64_t nanoseconds, uint64_t burst)
{
    if (count > 0 && count <= PLAIT_THROTTLE_MOST && nanoseconds > 0 && burst <= PLAIT_THROTTLE_MOST) return 0;
    return plait_fail(PLAIT_EINVAL, "a throttle of %llu tokens per %lld ns with a burst of %llu",
                      (unsigned long long)count, (long long)nanoseconds, (unsigned long long)burst);
}

int plait_throttle_init(plait_throttle *t, uint64_t count, int64_t nanoseconds, uint64_t burst)
{
    int err = check_rate(count, nanoseconds, burst);
    if (err) return err;
    *t = (plait_throttle){
        .count = count, .nanoseconds = (uint64_t)nanoseconds, .burst = burst ? burst : count, .at = plait_time()
    };
    return 0;
}

/* A line of another slope, from where it is. */
static void draw(plait_throttle *t, uint64_t count, int64_t nanoseconds, uint64_t burst)
{
    t->part = (uint64_t)((wide)t->part * (uint64_t)nanoseconds / t->nanoseconds);
    t->count = count;
    t->nanoseconds = (uint64_t)nanoseconds;
    t->burst = burst ? burst : count;
    spill(t);
}

int plait_throttle_set_rate(plait_throttle *t, uint64_t count, int64_t nanoseconds, uint64_t burst)
{
    int err = check_rate(count, nanoseconds, burst);
    if (err) return err;
    if (plait_is_shared(&t->waiters)) return plait_shared->throttle_set_rate(t, count, nanoseconds, burst);
    int64_t now = plait_time();
    plait_waiter *last = hold(t, now);
    draw(t, count, nanoseconds, burst);
    release_all(t, last);
    return 0;
}

static void put_off(plait_throttle *t, plait_deadline until)
{
    if (above(t, t->taken) > 0) t->come = t->taken, t->part = 0;
    if (due(t, t->come + 1) < until.at) {
        t->at = until.at;
        t->part = t->nanoseconds; /* the whole of the next one, from then on */
    }
}

void plait_throttle_push_back(plait_throttle *t, int64_t nanoseconds)
{
    if (plait_is_shared(&t->waiters)) {
        plait_shared->throttle_push_back(t, nanoseconds);
        return;
    }
    plait_deadline until = plait_after(nanoseconds > 0 ? nanoseconds : 0);
    plait_waiter *last = hold(t, plait_time());
    put_off(t, until);
    release_all(t, last);
}

static void tell(plait_throttle *t, plait_throttle_statistics *s)
{
    int64_t content = above(t, t->taken);
    *s = (plait_throttle_statistics){ .tokens = content > 0 ? (uint64_t)content : 0,
                                      .burst = t->burst,
                                      .promised = content < 0 ? (uint64_t)-content : 0,
                                      .granted = t->granted,
                                      .waiting = t->waiting };
}

void plait_throttle_get_statistics(plait_throttle *t, plait_throttle_statistics *s)
{
    if (plait_is_shared(&t->waiters)) {
        plait_shared->throttle_look(t, s);
        return;
    }
    plait_waiter *last = hold(t, plait_time());
    tell(t, s);
    plait_waitlist_release(&t->waiters, last);
}

/* The line alone, for one in shared memory. */
void plait_throttle_flow(plait_throttle *t, int64_t now) { flow(t, now); }
void plait_throttle_spill(plait_throttle *t) { spill(t); }
int64_t plait_throttle_above(plait_throttle *t, uint64_t ticket) { return above(t, ticket); }
int64_t plait_throttle_due(plait_throttle *t, uint64_t ticket) { return due(t, ticket); }
int plait_throttle_refuse(plait_throttle *t, uint64_t tokens) { return refuse(t, tokens); }
int plait_throttle_refused(int code, uint64_t tokens, uint64_t burst) { return refused(code, tokens, burst); }
void plait_throttle_draw(plait_throttle *t, uint64_t count, int64_t nanoseconds, uint64_t burst)
{
    draw(t, count, nanoseconds, burst);
}
void plait_throttle_put_off(plait_throttle *t, plait_deadline until) { put_off(t, until); }
void plait_throttle_tell(plait_throttle *t, plait_throttle_statistics *s) { tell(t, s); }
