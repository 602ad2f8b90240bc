/* shared_condition.c: a place to sleep without a lock of its own: the mutex, which waiters hold when they come, is one.

   What must hold: a waiter has seen the word before the mutex is free. A signal changes the word, so whoever has come before
   it does not sleep on, or is woken. One that is late and finds the word changed was signalled: it does not say that it is late.
   Bit 0, that somebody may sleep, goes with a broadcast alone: a signal leaves others asleep. */
#include "park/words.h"
#include "process/shared_face.h"

struct condition {
    _Alignas(16) struct plait_shared_place place;
};

static struct condition *behind(plait_condition *c) { return plait_behind(struct condition, c); }

plait_condition *plait_shared_condition_new(plait_shared_memory *memory)
{
    plait_condition *c = plait_shared_face_new(memory, sizeof(struct condition), sizeof *c);
    if (c) plait_list_be_shared(&c->waiters);
    return c;
}

int plait_shared_condition_wait(plait_condition *face, plait_mutex *mutex, plait_deadline deadline)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct plait_shared_place *place = &behind(face)->place;
    struct plait_shared_seat seat = { .epoch = plait_shared_epoch(me) };
    plait_shared_come(place, &seat);
    plait_mutex_unlock(mutex);
    int err = 0;
    bool woken = false;
    while (!err && !woken) {
        err = plait_shared_sleep(me, &seat, deadline, PLAIT_CANCELLABLE);
        woken = atomic_load_explicit(&place->word, memory_order_acquire) != seat.value ||
                plait_shared_epoch(me) != seat.epoch;
    }
    plait_mutex_lock(mutex);
    return woken ? 0 : plait_failed(err);
}

void plait_shared_condition_wake(plait_condition *face, bool all)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct plait_shared_place *place = &behind(face)->place;
    uint32_t word = atomic_load(&place->word);
    do
        if (!(word & 1)) return;
    while (!atomic_compare_exchange_weak(&place->word, &word, word + (all ? 1 : 2)));
    struct plait_shared_wake wake = { .most = all ? PLAIT_ALL : 1 };
    plait_shared_take_bells(place->bells, wake.bells);
    plait_shared_wake(me, place, &wake);
}
