/* shared_lock.c: see shared_lock.h.

   Memory order: taking a lock acquires, giving it up releases; taking over from a dead one is ordered after all that it did
   by the kernel, which marked it. First a word is made to say that somebody sleeps, then one's bell is set, then the
   word is looked at for the last time; a waker changes the word, then takes the bells. All of it is in one order (seq_cst):
   either the bell is found, or the word has changed. */
#include "process/shared_lock.h"
#include "park/thread_parker.h"
#include "park/words.h"
#include <limits.h>
#include <time.h>

#define SLEEPERS (UINT32_C(1) << 31)
#define SOMEBODY UINT32_C(1)
#define GRACE PLAIT_MILLISECOND /* for a thread of the dead to be interrupted; see shared_registry.c */
enum { TURNS = 200 };

static int64_t patience_ends(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * PLAIT_SECOND + now.tv_nsec + plait_shared_patience();
}

bool plait_shared_look_out(unsigned turn)
{
    if (turn >= TURNS) return false;
    for (unsigned i = 0; i < 8; i++) plait_pause();
    return true;
}

static bool lock_slowly(struct plait_shared_member *me, struct plait_shared_lock *l)
{
    unsigned turns = plait_current()->parker->may_spin ? 0 : TURNS;
    bool slept = false, graced = false;
    for (;;) {
        uint32_t epoch = plait_shared_epoch(me), word = atomic_load_explicit(&l->word, memory_order_relaxed);
        uint32_t owner = word & ~SLEEPERS, mine = me->id | (slept ? SLEEPERS : word & SLEEPERS);
        bool died = owner && !plait_shared_alive(me, owner);
        if (died && !graced) {
            nanosleep(&(struct timespec){ .tv_nsec = GRACE }, NULL);
            graced = true;
        } else if (!owner || died) {
            if (atomic_compare_exchange_weak_explicit(&l->word, &word, died ? mine | SLEEPERS : mine,
                                                      memory_order_acquire, memory_order_relaxed))
                return died;
        } else if (!plait_shared_look_out(turns++)) {
            if (!(word & SLEEPERS) && !atomic_compare_exchange_weak_explicit(
                                          &l->word, &word, word | SLEEPERS, memory_order_relaxed, memory_order_relaxed))
                continue;
            const struct plait_word words[2] = { { &l->word, word | SLEEPERS, false },
                                                 { &me->registry->epoch, epoch, false } };
            plait_words_sleep(words, 2, patience_ends());
            if (atomic_load_explicit(&l->word, memory_order_relaxed) == words[0].value) {
                plait_shared_look_for_dead(me);
                plait_shared_end_stopped(me, owner);
            }
            slept = true;
        }
    }
}

bool plait_shared_lock(struct plait_shared_member *me, struct plait_shared_lock *l)
{
    uint32_t nobody = 0;
    return !atomic_compare_exchange_strong_explicit(&l->word, &nobody, me->id, memory_order_acquire,
                                                    memory_order_relaxed) &&
           lock_slowly(me, l);
}

void plait_shared_unlock(struct plait_shared_lock *l)
{
    if (atomic_exchange_explicit(&l->word, 0, memory_order_release) & SLEEPERS) plait_word_wake(&l->word, 1);
}

void plait_shared_take_bells(_Atomic uint64_t bells[PLAIT_BELLS], uint64_t taken[PLAIT_BELLS])
{
    for (unsigned i = 0; i < PLAIT_BELLS; i++) taken[i] = atomic_load(&bells[i]) ? atomic_exchange(&bells[i], 0) : 0;
}

void plait_shared_come(struct plait_shared_place *p, struct plait_shared_seat *seat)
{
    seat->word = &p->word;
    seat->value = atomic_fetch_or(&p->word, SOMEBODY) | SOMEBODY;
    seat->bells = p->bells;
}

static void go(struct plait_shared_place *p, const struct plait_shared_seat *seat)
{
    if (seat->slept) atomic_fetch_or_explicit(&p->word, SOMEBODY, memory_order_relaxed);
}

/* Has its service thread wake it. */
static void park_by_bell(struct plait_shared_member *me, const struct plait_shared_seat *seat, plait_deadline until)
{
    plait_parker *parker = plait_current()->parker;
    struct plait_shared_sleeper w = {
        .me = me, .bells = seat->bells, .word = seat->word, .value = seat->value, .seen = seat->epoch, .parker = parker
    };
    plait_shared_sleeper_add(&w);
    if (plait_shared_sleeper_mark(&w)) plait_park(parker, until);
    plait_shared_sleeper_remove(&w);
}

static bool comes_soon(plait_parker *parker, const struct plait_shared_seat *seat)
{
    if (!parker->may_spin || seat->slept || !plait_spin_begin()) return false;
    bool came = false;
    for (unsigned turn = 0; !came && plait_shared_look_out(turn); turn++)
        came = atomic_load_explicit(seat->word, memory_order_acquire) != seat->value;
    unsigned unused = PLAIT_FEWEST_SPINS;
    plait_spin_end(came, &unused);
    return came;
}

int plait_shared_sleep(struct plait_shared_member *me, struct plait_shared_seat *seat, plait_deadline deadline,
                       enum plait_cut cut)
{
    int over = plait_wait_over(deadline, cut);
    plait_parker *parker = plait_current()->parker;
    if (over || comes_soon(parker, seat)) return over;
    seat->slept = true;
    plait_deadline until = cut == PLAIT_CANCELLABLE ? plait_nearest(deadline) : deadline;
    until = plait_sooner(until, plait_after(plait_shared_patience()));
    if (plait_thread_parker_has_words(parker)) {
        const struct plait_word words[2] = { { seat->word, seat->value, false },
                                             { &me->registry->epoch, seat->epoch, false } };
        plait_thread_park_beside(parker, words, 2, until);
    } else {
        park_by_bell(me, seat, until);
    }
    if (atomic_load_explicit(seat->word, memory_order_acquire) == seat->value && plait_shared_epoch(me) == seat->epoch)
        plait_shared_look_for_dead(me);
    return 0;
}

int plait_shared_wait(struct plait_shared_member *me, struct plait_shared_lock *lock, struct plait_shared_place *place,
                      const struct plait_shared_attempt *attempt, plait_deadline deadline, enum plait_cut cut)
{
    struct plait_shared_seat seat = { .slept = false };
    bool again = false;
    for (int over = plait_is_now(deadline) ? PLAIT_EAGAIN : 0;; again = true) {
        struct plait_shared_turn turn = { .me = me, .again = again, .slept = seat.slept, .over = over };
        struct plait_shared_wake here = { .most = 0 }, there = { .most = 0 };
        seat.epoch = plait_shared_epoch(me);
        if (plait_shared_lock(me, lock) && attempt->mend) attempt->mend(attempt->object);
        int result = attempt->look(&turn, attempt->object, attempt->argument);
        if (result == PLAIT_NOT_YET && turn.over) result = turn.over;
        if (result != PLAIT_NOT_YET) go(place, &seat); /* first: it may be bit 0 that lets it summon the next */
        if (turn.wake) here = plait_shared_summon(place, turn.wake);
        if (turn.wake_others) there = plait_shared_summon(turn.others, turn.wake_others);
        if (result == PLAIT_NOT_YET) plait_shared_come(place, &seat);
        plait_shared_unlock(lock);
        plait_shared_wake(me, place, &here);
        if (turn.wake_others) plait_shared_wake(me, turn.others, &there);
        if (result != PLAIT_NOT_YET) return result;
        over = plait_shared_sleep(me, &seat, turn.until.at ? plait_sooner(deadline, turn.until) : deadline, cut);
    }
}

struct plait_shared_wake plait_shared_summon(struct plait_shared_place *p, int most)
{
    struct plait_shared_wake wake = { .most = 0 };
    uint32_t word = atomic_load_explicit(&p->word, memory_order_relaxed);
    if (!(word & SOMEBODY)) return wake;
    atomic_store(&p->word, (word | SOMEBODY) + 1);
    wake.most = most;
    plait_shared_take_bells(p->bells, wake.bells);
    return wake;
}

void plait_shared_wake(struct plait_shared_member *me, struct plait_shared_place *p,
                       const struct plait_shared_wake *wake)
{
    if (!wake->most) return;
    plait_word_wake(&p->word, wake->most);
    if (wake->bells[0] | wake->bells[1]) plait_shared_ring(me, wake->bells);
}
