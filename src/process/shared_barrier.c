/* shared_barrier.c: a seat for each party, with the id of the process of the one who waits there.

   What must hold, under the lock:
   - A meeting has a number. Who waits has a seat in the present one; a meeting ends by the one store of the next number, and
     if it ended badly that stands in `broken_ones` before. Then the seats are cleared, and `seated` says for which meeting
     that was done: who dies in between leaves it to the next holder.
   - Whoever looks, looks also whether one that has a seat died: that breaks the barrier, for it can never be full. */
#include "process/shared_face.h"

enum { REMEMBERED = 64 }; /* meetings that may come and end before one who sat in the first has noticed */

struct barrier {
    _Alignas(16) struct plait_shared_lock lock;
    struct plait_shared_place place;
    uint32_t parties;
    _Atomic uint32_t meeting, seated;
    _Atomic bool broken;
    uint32_t broken_ones[REMEMBERED];
};

struct party {
    uint32_t meeting; /* 0: has not come */
    uint32_t seat;
};

static struct barrier *behind(plait_barrier *b) { return plait_behind(struct barrier, b); }

/* The seats lie behind the face. */
static _Atomic uint32_t *seats_of(struct barrier *b)
{
    return (_Atomic uint32_t *)(void *)((char *)b + sizeof *b + PLAIT_LABEL + sizeof(plait_barrier));
}

static uint32_t id_at(struct barrier *b, uint32_t seat)
{
    return atomic_load_explicit(&seats_of(b)[seat], memory_order_relaxed);
}

static void seat(struct barrier *b, uint32_t seat, uint32_t id)
{
    atomic_store_explicit(&seats_of(b)[seat], id, memory_order_release);
}

plait_barrier *plait_shared_barrier_new(plait_shared_memory *memory, size_t parties, int64_t timeout)
{
    plait_barrier checked;
    if (plait_barrier_init(&checked, parties, &(plait_barrier_options){ .timeout = timeout })) return NULL;
    if (parties > UINT32_MAX / 2) {
        plait_fail(PLAIT_EINVAL, "a barrier for %zu tasks", parties);
        return NULL;
    }
    plait_barrier *face =
        plait_shared_face_new(memory, sizeof(struct barrier), sizeof *face + parties * sizeof(uint32_t));
    if (!face) return NULL;
    struct barrier *b = behind(face);
    b->parties = (uint32_t)parties;
    atomic_store_explicit(&b->meeting, 1, memory_order_relaxed);
    atomic_store_explicit(&b->seated, 1, memory_order_relaxed);
    face->parties = parties;
    face->timeout = timeout;
    plait_list_be_shared(&face->waiters);
    return face;
}

static uint32_t meeting_of(struct barrier *b) { return atomic_load_explicit(&b->meeting, memory_order_relaxed); }

static void mend(void *barrier)
{
    struct barrier *b = barrier;
    if (atomic_load_explicit(&b->seated, memory_order_relaxed) == meeting_of(b)) return;
    for (uint32_t i = 0; i < b->parties; i++) seat(b, i, 0);
    atomic_store_explicit(&b->seated, meeting_of(b), memory_order_release);
}

static void end_meeting(struct barrier *b, bool badly)
{
    uint32_t meeting = meeting_of(b);
    if (badly) b->broken_ones[meeting % REMEMBERED] = meeting;
    atomic_store_explicit(&b->meeting, meeting + 1 ? meeting + 1 : 1, memory_order_release);
    mend(b);
}

static void break_it(struct barrier *b)
{
    atomic_store_explicit(&b->broken, true, memory_order_release);
    end_meeting(b, true);
}

/* How many wait. *unused is a seat where nobody does. */
static uint32_t waiting(struct barrier *b, uint32_t *unused)
{
    uint32_t count = 0;
    for (uint32_t i = b->parties; i-- > 0;)
        if (id_at(b, i)) count++;
        else *unused = i;
    return count;
}

static bool somebody_died(struct barrier *b, struct plait_shared_member *me)
{
    for (uint32_t i = 0; i < b->parties; i++)
        if (id_at(b, i) && !plait_shared_alive(me, id_at(b, i))) return true;
    return false;
}

static int look(struct plait_shared_turn *turn, void *barrier, void *party)
{
    struct barrier *b = barrier;
    struct party *p = party;
    if (p->meeting && p->meeting != meeting_of(b))
        return b->broken_ones[p->meeting % REMEMBERED] == p->meeting ? PLAIT_EBROKEN : 0;
    if (atomic_load_explicit(&b->broken, memory_order_relaxed)) return PLAIT_EBROKEN;
    if (somebody_died(b, turn->me)) {
        break_it(b);
        turn->wake = PLAIT_ALL;
        return PLAIT_EBROKEN;
    }
    if (p->meeting) {
        if (!turn->over) return PLAIT_NOT_YET;
        seat(b, p->seat, 0);
        if (turn->over == PLAIT_ETIMEDOUT) {
            break_it(b);
            turn->wake = PLAIT_ALL;
        }
        return turn->over;
    }
    if (waiting(b, &p->seat) + 1 == b->parties) {
        end_meeting(b, false);
        turn->wake = PLAIT_ALL;
        return 0;
    }
    if (turn->over) return turn->over; /* PLAIT_NOW: it was not counted */
    p->meeting = meeting_of(b);
    seat(b, p->seat, turn->me->id);
    return PLAIT_NOT_YET;
}

int plait_shared_barrier_wait(plait_barrier *face, size_t *index, plait_deadline deadline)
{
    int err = plait_failed(plait_wait_begin(deadline));
    if (err) return err;
    struct barrier *b = behind(face);
    struct party party = { .meeting = 0 };
    const struct plait_shared_attempt attempt = { .look = look, .mend = mend, .object = b, .argument = &party };
    err = plait_shared_wait(plait_shared_member_of(face), &b->lock, &b->place, &attempt, deadline, PLAIT_CANCELLABLE);
    if (!err && index) *index = party.seat;
    return plait_failed(err);
}

void plait_shared_barrier_change(plait_barrier *face, bool broken)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct barrier *b = behind(face);
    if (plait_shared_lock(me, &b->lock)) mend(b);
    end_meeting(b, true);
    atomic_store_explicit(&b->broken, broken, memory_order_release);
    struct plait_shared_wake wake = plait_shared_summon(&b->place, PLAIT_ALL);
    plait_shared_unlock(&b->lock);
    plait_shared_wake(me, &b->place, &wake);
}

size_t plait_shared_barrier_look(plait_barrier *face, bool *broken)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct barrier *b = behind(face);
    if (plait_shared_lock(me, &b->lock)) mend(b);
    struct plait_shared_wake wake = { .most = 0 };
    if (somebody_died(b, me)) {
        break_it(b);
        wake = plait_shared_summon(&b->place, PLAIT_ALL);
    }
    uint32_t unused, count = waiting(b, &unused);
    *broken = atomic_load_explicit(&b->broken, memory_order_relaxed);
    plait_shared_unlock(&b->lock);
    plait_shared_wake(me, &b->place, &wake);
    return count;
}
