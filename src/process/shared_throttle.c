/* shared_throttle.c: the line of sync/throttle.c, drawn under a lock that survives its holder.

   What must hold, under the lock:
   - There are two lines, and `which` says which is the present one. Each change is made to a copy, in the other's place, and
     published by one store to `which`: who dies before it has changed nothing.
   - Nobody has a list of those that wait with a ticket, so one that is cut short gives its tokens back only when they are the
     last that were given out; else they go to nobody. */
#include "base/clock.h"
#include "process/shared_face.h"
#include "sync/throttle.h"

struct throttle {
    _Alignas(16) struct plait_shared_lock lock;
    struct plait_shared_place place;
    plait_throttle lines[2];
    _Atomic uint32_t which;
};

struct holder {
    uint64_t tokens, first, ticket; /* it has those above `first` and up to `ticket` */
    bool holds;
    plait_deadline deadline, nearest;
    uint64_t burst; /* for words */
};

static struct throttle *behind(plait_throttle *t) { return plait_behind(struct throttle, t); }

plait_throttle *plait_shared_throttle_new(plait_shared_memory *memory, uint64_t count, int64_t nanoseconds,
                                          uint64_t burst)
{
    plait_throttle made;
    if (plait_throttle_init(&made, count, nanoseconds, burst)) return NULL;
    plait_throttle *face = plait_shared_face_new(memory, sizeof(struct throttle), sizeof *face);
    if (!face) return NULL;
    behind(face)->lines[0] = made;
    plait_list_be_shared(&face->waiters);
    return face;
}

/* A copy of the present line, continued until now, to be changed and published. */
static plait_throttle *copy(struct throttle *t, int64_t now)
{
    uint32_t which = atomic_load_explicit(&t->which, memory_order_relaxed);
    plait_throttle *line = &t->lines[1 - which];
    *line = t->lines[which];
    plait_throttle_flow(line, now);
    return line;
}

static void publish(struct throttle *t, plait_throttle *line)
{
    atomic_store_explicit(&t->which, line == &t->lines[1], memory_order_release);
}

static int decide(plait_throttle *line, struct holder *h, int over, plait_deadline *until)
{
    int err = h->holds ? 0 : plait_throttle_refuse(line, h->tokens);
    h->burst = line->burst;
    if (err) return err;
    uint64_t ticket = h->holds ? h->ticket : line->taken + h->tokens;
    if (plait_throttle_above(line, ticket) >= 0) {
        if (!h->holds) line->taken = ticket;
        line->granted += h->tokens;
        return 0;
    }
    if (over) {
        if (h->holds && line->taken == h->ticket) {
            line->taken = h->first;
            plait_throttle_spill(line);
        }
        return over;
    }
    int64_t due = plait_throttle_due(line, ticket);
    if (!h->holds && (!h->nearest.at || due <= h->nearest.at)) {
        h->first = line->taken;
        h->ticket = line->taken = ticket;
        h->holds = true;
    }
    if (h->holds) *until = plait_deadline_at_(due);
    return PLAIT_NOT_YET;
}

static int look(struct plait_shared_turn *turn, void *throttle, void *holder)
{
    struct throttle *t = throttle;
    struct holder *h = holder;
    int64_t now = plait_time();
    if (turn->over == PLAIT_ETIMEDOUT && (!h->deadline.at || h->deadline.at > now))
        turn->over = 0; /* it is due, perhaps */
    plait_throttle *line = copy(t, now);
    int result = decide(line, h, turn->over, &turn->until);
    line->waiting += result == PLAIT_NOT_YET;
    line->waiting -= turn->again && line->waiting;
    publish(t, line);
    return result;
}

int plait_shared_throttle_acquire(plait_throttle *face, uint64_t tokens, plait_deadline deadline)
{
    struct throttle *t = behind(face);
    struct holder holder = { .tokens = tokens, .deadline = deadline, .nearest = plait_nearest(deadline) };
    const struct plait_shared_attempt attempt = { .look = look, .object = t, .argument = &holder };
    int err =
        plait_shared_wait(plait_shared_member_of(face), &t->lock, &t->place, &attempt, deadline, PLAIT_CANCELLABLE);
    return err == PLAIT_EINVAL || err == -EOVERFLOW ? plait_throttle_refused(err, tokens, holder.burst)
                                                    : plait_failed(err);
}

int64_t plait_shared_throttle_ask(plait_throttle *face, uint64_t tokens, bool take)
{
    struct throttle *t = behind(face);
    int64_t now = plait_time(), at = 0;
    plait_shared_lock(plait_shared_member_of(face), &t->lock);
    plait_throttle *line = copy(t, now);
    uint64_t burst = line->burst;
    int err = plait_throttle_refuse(line, tokens);
    if (!err) {
        at = plait_throttle_due(line, line->taken + tokens);
        if (take) line->taken += tokens, line->granted += tokens;
        publish(t, line);
    }
    plait_shared_unlock(&t->lock);
    if (err) return plait_throttle_refused(err, tokens, burst);
    return at == INT64_MAX ? at : at > now ? at - now : 0;
}

/* Draws another line: all reckon again. */
static void change(plait_throttle *face, uint64_t count, int64_t nanoseconds, uint64_t burst, plait_deadline put_off)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct throttle *t = behind(face);
    int64_t now = plait_time();
    plait_shared_lock(me, &t->lock);
    plait_throttle *line = copy(t, now);
    if (put_off.at) plait_throttle_put_off(line, put_off);
    else plait_throttle_draw(line, count, nanoseconds, burst);
    publish(t, line);
    struct plait_shared_wake wake = plait_shared_summon(&t->place, PLAIT_ALL);
    plait_shared_unlock(&t->lock);
    plait_shared_wake(me, &t->place, &wake);
}

int plait_shared_throttle_set_rate(plait_throttle *face, uint64_t count, int64_t nanoseconds, uint64_t burst)
{
    change(face, count, nanoseconds, burst, PLAIT_FOREVER);
    return 0;
}

void plait_shared_throttle_push_back(plait_throttle *face, int64_t nanoseconds)
{
    change(face, 0, 0, 0, plait_after(nanoseconds > 0 ? nanoseconds : 0));
}

void plait_shared_throttle_look(plait_throttle *face, plait_throttle_statistics *statistics)
{
    struct throttle *t = behind(face);
    int64_t now = plait_time();
    plait_shared_lock(plait_shared_member_of(face), &t->lock);
    plait_throttle_tell(copy(t, now), statistics);
    plait_shared_unlock(&t->lock);
}
